/* When a page was out of touch such that it may have missed what nobody tells again. */

import assert from "node:assert/strict";
import test from "node:test";

import { Absence } from "../../myapp/realtime/static/absence.js";
import { Clock } from "./world.mjs";

function pageInTouch() {
    const clock = new Clock();
    const page = { clock, returns: 0 };
    page.absence = new Absence({ clock, onReturned: () => { page.returns += 1; } });
    for (const state of ["connecting", "sse"]) page.absence.state(state);
    return page;
}

test("a page returns from whatever took its connection, and once", async () => {
    for (const states of [["off"], ["connecting", "off", "connecting"], ["signed-out"]]) {
        const page = pageInTouch();
        states.forEach((state) => page.absence.state(state));
        assert.equal(page.returns, 0);
        for (const state of ["polling", "sse"]) page.absence.state(state);
        assert.equal(page.returns, 1, states);
    }
});

test("a page that rested, or waited for longer than a new connection takes, returns", async () => {
    const rested = pageInTouch(), waited = pageInTouch();
    rested.absence.leave();
    rested.absence.state("sse");    // the hub that it shares has had a connection all the time
    waited.absence.state("connecting");
    await waited.clock.pass(1001);
    waited.absence.state("sse");
    assert.deepEqual([rested.returns, waited.returns], [1, 1]);
});

test("a page that slept returns, though its new connection is made at once and it has heard of it", async () => {
    const page = pageInTouch();
    await page.clock.pass(3600000);
    page.absence.state("connecting");
    page.absence.heard();
    page.absence.state("sse");
    assert.equal(page.returns, 1);
});

test("neither its first connection nor one that is made anew for other topics is a return", async () => {
    const page = pageInTouch();
    await page.clock.pass(15000);
    page.absence.heard();
    await page.clock.pass(15000);
    page.absence.state("connecting");
    await page.clock.pass(900);
    page.absence.state("sse");
    assert.equal(page.returns, 0);
});
