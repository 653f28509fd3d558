/* Changed elements are marked for as long as somebody can see it. */

import assert from "node:assert/strict";
import test from "node:test";

import { Flash } from "../../myapp/realtime/static/flash.js";
import { documentOf } from "./document.mjs";

test("what changed while the tab was hidden is marked for two seconds when it is seen again, unless it is gone", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const page = documentOf(t), flash = new Flash();
    const [row, gone] = [true, false].map((isConnected) => ({ isConnected, classList: new Set() }));
    for (const each of [row, gone]) each.classList.remove = each.classList.delete;
    page.hidden = true;
    for (const each of [row, gone]) flash.flash(each);
    t.mock.timers.tick(60000);
    page.fire("visibilitychange");
    assert.equal(row.classList.size, 0);
    page.hidden = false;
    page.fire("visibilitychange");
    assert.deepEqual([[...row.classList], gone.classList.size], [["rt-flash"], 0]);
    t.mock.timers.tick(1999);
    assert.equal(row.classList.size, 1);
    t.mock.timers.tick(1);
    assert.equal(row.classList.size, 0);
});

test("of the elements that came and went while the tab was hidden none is kept for long", async (t) => {
    const page = documentOf(t), flash = new Flash(), looks = [];
    const element = (isConnected) => ({ get isConnected() { looks.push(this); return isConnected; }, classList: { add() {}, remove() {} } });
    page.hidden = true;
    for (let n = 0; n < 10000; n += 1) flash.flash(element(false));
    looks.length = 0;
    page.hidden = false;
    page.fire("visibilitychange");
    assert.ok(looks.length <= 501, `${looks.length} are kept`);
});
