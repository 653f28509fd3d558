/* The keyed lists of the page (`data-rt-list`), patched by events.
 *
 * Revisions make an event that comes twice or late harmless: a list is as old as its `data-rt-cursor`, a row that was
 * patched since as its `data-rt-rev`, and only what is newer is applied. A refetch brings rows that may be older than what was
 * shown; htmx's morph drops the attribute that the server does not know, and with it the claim to be newer. So the events of
 * late are remembered, and applied again after each swap. Where events come from is not known here.
 */

import { isNews } from "./cursor.js";
import { isBeingEdited, parseRow, putRow, removeRow } from "./row.js";

const REMEMBERED = 200;  // events; a refetch takes well under a second, the busiest list has some hundred changes in it

export class Lists {
    #recent = [];        // keyed events, oldest first
    #gone = new Map();   // key of a row taken away -> id of the event that did it
    #onPatched;
    #onUnrendered;

    /** onPatched(row): a row was put, or (null) taken away. onUnrendered(list): an event came that the list cannot draw. */
    constructor({ onPatched, onUnrendered }) {
        this.#onPatched = onPatched;
        this.#onUnrendered = onUnrendered;
    }

    /** Apply an event of the hub to all lists that name its topic. */
    apply(event) {
        if (!event.key) return;
        if (event.id !== undefined) this.#remember(event);
        for (const list of listsOf(event.topic)) {
            this.#patch(list, event, { onPatched: this.#onPatched, onUnrendered: this.#onUnrendered });
        }
    }

    /** Bring lists that were swapped up to date with what is known already, without telling anyone. */
    applyAgain() {
        for (const event of this.#recent) {
            for (const list of listsOf(event.topic)) this.#patch(list, event, { onPatched() {}, onUnrendered() {} });
        }
        document.querySelectorAll("[data-rt-list]").forEach(showWhetherEmpty);
    }

    /** Forget the past: after a reset it belongs to a log that is no more, or has a hole. */
    forget() {
        this.#recent = [];
        this.#gone.clear();
    }

    #remember(event) {
        this.#recent.push(event);
        if (this.#recent.length > REMEMBERED) this.#recent.shift();
    }

    #patch(list, event, tell) {
        const row = list.querySelector(`:scope > #${CSS.escape(event.key)}`);
        if (!this.#isNews(list, row, event)) return;
        if (event.html === undefined) tell.onUnrendered(list);
        else if (row && isBeingEdited(row)) row.classList.add("rt-stale");
        else if (event.html === null) this.#remove(row, event, tell);
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
        tell.onPatched(fresh);
    }

    #remove(row, { id, key }, tell) {
        if (id !== undefined) this.#bury(key, id);
        if (row === null) return;
        if (id !== undefined) row.dataset.rtRev = id;
        removeRow(row);
        tell.onPatched(null);
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

function showWhetherEmpty(list) {
    const hasRows = list.querySelector(":scope > [id]:not([data-rt-empty], .rt-leave)") !== null;
    const signs = document.querySelectorAll(`[data-rt-empty="${CSS.escape(list.id)}"]`);
    signs.forEach((sign) => sign.toggleAttribute("hidden", hasRows));
}
