/* A newer build: the server runs other code than that which made this page, so the page reloads itself; or offers it, where that would
 * be in somebody's way.
 *
 * Once for each build and once in five minutes at most, so that two servers of different builds behind one address cannot send a page
 * to and fro. In development (`data-rt-hot` on <body>) at once and as often as something changes. What the tab remembers of it outlives
 * the reload; where nothing can be remembered, nothing reloads by itself.
 */

const ONCE_IN_MS = 300000;
const HOT_ONCE_IN_MS = 1000;
const SPREAD_MS = 10000;    // a release is met by all pages at once, and their reloads should not be
const KEPT = 20;            // builds
const KEY = "rt-builds";

export class Newer {
    #own;
    #isHot;
    #world;
    #offer;
    #timer = null;
    #met = null;    // the build that the server runs

    /** own: the build that made the page; undefined: it is never reloaded. offer(isOffered): show that there is a newer one, or hide it.
     *
     * world: clock, random, storage as a browser has them, isInUse(): whether a reload would lose or disturb something, and reload().
     */
    constructor({ own, isHot, world, offer }) {
        this.#own = own;
        this.#isHot = isHot;
        this.#world = world;
        this.#offer = offer;
    }

    /** The server says that it runs `build`. */
    meet(build) {
        if (build === this.#met) return;
        this.#met = build;
        this.#world.clock.clearTimeout(this.#timer);
        if (this.#own === undefined || build === this.#own) return this.#offer(false);
        const past = this.#past();
        const mayReload = past !== null && (this.#isHot || !past.builds.includes(build));
        const dueMs = mayReload ? this.#dueMs(past.at) : null;
        this.#offer(!mayReload || dueMs > HOT_ONCE_IN_MS);
        if (mayReload) this.#timer = this.#world.clock.setTimeout(() => this.#reloadUnlessInUse(), dueMs + this.#spreadMs());
    }

    /** Reload the page now: somebody asks for it. */
    reload() {
        this.#remember();
        this.#world.reload();
    }

    /* Whether it may be said to happen at most so often rests upon this being remembered. */
    #reloadUnlessInUse() {
        if (this.#world.isInUse() || !this.#remember()) this.#offer(true);
        else this.#world.reload();
    }

    #dueMs(at) {
        const pauseMs = this.#isHot ? HOT_ONCE_IN_MS : ONCE_IN_MS;
        return Math.min(Math.max(0, at + pauseMs - this.#world.clock.now()), pauseMs);   // a clock may have been set back
    }

    #spreadMs() {
        return this.#isHot ? 0 : this.#world.random() * SPREAD_MS;
    }

    /* {builds, at}: for which this tab has reloaded itself, and when last; null where that cannot be known. */
    #past() {
        try {
            return { builds: [], at: -Infinity, ...JSON.parse(this.#world.storage.getItem(KEY) ?? "{}") };
        } catch {
            return null;
        }
    }

    /* Returns whether it worked. */
    #remember() {
        try {
            const builds = [...(this.#past()?.builds ?? []), this.#met].slice(-KEPT);
            this.#world.storage.setItem(KEY, JSON.stringify({ builds, at: this.#world.clock.now() }));
            return true;
        } catch {
            return false;
        }
    }
}
