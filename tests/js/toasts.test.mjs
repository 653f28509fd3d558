/* Toasts, without a browser: what is left of those that made room. How they look and act, the tests in browsers see. */

import assert from "node:assert/strict";
import test from "node:test";

import { Toasts } from "../../myapp/app/static/toasts.js";
import { documentOf } from "./document.mjs";

const MOST = 4;

/* A place for toasts in a tab that is hidden; `looks` counts how often somebody asks whether it is. */
function hiddenPlace(t) {
    const shown = [], page = documentOf(t), counted = { looks: 0 };
    const toastOf = () => ({
        dataset: {}, setAttribute() {}, matches: () => false, querySelector: () => ({ replaceChildren() {} }),
        get isConnected() { return shown.includes(this); },
        remove() { shown.splice(shown.indexOf(this), 1); },
    });
    const template = { content: { firstElementChild: { cloneNode: toastOf } } };
    Object.defineProperty(page, "hidden", { get: () => { counted.looks += 1; return true; } });
    new Toasts({ addEventListener() {}, querySelector: () => template, querySelectorAll: () => shown, append: (toast) => shown.push(toast) });
    return { page, shown, counted };
}

test("of a thousand notices in a hidden tab four are kept, and only those are looked after", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { page, shown, counted } = hiddenPlace(t);
    for (let n = 0; n < 1000; n += 1) page.fire("user-changed", { detail: { id: `5f-${n}`, type: "notice", data: { text: `told ${n}` } } });
    t.mock.timers.tick(10000);
    counted.looks = 0;
    t.mock.timers.tick(3000);
    assert.equal(shown.length, MOST);
    assert.equal(counted.looks, MOST);
});
