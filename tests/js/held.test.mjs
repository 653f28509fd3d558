/* What is held back from a list, and how much the button says that it is. */

import assert from "node:assert/strict";
import test from "node:test";

import { Held } from "../../myapp/realtime/static/held.js";
import { documentOf } from "./document.mjs";

function listWithButton(t) {
    const button = { dataset: { one: "1 new user", many: "# new users" }, hidden: true, textContent: "" }, list = { id: "users", dataset: {} };
    Object.assign(documentOf(t, { '[data-rt-held="users"]': [button] }), { getElementById: () => list });
    globalThis.CSS = { escape: (text) => text };
    t.after(() => { delete globalThis.CSS; });
    const held = new Held(() => {});
    return { held, list, button, come: (seq) => held.add(list, { key: `user-${seq}`, id: `5f-${seq}` }) };
}

test("a button says how many there are, and none once the list was read anew", (t) => {
    const { held, list, button, come } = listWithButton(t);
    for (const seq of [1, 2, 2, 3]) come(seq);
    held.drop(list, { key: "user-1" });
    assert.deepEqual([button.hidden, button.textContent], [false, "2 new users"]);
    list.dataset.rtCursor = "5f-2";
    held.draw();
    assert.deepEqual([button.hidden, button.textContent], [false, "1 new user"]);
    list.dataset.rtCursor = "5f-3";
    held.draw();
    assert.ok(button.hidden);
});

test("of what comes for days no more is kept than is counted", (t) => {
    const { held, list, button, come } = listWithButton(t);
    for (let seq = 0; seq < 5000; seq += 1) come(seq);
    assert.equal(button.textContent, "999+ new users");
    for (let seq = 4990; seq < 5000; seq += 1) held.drop(list, { key: `user-${seq}` });
    assert.equal(button.textContent, "990 new users");
});
