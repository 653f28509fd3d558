/* The ports of a shared hub: one for each page, between the page's words and the hub.
 *
 * A page that ends without a word is noticed by its silence, since a port does not tell. Beyond what the hub understands a page
 * says "ping", which is answered by "pong"; and it is told "rejoin" when it was given up, in case it was only frozen. What the hub tells it
 * in one go is posted as one list: of a torrent each message by itself would cost the page more than all that it does with it.
 */

const SILENT_MS = 150000;   // a page pings every 20 s, but only once a minute when its tab is hidden: two of those may be lost
const SWEEP_MS = 30000;

export class Ports {
    #hub;
    #clock;
    #pages = new Map();  // port -> {tell, seenAt}
    #told = new Map();   // port -> messages that are posted as soon as the hub has told all that it has to tell now
    #timer = null;

    constructor(hub, clock) {
        this.#hub = hub;
        this.#clock = clock;
    }

    /** Take the port of a page that begins. */
    connect(port) {
        const tell = this.#hub.connect((message) => this.#post(port, message));
        port.onmessage = ({ data }) => this.#hear(port, tell, data);
    }

    #post(port, message) {
        if (this.#told.has(port)) return this.#told.get(port).push(message);
        this.#told.set(port, [message]);
        queueMicrotask(() => {
            port.postMessage(this.#told.get(port));
            this.#told.delete(port);
        });
    }

    #hear(port, tell, message) {
        if (message.kind === "leave") this.#pages.delete(port);
        else this.#pages.set(port, { tell, seenAt: this.#clock.now() });
        if (message.kind === "ping") port.postMessage({ kind: "pong" });
        else tell(message);
        this.#timer ??= this.#clock.setTimeout(() => this.#sweep(), SWEEP_MS);
    }

    #sweep() {
        this.#timer = null;
        for (const [port, { tell, seenAt }] of this.#pages) if (this.#clock.now() - seenAt > SILENT_MS) this.#giveUp(port, tell);
        if (this.#pages.size > 0) this.#timer = this.#clock.setTimeout(() => this.#sweep(), SWEEP_MS);
    }

    #giveUp(port, tell) {
        this.#pages.delete(port);
        tell({ kind: "leave" });
        port.postMessage({ kind: "rejoin" });
    }
}
