/* What the page of a display says when it is not live: a bar with words, over values that stay and are marked as old. What the display
 * may not show any more goes.
 */

const CONNECTED = new Set(["connecting", "sse", "websocket", "polling"]);   // until it has a connection the page is as new as it was made
const DISCONNECTED = "Disconnected.";
const SIGNED_OUT = "This display may not be shown here any more. Open it by a new key.";
const GONE = "This display is not there any more, or not for you.";

export class Lost {
    #bar;
    #state = "connecting";
    #isGone = false;
    #onTurned;

    /** onTurned(isLost): called whenever there is news. */
    constructor(bar, onTurned) {
        this.#bar = bar;
        this.#onTurned = onTurned;
    }

    /** The state of the link, as `rt-state` says it. */
    stateShown(state) {
        this.#state = state;
        this.#draw();
    }

    /** The server does not tell of this display any more: it was deleted, or is not for whoever is signed in here. */
    gone() {
        this.#isGone = true;
        this.#draw();
    }

    #draw() {
        const words = this.#words;
        document.body.classList.toggle("is-lost", words !== null);
        document.body.classList.toggle("is-gone", words === GONE || words === SIGNED_OUT);
        this.#bar.hidden = words === null;
        if (words !== null) this.#bar.querySelector("[data-lost-words]").textContent = words;
        this.#onTurned(words !== null);
    }

    get #words() {
        if (this.#state === "signed-out") return SIGNED_OUT;
        if (this.#isGone) return GONE;
        return CONNECTED.has(this.#state) ? null : DISCONNECTED;
    }
}
