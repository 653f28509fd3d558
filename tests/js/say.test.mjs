/* The live region: what is said, and how often. */

import assert from "node:assert/strict";
import test from "node:test";

import { Say } from "../../myapp/realtime/static/say.js";
import { documentOf } from "./document.mjs";

function pageThatSpeaks(t) {
    const said = [];
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let now = 0, text = "";
    const region = { get textContent() { return text; }, set textContent(words) { text = words; said.push([now, words]); } };
    documentOf(t, { "[data-rt-say]": [region] });
    const pass = (ms) => { for (let each = 0; each < ms; each += 100) { now += 100; t.mock.timers.tick(100); } };
    return { say: new Say(), said, pass };
}

test("however much changes, there is one sentence in 3 s, and none when nothing does", (t) => {
    const { say, said, pass } = pageThatSpeaks(t);
    for (let each = 0; each < 5; each += 1) { say.change(); pass(200); }
    pass(2000);
    say.change();
    pass(20000);
    assert.deepEqual(said, [[3000, "5 changes"], [6000, "1 change"]]);
});

test("what a reader did is said at once, but never within 3 s of another sentence, and then the last word counts", (t) => {
    const { say, said, pass } = pageThatSpeaks(t);
    say.tell("Paused.");
    pass(1000);
    say.tell("Resumed.");
    say.change();
    say.tell("Paused.");
    pass(10000);
    assert.deepEqual(said, [[0, "Paused."], [3000, "Paused. 1 change"]]);
});

test("the same sentence again is another text, so that it is read again", (t) => {
    const { say, said, pass } = pageThatSpeaks(t);
    for (const _ of [1, 2, 3]) { say.tell("Paused."); pass(4000); }
    assert.equal(new Set([said[0][1], said[1][1]]).size, 2);
    assert.notEqual(said[1][1], said[2][1]);
});
