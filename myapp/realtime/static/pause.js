/* The pause: what would move on the page is held back until its reader lets it go on (WCAG 2.2.2). The link goes on meanwhile.
 *
 * Buttons (`data-rt-pause`) begin and end it and say how much waits, in their `data-rt-words` where they have such a part;
 * <html data-rt-paused> tells whoever else moves something. What a message means is not known here.
 */

const MOST_HELD = 500;  // messages: more than anybody follows one by one, so the lists are read anew instead
const START_OVER = { kind: "reset", reason: "held", spread_ms: 0 };

export class Pause {
    #held = [];
    #count = 0;
    #isOn = false;
    #deliver;
    #onTurned;

    /** deliver(message): called with what may be shown now. onTurned(isOn): called when the reader has pressed a button. */
    constructor({ deliver, onTurned }) {
        this.#deliver = deliver;
        this.#onTurned = onTurned;
        document.addEventListener("click", ({ target }) => target.closest("[data-rt-pause]") && this.#turn());
    }

    get isOn() {
        return this.#isOn;
    }

    /** Deliver `message`, now or when the page goes on, in the order in which they came. */
    pass(message) {
        if (!this.#isOn) return this.#deliver(message);
        if (message.kind === "event") this.#count += 1;
        // Whoever starts over needs nothing of what was before.
        const isTooMuch = message.kind === "reset" || this.#held.length >= MOST_HELD;
        this.#held = isTooMuch ? [START_OVER] : [...this.#held, message];
        this.draw();
    }

    /** Draw the buttons, also those that a swap has brought. */
    draw() {
        document.querySelectorAll("[data-rt-pause]").forEach((button) => {
            (button.querySelector("[data-rt-words]") ?? button).textContent = this.#words;
            button.setAttribute("aria-pressed", String(this.#isOn));
        });
        document.documentElement.toggleAttribute("data-rt-paused", this.#isOn);
    }

    get #words() {
        if (!this.#isOn) return "Pause";
        return this.#count === 0 ? "Resume" : `Resume (${this.#count})`;
    }

    #turn() {
        const held = this.#held;
        this.#isOn = !this.#isOn;
        this.#held = [];
        this.#count = 0;
        this.draw();
        this.#onTurned(this.#isOn);
        held.forEach((message) => this.#deliver(message));
    }
}
