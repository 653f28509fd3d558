/* The flash: marks a changed element for two seconds of being seen. What it looks like stands in realtime.css. */

const FLASH_MS = 2000;  // as long as the animation of .rt-flash
const MOST_UNSEEN = 500;    // elements, until those are looked for that are gone: a tab may be hidden for days

export class Flash {
    #unseen = new Set();

    constructor() {
        document.addEventListener("visibilitychange", () => this.#catchUp());
    }

    /** Flash `element` now, or as soon as the tab is seen. */
    flash(element) {
        if (!document.hidden) return show(element);
        this.#unseen.add(element);
        if (this.#unseen.size > MOST_UNSEEN) this.#unseen.forEach((each) => each.isConnected || this.#unseen.delete(each));
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
