/* The parser: the text of a Server-Sent Events stream, in chunks of any size, becomes messages.
 *
 * By the HTML standard ("Interpreting an event stream"). It knows no network, no clock and nothing of what the messages mean.
 * Decoding the bytes, and with it dropping a byte order mark, is the work of a TextDecoder before it.
 */

const LINE_END = /\r\n|\n|\r/;
const DIGITS = /^[0-9]+$/;

export class Parser {
    #rest = "";          // the begin of a line whose end has not come yet
    #wasReturn = false;  // the last chunk ended in CR: an LF that opens the next one belongs to it
    #data = [];
    #type = "";
    #id = undefined;

    /** The standard's last event ID: the id of the last block that bore one. */
    lastEventId = "";

    /** Take the next chunk of text; return a list of what it completed, in order.
     *
     * `{ type, data, id }` for a message; id is undefined when this very message bore none, so that nobody takes the id of
     * an earlier one for it. `{ retry }` (milliseconds) for a reconnection time.
     */
    push(chunk) {
        const text = this.#wasReturn && chunk.startsWith("\n") ? chunk.slice(1) : chunk;
        if (chunk) this.#wasReturn = chunk.endsWith("\r");
        const lines = (this.#rest + text).split(LINE_END);
        this.#rest = lines.pop();
        return lines.map((line) => (line ? this.#field(line) : this.#dispatch())).filter(Boolean);
    }

    #field(line) {
        const colon = line.indexOf(":");
        const name = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
        if (name === "data") this.#data.push(value);
        else if (name === "event") this.#type = value;
        else if (name === "id" && !value.includes("\0")) this.#id = value;
        else if (name === "retry" && DIGITS.test(value)) return { retry: Number(value) };
        return null;  // a comment (empty name), an unknown field, or one that waits for the end of its block
    }

    #dispatch() {
        const message = { type: this.#type || "message", data: this.#data.join("\n"), id: this.#id };
        const isEmpty = this.#data.length === 0;
        this.lastEventId = this.#id ?? this.lastEventId;
        this.#data = [];
        this.#type = "";
        this.#id = undefined;
        return isEmpty ? null : message;
    }
}
