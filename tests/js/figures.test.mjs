/* What all processes together are doing, of what each tells once a second. */

import assert from "node:assert/strict";
import test from "node:test";

import { Figures } from "../../myapp/app/static/figures.js";

const NOW = Date.UTC(2026, 10, 21, 14, 2, 11);

function stats(id, at, changes = {}) {
    return {
        at: new Date(at).toISOString(), process: { id, host: "a", pid: 1, threads: 3, memory_bytes: 100 }, streams: 2, polls: 0,
        transports: { sse: 2, websocket: 0, poll: 0 }, topics: { users: 2 }, hub: { behind: 0, holes: 1 }, log: { head: "ab-10", floor: 0, events: 10 },
        broker: { state: "up", received: 0, dropped: 0, unreadable: 0 }, delays: { count: 0, p50_ms: null, p99_ms: null }, ...changes,
    };
}

test("all processes that were heard lately are added up, and one that is silent for 5 s counts no more", () => {
    const figures = new Figures();
    figures.take(stats("one", NOW, { delays: { count: 1, p50_ms: 4, p99_ms: 9 } }), NOW);
    figures.take(stats("two", NOW, { delays: { count: 3, p50_ms: 8, p99_ms: 20 }, broker: { state: "down", dropped: 7 } }), NOW);
    const { processes, streams, sse, p50, p99, broker, dropped, kept, topics } = figures.together(NOW);
    assert.deepEqual([processes, streams, sse, p50, p99, broker, dropped, kept, topics], [2, 4, 4, 7, 20, "1 up, 1 down", 7, 10, { users: 4 }]);
    figures.take(stats("one", NOW + 4000), NOW + 4000);
    assert.equal(figures.together(NOW + 5000).processes, 1);
    assert.equal(figures.together(NOW + 9000), null);
});

test("events are counted by the log that all have in common, polls by each process", () => {
    const figures = new Figures();
    for (const id of ["one", "two"]) figures.take(stats(id, NOW), NOW);
    for (const id of ["one", "two"]) figures.take(stats(id, NOW + 2000, { log: { head: "ab-30", floor: 0, events: 30 }, polls: 6 }), NOW + 2000);
    const { events, polls } = figures.together(NOW + 2000);
    assert.deepEqual([events, polls], [10, 6]);
});

test("what is heard late, after a pause, is placed by when it was said, whatever the clock of its machine; a gap stays one", () => {
    const figures = new Figures(), behind = 3600000;
    figures.take(stats("one", NOW - behind), NOW);
    figures.take(stats("one", NOW - behind + 1000), NOW + 20000);
    figures.take(stats("one", NOW - behind + 15000), NOW + 20000);
    const first = NOW / 1000;
    assert.deepEqual(figures.history(NOW + 20000, 300).map(([second]) => second - first), [0, 1, 15]);
});
