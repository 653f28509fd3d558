/* The pace of drawing: on lists that are no more than what Pace asks of them, under a clock that is moved by hand. */

import assert from "node:assert/strict";
import test from "node:test";

import { Pace } from "../../myapp/realtime/static/pace.js";

function paced(t, list) {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const pace = new Pace(), drawn = [];
    const come = (name, what = name) => pace.draw(list, name, () => drawn.push(what));
    return { pace, drawn, come, tick: (ms) => t.mock.timers.tick(ms) };
}

test("a thousand changes in a second are drawn at most five times, and the last one is", (t) => {
    const { drawn, come, tick } = paced(t, { dataset: { rtDrawMs: "250" } });
    for (let n = 0; n < 1000; n += 1) {
        come("row_updated row-1", n);
        tick(1);
    }
    tick(250);
    assert.deepEqual(drawn, [0, 249, 499, 749, 999]);
});

test("the first change after a pause is drawn at once", (t) => {
    const { drawn, come, tick } = paced(t, { dataset: { rtDrawMs: "250" } });
    come("a");
    tick(250);
    come("b");
    assert.deepEqual(drawn, ["a", "b"]);
});

test("of different things each is drawn, in the order in which they came, in their newest form", (t) => {
    const { drawn, come, tick } = paced(t, { dataset: { rtDrawMs: "250" } });
    come("first");
    come("a", "a old");
    come("b");
    come("a", "a new");
    tick(250);
    assert.deepEqual(drawn, ["first", "a new", "b"]);
});

test("a list without a pace is drawn at once, always", (t) => {
    const { drawn, come } = paced(t, { dataset: {} });
    come("a", 1);
    come("a", 2);
    assert.deepEqual(drawn, [1, 2]);
});

test("what waits for its pace when the page is paused is drawn when it goes on, and nothing before", (t) => {
    const { pace, drawn, come, tick } = paced(t, { dataset: { rtDrawMs: "250" } });
    come("a", 1);
    come("a", 2);
    pace.hold();
    tick(10000);
    assert.deepEqual(drawn, [1]);
    pace.release();
    assert.deepEqual(drawn, [1, 2]);
    come("a", 3);
    pace.hold();
    pace.release();
    assert.deepEqual(drawn, [1, 2]);    // its time has not come
    tick(250);
    assert.deepEqual(drawn, [1, 2, 3]);
});

test("what waits is not drawn once the past is forgotten, and the pace goes on", (t) => {
    const { pace, drawn, come, tick } = paced(t, { dataset: { rtDrawMs: "250" } });
    come("a");
    come("b");
    pace.forget();
    come("c");
    tick(250);
    assert.deepEqual(drawn, ["a", "c"]);
});
