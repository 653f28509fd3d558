/* The page: what its elements want, told to the hub, and what the hub says, given to the parts that draw it.
 *
 * It reads the page's attributes and watches the window; how a list is patched or a state is shown stands in the modules
 * below it. A hub that is shared with other pages (shared_hub.js) is kept while this one is hidden. Where the connection is the page's
 * own, a page that is not seen puts it to rest, and comes back with the cursor it left with: a browser has six for a host.
 */

import { Absence } from "./absence.js";
import { Age } from "./age.js";
import { isNews, oldest } from "./cursor.js";
import { Flash } from "./flash.js";
import { Held } from "./held.js";
import { hubOf } from "./hubs.js";
import { isInUse } from "./in_use.js";
import { Lists } from "./lists.js";
import { Newer } from "./newer.js";
import { Pause } from "./pause.js";
import { Refetch } from "./refetch.js";
import { Refused, topicsOf } from "./refused.js";
import { Say } from "./say.js";
import { Status } from "./status.js";
import { WORLD } from "./world.js";

const REST_AFTER_MS = 10000;  // unseen; whoever only looks something up in another tab comes back to a live page
const NEWS = new Set(["event", "position", "reset"]);  // messages that come from the server

class Page {
    #positions = new Map();  // topic -> the cursor up to which this page has it, null before the first word
    #isResting = true;
    #restTimer = null;
    #hub = hubOf(document.body.dataset);
    #tell = this.#hub.connect((message) => this.#take(message));
    #flash = new Flash();
    #say = new Say();
    #refused = new Refused((sentence) => this.#say.tell(sentence));
    #age = new Age();
    #refetch = new Refetch({ onLate: () => this.#age.draw() });
    #absence = new Absence({ clock: WORLD.clock, onReturned: () => this.#refetch.returned() });
    #newer = newerOf(document.body.dataset, (isOffered) => this.#offer(isOffered));
    #pause = new Pause({ deliver: (message) => this.#show(message), isToldOnce, onTurned: (isOn) => this.#turned(isOn) });
    #status = new Status((state) => this.#stateShown(state));
    #held = new Held((list) => this.#refetch.ask(list));
    #lists = new Lists({
        onPatched: (row, old) => this.#patched(row, old),
        onStale: (row) => fire("rt-stale", {}, row),
        onHeld: (list, event) => this.#held.add(list, event),
        onReleased: (list, event) => this.#held.drop(list, event),
        onUnrendered: (list) => this.#refetch.element(list),
    });

    constructor() {
        this.#watchWindow();
        this.#watchDocument();
        this.#lists.applyAgain();
        if (this.#mayConnect()) this.#wake();
        else this.#status.draw({ isNeeded: true });
    }

    #watchWindow() {
        addEventListener("focus", () => this.#wake());
        addEventListener("online", () => this.#wake());
        // The pageshow of the first load comes after the first connection, and must not make a second one.
        addEventListener("pageshow", (event) => event.persisted && this.#wake());
        addEventListener("pagehide", () => this.#rest());
        document.addEventListener("visibilitychange", () => {
            clearTimeout(this.#restTimer);
            if (document.hidden) this.#restTimer = setTimeout(() => this.#mayConnect() || this.#rest(), REST_AFTER_MS);
            else this.#wake();
        });
    }

    #watchDocument() {
        for (const swap of ["htmx:after:swap", "rt-swap"]) document.addEventListener(swap, () => this.#swapped());
        document.addEventListener("click", ({ target }) => {
            if (target.closest("[data-rt-refresh]")) this.#refresh();
            if (target.closest("[data-rt-reload]")) this.#newer.reload();
        });
    }

    #refresh() {
        // What is read anew is read for whoever is signed in now, and must not stand on a page of somebody else.
        if (this.#status.isSignedOut) return location.reload();
        if (!this.#refused.isEmpty) this.#tryRefused();
        this.#wake();
        this.#refetch.now();
    }

    /* Rights come back, too: ask for all topics again. */
    #tryRefused() {
        this.#refused.forget();
        if (!this.#isResting) this.#join();
    }

    #mayConnect() {
        return !document.hidden || this.#hub.isShared;
    }

    /* Be live, or look after the connection when it should be already. */
    #wake() {
        if (this.#isResting) this.#join();
        else this.#tell({ kind: "kick" });
    }

    #rest() {
        if (this.#isResting) return;
        this.#isResting = true;
        this.#absence.leave();
        this.#tell({ kind: "leave" });
    }

    /* The hub is another now, or took this page for gone. */
    #rejoin() {
        if (this.#isResting) return;
        this.#absence.leave();
        if (this.#mayConnect()) this.#join();
        else this.#rest();
    }

    /* Positions that the page has outlive a rest; a topic that is new begins at the cursor of the elements that name it. */
    #join() {
        this.#isResting = false;
        const wanted = [...topicsOfPage()].filter(([topic]) => !this.#refused.has(topic));
        this.#positions = new Map(wanted.map(([topic, cursor]) => [topic, this.#positions.get(topic) ?? cursor]));
        this.#status.draw({ isNeeded: wanted.length > 0 });
        this.#tell({ kind: "join", topics: Object.fromEntries(this.#positions) });
    }

    /* A swap brought something: perhaps rows older than those known, perhaps elements with other topics. */
    #swapped() {
        this.#lists.applyAgain();
        this.#refused.draw();
        this.#held.draw();
        this.#pause.draw();
        this.#age.draw();
        if (!this.#isResting) this.#join();
    }

    #take(message) {
        if (NEWS.has(message.kind)) this.#heard();
        const acts = {
            state: ({ state }) => this.#positions.size > 0 && this.#setState(state),
            build: ({ build }) => this.#newer.meet(build),
            position: ({ id }) => this.#advance(id),
            event: (event) => this.#event(event),
            reset: (reset) => this.#startOver(reset),
            refused: (refusal) => this.#drop(refusal),
            rejoin: () => this.#rejoin(),
        };
        acts[message.kind](message);
    }

    #heard() {
        this.#age.heard();
        this.#absence.heard();
    }

    #setState(state) {
        this.#absence.state(state);
        this.#status.set(state);
    }

    #advance(id) {
        for (const [topic, position] of this.#positions) if (isNews(id, position)) this.#positions.set(topic, id);
    }

    /* What the page has it has, shown or held back: a connection that is made anew must not bring it again. */
    #event(event) {
        if (event.id !== undefined) this.#advance(event.id);
        this.#pause.pass(event);
    }

    #startOver(reset) {
        for (const topic of this.#positions.keys()) this.#positions.set(topic, reset.id ?? null);
        this.#pause.pass(reset);
    }

    #show(message) {
        if (message.kind === "reset") this.#reset(message);
        else this.#change(message);
    }

    #change({ id, topic, type, data, key, html }) {
        this.#lists.apply({ id, topic, type, key, html });
        this.#refetch.topic(topic);
        fire(`${topic.split(":", 1)[0]}-changed`, { id, topic, type, data, key, html });
    }

    #patched(row, old) {
        if (row) {
            this.#flash.flash(row);
            fire("rt-patched", { old }, row);
        }
        this.#say.change();
    }

    #reset({ reason, spread_ms }) {
        this.#lists.forget();
        this.#refetch.all(spread_ms);
        fire("rt-reset", { reason });
    }

    #turned(isPaused) {
        for (const part of [this.#lists, this.#refetch]) isPaused ? part.hold() : part.release();
        this.#say.tell(isPaused ? "Paused." : "Resumed.");
        this.#showAge();
    }

    #stateShown(state) {
        this.#showAge();
        this.#refetch.stop(this.#status.isSignedOut);
        fire("rt-state", { state });
    }

    #showAge() {
        this.#age.show({ isPaused: this.#pause.isOn, isDown: this.#status.isDown });
    }

    /* Each place that has words for it (`data-rt-newer`) shows whether there is a newer build to reload the page for. */
    #offer(isOffered) {
        const places = [...document.querySelectorAll("[data-rt-newer]")];
        if (isOffered && places.some(({ hidden }) => hidden)) this.#say.tell("A new version is here.");
        places.forEach((place) => place.toggleAttribute("hidden", !isOffered));
    }

    #drop({ topics, status }) {
        topics.forEach((topic) => this.#positions.delete(topic));
        this.#refused.add(topics);
        this.#status.draw({ isNeeded: this.#positions.size > 0 });
        fire("rt-refused", { topics, status });
    }
}

/* A tab that may keep nothing has no storage: asking for it throws, and that is found out there. */
function newerOf({ rtBuild, rtHot }, offer) {
    const world = { ...WORLD, get storage() { return sessionStorage; }, isInUse, reload };
    return new Newer({ own: rtBuild, isHot: rtHot !== undefined, world, offer });
}

/* Logged, and for an element that nothing brings anew, such as a message to the reader. */
function isToldOnce({ id, topic }) {
    return id !== undefined && document.querySelector(`[data-rt-told-once][data-rt-topics~="${CSS.escape(topic)}"]`) !== null;
}

/* A page that says no to `rt-reload` reloads itself when it thinks best. */
function reload() {
    if (fire("rt-reload", {})) location.reload();
}

/* Which topics the elements of the page name, and the cursor that the page has each of them from. */
function topicsOfPage() {
    const cursors = new Map();
    for (const element of document.querySelectorAll("[data-rt-topics], [data-rt-refetch]")) {
        const cursor = element.closest("[data-rt-cursor]")?.dataset.rtCursor || null;
        for (const topic of topicsOf(element)) cursors.set(topic, oldest([cursors.get(topic), cursor]));
    }
    return cursors;
}

function fire(name, detail, element = document.body) {
    return element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, cancelable: true }));
}

// A page without the attribute has no live link: the sign-in page, say.
if (document.body.dataset.rtUrl) new Page();
