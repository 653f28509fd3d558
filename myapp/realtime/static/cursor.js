/* Cursors: positions in the event log, as the text `epoch-seq` that the server made.
 *
 * The text itself is opaque and goes back as it came. All that is known here is which of two lies later, and that two lives
 * (epochs) of the log cannot be compared. A missing cursor is null or undefined.
 */

const CURSOR = /^(.+)-([0-9]+)$/;

function split(cursor) {
    const [, epoch, seq] = CURSOR.exec(cursor ?? "") ?? [];
    return { epoch, seq: Number(seq) };
}

/** Return how far `a` lies behind (> 0), before (< 0) or at (0) `b`; NaN where they cannot be compared. */
export function compare(a, b) {
    const left = split(a), right = split(b);
    return left.epoch === right.epoch ? left.seq - right.seq : NaN;
}

/** Tell whether an event at `id` is news for someone at `known`: all is, unless it is certain that they have it. */
export function isNews(id, known) {
    return !(compare(id, known) <= 0);
}

/** Return the earliest of `cursors`, null when none is set; of two that cannot be compared the first counts. */
export function oldest(cursors) {
    const known = [...cursors].filter((cursor) => cursor);
    return known.reduce((first, cursor) => (compare(cursor, first) < 0 ? cursor : first), known[0] ?? null);
}
