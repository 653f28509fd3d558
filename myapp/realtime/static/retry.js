/* When to try again: what the server said, how many failures there were in a row, and chance.
 *
 * Pages that lost one server must not return as one wave: so no pause is shorter than what was asked for, and each is longer by
 * a random part of up to half of it.
 */

const RETRY_MS = 2000;            // until the server says `retry:`; the low end of its realtime.retry
const SHORTEST_RETRY_MS = 100;    // `retry: 0` must not become a busy loop
const GROWTH = 1.5;               // each failure in a row waits this much longer,
const LONGEST_RETRY_MS = 30000;   // up to this: a person waits half a minute for a server that is back, not longer
const AT_ONCE_MS = 1000;          // after a farewell to one stream: sooner than the 2 s after which a page would show it
const MEANT_FOR_MANY = ["shutdown", "revoked"];  // farewells that reach many pages together: those are spread over `retry:`

export class Retry {
    #random;
    #ms = RETRY_MS;
    #failures = 0;

    /** random(): in [0, 1). */
    constructor(random) {
        this.#random = random;
    }

    get failures() {
        return this.#failures;
    }

    /** The server said `retry:`. */
    told(ms) {
        this.#ms = Math.min(Math.max(ms, SHORTEST_RETRY_MS), LONGEST_RETRY_MS);
    }

    /** One more failure in a row. */
    fail() {
        this.#failures += 1;
    }

    /** The row is over. */
    forget() {
        this.#failures = 0;
    }

    /** Milliseconds until the next attempt, after the failures so far. */
    pauseMs() {
        return this.laterMs(Math.min(this.#ms * GROWTH ** (this.#failures - 1), LONGEST_RETRY_MS));
    }

    /** `ms`, or up to half of it later. */
    laterMs(ms) {
        return ms * (1 + this.#random() / 2);
    }

    /** Milliseconds until the next attempt after a farewell: at once, but the pages of a server that goes not all in one instant. */
    afterFarewellMs(reason) {
        return this.#random() * (MEANT_FOR_MANY.includes(reason) ? this.#ms : AT_ONCE_MS);
    }
}
