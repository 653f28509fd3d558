/* How old what a page shows is, in words. */

import assert from "node:assert/strict";
import test from "node:test";

import { Age } from "../../myapp/realtime/static/age.js";
import { documentOf } from "./document.mjs";

const LIVE = { isDown: false, isPaused: false }, DOWN = { ...LIVE, isDown: true }, PAUSED = { ...LIVE, isPaused: true };
const AT = new Date(2026, 10, 21, 14, 2, 11);

function pageOfOnePlace(t) {
    t.mock.timers.enable({ apis: ["Date"], now: AT });
    const place = { hidden: true, textContent: "", closest: () => place.late ?? null };
    documentOf(t, { "[data-rt-age]": [place] });
    return { place, age: new Age(), pass: (ms) => t.mock.timers.tick(ms) };
}

test("a page that is out of touch says of when it is, by the last word from the server", (t) => {
    const { place, age, pass } = pageOfOnePlace(t);
    age.heard();
    pass(30000);
    age.show(DOWN);
    age.heard();
    age.draw();
    assert.deepEqual([place.hidden, place.textContent], [false, `as of ${AT.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" })}`]);
});

test("a page that is live again says nothing, and counts from then on", (t) => {
    const { place, age, pass } = pageOfOnePlace(t);
    age.show(DOWN);
    pass(60000);
    age.show(LIVE);
    assert.deepEqual([place.hidden, place.textContent], [true, ""]);
    pass(1000);
    age.show(DOWN);
    assert.match(place.textContent, /03:11/);
});

test("what is not of today has its date", (t) => {
    const { place, age, pass } = pageOfOnePlace(t);
    pass(24 * 3600 * 1000);
    age.show(DOWN);
    assert.match(place.textContent, /21/);
});

test("a page that was paused is as old as the last word from the server when that is out of touch by the end of the pause", (t) => {
    const { place, age, pass } = pageOfOnePlace(t);
    age.show(PAUSED);
    pass(60000);
    age.heard();
    assert.match(place.textContent, /02:11/);
    pass(60000);
    age.show({ ...PAUSED, isDown: true });
    assert.match(place.textContent, /02:11/);
    age.show(DOWN);
    assert.match(place.textContent, /03:11/);
});

test("what could not be read anew says since when, until it is, and not on a page that is live all the same", (t) => {
    const { place, age, pass } = pageOfOnePlace(t);
    age.show(LIVE);
    place.late = { dataset: { rtLate: AT.toISOString() } };
    pass(60000);
    age.draw();
    assert.match(place.textContent, /02:11/);
    age.show(DOWN);
    assert.match(place.textContent, /02:11/, "the older of both");
    place.late = undefined;
    age.show(LIVE);
    assert.deepEqual([place.hidden, place.textContent], [true, ""]);
});
