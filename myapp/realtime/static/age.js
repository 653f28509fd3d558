/* The age of what the page shows, in words, where it may be old: "as of 14:02:11" in each `data-rt-age`, hidden while all is live.
 *
 * It is the moment of the last word from the server before the link went down, or of the pause. Wallboards stand for days: what is
 * not of today has its date.
 */

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { day: "numeric", month: "short" };

export class Age {
    #heardAt = new Date();
    #isOld = false;

    /** There was a word from the server: up to now a page that is live is complete. */
    heard() {
        if (!this.#isOld) this.#heardAt = new Date();
    }

    /** Show how old the page is, or (false) that it is live. */
    show(isOld) {
        this.#isOld = isOld;
        this.heard();
        this.draw();
    }

    /** Draw it also in what a swap has brought. */
    draw() {
        document.querySelectorAll("[data-rt-age]").forEach((place) => {
            place.hidden = !this.#isOld;
            place.textContent = this.#isOld ? `as of ${this.#words}` : "";
        });
    }

    get #words() {
        const isOfToday = this.#heardAt.toDateString() === new Date().toDateString();
        return this.#heardAt.toLocaleString([], isOfToday ? TIME : { ...DAY, ...TIME });
    }
}
