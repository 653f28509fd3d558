/* How many updates of each channel the viewer has yet to read, beside the names of the channels: counted on from what the server said.
 *
 * Nobody asks the server for a number when an update is posted, or ten thousand open pages would ask at once. What it says is of a
 * moment, `data-as-of`, else that of the whole list; events up to then are in it, and later ones are added, whichever came first.
 */

import { isAfter, Since } from "./since.js";

const MOST = 99;        // that are shown as a number

export class Unread {
    #account;
    #isBeingRead;
    #since = new Since();
    #told = new Map();  // channel -> what was said last of what the viewer has read of it, on another page

    /** account: the id of the viewer's, null for none. isBeingRead(channel): whether what is posted there now is seen at once. */
    constructor({ account, isBeingRead }) {
        this.#account = account;
        this.#isBeingRead = isBeingRead;
        document.body.addEventListener("updates-changed", ({ detail }) => this.#change(detail));
        document.body.addEventListener("user-changed", ({ detail: { type, data } }) => type === "channels_read" && this.#tell(data));
        document.addEventListener("htmx:after:swap", () => this.#swapped());
        document.addEventListener("rt-reset", () => this.#forget());
        // A channel that one may not read any more is none of the list's.
        document.addEventListener("rt-refused", () => document.getElementById("channels")?.dispatchEvent(new CustomEvent("rt-refresh")));
    }

    /** All of a channel, or of all channels, is read. */
    clear(channel) {
        for (const link of channel ? linksOf(channel) : document.querySelectorAll("[data-channel]")) set(link, 0);
    }

    #change(event) {
        this.#since.note(event);
        linksOf(channelOf(event)).forEach((link) => this.#apply(link, event));
    }

    #apply(link, { id, type, data }) {
        if (!isAfter(id, asOf(link))) return;
        link.dataset.asOf = id;
        if (type === "update_created") this.#created(link, data);
        if (type === "update_deleted") deleted(link, data);
    }

    /* One that the server has counted already comes again, when it was posted between that and the connection. */
    #created(link, { id, author_id: author }) {
        if (id <= Number(link.dataset.last)) return;
        link.dataset.last = id;
        if (author !== null && author === this.#account) posted(link, id);
        else if (this.#account !== null && !this.#isBeingRead(link.dataset.channel)) set(link, countOf(link) + 1);
    }

    #tell({ channels, cursor }) {
        for (const [channel, counted] of Object.entries(channels)) {
            this.#told.set(channel, { ...counted, cursor });
            linksOf(channel).forEach((link) => this.#recount(link, this.#told.get(channel)));
        }
    }

    /* Nobody reads backwards: of two counts that of the earlier mark is the older one, however late it comes. */
    #recount(link, { unread, mark, last, cursor }) {
        if (mark < Number(link.dataset.mark)) return;
        Object.assign(link.dataset, { mark, last, asOf: cursor });
        show(link, unread);
        this.#applySince(link);
    }

    #applySince(link) {
        const { channel } = link.dataset;
        this.#since.after(asOf(link)).filter((event) => channelOf(event) === channel).forEach((event) => this.#apply(link, event));
    }

    /* What was read anew has no `data-as-of`. */
    #swapped() {
        for (const link of document.querySelectorAll("[data-channel]:not([data-as-of])")) {
            const told = this.#told.get(link.dataset.channel);
            if (told && told.mark > Number(link.dataset.mark)) this.#recount(link, told);
            else this.#applySince(link);
        }
    }

    #forget() {
        this.#since.forget();
        this.#told.clear();
    }
}

/* By oneself: it is not unread, and where nothing else is, all is read up to there. */
function posted(link, id) {
    if (countOf(link) === 0) link.dataset.mark = id;
    else link.dataset.own += ` ${id}`;
}

function deleted(link, { id }) {
    const wasUnread = id > Number(link.dataset.mark) && !link.dataset.own.split(" ").includes(String(id));
    if (wasUnread && countOf(link) <= MOST) set(link, Math.max(0, countOf(link) - 1));
}

function channelOf({ topic }) {
    return topic.slice("updates:".length);
}

function linksOf(channel) {
    return document.querySelectorAll(`[data-channel="${CSS.escape(channel)}"]`);
}

function asOf(link) {
    return link.dataset.asOf ?? document.getElementById("channels").dataset.rtCursor;
}

function countOf(link) {
    return Number(link.dataset.unread);
}

function set(link, count) {
    if (count === 0) link.dataset.mark = link.dataset.last;
    show(link, count);
}

function show(link, count) {
    link.dataset.unread = count;
    link.querySelector("[data-count]").textContent = count > MOST ? `${MOST}+` : count;
    link.querySelector(".unread").hidden = count === 0;
}
