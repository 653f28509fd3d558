/* The renewal of a display's page: at night, when it is told to, for a newer build, and when it has been out of touch for long.
 *
 * A page is given up only for another one that the server has ready: nobody stands by to press a button, so what is shown last stays on
 * the wall otherwise, and the server is asked again.
 */

const OUT_OF_TOUCH_MS = 600000;     // then the fault may lie in the page
const AGAIN_MS = 60000;
const ANSWER_WITHIN_MS = 15000;
const NIGHT_HOUR = 3;
const NIGHT_SPREAD_MS = 3600000;    // not all the displays of a house in the same minute

const BROWSER = {
    fetch: (...request) => fetch(...request),
    random: () => Math.random(),
    reload: () => location.reload(),
    get url() { return location.href; },
};

export class Renewal {
    #world;
    #isDue = false;
    #outOfTouch = null;

    /** world: fetch, random() in [0, 1), the page's url, and reload(). */
    constructor(world = BROWSER) {
        this.#world = world;
        setTimeout(() => this.renew(), untilNight() + world.random() * NIGHT_SPREAD_MS);
    }

    /** The page is out of touch, still or again. */
    lost() {
        this.#outOfTouch ??= setTimeout(() => this.renew(), OUT_OF_TOUCH_MS + this.#world.random() * AGAIN_MS);
    }

    /** The page is in touch. */
    found() {
        clearTimeout(this.#outOfTouch);
        this.#outOfTouch = null;
    }

    /** Get the page anew, as soon as the server has it. */
    renew() {
        if (this.#isDue) return;
        this.#isDue = true;
        this.#try();
    }

    async #try() {
        if (await this.#isThere()) this.#world.reload();
        else setTimeout(() => this.#try(), AGAIN_MS);
    }

    async #isThere() {
        try {
            const answer = await this.#world.fetch(this.#world.url, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
            return answer.ok && !answer.redirected;     // to a page to sign in, say
        } catch {
            return false;
        }
    }
}

/* Milliseconds to the next night that is an hour away at least, so that a page made at night is not renewed at once. */
function untilNight() {
    const night = new Date();
    night.setHours(NIGHT_HOUR, 0, 0, 0);
    while (night - Date.now() < NIGHT_SPREAD_MS) night.setDate(night.getDate() + 1);
    return night - Date.now();
}
