/* The absence: the page was out of touch, after it was in touch. What is logged is told once it is back; transient events are not.
 *
 * A connection that is only made anew, as for another topic, is none.
 */

const IN_TOUCH = new Set(["sse", "websocket", "polling"]);
const ANEW_MS = 1000;       // a new connection is made within this
const SILENT_MS = 20000;    // a heartbeat comes every 15 s: what was silent for longer had gone before anybody noticed, as in a sleep

export class Absence {
    #clock;
    #onReturned;
    #isBegun = false;
    #isAway = false;
    #heardAt;
    #lostAt = null;

    /** onReturned(): called when the page is in touch again. */
    constructor({ clock, onReturned }) {
        this.#clock = clock;
        this.#onReturned = onReturned;
        this.heard();
    }

    /** There was a word from the server. */
    heard() {
        this.#heardAt = this.#clock.now();
    }

    /** The link is in this state now. */
    state(state) {
        if (IN_TOUCH.has(state)) return this.#found();
        if (!this.#isBegun) return;
        this.#lostAt ??= this.#clock.now();
        this.#isAway ||= state !== "connecting" || this.#lostAt - this.#heardAt > SILENT_MS;
    }

    /** The page hears nothing from now on. */
    leave() {
        this.#isAway = this.#isBegun;
    }

    #found() {
        const isBack = this.#isAway || (this.#lostAt !== null && this.#clock.now() - this.#lostAt > ANEW_MS);
        this.#isBegun = true;
        this.#isAway = false;
        this.#lostAt = null;
        if (isBack) this.#onReturned();
    }
}
