/* The keyed lists of the page (`data-rt-list`), patched by events.
 *
 * Revisions make an event that comes twice or late harmless: a list is as old as its `data-rt-cursor`, a row that was
 * patched since as its `data-rt-rev`, and only what is newer is applied. A refetch brings rows that may be older than what was
 * shown; htmx's morph drops the attribute that the server does not know, and with it the claim to be newer. So the events of
 * late are remembered, and applied again after each swap. Where events come from is not known here.
 */

import { isNews } from "./cursor.js";
import { Pace } from "./pace.js";
import { isBeingEdited, isInUse, parseRow, putRow, removeRow } from "./row.js";

const REMEMBERED = 200;  // events; a refetch takes well under a second, the busiest list has some hundred changes in it

const SHOWN = ":scope > [id]:not([data-rt-empty], .rt-leave)";

const NOBODY = { onPatched() {}, onStale() {}, onHeld() {}, onReleased() {}, onUnrendered() {} };

export class Lists {
    #recent = [];        // keyed events, oldest first
    #gone = new Map();   // key of a row taken away -> id of the event that did it
    #pace = new Pace();
    #tell;

    /** tell: what the page is told of, functions.
     *
     *  onPatched(row, old)     a row was put, in the place of `old` or of none (null); or (null, row) taken away
     *  onStale(row)            an event came for a row in which someone types; it is not drawn
     *  onHeld(list, event)     a row came for which this list has no place (`data-rt-insert="hold"`)
     *  onReleased(list, event) a row is gone that was not shown, perhaps one of those
     *  onUnrendered(list)      an event came that the list cannot draw
     */
    constructor(tell) {
        this.#tell = tell;
    }

    /** Apply an event of the hub to all lists that name its topic. */
    apply(event) {
        if (!event.key) return;
        if (event.id !== undefined) this.#remember(event);
        for (const list of listsOf(event.topic)) {
            // By its type, too: an event that brings an element, and one that changes it, do not stand for one another.
            this.#pace.draw(list, `${event.type} ${event.key}`, () => this.#patch(list, event, this.#tell));
        }
    }

    /** Bring lists that were swapped up to date with what is known already, without telling anyone. */
    applyAgain() {
        for (const event of this.#recent) {
            for (const list of listsOf(event.topic)) this.#patch(list, event, NOBODY);
        }
        document.querySelectorAll("[data-rt-list]").forEach(showWhetherEmpty);
    }

    /** Forget the past: after a reset it belongs to a log that is no more, or has a hole. */
    forget() {
        this.#recent = [];
        this.#gone.clear();
        this.#pace.forget();
    }

    /** Draw nothing of what waits for its pace until `release`. */
    hold() {
        this.#pace.hold();
    }

    release() {
        this.#pace.release();
    }

    #remember(event) {
        this.#recent.push(event);
        if (this.#recent.length > REMEMBERED) this.#recent.shift();
    }

    #patch(list, event, tell) {
        const row = list.querySelector(`:scope > #${CSS.escape(event.key)}`);
        if (!this.#isNews(list, row, event)) return;
        if (event.html === undefined) tell.onUnrendered(list);
        else if (row && isBeingEdited(row)) this.#leave(row, tell);
        else if (event.html === null) this.#remove(list, row, event, tell);
        else if (!row && !mayBring(list, event.type)) return;
        else if (!row && list.dataset.rtInsert === "hold") tell.onHeld(list, event);
        else this.#put(list, row, event, tell);
        showWhetherEmpty(list);
    }

    #isNews(list, row, { id, key }) {
        if (id === undefined) return true;  // a transient event has no place in the order
        const revision = row ? row.dataset.rtRev : this.#gone.get(key);
        return isNews(id, list.dataset.rtCursor) && isNews(id, revision);
    }

    #put(list, old, { id, key, html }, tell) {
        const fresh = parseRow(html, key);
        if (fresh === null) {
            console.warn(`realtime: the fragment of event ${id} is not one element with the id ${key}; the list is fetched anew`);
            return tell.onUnrendered(list);
        }
        if (id !== undefined) fresh.dataset.rtRev = id;
        putRow(list, old, fresh);
        if (old === null) this.#trim(list);
        tell.onPatched(fresh, old);
    }

    #leave(row, tell) {
        row.classList.add("rt-stale");
        tell.onStale(row);
    }

    #remove(list, row, { id, key }, tell) {
        if (id !== undefined) this.#bury(key, id);
        if (row === null) return tell.onReleased(list, { id, key });
        if (id !== undefined) row.dataset.rtRev = id;
        removeRow(row);
        tell.onPatched(null, row);
    }

    /* A list with `data-rt-most` has no more rows than that, as when it is read anew; `data-rt-trimmed` is the last one after which none
     * is missing. What is in use stays.
     */
    #trim(list) {
        const rows = [...list.querySelectorAll(SHOWN)], most = Number(list.dataset.rtMost);
        if (!(most > 0 && rows.length > most)) return;
        if (list.dataset.rtInsert !== "prepend") rows.reverse();
        list.dataset.rtTrimmed = rows[most - 1].id;
        for (const row of rows.slice(most).filter((each) => !isInUse(each))) {
            if (row.dataset.rtRev) this.#bury(row.id, row.dataset.rtRev);
            row.remove();
        }
    }

    /* Only an event that is still remembered could bring a row back, so no more graves than that are kept. */
    #bury(key, id) {
        this.#gone.delete(key);
        this.#gone.set(key, id);
        if (this.#gone.size > REMEMBERED) this.#gone.delete(this.#gone.keys().next().value);
    }
}

function listsOf(topic) {
    return document.querySelectorAll(`[data-rt-list][data-rt-topics~="${CSS.escape(topic)}"]`);
}

/* Whether events of a type bring elements that the list lacks: all do, unless the list names those that do in `data-rt-new`. An
 * element that is not shown may be none of this page's. */
function mayBring(list, type) {
    return list.dataset.rtNew === undefined || list.dataset.rtNew.split(/\s+/).includes(type);
}

function showWhetherEmpty(list) {
    const hasRows = list.querySelector(SHOWN) !== null;
    const signs = document.querySelectorAll(`[data-rt-empty="${CSS.escape(list.id)}"]`);
    signs.forEach((sign) => sign.toggleAttribute("hidden", hasRows));
}
