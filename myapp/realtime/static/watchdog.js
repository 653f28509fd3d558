/* A watchdog: ends a request that was silent for longer than allowed, and passes on an end that is asked for from outside. */

export class Watchdog {
    #clock;
    #timer = null;
    #controller = new AbortController();
    #outside;
    #abort = () => this.#controller.abort();
    hasBarked = false;

    constructor(clock, outside) {
        this.#clock = clock;
        this.#outside = outside;
        outside.addEventListener("abort", this.#abort);
    }

    /** For the request to listen to. */
    get signal() {
        return this.#controller.signal;
    }

    /** Allow `ms` of silence from now. */
    allow(ms) {
        this.#clock.clearTimeout(this.#timer);
        this.#timer = this.#clock.setTimeout(() => {
            this.hasBarked = true;
            this.#abort();
        }, ms);
    }

    /** Close the connection, whatever is left of it. */
    end() {
        this.#clock.clearTimeout(this.#timer);
        this.#outside.removeEventListener("abort", this.#abort);
        this.#abort();
    }
}
