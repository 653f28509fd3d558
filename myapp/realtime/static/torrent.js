/* A torrent: so many chunks in a second that each by itself is not worth the work that the browser has with it, which is ten times that
 * of the parser. They are left to come together for a moment, and are read as one.
 */

const READS = 20;       // that may follow one another at once: what people do never comes to as many
const PAUSE_MS = 50;    // between two reads beyond these; ten times less than one notices in what changes twenty times a second

export class Torrent {
    #due = -Infinity;   // when the next read would be due if all had been paused for

    /** There was a read at `now`. Returns the milliseconds to wait before the next one, mostly 0. */
    pauseMs(now) {
        // A clock may have been set back.
        this.#due = Math.min(Math.max(this.#due, now - READS * PAUSE_MS), now) + PAUSE_MS;
        return Math.max(0, this.#due - now);
    }
}
