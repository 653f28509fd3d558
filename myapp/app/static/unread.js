/* How many updates of each channel the viewer has yet to read, beside the names of the channels: counted on from what the server said.
 *
 * Nobody asks the server for a number when an update is posted, or ten thousand open pages would ask at once.
 */

const MOST = 99;        // that are shown as a number

export class Unread {
    #viewer;
    #isBeingRead;
    #own = new Set();   // ids of updates that the viewer has posted since the page is open

    /** viewer: the id of his account, null for none. isBeingRead(channel): whether what is posted there now is seen at once. */
    constructor({ viewer, isBeingRead }) {
        this.#viewer = viewer;
        this.#isBeingRead = isBeingRead;
        document.body.addEventListener("updates-changed", ({ detail }) => this.#change(detail));
        document.body.addEventListener("user-changed", ({ detail: { type, data } }) => type === "channels_read" && setAll(data.channels));
        // A channel that one may not read any more is none of the list's.
        document.addEventListener("rt-refused", () => document.getElementById("channels")?.dispatchEvent(new CustomEvent("rt-refresh")));
    }

    /** All of a channel, or of all channels, is read. */
    clear(channel) {
        for (const link of channel ? linksOf(channel) : document.querySelectorAll("[data-channel]")) set(link, 0);
    }

    #change({ topic, type, data }) {
        for (const link of linksOf(topic.slice("updates:".length))) {
            if (type === "update_created") this.#created(link, data);
            if (type === "update_deleted") this.#deleted(link, data);
        }
    }

    /* One that the server has counted already comes again, when it was posted between that and the connection. */
    #created(link, { id, author_id: author }) {
        if (id <= Number(link.dataset.last)) return;
        link.dataset.last = id;
        if (author !== null && author === this.#viewer) this.#own.add(id);
        else if (this.#viewer !== null && !this.#isBeingRead(link.dataset.channel)) set(link, countOf(link) + 1);
    }

    #deleted(link, { id }) {
        const wasUnread = id > Number(link.dataset.mark) && !this.#own.has(id);
        if (wasUnread && countOf(link) <= MOST) set(link, Math.max(0, countOf(link) - 1));
    }
}

function linksOf(channel) {
    return document.querySelectorAll(`[data-channel="${CSS.escape(channel)}"]`);
}

function setAll(counts) {
    for (const [channel, count] of Object.entries(counts)) linksOf(channel).forEach((link) => set(link, count));
}

function countOf(link) {
    return Number(link.dataset.unread);
}

function set(link, count) {
    link.dataset.unread = count;
    if (count === 0) link.dataset.mark = link.dataset.last;
    link.querySelector("[data-count]").textContent = count > MOST ? `${MOST}+` : count;
    link.querySelector(".unread").hidden = count === 0;
}
