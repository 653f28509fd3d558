/* The pause: what would move on the page is held back until its reader lets it go on (WCAG 2.2.2). The link goes on meanwhile.
 *
 * Buttons (`data-rt-pause`) begin and end it and say how much waits, in their `data-rt-words` where they have such a part;
 * <html data-rt-paused> tells whoever else moves something. What a message means is not known here.
 */

const MOST_HELD = 500;  // messages: more than anybody follows one by one, so the lists are read anew instead
const MOST_KEPT = 100;  // of those that nothing can read anew
const START_OVER = { kind: "reset", reason: "held", spread_ms: 0 };

export class Pause {
    #held = [];
    #count = 0;
    #isOn = false;
    #deliver;
    #isToldOnce;
    #onTurned;

    /** deliver(message): called with what may be shown now. onTurned(isOn): called when the reader has pressed a button.
     *
     * isToldOnce(message): whether nobody could read anew what it says, so that it is kept also where all else starts over.
     */
    constructor({ deliver, isToldOnce = () => false, onTurned }) {
        this.#deliver = deliver;
        this.#isToldOnce = isToldOnce;
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
        this.#held.push(message);
        if (message.kind === "reset" || this.#held.length > MOST_HELD) this.#startOver();
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

    /* Whoever starts over needs little of what was before. */
    #startOver() {
        const kept = this.#held.filter((message) => message.kind === "event" && this.#isToldOnce(message));
        this.#held = [START_OVER, ...kept.slice(-MOST_KEPT)];
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
