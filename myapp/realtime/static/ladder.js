/* The ladder: on which rung the link stands, and when a better one is to be tried. Best first; it makes no connection itself.
 *
 * While better rungs are tried (a climb), the one that worked is held on to: what fails on the way is no news.
 */

const CLIMB_MS = 30000;             // until a better rung is tried again, doubling with each climb,
const LONGEST_CLIMB_MS = 600000;    // up to this
const SOON_MS = 1000;               // when it was the server that failed, and not the rung
const REMEMBERED_MS = 600000;       // a page that begins later than this after the last one's word begins at the top
const SHORTEST_BAR_MS = 30000;      // a rung that was refused is left alone for this, or for as long as the server asked,
const LONGEST_BAR_MS = 3600000;     // up to this: what asks for more is a slip, or the clock was set back since

export class Ladder {
    #rungs;
    #clock;
    #at = 0;            // the rung to connect by
    #home = 0;          // the rung that is held on to; above it is climbing
    #barredUntil = [];  // by rung
    #climbMs = CLIMB_MS;
    #climbAt = 0;

    constructor(rungs, clock) {
        this.#rungs = rungs;
        this.#clock = clock;
    }

    /** The rung to connect by. */
    get rung() {
        return this.#rungs[this.#at];
    }

    get isAtTop() {
        return this.#at === 0;
    }

    /** Whether a better rung is to be had, as far as is known. */
    get canClimb() {
        return this.#best(0, this.#at) < this.#at;
    }

    get isClimbing() {
        return this.#at < this.#home;
    }

    /** Milliseconds until a climb is due. It would be in vain while everything above is barred. */
    get climbInMs() {
        const bars = this.#rungs.slice(0, this.#home).map((_, rung) => this.#barredForMs(rung));
        return Math.max(Math.min(this.#climbAt - this.#clock.now(), LONGEST_CLIMB_MS), Math.min(...bars), SOON_MS);
    }

    /** What the ladder of the next page may know of this one, plain values; null on the top rung. */
    get memory() {
        if (this.isAtTop) return null;
        return { at: this.#clock.now(), rung: this.#at, climbAt: this.#climbAt, climbMs: this.#climbMs, barredUntil: this.#barredUntil };
    }

    /** Begin where the page before stood by its `memory`; a better rung is tried when it was due there, or after 30 s. */
    recall(memory) {
        const now = this.#clock.now();
        if (Math.abs(now - memory.at) > REMEMBERED_MS) return;
        this.#at = this.#home = Math.min(memory.rung, this.#rungs.length - 1);
        this.#climbMs = memory.climbMs;
        this.#climbAt = Math.min(memory.climbAt, now + CLIMB_MS);
        this.#barredUntil = memory.barredUntil;
    }

    /** The rung has proved itself, and not only for a moment: stay. What was learnt of it before is out of date. */
    hold() {
        this.#home = this.#at;
        if (this.isAtTop) this.#climbMs = CLIMB_MS;
    }

    /** Do not come back to this rung for `ms` (null: for as long as after any refusal). */
    bar(ms) {
        this.#barredUntil[this.#at] = this.#clock.now() + Math.min(Math.max(ms ?? 0, SHORTEST_BAR_MS), LONGEST_BAR_MS);
    }

    /** Go one rung down, past those that are barred; returns false on the last. */
    descend() {
        const last = this.isClimbing ? this.#home : this.#rungs.length - 1;
        if (this.#at === last) return false;
        if (!this.isClimbing) this.#climbAt = this.#clock.now() + this.#climbMs;
        this.#at = this.#best(this.#at + 1, last);
        this.#home = Math.max(this.#home, this.#at);
        return true;
    }

    /** Begin again at the best rung that is not barred. isAsked: somebody wants it now, and so the pauses grow anew. */
    climb({ isAsked = false } = {}) {
        this.#climbMs = isAsked ? CLIMB_MS : Math.min(this.#climbMs * 2, LONGEST_CLIMB_MS);
        this.#climbAt = this.#clock.now() + this.#climbMs;
        this.#at = this.#best(0, this.#home);
    }

    /** It was not the rung that failed: climb as soon as anything works again. */
    climbSoon() {
        this.#climbAt = this.#clock.now();
    }

    #best(first, last) {
        for (let rung = first; rung < last; rung += 1) if (this.#barredForMs(rung) === 0) return rung;
        return last;
    }

    #barredForMs(rung) {
        const ms = (this.#barredUntil[rung] ?? 0) - this.#clock.now();
        return ms > 0 && ms <= LONGEST_BAR_MS ? ms : 0;
    }
}
