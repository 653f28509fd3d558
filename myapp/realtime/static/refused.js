/* The topics that this viewer may not have any more. A list or panel that names one says so, in words, next to it; the others go on.
 *
 * A page may have words of its own, hidden until they are true, in an element with `data-rt-refused-of` = the id of the list. Else
 * they are made here, before the list, or before the table that it is part of.
 */

const ALL = "You no longer have access to this list.";
const SOME = "You no longer have access to a part of this list.";
const LIVE = "[data-rt-list], [data-rt-refetch]";

export class Refused {
    #topics = new Set();
    #notes = new Map();  // list -> the element with the words
    #tell;

    /** tell(sentence): called for each list that begins to say so. */
    constructor(tell) {
        this.#tell = tell;
    }

    get isEmpty() {
        return this.#topics.size === 0;
    }

    has(topic) {
        return this.#topics.has(topic);
    }

    add(topics) {
        topics.forEach((topic) => this.#topics.add(topic));
        this.draw();
    }

    /** Forget all of it: the server may think otherwise by now. */
    forget() {
        this.#topics.clear();
        this.draw();
    }

    /** Draw it also in what a swap has brought. */
    draw() {
        for (const [list, note] of this.#notes) if (!list.isConnected || !note.isConnected) this.#take(list);
        document.querySelectorAll(LIVE).forEach((list) => this.#mark(list));
    }

    #mark(list) {
        const topics = topicsOf(list), lost = topics.filter((topic) => this.has(topic)).length;
        list.toggleAttribute("data-rt-refused", lost > 0 && lost === topics.length);
        if (lost === 0) this.#take(list);
        else this.#note(list, lost === topics.length ? ALL : SOME);
    }

    #note(list, sentence) {
        const isNew = !this.#notes.has(list);
        if (isNew) this.#notes.set(list, ownNote(list) ?? placeNote(list));
        const note = this.#notes.get(list);
        note.hidden = false;
        if (note.hasAttribute("data-rt-note")) note.textContent = sentence;
        if (isNew) this.#tell(note.textContent.trim());
    }

    #take(list) {
        const note = this.#notes.get(list);
        if (note?.hasAttribute("data-rt-note")) note.remove();
        else if (note) note.hidden = true;
        this.#notes.delete(list);
    }
}

/** The topics that an element names. */
export function topicsOf({ dataset: { rtTopics = "", rtRefetch = "" } }) {
    return [...new Set(`${rtTopics} ${rtRefetch}`.split(/\s+/).filter(Boolean))];
}

function ownNote(list) {
    return list.id ? document.querySelector(`[data-rt-refused-of="${CSS.escape(list.id)}"]`) : null;
}

function placeNote(list) {
    const note = document.createElement("p");
    note.className = "rt-refused-note";
    note.setAttribute("data-rt-note", "");
    (list.closest("table") ?? list).before(note);
    return note;
}
