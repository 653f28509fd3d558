/* The pause, on a page of one button. */

import assert from "node:assert/strict";
import test from "node:test";

import { Pause } from "../../myapp/realtime/static/pause.js";
import { documentOf } from "./document.mjs";

function pageOfOneButton(t) {
    const attributes = {}, shown = [], turns = [];
    const button = { textContent: "", querySelector: () => null, setAttribute: (name, value) => { attributes[name] = value; } };
    const page = documentOf(t, { "[data-rt-pause]": [button] });
    const pause = new Pause({
        deliver: (message) => shown.push(message.id ?? message.kind), isToldOnce: ({ topic }) => topic === "user:7", onTurned: (isOn) => turns.push(isOn),
    });
    const press = () => page.fire("click", { target: { closest: () => button } });
    return { button, attributes, shown, turns, pause, press, page };
}

const event = (id) => ({ kind: "event", id });

test("what comes in a pause is held back, counted on the button, and shown in its order when the page goes on", (t) => {
    const { button, attributes, shown, turns, pause, press, page } = pageOfOneButton(t);
    pause.pass(event(1));
    press();
    assert.equal(button.textContent, "Resume");
    for (const id of [2, 3]) pause.pass(event(id));
    assert.deepEqual([shown, button.textContent, attributes["aria-pressed"]], [[1], "Resume (2)", "true"]);
    assert.ok(page.documentElement.attributes.has("data-rt-paused"));
    press();
    assert.deepEqual([shown, button.textContent, attributes["aria-pressed"]], [[1, 2, 3], "Pause", "false"]);
    assert.ok(!page.documentElement.attributes.has("data-rt-paused"));
    pause.pass(event(4));
    assert.deepEqual([shown, turns], [[1, 2, 3, 4], [true, false]]);
});

test("what was held back before a reset is not shown, for the lists are read anew", (t) => {
    const { shown, pause, press } = pageOfOneButton(t);
    press();
    pause.pass(event(1));
    pause.pass({ kind: "reset", reason: "expired" });
    pause.pass(event(2));
    press();
    assert.deepEqual(shown, ["reset", 2]);
});

test("a long pause keeps a bounded number of events and starts over instead, and counts them all", (t) => {
    const { button, shown, pause, press } = pageOfOneButton(t);
    press();
    for (let id = 0; id < 1200; id += 1) pause.pass(event(id));
    assert.equal(button.textContent, "Resume (1200)");
    press();
    assert.equal(shown[0], "reset");
    assert.ok(shown.length <= 500);
    assert.deepEqual(shown.slice(1), Array.from({ length: shown.length - 1 }, (_, place) => 1200 - shown.length + 1 + place));
});

test("what nothing can read anew is kept in a long pause, and before a reset, in its order and up to a bound", (t) => {
    const { shown, pause, press } = pageOfOneButton(t);
    press();
    for (let id = 0; id < 1200; id += 1) pause.pass({ ...event(id), topic: id % 600 === 7 ? "user:7" : "users" });
    pause.pass({ kind: "reset", reason: "expired" });
    pause.pass(event(1200));
    press();
    assert.deepEqual(shown, ["reset", 7, 607, 1200]);
    press();
    for (let id = 0; id < 5000; id += 1) pause.pass({ ...event(id), topic: "user:7" });
    press();
    assert.ok(shown.length <= 505);
    assert.equal(shown.at(-1), 4999);
});
