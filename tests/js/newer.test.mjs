/* When a page reloads itself for another build, when it only offers that, and that it never goes to and fro. */

import assert from "node:assert/strict";
import test from "node:test";

import { Newer } from "../../myapp/realtime/static/newer.js";
import { Clock } from "./world.mjs";

const MINUTE_MS = 60000;

/* A tab: what it remembers outlives its pages. */
class Tab {
    clock = new Clock();
    reloads = [];
    isOffered = false;
    isInUse = false;
    #items = new Map();
    storage = { getItem: (key) => this.#items.get(key) ?? null, setItem: (key, value) => this.#items.set(key, value) };

    /* A page made by the build `own`. `next(met)` is called when it reloads. */
    open(own, { isHot = false, next = () => {} } = {}) {
        const world = {
            clock: this.clock, random: () => 0.5, storage: this.storage, isInUse: () => this.isInUse,
            reload: () => { this.reloads.push(this.clock.now()); next(); },
        };
        this.isOffered = false;
        return new Newer({ own, isHot, world, offer: (isOffered) => { this.isOffered = isOffered; } });
    }
}

test("a page of the server's own build stays, and one of another reloads itself once, but not with all the others at once", async () => {
    const tab = new Tab(), page = tab.open("a");
    for (const build of ["a", "b", "a"]) page.meet(build);
    await tab.clock.pass(MINUTE_MS);
    assert.deepEqual(tab.reloads, []);
    page.meet("b");
    await tab.clock.pass(4999);
    assert.deepEqual([tab.reloads.length, tab.isOffered], [0, false]);
    page.meet("b");
    await tab.clock.pass(1);
    assert.equal(tab.reloads.length, 1);
});

test("two servers of different builds behind one address do not send a page to and fro", async () => {
    const tab = new Tab(), turns = ["b", "a", "b", "b", "a"];
    let made = "a", turn = 0;
    const load = () => {
        made = turns[turn++ % turns.length];
        tab.open(made, { next: load }).meet(made === "a" ? "b" : "a");
    };
    load();
    for (let hour = 0; hour < 60; hour += 1) await tab.clock.pass(MINUTE_MS);
    assert.ok(tab.reloads.length <= 2, String(tab.reloads.length));    // once for each build
    assert.ok(tab.reloads.every((at, place) => place === 0 || at - tab.reloads[place - 1] >= 5 * MINUTE_MS));
    assert.ok(tab.isOffered);
});

test("a page that is sent to and fro within one life does not reload either", async () => {
    const tab = new Tab(), page = tab.open("a", { next: () => {} });
    for (let turn = 0; turn < 100; turn += 1) {
        page.meet("b");
        await tab.clock.pass(MINUTE_MS / 2);
        page.meet("a");
        assert.ok(!tab.isOffered);
    }
    assert.equal(tab.reloads.length, 1);
});

test("the next build within five minutes is offered, and waits for them", async () => {
    const tab = new Tab();
    tab.open("a").meet("b");
    await tab.clock.pass(MINUTE_MS);
    tab.open("b").meet("c");
    assert.ok(tab.isOffered);
    await tab.clock.pass(3 * MINUTE_MS);
    assert.equal(tab.reloads.length, 1);
    await tab.clock.pass(2 * MINUTE_MS);
    assert.equal(tab.reloads.length, 2);
});

test("a page in use is only offered to reload, and does when somebody asks", async () => {
    const tab = new Tab(), page = tab.open("a");
    tab.isInUse = true;
    page.meet("b");
    await tab.clock.pass(60 * MINUTE_MS);
    assert.deepEqual([tab.reloads.length, tab.isOffered], [0, true]);
    page.reload();
    assert.equal(tab.reloads.length, 1);
});

test("a tab that can remember nothing, or a page that was made by no build, does not reload by itself", async () => {
    for (const getItem of [() => { throw new Error("denied"); }, () => null]) {
        const tab = new Tab();
        tab.storage = { getItem, setItem() { throw new Error("denied"); } };
        tab.open("a").meet("b");
        await tab.clock.pass(60 * MINUTE_MS);
        assert.deepEqual([tab.reloads.length, tab.isOffered], [0, true]);
    }
    const tab = new Tab();
    tab.open(undefined).meet("b");
    await tab.clock.pass(60 * MINUTE_MS);
    assert.deepEqual([tab.reloads.length, tab.isOffered], [0, false]);
});

test("in development it reloads at once and for each build, for a former one again, too", async () => {
    const tab = new Tab();
    let own = "a";
    for (const build of ["b", "a", "b"]) {
        tab.open(own, { isHot: true }).meet(build);
        await tab.clock.pass(1000);
        own = build;
    }
    assert.equal(tab.reloads.length, 3);
    assert.equal(tab.reloads[0], 1_000_000);
});
