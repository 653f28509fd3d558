/* Refetching: the event `rt-refresh` on an element makes htmx get it anew; on a page without htmx anew.js does. Here is when.
 *
 * Panels (`data-rt-refetch`) after an event of their topics, lists and panels after a reset or a press on Refresh, those that show
 * what transient events tell (`data-rt-transient`) after the page was out of touch, those whose `hx-trigger` has `every 30s` so often;
 * each element at most once in 2 s, and again when the server could not answer, or something else did: until then it has
 * `data-rt-late`, the moment. What htmx then does with the answer stands in the element's own attributes.
 */

import { IN_USE, READ, readAnew, UNABLE } from "./anew.js";

const PAUSE_MS = 2000;   // between two refetches of one element: a burst of events costs the server two requests
const RETRY_MS = 5000;   // after a server that could not answer, and up to half of it more
const LONGEST_RETRY_MS = 60000;  // what is not there may never come again: it is asked for ever more seldom, up to this
const RETURN_SPREAD_MS = 10000;  // a server that begins anew is met by all pages at once, and has them to connect first
const REFETCHED = ":is([data-rt-list], [data-rt-refetch]):not([data-rt-refused])";
const TRANSIENT = "[data-rt-transient]:not([data-rt-refused])";

export class Refetch {
    #waits = new Map();      // id, or element that has none -> {isDue, isAsked}, while it may not be refetched
    #all = null;
    #returned = null;
    #held = null;            // a Set of elements, while the page is paused
    #unasked = new WeakSet();   // elements that nobody has asked for, while they are read anew
    #isStopped = false;      // what is read would be somebody else's
    #due = new Set();        // ids, or elements that have none, that were not to be had and will be asked for again
    #pauses = new Map();     // id, or element that has none -> ms that it was given for that last
    #onLate;

    /** onLate(): called when an element cannot be had. */
    constructor({ onLate = () => {} } = {}) {
        this.#onLate = onLate;
        document.addEventListener("htmx:before:swap", (event) => this.#keepWhatIsNotAnswered(event));
        document.addEventListener("htmx:before:swap", (event) => this.#keepStill(event));
        document.addEventListener("htmx:response:error", (event) => this.#retry(event));
        document.addEventListener("htmx:error", (event) => this.#retry(event));
        document.addEventListener("every", (event) => this.#inTime(event), true);
    }

    /** Refetch the panels that follow `topic`; one that has `data-rt-spread-ms` at a random moment within. */
    topic(topic) {
        for (const panel of document.querySelectorAll(`[data-rt-refetch~="${CSS.escape(topic)}"]`)) {
            const spreadMs = Number(panel.dataset.rtSpreadMs ?? 0);
            if (spreadMs > 0 && !this.#waits.has(nameOf(panel))) this.#wait(panel, Math.random() * spreadMs, { isDue: true });
            else this.element(panel);
        }
    }

    /** Refetch everything, at a random moment within `spreadMs`, so that not all pages ask at once. */
    all(spreadMs) {
        // What waits already will ask later than now, which is late enough for this reason too.
        this.#all ??= setTimeout(() => {
            this.#all = null;
            document.querySelectorAll(REFETCHED).forEach((element) => this.element(element));
        }, Math.random() * spreadMs);
    }

    /** The page was out of touch: refetch what shows transient events, which nobody tells again. */
    returned() {
        this.#returned ??= setTimeout(() => {
            this.#returned = null;
            document.querySelectorAll(TRANSIENT).forEach((element) => this.element(element));
        }, Math.random() * RETURN_SPREAD_MS);
    }

    /** Refetch everything for somebody who has asked for it. */
    now() {
        document.querySelectorAll(REFETCHED).forEach((element) => this.ask(element));
    }

    /** Refetch nothing by itself until `release`. */
    hold() {
        this.#held = new Set();
    }

    release() {
        const held = this.#held;
        this.#held = null;
        held.forEach((element) => this.#again(element));
    }

    /** Refetch nothing at all from now on, or (false) again, and then everything: what was due meanwhile was not read. */
    stop(isStopped) {
        if (this.#isStopped === isStopped) return;
        this.#isStopped = isStopped;
        if (!isStopped) this.all(0);
    }

    /** Refetch `element`: now, or once its pause is over, or the page's. */
    element(element) {
        if (this.#held) this.#held.add(element);
        else this.#begin(element, { isAsked: false });
    }

    /** Refetch `element` for somebody who has asked for it, also while the page is paused. */
    ask(element) {
        this.#begin(element, { isAsked: true });
    }

    #begin(element, { isAsked }) {
        const wait = this.#waits.get(nameOf(element));
        if (isAsked) this.#unasked.delete(element);
        if (wait) Object.assign(wait, { isDue: true, isAsked: isAsked || wait.isAsked });
        else this.#refresh(element, { isAsked });
    }

    #refresh(element, { isAsked }) {
        if (this.#isStopped) return;
        if (!isAsked) this.#unasked.add(element);
        this.#wait(element, PAUSE_MS, { isDue: false });
        element.dispatchEvent(new CustomEvent("rt-refresh"));
        if (window.htmx) return;
        readAnew(element, () => !this.#mustKeepStill(element)).catch(() => UNABLE).then((outcome) => this.#ended(element, outcome));
    }

    #ended(element, outcome) {
        if (outcome === READ) this.#had(element);
        else if (outcome === IN_USE) this.#later(element, RETRY_MS);
        else this.#late(element, outcome === UNABLE);
    }

    /* An answer that comes when the reader has just paused the page. */
    #mustKeepStill(element) {
        return this.#held !== null && this.#unasked.has(element);
    }

    #keepStill(event) {
        const element = event.detail.ctx.sourceElement;
        if (this.#mustKeepStill(element)) {
            event.preventDefault();
            this.#held.add(element);
        }
        this.#unasked.delete(element);
    }

    /* What htmx would read anew by itself every so often (`every 30s`) waits as all else does. */
    #inTime(event) {
        if (!event.target.matches?.(REFETCHED)) return;
        event.stopImmediatePropagation();
        this.element(event.target);
    }

    #wait(element, ms, wait) {
        const name = nameOf(element);
        this.#waits.set(name, wait);
        setTimeout(() => {
            this.#waits.delete(name);
            if (wait.isDue) this.#again(element, wait);
        }, ms);
    }

    #retry({ target, detail }) {
        if (detail.ctx && target instanceof Element && target.matches(REFETCHED)) this.#late(target, isPassing(detail.ctx));
    }

    /* An answer without the element that was asked for (a page of the network's, say) would take the list away: htmx swaps in the nothing. */
    #keepWhatIsNotAnswered(event) {
        const { ctx, tasks } = event.detail, main = tasks.find(({ type }) => type === "main");
        if (!main || !ctx.sourceElement.matches?.(REFETCHED)) return;
        if (!ctx.select || main.fragment.childElementCount > 0) return this.#had(ctx.sourceElement);
        event.preventDefault();
        this.#late(ctx.sourceElement, isPassing(ctx));
    }

    /* The element shows what was, and says so; what will not pass by itself is asked for ever more seldom. */
    #late(element, mayPass) {
        const name = nameOf(element);
        if (element.dataset.rtLate === undefined) {
            element.dataset.rtLate = new Date().toISOString();
            this.#onLate();
        }
        if (this.#due.has(name)) return;
        const ms = mayPass ? RETRY_MS : Math.min(2 * (this.#pauses.get(name) ?? RETRY_MS / 2), LONGEST_RETRY_MS);
        this.#pauses.set(name, ms);
        this.#later(element, ms);
    }

    #had(element) {
        this.#pauses.delete(nameOf(element));
        delete element.dataset.rtLate;
    }

    #later(element, ms) {
        if (this.#held) return this.#held.add(element);
        this.#due.add(nameOf(element));
        setTimeout(() => {
            this.#due.delete(nameOf(element));
            this.#again(element);
        }, ms * (1 + Math.random() / 2));
    }

    /* What was read anew may be another element by now: then that one is meant. */
    #again(element, { isAsked = false } = {}) {
        const present = element.isConnected ? element : document.getElementById(element.id);
        if (!present) return;
        if (isAsked) this.ask(present);
        else this.element(present);
    }
}

function nameOf(element) {
    return element.id || element;
}

/* No answer at all is as good as "not now". */
function isPassing({ response }) {
    const status = response?.status ?? 503;
    return status >= 500 || status === 429;
}
