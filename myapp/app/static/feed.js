/* The feed of updates: what depends on who looks at it, and where.
 *
 * At its top new updates come by themselves. Further down nothing may move: there the list holds them back, and its button says how many.
 * What stands at the top of a page that is seen is read, and the server is told so. Which rows change, the live link decides.
 */

import { Unread } from "./unread.js";

const READ_MS = 1000;           // of being seen, until an update counts as read
const SPREAD_MS = 2000;         // and up to so much more: not all readers of a channel tell the server in one moment

export function watchFeed() {
    const feed = document.querySelector("[data-feed]");
    if (feed) new Feed(feed);
}

class Feed {
    #feed;
    #account;
    #form;              // by which is said what was read; null for the anonymous
    #read;              // id of the last update of others here that the server knows to be read, -1 while there are older ones that are not
    #timer = null;
    #wasAtTop = true;
    #unread;

    constructor(feed) {
        this.#feed = feed;
        this.#account = Number(feed.dataset.account) || null;
        this.#form = feed.querySelector("[data-read]");
        this.#read = this.#form?.dataset.read === "0" ? this.#newest : -1;
        this.#unread = new Unread({ account: this.#account, isBeingRead: (channel) => this.#isBeingRead(channel) });
        this.#showOwnButtons();
        showCurrentChannel();
        this.#watch();
        this.#look();
    }

    #watch() {
        addEventListener("scroll", () => this.#look(), { passive: true });
        addEventListener("pagehide", () => this.#timer && this.#tell());
        document.addEventListener("visibilitychange", () => this.#look());
        document.addEventListener("htmx:after:swap", () => { this.#followAll(); this.#look(); });
        document.addEventListener("saved", () => this.#toTop());        // whoever posts wants to see it
        this.#feed.addEventListener("click", ({ target }) => target.closest("[data-rt-held]") && this.#bring());
        new MutationObserver(() => { this.#showOlder(); this.#look(); }).observe(this.#list, {
            childList: true, attributeFilter: ["data-older", "data-rt-trimmed"],
        });
    }

    get #list() {
        return this.#feed.querySelector("[data-rt-list]");
    }

    get #isNewest() {
        return this.#list.hasAttribute("data-newest");
    }

    get #isAtTop() {
        return this.#list.getBoundingClientRect().top >= 0;
    }

    /* Of others: one's own updates are never unread. */
    get #newest() {
        return newestOf(this.#list.querySelectorAll(`:scope > .update:not([data-author="${this.#account}"])`));
    }

    /* Rows are the same for all viewers. Which of them are this one's says a style sheet, that no swap can undo. */
    #showOwnButtons() {
        if (this.#account === null) return;
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(`.update[data-author="${this.#account}"] .update-delete { display: inline-flex; }`);
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    }

    /* The feed of all channels is that of a new one, too, as soon as it stands beside. */
    #followAll() {
        if (this.#feed.dataset.feed) return;
        const beside = document.getElementById("channels").dataset.rtTopics.split(/\s+/);
        this.#list.dataset.rtTopics = beside.filter((topic) => topic.startsWith("updates:")).join(" ");
    }

    #look() {
        if (!this.#isNewest) return;
        const isAtTop = this.#isAtTop, hasReturned = isAtTop && !this.#wasAtTop;
        this.#wasAtTop = isAtTop;
        this.#list.dataset.rtInsert = isAtTop ? "prepend" : "hold";
        if (hasReturned) this.#feed.querySelector("[data-rt-held]:not([hidden])")?.click();
        if (!this.#isBeingRead() || this.#newest <= this.#read) return;
        this.#timer ??= setTimeout(() => this.#tell(), READ_MS + Math.random() * SPREAD_MS);
    }

    #isBeingRead(channel) {
        const shown = this.#feed.dataset.feed;
        return this.#form !== null && !document.hidden && this.#isNewest && this.#isAtTop && (!channel || !shown || shown === channel);
    }

    #tell() {
        clearTimeout(this.#timer);
        this.#timer = null;
        this.#form.elements.update_id.value = newestOf(this.#list.querySelectorAll(":scope > .update"));
        this.#read = this.#newest;
        this.#unread.clear(this.#feed.dataset.feed);
        // It outlives the page; and what comes to nothing is said again with the next update that is read.
        fetch(this.#form.action, { method: "POST", body: new FormData(this.#form), headers: { "HX-Request": "true" }, keepalive: true })
            .catch(() => {});
    }

    /* Where the older ones begin moves with the last one that is shown. */
    #showOlder() {
        const { rtTrimmed, older } = this.#list.dataset, last = rtTrimmed ? idOf(rtTrimmed) : older;
        const link = this.#feed.querySelector("[data-next]"), address = new URL(link.href);
        address.searchParams.set("before", last);
        link.href = address.href;
        link.hidden = !last;
        link.rel = last ? "next" : "";
        link.parentElement.hidden = !last && this.#isNewest;
    }

    /* The button was pressed: the list brings what was held back; another page of it leads to where that is. */
    #bring() {
        if (this.#list.dataset.newestAt) location.assign(this.#list.dataset.newestAt);
        else this.#toTop();
    }

    #toTop() {
        if (!this.#isNewest || this.#isAtTop) return;
        this.#list.dataset.rtInsert = "prepend";
        scrollTo({ top: 0, behavior: "instant" });
    }
}

function newestOf(rows) {
    return Math.max(0, ...[...rows].map((row) => idOf(row.id)));
}

function idOf(key) {
    return Number(key.replace("update-", ""));
}

/* Where there is room for one line of them only, it begins with the one that is open. */
function showCurrentChannel() {
    const channels = document.getElementById("channels"), current = channels.querySelector("[aria-current]");
    if (current) channels.scrollLeft = current.offsetLeft - channels.offsetLeft - 12;
}
