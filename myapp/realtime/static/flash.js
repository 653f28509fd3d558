/* The flash: marks a changed element for two seconds of being seen. What it looks like stands in realtime.css. */

const FLASH_MS = 2000;  // as long as the animation of .rt-flash

export class Flash {
    #unseen = new Set();

    constructor() {
        document.addEventListener("visibilitychange", () => this.#catchUp());
    }

    /** Flash `element` now, or as soon as the tab is seen. */
    flash(element) {
        if (document.hidden) this.#unseen.add(element);
        else show(element);
    }

    #catchUp() {
        if (document.hidden) return;
        this.#unseen.forEach((element) => element.isConnected && show(element));
        this.#unseen.clear();
    }
}

function show(element) {
    element.classList.add("rt-flash");
    setTimeout(() => element.classList.remove("rt-flash"), FLASH_MS);
}
