/* Toasts: what is told to the viewer alone, the event `notice` {text, url, level} of his own topic, on whatever page he is.
 *
 * Whoever wrote it, the text is text, and the address is followed only where it leads to a page. A toast goes after a while in which
 * it could be read: not while somebody is at it, nor while the tab is hidden or a dialog lies over it.
 */

const SHOWN_MS = 10000;     // two lines, read twice
const AGAIN_MS = 3000;      // until it is looked whether it may go now
const MOST = 4;             // at once; the oldest makes room
const REMEMBERED = 100;     // ids: after a gap an event may come twice
const WORDS_MS = 100;       // a live region has to be there before its words are, or they are not read
const LEVELS = { info: "", success: "Done:", warning: "Warning:", danger: "Error:" };

export class Toasts {
    #place;
    #template;
    #seen = new Set();

    constructor(place) {
        this.#place = place;
        this.#template = place.querySelector("template");
        document.addEventListener("user-changed", ({ detail }) => detail.type === "notice" && this.#take(detail));
        place.addEventListener("click", ({ target }) => target.closest("button") && this.#dismiss(target));
        place.addEventListener("keydown", ({ key, target }) => key === "Escape" && this.#dismiss(target));
    }

    #take({ id, data: { text, url, level } }) {
        if (typeof text !== "string" || text.trim() === "" || this.#isSeen(id)) return;
        const toast = this.#template.content.firstElementChild.cloneNode(true);
        toast.dataset.level = Object.hasOwn(LEVELS, level) ? level : "info";
        toast.setAttribute("role", ["warning", "danger"].includes(level) ? "alert" : "status");
        this.#place.append(toast);
        setTimeout(() => fill(toast, text, addressOf(url)), WORDS_MS);
        setTimeout(() => this.#letGo(toast), SHOWN_MS);
        const toasts = this.#place.querySelectorAll("[role]");
        if (toasts.length > MOST) toasts[0].remove();
    }

    #isSeen(id) {
        const isSeen = id !== undefined && this.#seen.has(id);
        this.#seen.add(id);
        if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value);
        return isSeen;
    }

    #letGo(toast) {
        if (!toast.isConnected) return;
        const isOverlaid = document.querySelector("dialog[open]") !== null;
        if (document.hidden || isOverlaid || toast.matches(":hover, :focus-within")) setTimeout(() => this.#letGo(toast), AGAIN_MS);
        else toast.remove();
    }

    /* The focus stays among them while there are any. */
    #dismiss(target) {
        const toast = target.closest("[role]"), next = toast.nextElementSibling ?? toast.previousElementSibling;
        toast.remove();
        next.querySelector("button")?.focus();
    }
}

function fill(toast, text, address) {
    toast.querySelector("[data-message-level]").textContent = LEVELS[toast.dataset.level];
    const place = toast.querySelector("[data-message-text]");
    if (address === null) {
        place.textContent = text;
    } else {
        const link = Object.assign(document.createElement("a"), { href: address, textContent: text, rel: "noopener noreferrer" });
        place.replaceChildren(link);
    }
}

/* An absolute address of a page; null for what is none, such as javascript:. */
function addressOf(url) {
    if (typeof url !== "string" || url === "" || !URL.canParse(url, location.href)) return null;
    const { protocol, href } = new URL(url, location.href);
    return ["http:", "https:"].includes(protocol) ? href : null;
}
