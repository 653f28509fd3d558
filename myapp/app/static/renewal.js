/* The renewal of a display's page: at night, when it is told to, and when it has been out of touch for long.
 *
 * A page is given up only for another one that the server has ready: what is shown last stays on the wall otherwise.
 */

const OUT_OF_TOUCH_MS = 600000;     // then the fault may lie in the page
const AGAIN_MS = 60000;
const NIGHT_HOUR = 3;
const NIGHT_SPREAD_MS = 3600000;    // not all the displays of a house in the same minute

export class Renewal {
    #timer = null;

    constructor() {
        setTimeout(() => this.#atNight(), untilNight() + Math.random() * NIGHT_SPREAD_MS);
    }

    /** The page is out of touch, still or again. */
    lost() {
        this.#timer ??= setTimeout(() => this.#tryAgain(), OUT_OF_TOUCH_MS);
    }

    /** The page is in touch. */
    found() {
        clearTimeout(this.#timer);
        this.#timer = null;
    }

    /** Get the page anew, if the server has it. Returns whether. */
    async now() {
        try {
            const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(15000) });
            if (!answer.ok) return false;
        } catch {
            return false;
        }
        location.reload();
        return true;
    }

    async #tryAgain() {
        if (!(await this.now()) && this.#timer !== null) this.#timer = setTimeout(() => this.#tryAgain(), AGAIN_MS);
    }

    async #atNight() {
        if (!(await this.now())) setTimeout(() => this.#atNight(), AGAIN_MS);
    }
}

/* Milliseconds to the next night that is an hour away at least, so that a page made at night is not renewed at once. */
function untilNight() {
    const night = new Date();
    night.setHours(NIGHT_HOUR, 0, 0, 0);
    while (night - Date.now() < NIGHT_SPREAD_MS) night.setDate(night.getDate() + 1);
    return night - Date.now();
}
