/* The status of the link, in words: on each badge (`data-rt-status`), on <html data-rt-state>, and as the event `rt-state`.
 *
 * Bad news wait for 2 s, so that a connection that is only renewed neither flickers nor is read aloud; good news do not.
 */

const BAD_NEWS_MS = 2000;
const SHOWN = {
    connecting: { words: "Connecting…", colour: "secondary" },
    sse: { words: "Connected (SSE)", colour: "success" },
    polling: { words: "Connected (Polling)", colour: "warning" },
    websocket: { words: "Connected (WebSocket)", colour: "success" },
    off: { words: "Disconnected", colour: "danger" },
    "signed-out": { words: "Signed out", colour: "danger" },
};
const DOWN = ["off", "signed-out"];
const COLOURS = Object.values(SHOWN).map(({ colour }) => `text-bg-${colour}`);

export class Status {
    #news = null;
    #shown = null;
    #timer = null;
    #onShown;

    /** onShown(state): called when the page begins to show another state. */
    constructor(onShown) {
        this.#onShown = onShown;
    }

    /** Whether the page shows that it is out of touch, which is more than that it is about to connect. */
    get isDown() {
        return DOWN.includes(this.#shown);
    }

    /** Whether the page's viewer is not signed in any more, or somebody else is. */
    get isSignedOut() {
        return this.#shown === "signed-out";
    }

    set(state) {
        this.#news = state;
        if (this.#shown !== null && (state === "off" || state === "connecting")) {
            this.#timer ??= setTimeout(() => this.#show(), BAD_NEWS_MS);
        } else {
            this.#show();
        }
    }

    /** Draw the badges that a swap has brought. A page that listens to nothing needs none. */
    draw({ isNeeded }) {
        document.querySelectorAll("[data-rt-status]").forEach((badge) => {
            badge.hidden = !isNeeded;
            if (this.#shown !== null) draw(badge, this.#shown);
        });
    }

    #show() {
        clearTimeout(this.#timer);
        this.#timer = null;
        if (this.#shown === this.#news) return;
        this.#shown = this.#news;
        document.documentElement.dataset.rtState = this.#shown;
        document.querySelectorAll("[data-rt-status]").forEach((badge) => draw(badge, this.#shown));
        this.#onShown(this.#shown);
    }
}

function draw(badge, state) {
    const { words, colour } = SHOWN[state];
    badge.dataset.rtState = state;
    badge.classList.remove(...COLOURS);
    badge.classList.add(`text-bg-${colour}`);
    // A live region is read again when its text is set again, even to the same words.
    if (badge.textContent !== words) badge.textContent = words;
}
