/* The wake lock of a display: asked for whenever the page is seen, and done without where there is none. */

import assert from "node:assert/strict";
import test from "node:test";

import { keepAwake } from "../../myapp/app/static/awake.js";
import { documentOf } from "./document.mjs";

function browserWith(t, wakeLock) {
    const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    Object.defineProperty(globalThis, "navigator", { value: { wakeLock }, configurable: true });
    t.after(() => (own ? Object.defineProperty(globalThis, "navigator", own) : delete globalThis.navigator));
    const document = documentOf(t);
    return (isHidden) => {
        document.hidden = isHidden;
        document.fire("visibilitychange");
    };
}

test("the lock is asked for as the page begins and each time it is seen again, for browsers end it when it is hidden", async (t) => {
    const asked = [], show = browserWith(t, { request: async (what) => asked.push(what) });
    await keepAwake();
    assert.deepEqual(asked, ["screen"]);
    show(true);
    assert.equal(asked.length, 1);
    show(false);
    assert.equal(asked.length, 2);
});

test("a browser that has no lock, or does not give it, shows the page all the same", async (t) => {
    browserWith(t, undefined);
    await keepAwake();
    browserWith(t, { request: async () => { throw new DOMException("the battery is low", "NotAllowedError"); } });
    await keepAwake();
});
