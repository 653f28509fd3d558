/* The strip that says since when the page is out of touch. It comes after ten seconds: a restart is over by then. */

const PATIENCE_MS = 10000;

export class Offline {
    #strip;
    #timer = null;

    constructor(strip) {
        this.#strip = strip;
        document.addEventListener("rt-state", ({ detail }) => (detail.state === "off" ? this.#lost() : this.#found()));
    }

    #lost() {
        const since = new Date();
        this.#timer ??= setTimeout(() => this.#show(since), PATIENCE_MS);
    }

    #found() {
        clearTimeout(this.#timer);
        this.#timer = null;
        this.#strip.hidden = true;
    }

    #show(since) {
        const time = this.#strip.querySelector("[data-offline-since]");
        time.dateTime = since.toISOString();
        time.textContent = since.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
        this.#strip.hidden = false;
    }
}
