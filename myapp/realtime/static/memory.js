/* The memory of a tab: on which rung the link of one page stood, for that of the next.
 *
 * Behind a proxy that keeps streams to itself each page would else be without connection for the 5 s after which that is known.
 * A worker has no storage of its own, and often no life beyond the page: so the pages keep it, and bring it when they join.
 */

/** A hub as `hub` is, whose pages keep in `storage`, under `key`, what its link tells as `memory`, and say it with `join`. */
export class Remembering {
    #hub;
    #storage;
    #key;

    /** storage: the window's sessionStorage, which ends with the tab; null where the browser lets nobody have it. */
    constructor(hub, { storage, key }) {
        this.#hub = hub;
        this.#storage = storage;
        this.#key = key;
    }

    get isShared() {
        return this.#hub.isShared;
    }

    connect(send) {
        const tell = this.#hub.connect((message) => (message.kind === "memory" ? this.#keep(message.memory) : send(message)));
        return (message) => tell(message.kind === "join" ? { ...message, memory: this.#kept() } : message);
    }

    #keep(memory) {
        try {
            this.#storage?.setItem(this.#key, JSON.stringify(memory));
        } catch {
            // It is full: the next page begins at the top.
        }
    }

    #kept() {
        try {
            return JSON.parse(this.#storage?.getItem(this.#key) ?? null);
        } catch {
            return null;
        }
    }
}
