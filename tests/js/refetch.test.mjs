/* When an element is read anew on a page without htmx, where what comes is another element with the same id. */

import assert from "node:assert/strict";
import test from "node:test";

import { Refetch } from "../../myapp/realtime/static/refetch.js";
import { documentOf } from "./document.mjs";

const STRANGE = "<h1>Sign in to this network</h1>";

/* A page with one panel; `answer(place)` has one of the requests answered, by another element that says which it is of. */
function pageOfOnePanel(t, dataset = {}) {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const asked = [], panels = [];
    const make = (answers) => ({
        id: "count", dataset, answers, isConnected: true, dispatchEvent() {}, getAttribute: () => "/count", contains: () => false, querySelector: () => null, matches: () => true,
        replaceWith(fresh) {
            if (this.isConnected) panels[0] = fresh;
            this.isConnected = false;
        },
    });
    panels.push(make());
    const found = { '[data-rt-refetch~="users"]': panels, ":is([data-rt-list], [data-rt-refetch]):not([data-rt-refused])": panels, "[data-rt-transient]:not([data-rt-refused])": panels };
    Object.assign(documentOf(t, found), { getElementById: () => panels[0], dispatchEvent() {} });
    Object.assign(globalThis, {
        window: {}, CSS: { escape: (text) => text }, DOMParser: class { parseFromString = (text) => ({ getElementById: () => (text === STRANGE ? null : make(text)) }); },
        fetch: (url, { signal }) => new Promise((resolve, reject) => {
            const number = asked.length;
            signal.addEventListener("abort", () => reject(signal.reason));
            asked.push((response) => resolve({ ok: true, text: async () => number, ...response }));
        }),
    });
    t.after(() => ["window", "CSS", "DOMParser"].forEach((name) => delete globalThis[name]));
    const late = t.mock.fn(), refetch = new Refetch({ onLate: late });
    return {
        asked, late, shown: () => panels[0].answers, panel: () => panels[0], changed: () => refetch.topic("users"), refetch,
        answer: async (place, response) => { asked[place](response); await new Promise((resolve) => { setImmediate(resolve); }); },
        pass: (ms) => t.mock.timers.tick(ms),
    };
}

test("what happens while a panel is being read anew makes it be read once more, though another element stands there then", async (t) => {
    const { asked, changed, answer, pass } = pageOfOnePanel(t);
    changed();
    changed();
    await answer(0);
    changed();
    assert.equal(asked.length, 1, "at most once in 2 s");
    pass(2000);
    assert.equal(asked.length, 2);
    await answer(1);
    pass(60000);
    assert.equal(asked.length, 2);
});

test("of two requests the later one's answer is shown, though that of the first has put another element there", async (t) => {
    const { asked, shown, changed, answer, pass } = pageOfOnePanel(t);
    changed();
    pass(2000);
    changed();
    assert.equal(asked.length, 2, "the server is slow");
    await answer(0);
    await answer(1);
    assert.equal(shown(), 1);
});

test("what happens in a pause is not lost when the reader lets the panel be read meanwhile", async (t) => {
    const { asked, changed, answer, pass, refetch } = pageOfOnePanel(t);
    refetch.hold();
    refetch.ask(document.getElementById("count"));
    changed();
    await answer(0);
    pass(2000);
    refetch.release();
    assert.equal(asked.length, 2);
});

test("on the page of somebody who is signed out nothing is read any more, and all of it once he is there again", async (t) => {
    const { asked, changed, refetch, pass } = pageOfOnePanel(t);
    changed();
    changed();
    refetch.all(5000);
    refetch.stop(true);
    pass(60000);
    assert.equal(asked.length, 1);
    refetch.stop(false);
    pass(0);
    assert.equal(asked.length, 2);
});

test("what shows transient events is read anew within 10 s after the page was out of touch, once, and after a pause where there is one", (t) => {
    const { asked, refetch, pass } = pageOfOnePanel(t);
    refetch.returned();
    refetch.returned();
    assert.equal(asked.length, 0, "not all pages in the same moment");
    pass(10000);
    assert.equal(asked.length, 1);
    refetch.hold();
    refetch.returned();
    pass(10000);
    assert.equal(asked.length, 1);
    refetch.release();
    assert.equal(asked.length, 2);
});

test("what htmx would read every so often is read so, but neither in a pause nor on the page of somebody who is signed out", (t) => {
    const { asked, refetch, pass } = pageOfOnePanel(t), stopped = t.mock.fn();
    const every = () => {
        document.fire("every", { target: document.getElementById("count"), stopImmediatePropagation: stopped });
        pass(30000);
    };
    every();
    assert.equal(asked.length, 1);
    refetch.hold();
    every();
    every();
    assert.equal(asked.length, 1);
    refetch.release();
    assert.equal(asked.length, 2, "once, for all of the pause");
    pass(30000);
    refetch.stop(true);
    every();
    assert.deepEqual([asked.length, stopped.mock.callCount()], [2, 4]);
});

test("an answer that comes when the page has just been paused is not shown, and what it would have said is when the page goes on", async (t) => {
    const { asked, shown, changed, answer, pass, refetch } = pageOfOnePanel(t);
    changed();
    refetch.hold();
    await answer(0);
    pass(60000);
    assert.deepEqual([asked.length, shown()], [1, undefined]);
    refetch.release();
    await answer(1);
    assert.equal(shown(), 1);
});

test("a panel that says so is read at a random moment after an event, so that not all that show it ask at once, and then at most once in 2 s", async (t) => {
    t.mock.method(Math, "random", () => 0.5);
    const { asked, changed, answer, pass } = pageOfOnePanel(t, { rtSpreadMs: "1000" });
    changed();
    changed();
    pass(499);
    assert.equal(asked.length, 0);
    pass(1);
    assert.equal(asked.length, 1);
    await answer(0);
    changed();
    pass(1999);
    assert.equal(asked.length, 1);
    pass(60000);
    assert.equal(asked.length, 2);
});

test("an answer that never comes is not waited for, and the panel is read again", async (t) => {
    const silence = new AbortController();
    t.mock.method(Math, "random", () => 0);
    t.mock.method(AbortSignal, "timeout", () => silence.signal);
    const { asked, changed, pass } = pageOfOnePanel(t);
    changed();
    pass(2000);
    silence.abort();
    await new Promise((resolve) => { setImmediate(resolve); });
    AbortSignal.timeout.mock.restore();
    pass(4999);
    assert.equal(asked.length, 1);
    pass(1);
    assert.equal(asked.length, 2);
});

test("whoever asks while the page is paused has the panel read, also where it was read by itself less than 2 s before", async (t) => {
    const { asked, shown, changed, answer, pass, refetch } = pageOfOnePanel(t);
    changed();
    await answer(0);
    refetch.hold();
    refetch.ask(document.getElementById("count"));
    changed();
    pass(2000);
    assert.equal(asked.length, 2);
    await answer(1);
    assert.equal(shown(), 1);
});

test("what is answered by something else is asked for again, ever more seldom, and says meanwhile that it is old", async (t) => {
    t.mock.method(Math, "random", () => 0);
    const { asked, late, shown, panel, changed, answer, pass } = pageOfOnePanel(t);
    changed();
    await answer(0, { text: async () => STRANGE });
    assert.ok(panel().dataset.rtLate);
    for (const [number, ms] of [[1, 5000], [2, 10000], [3, 20000]]) {
        pass(ms - 1);
        assert.equal(asked.length, number);
        pass(1);
        await answer(number, { ok: false, status: 404 });
    }
    pass(40000);
    await answer(4);
    assert.deepEqual([shown(), panel().dataset.rtLate, late.mock.callCount()], [4, undefined, 1]);
    pass(600000);
    assert.equal(asked.length, 5);
});

test("a list that htmx has asked for and not got stays, and is asked for again once, however many ways it was told of that", (t) => {
    t.mock.method(Math, "random", () => 0);
    const { panel, pass } = pageOfOnePanel(t), asked = t.mock.fn(), kept = t.mock.fn();
    globalThis.Element = Object;
    t.after(() => delete globalThis.Element);
    panel().dispatchEvent = asked;
    const ctx = { sourceElement: panel(), select: "#count", response: { status: 404 } };
    const swap = (childElementCount) => document.fire("htmx:before:swap", {
        detail: { ctx, tasks: [{ type: "main", fragment: { childElementCount } }] }, preventDefault: kept });
    document.fire("htmx:response:error", { target: panel(), detail: { ctx } });
    swap(0);
    for (let seconds = 0; seconds < 20; seconds += 1) pass(1000);
    assert.deepEqual([kept.mock.callCount(), asked.mock.callCount()], [1, 1]);
    swap(1);
    assert.deepEqual([kept.mock.callCount(), panel().dataset.rtLate], [1, undefined]);
});
