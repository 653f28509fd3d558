/* Events of late, to be told again: what the server says of a moment lacks those that came after it, and may arrive later than they. */

const REMEMBERED = 200;     // an answer takes well under a second

export class Since {
    #events = [];   // each with its `id`, oldest first

    note(event) {
        this.#events.push(event);
        if (this.#events.length > REMEMBERED) this.#events.shift();
    }

    /** Those that came after the moment of `cursor`. */
    after(cursor) {
        return this.#events.filter(({ id }) => isAfter(id, cursor));
    }

    /** The log goes on elsewhere: they are of another one. */
    forget() {
        this.#events = [];
    }
}

/** Whether an event at `id` is none of what was known at `cursor`; all are, of another life of the log. */
export function isAfter(id, cursor) {
    const [epoch, seq] = split(id), [otherEpoch, other] = split(cursor);
    return epoch !== otherEpoch || seq > other;
}

function split(cursor) {
    const dash = cursor.lastIndexOf("-");
    return [cursor.slice(0, dash), Number(cursor.slice(dash + 1))];
}
