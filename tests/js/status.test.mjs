/* The status in words, on a page of one badge. */

import assert from "node:assert/strict";
import test from "node:test";

import { Status } from "../../myapp/realtime/static/status.js";

const WORDS = [
    ["sse", "Connected (SSE)", "success"], ["polling", "Connected (Polling)", "warning"],
    ["off", "Disconnected", "danger"], ["signed-out", "Signed out", "danger"],
];

function pageOfOneBadge(t) {
    const classes = new Set();
    const badge = { dataset: {}, textContent: "", classList: {
        add: (name) => classes.add(name), remove: (...names) => names.forEach((name) => classes.delete(name)),
    } };
    t.mock.timers.enable({ apis: ["setTimeout"] });
    globalThis.document = { querySelectorAll: () => [badge], documentElement: { dataset: {} } };
    t.after(() => { delete globalThis.document; });
    return { badge, classes, clock: t.mock.timers };
}

for (const [state, words, colour] of WORDS) {
    test(`${state} is said as "${words}"`, (t) => {
        const { badge, classes } = pageOfOneBadge(t);
        new Status(() => {}).set(state);
        assert.equal(badge.textContent, words);
        assert.deepEqual([...classes], [`text-bg-${colour}`]);
        assert.equal(document.documentElement.dataset.rtState, state);
    });
}

test("red comes only after 2 s, and green that comes back before it is as if nothing had been", (t) => {
    const { badge, clock } = pageOfOneBadge(t), shown = [];
    const status = new Status((state) => shown.push(state));
    status.set("sse");
    status.set("off");
    clock.tick(1999);
    status.set("connecting");
    status.set("sse");
    clock.tick(10000);
    assert.deepEqual(shown, ["sse"]);
    status.set("off");
    clock.tick(1999);
    assert.equal(badge.textContent, "Connected (SSE)");
    clock.tick(1);
    assert.equal(badge.textContent, "Disconnected");
});

test("good news are shown at once", (t) => {
    const { badge, clock } = pageOfOneBadge(t);
    const status = new Status(() => {});
    status.set("sse");
    status.set("off");
    clock.tick(2000);
    status.set("polling");
    assert.equal(badge.textContent, "Connected (Polling)");
});
