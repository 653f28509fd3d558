/* The age of what the page shows, in words, where it may be old: "as of 14:02:11" in each `data-rt-age`, hidden while all is live.
 *
 * It is the moment of the last word from the server before the link went down, or of the pause; in an element that could not be read
 * anew (`data-rt-late`) that of the first attempt. Wallboards stand for days: what is not of today has its date.
 */

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { day: "numeric", month: "short" };

export class Age {
    #heardAt = new Date();
    #pausedAt = null;
    #isDown = false;

    /** There was a word from the server: up to now a page that is live is complete. */
    heard() {
        if (!this.#isDown) this.#heardAt = new Date();
    }

    /** Show how old the page is while it is out of touch or paused, whichever is older; or that it is live. */
    show({ isDown, isPaused }) {
        this.#isDown = isDown;
        this.#pausedAt = isPaused ? this.#pausedAt ?? this.#heardAt : null;
        this.heard();
        this.draw();
    }

    /** Draw it also in what a swap has brought. */
    draw() {
        const isOld = this.#isDown || this.#pausedAt !== null;
        document.querySelectorAll("[data-rt-age]").forEach((place) => {
            const late = place.closest("[data-rt-late]");
            place.hidden = !isOld && late === null;
            place.textContent = place.hidden ? "" : `as of ${wordsOf(this.#momentOf(late))}`;
        });
    }

    /* The oldest of those that hold. */
    #momentOf(late) {
        const moments = late === null ? [] : [new Date(late.dataset.rtLate)];
        if (this.#isDown || this.#pausedAt !== null) moments.push(this.#pausedAt ?? this.#heardAt);
        return new Date(Math.min(...moments));
    }
}

function wordsOf(moment) {
    const isOfToday = moment.toDateString() === new Date().toDateString();
    return moment.toLocaleString([], isOfToday ? TIME : { ...DAY, ...TIME });
}
