/* The hub: many listeners, one link; each gets each event of its topics once. */

import assert from "node:assert/strict";
import test from "node:test";

import { Hub } from "../../myapp/realtime/static/hub.js";
import { transportsOf } from "../../myapp/realtime/static/transports.js";
import { makeWorld, settled } from "./world.mjs";

function makeHub() {
    const world = makeWorld();
    return { ...world, hub: new Hub(world.arguments) };
}

/* A listener that keeps what it was told. */
function listenerOf(hub) {
    const told = [];
    const tell = hub.connect((message) => told.push(message));
    const all = (kind) => told.filter((message) => message.kind === kind);
    return { tell, told, all, ids: () => all("event").map(({ id }) => id), join: (topics) => tell({ kind: "join", topics }) };
}

test("one listener's join opens the link, and its leaving closes it", async () => {
    const { hub, server, clock } = makeHub();
    const page = listenerOf(hub);
    page.join({ users: "5f-10" });
    await settled();
    assert.equal(server.last.cursor, "5f-10");
    assert.deepEqual(page.told, [{ kind: "state", state: "connecting" }]);
    await server.last.connected("5f-10");
    assert.equal(page.told.at(-1).state, "sse");
    page.tell({ kind: "leave" });
    await settled();
    assert.equal(server.open.length, 0);
    assert.equal(clock.pending, 0);
});

test("the first listener's memory says on which rung the link begins, and the hub tells what the next one is to remember", async () => {
    const { server, clock, arguments: world } = makeWorld();
    const page = listenerOf(new Hub({ ...world, rungs: transportsOf("sse longpoll") })), memory = { at: clock.now(), rung: 1, climbAt: 0 };
    page.tell({ kind: "join", topics: { users: "5f-10" }, memory: { ...memory, climbMs: 30000, barredUntil: [] } });
    await settled();
    assert.equal(server.last.rung, "poll 0");
    await server.last.reply({});
    assert.equal(page.all("memory").at(-1).memory.rung, 1);
});

test("who joins a link that is connected already is told on which rung, and that what was so once is so no more", async () => {
    const { server, clock, arguments: world } = makeWorld();
    const hub = new Hub({ ...world, rungs: transportsOf("sse longpoll") }), first = listenerOf(hub), second = listenerOf(hub), third = listenerOf(hub);
    server.answer = ({ rung }) => (rung === "sse" ? { status: 503 } : {});
    first.join({ users: "5f-10" });
    await settled();
    second.join({ users: "5f-10" });
    assert.deepEqual(second.all("memory"), [], "it is not known yet");
    await clock.pass(0);
    await server.last.reply({});
    third.join({ users: "5f-10" });
    assert.deepEqual(third.all("memory").map(({ memory }) => memory.rung), [1]);
    server.answer = () => ({});
    await clock.pass(30000);
    await server.last.connected("5f-10");
    const fourth = listenerOf(hub), fifth = listenerOf(hub);
    fourth.tell({ kind: "join", topics: { users: "5f-10" }, memory: third.all("memory")[0].memory });
    fifth.join({ users: "5f-10" });
    assert.deepEqual([fourth.all("memory"), fifth.all("memory")], [[{ kind: "memory", memory: null }], []]);
});

test("two listeners share one connection for the union of their topics", async () => {
    const { hub, server } = makeHub();
    const one = listenerOf(hub), two = listenerOf(hub);
    one.join({ users: "5f-10" });
    two.join({ rows: "5f-10", users: "5f-10" });
    await settled();
    assert.equal(server.open.length, 1);
    assert.deepEqual(server.last.topics, ["rows", "users"]);
    await server.last.connected("5f-10");
    await server.last.event("users", "5f-11");
    await server.last.event("rows", "5f-12");
    assert.deepEqual([one.ids(), two.ids()], [["5f-11"], ["5f-11", "5f-12"]]);
});

test("a listener that joins with an older cursor makes the link begin there, and each still gets each event once", async () => {
    const { hub, server } = makeHub();
    const one = listenerOf(hub), two = listenerOf(hub);
    one.join({ users: "5f-10" });
    await settled();
    await server.last.connected("5f-10");
    await server.last.event("users", "5f-11");
    two.join({ users: "5f-8" });
    await settled();
    assert.equal(server.open.length, 1);
    assert.equal(server.last.cursor, "5f-8");
    await server.last.connected("5f-8");
    for (const seq of [9, 10, 11, 12]) await server.last.event("users", `5f-${seq}`);
    assert.deepEqual(one.ids(), ["5f-11", "5f-12"]);
    assert.deepEqual(two.ids(), ["5f-9", "5f-10", "5f-11", "5f-12"]);
});

test("a listener that joins with a newer cursor leaves the link alone and misses what it has", async () => {
    const { hub, server } = makeHub();
    const one = listenerOf(hub), two = listenerOf(hub);
    one.join({ users: "5f-10" });
    await settled();
    await server.last.connected("5f-10");
    two.join({ users: "5f-12" });
    await settled();
    assert.equal(server.connections.length, 1);
    for (const seq of [11, 12, 13]) await server.last.event("users", `5f-${seq}`);
    assert.deepEqual(one.ids(), ["5f-11", "5f-12", "5f-13"]);
    assert.deepEqual(two.ids(), ["5f-13"]);
});

test("a topic that is added begins at its own cursor; the others go on where they were", async () => {
    const { hub, server } = makeHub();
    const page = listenerOf(hub);
    page.join({ users: "5f-10" });
    await settled();
    await server.last.connected("5f-10");
    await server.last.event("users", "5f-11");
    page.join({ users: "5f-10", rows: "5f-9" });
    await settled();
    assert.equal(server.last.cursor, "5f-9");
    await server.last.connected("5f-9");
    await server.last.event("rows", "5f-10");
    await server.last.event("users", "5f-11");
    await server.last.event("users", "5f-12");
    assert.deepEqual(page.ids(), ["5f-11", "5f-10", "5f-12"]);
});

test("a topic that is dropped is not told any more, and costs no new connection", async () => {
    const { hub, server } = makeHub();
    const page = listenerOf(hub);
    page.join({ users: "5f-10", rows: "5f-10" });
    await settled();
    await server.last.connected("5f-10");
    page.join({ rows: "5f-10" });
    await server.last.event("users", "5f-11");
    await server.last.event("rows", "5f-12");
    assert.deepEqual(page.ids(), ["5f-12"]);
    assert.equal(server.connections.length, 1);
});

test("joining again with what one has costs no new connection", async () => {
    const { hub, server } = makeHub();
    const page = listenerOf(hub);
    page.join({ users: "5f-10", rows: "5f-10" });
    await settled();
    await server.last.connected("5f-10");
    await server.last.event("users", "5f-11");
    page.join({ users: "5f-10", rows: "5f-10" });
    await settled();
    assert.equal(server.connections.length, 1);
});

test("a listener without topics needs no connection", async () => {
    const { hub, server } = makeHub();
    const page = listenerOf(hub);
    page.join({});
    await settled();
    assert.equal(server.connections.length, 0);
    page.join({ users: "5f-10" });
    page.join({});
    await settled();
    assert.equal(server.open.length, 0);
});

test("a listener without a cursor gets what comes from now on", async () => {
    const { hub, server } = makeHub();
    const one = listenerOf(hub), two = listenerOf(hub);
    one.join({ users: null });
    await settled();
    assert.equal(server.last.cursor, undefined);
    await server.last.connected("5f-10");
    await server.last.event("users", "5f-11");
    two.join({ users: null, rows: null });
    await settled();
    assert.equal(server.last.cursor, "5f-11");
    await server.last.connected("5f-11");
    await server.last.event("users", "5f-12");
    assert.deepEqual([one.ids(), two.ids()], [["5f-11", "5f-12"], ["5f-12"]]);
});

test("positions are told to all, and an event of another's topic moves a cursor too", async () => {
    const { hub, server } = makeHub();
    const one = listenerOf(hub), two = listenerOf(hub);
    one.join({ users: "5f-10" });
    two.join({ rows: "5f-10" });
    await settled();
    await server.last.connected("5f-10");
    await server.last.event("rows", "5f-11");
    const joined = server.connections.length;
    one.tell({ kind: "leave" });
    one.join({ users: "5f-10" });
    await settled();
    assert.equal(server.connections.length, joined, "it lacks nothing that a new connection could bring");
    await server.last.send("heartbeat", {}, "5f-14");
    assert.deepEqual([one.all("position").at(-1).id, two.all("position").at(-1).id], ["5f-14", "5f-14"]);
});

test("a transient event is told to those who want its topic", async () => {
    const { hub, server } = makeHub();
    const one = listenerOf(hub), two = listenerOf(hub);
    one.join({ monitor: "5f-10" });
    two.join({ users: "5f-10" });
    await settled();
    await server.last.connected("5f-10");
    await server.last.event("monitor", undefined);
    await server.last.event("monitor", undefined);
    assert.deepEqual([one.all("event").length, two.all("event").length], [2, 0]);
});

test("states and resets are told to everyone", async () => {
    const { hub, server } = makeHub();
    const pages = [listenerOf(hub), listenerOf(hub)];
    pages[0].join({ users: "5f-10" });
    pages[1].join({ rows: "5f-12" });
    await settled();
    await server.last.connected("5f-10");
    await server.last.send("reset", { reason: "expired", spread_ms: 700 }, "5f-90");
    await server.last.event("users", "5f-90");
    await server.last.event("rows", "5f-91");
    for (const page of pages) {
        assert.equal(page.all("state").at(-1).state, "sse");
        assert.deepEqual(page.all("reset"), [{ kind: "reset", id: "5f-90", reason: "expired", spread_ms: 700 }]);
    }
    assert.deepEqual(pages.map((page) => page.ids()), [[], ["5f-91"]]);
});

test("after a reset to another life of the log its events are told, though their numbers are smaller", async () => {
    const { hub, server } = makeHub();
    const page = listenerOf(hub);
    page.join({ users: "5f-10" });
    await settled();
    await server.last.connected("5f-10");
    await server.last.send("reset", { reason: "epoch", spread_ms: 0 }, "60-2");
    await server.last.event("users", "60-3");
    assert.deepEqual(page.ids(), ["60-3"]);
    assert.equal(page.all("reset").length, 1);
});

test("of two listeners from two lives of the log, the one from the life that is over gets a reset", async () => {
    const { hub, server } = makeHub();
    const young = listenerOf(hub), old = listenerOf(hub);
    young.join({ users: "60-3" });
    old.join({ rows: "5f-10" });
    await settled();
    assert.equal(server.last.cursor, "60-3");
    await server.last.connected("60-3");
    assert.deepEqual(old.all("reset"), [{ kind: "reset", id: "60-3", reason: "epoch", spread_ms: 0 }]);
    assert.deepEqual(young.all("reset"), []);
    await server.last.event("rows", "60-4");
    assert.deepEqual(old.ids(), ["60-4"]);
});

test("a listener from a life that is over gets its reset at once when the link is live already", async () => {
    const { hub, server } = makeHub();
    const young = listenerOf(hub), old = listenerOf(hub);
    young.join({ users: "60-3" });
    await settled();
    await server.last.connected("60-3");
    old.join({ users: "5f-10" });
    assert.equal(old.all("reset").length, 1);
    assert.equal(server.connections.length, 1);
});

test("refused topics are told to those who asked for them; the others go on", async () => {
    const { hub, server, clock } = makeHub();
    server.answer = ({ topics }) => (topics.includes("secret") ? { status: 403, body: { topics: ["secret"] } } : {});
    const one = listenerOf(hub), two = listenerOf(hub);
    one.join({ secret: "5f-10", users: "5f-10" });
    two.join({ users: "5f-10" });
    await clock.pass(0);
    await server.last.connected("5f-10");
    assert.deepEqual(one.all("refused"), [{ kind: "refused", topics: ["secret"], status: 403 }]);
    assert.deepEqual(two.all("refused"), []);
    assert.deepEqual(server.last.topics, ["users"]);
    await server.last.event("users", "5f-11");
    assert.deepEqual([one.ids(), two.ids()], [["5f-11"], ["5f-11"]]);
    two.join({ users: "5f-10", rows: "5f-10" });
    await settled();
    assert.deepEqual(server.last.topics, ["rows", "users"], "nobody asks for it again");
});

test("a kick reaches the link", async () => {
    const { hub, server, clock } = makeHub();
    server.answer = () => ({ status: 401 });
    const page = listenerOf(hub);
    page.join({ users: "5f-10" });
    await clock.pass(5000);
    page.tell({ kind: "kick" });
    await clock.pass(0);
    assert.equal(server.connections.length, 2);
});

test("a listener that fails neither ends the link nor keeps the others from their events", async (t) => {
    const warn = t.mock.method(console, "warn", () => {});
    const { hub, server } = makeHub();
    hub.connect((message) => assert.notEqual(message.kind, "event"))({ kind: "join", topics: { users: "5f-10" } });
    const page = listenerOf(hub);
    page.join({ users: "5f-10" });
    await settled();
    await server.last.connected("5f-10");
    await server.last.event("users", "5f-11");
    assert.deepEqual(page.ids(), ["5f-11"]);
    assert.equal(server.open.length, 1);
    assert.equal(warn.mock.callCount(), 1);
});

/* As the server, which takes two topics of one connection. */
const narrow = ({ topics }) => (topics.length > 2 ? { status: 400, body: { status: 400, max_topics: 2 } } : {});

test("whoever comes last is sent away where all want more topics than the server takes, and nobody comes between the others again", async () => {
    const { hub, server } = makeHub();
    server.answer = narrow;
    const [one, two, three, four] = Array.from({ length: 4 }, () => listenerOf(hub));
    one.join({ users: "5f-10" });
    two.join({ rows: "5f-10" });
    await settled();
    await server.last.connected("5f-10");
    three.join({ channels: "5f-10" });
    await settled();
    assert.equal(three.all("crowded").length, 1);
    assert.deepEqual(server.last.topics, ["rows", "users"]);
    await server.last.connected("5f-10");
    assert.deepEqual([one, two].map((each) => each.told.at(-1)), [{ kind: "state", state: "sse" }, { kind: "state", state: "sse" }]);
    const before = server.connections.length;
    four.join({ metrics: "5f-10" });
    await settled();
    assert.equal(four.all("crowded").length, 1);
    assert.equal(server.connections.length, before);
    await server.last.event("rows", "5f-11");
    assert.deepEqual([one, two, three, four].map((each) => each.ids().length), [0, 1, 0, 0]);
});

test("a listener that alone wants more than the server takes is off, and asks no more often than after any failure", async () => {
    const { hub, server, clock } = makeHub();
    server.answer = narrow;
    const page = listenerOf(hub);
    page.join({ users: "5f-10", rows: "5f-10", channels: "5f-10" });
    await clock.pass(1999);
    assert.equal(page.all("crowded").length, 0);
    assert.equal(page.all("state").at(-1).state, "off");
    assert.equal(server.connections.length, 1);
});
