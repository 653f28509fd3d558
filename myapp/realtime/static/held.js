/* What has come for a list but has no place in what is shown of it, such as its second page (`data-rt-insert="hold"`): it is counted, and
 * a button says how much it is, and brings it.
 *
 *     <button type="button" data-rt-held="users" data-one="1 new user" data-many="# new users" hidden></button>
 */

import { isNews } from "./cursor.js";

const MOST = 999;   // that are counted: a page may stand for days, and more than that is "999+"

export class Held {
    #lists = new Map();  // id of a list -> Map of what is held back from it: key -> id of the event that brought it

    /** refetch(list): reads a list anew. */
    constructor(refetch) {
        document.addEventListener("click", ({ target }) => {
            const list = document.getElementById(target.closest("[data-rt-held]")?.dataset.rtHeld);
            if (list) refetch(list);
        });
    }

    add(list, { key, id }) {
        if (!this.#lists.has(list.id)) this.#lists.set(list.id, new Map());
        const held = this.#lists.get(list.id);
        held.set(key, id);
        if (held.size > MOST + 1) held.delete(held.keys().next().value);
        this.#show(list.id);
    }

    drop(list, { key }) {
        if (this.#lists.get(list.id)?.delete(key)) this.#show(list.id);
    }

    /** After a swap: a list that was read anew has all that is older than its cursor. */
    draw() {
        for (const [id, held] of this.#lists) {
            const cursor = document.getElementById(id)?.dataset.rtCursor;
            for (const [key, event] of held) if (!isNews(event, cursor)) held.delete(key);
            this.#show(id);
        }
    }

    #show(id) {
        const count = this.#lists.get(id).size;
        for (const button of document.querySelectorAll(`[data-rt-held="${CSS.escape(id)}"]`)) {
            button.hidden = count === 0;
            button.textContent = count === 1 ? button.dataset.one : button.dataset.many.replace("#", count > MOST ? `${MOST}+` : count);
        }
    }
}
