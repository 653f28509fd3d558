/* The WebSocket rung: what it asks, what it makes of messages, and how it learns what a browser does not show of a socket. */

import assert from "node:assert/strict";
import test from "node:test";

import { Link } from "../../myapp/realtime/static/link.js";
import { transportsOf } from "../../myapp/realtime/static/transports.js";
import { makeWorld, settled } from "./world.mjs";

async function opened({ transports = "websocket sse longpoll poll", answer, topics = ["users"], viewer = null } = {}) {
    const world = makeWorld(), said = [];
    if (answer) world.server.answer = answer;
    const deliver = (message) => said.push(message);
    const link = new Link({ ...world.arguments, viewer, rungs: transportsOf(transports), deliver });
    link.open(topics, "5f-10");
    await settled();
    return { ...world, link, said, states: () => said.filter(({ kind }) => kind === "state").map(({ state }) => state) };
}

async function connected(options) {
    const all = await opened(options);
    await all.server.last.connected("5f-10", options);
    return all;
}

/* A network that opens no socket; polls are answered as `poll` says, streams come through. */
const noSockets = (poll = { poll: {} }) => ({ rung, isPoll }) => (rung === "websocket" ? { status: 501 } : isPoll ? poll : {});

test("a socket asks in its address: topics, fragments, cursor and viewer", async () => {
    const { server, link } = await opened({ topics: ["updates:general", "users"], viewer: "v1" });
    assert.equal(server.last.pathname, "/events/socket");
    assert.deepEqual(server.last.topics, ["updates:general", "users"]);
    assert.deepEqual(["fragments", "last_event_id", "viewer"].map((name) => server.last.query.get(name)), ["1", "5f-10", "v1"]);
    assert.equal(link.state, "connecting");
    await server.last.connected("5f-10");
    assert.equal(link.state, "websocket");
});

test("messages are told as a stream's are: reset, events with and without an id, positions", async () => {
    const { server, said, link } = await connected();
    await server.last.send("reset", { reason: "expired", spread_ms: 700 }, "5f-11");
    await server.last.event("users", "5f-12", { key: "user-1", html: null });
    await server.last.event("users", null);
    await server.last.send("heartbeat", {}, "5f-15");
    await server.last.send("younger-than-this-page", {});
    const told = said.filter(({ kind }) => kind !== "state" && kind !== "build");
    assert.deepEqual(told.map(({ kind, id }) => [kind, id]),
        [["position", "5f-10"], ["reset", "5f-11"], ["event", "5f-12"], ["event", undefined], ["position", "5f-15"]]);
    assert.deepEqual(told[1], { kind: "reset", id: "5f-11", reason: "expired", spread_ms: 700 });
    assert.deepEqual(told[2],
        { kind: "event", id: "5f-12", topic: "users", type: "changed", data: { n: 1 }, key: "user-1", html: null });
    assert.equal(link.cursor, "5f-15");
});

test("a message that is no JSON object is told as a reset, and the socket goes on", async (t) => {
    t.mock.method(console, "warn", () => {});
    for (const text of ["{", "null"]) {
        const { server, said } = await connected();
        await server.last.write(text);
        await server.last.event("users", "5f-11");
        const told = said.filter(({ kind }) => kind === "reset" || kind === "event");
        assert.deepEqual(told.map(({ kind }) => kind), ["reset", "event"]);
    }
});

test("a socket that is silent for 2.5 heartbeats is replaced, from the cursor; heartbeats keep it", async () => {
    const { server, clock } = await connected();
    for (let beat = 0; beat < 10; beat += 1) {
        await clock.pass(15000);
        await server.last.send("heartbeat", {}, "5f-11");
    }
    await clock.pass(37499);
    assert.equal(server.connections.length, 1);
    await clock.pass(1);
    assert.ok(server.connections[0].signal.aborted);
    await clock.pass(2000);
    assert.deepEqual(server.rungs, ["websocket", "websocket"]);
    assert.equal(server.last.cursor, "5f-11");
});

test("where no socket is to be had but polls are, a stream follows at once, and sockets are tried again after 30 s", async () => {
    const { server, clock, link, states } = await opened({ answer: noSockets() });
    await clock.pass(0);
    assert.deepEqual(server.rungs, ["websocket", "poll 0", "sse"]);
    await server.last.connected("5f-10");
    assert.equal(link.state, "sse");
    await clock.pass(29999);
    assert.equal(server.connections.length, 3);
    server.answer = () => ({});
    await clock.pass(1);
    assert.equal(server.last.rung, "websocket");
    assert.equal(link.state, "sse", "while a better one is tried, the worse one counts");
    await server.last.connected("5f-10");
    assert.deepEqual(states(), ["sse", "websocket"]);
    assert.equal(server.open.length, 1);
});

test("a socket that is not connected within 5 s is followed by a stream at once", async () => {
    for (const answer of [{ never: true }, {}]) {
        const { server, clock } = await opened({ answer: ({ rung }) => (rung === "websocket" ? answer : {}) });
        await clock.pass(4999);
        assert.deepEqual(server.rungs, ["websocket"]);
        await clock.pass(1);
        assert.deepEqual(server.rungs, ["websocket", "sse"]);
    }
});

test("why a socket is refused is asked of a poll: 401 signs out, 403 drops topics, 503 leads to a stream", async () => {
    const signedOut = await opened({ answer: noSockets({ status: 401 }) });
    assert.equal(signedOut.link.state, "signed-out");
    assert.equal(signedOut.clock.pending, 0);

    const answer = ({ rung, topics }) => {
        if (!topics.includes("secret")) return {};
        return rung === "websocket" ? { status: 403 } : { status: 403, body: { topics: ["secret"] } };
    };
    const dropped = await opened({ topics: ["secret", "users"], answer });
    await dropped.clock.pass(0);
    assert.deepEqual(dropped.said, [{ kind: "refused", topics: ["secret"], status: 403 }]);
    assert.deepEqual([dropped.server.last.rung, dropped.server.last.topics], ["websocket", ["users"]]);

    const full = await opened({ answer: noSockets({ status: 503, headers: { "Retry-After": "5" } }) });
    await full.clock.pass(0);
    assert.equal(full.server.last.rung, "sse");
});

test("a server that answers neither sockets nor polls is off, and the socket is tried again", async () => {
    const { server, clock, link } = await opened({
        answer: ({ rung }) => (rung === "websocket" ? { status: 502 } : Promise.reject(new TypeError("Failed to fetch"))),
    });
    assert.equal(link.state, "off");
    server.answer = () => ({});
    await clock.pass(2000);
    assert.deepEqual(server.rungs, ["websocket", "poll 0", "websocket"]);
});

test("a farewell is heeded: back within the server's pause, without what is not permitted any more", async () => {
    const { server, clock, said } = await connected({ topics: ["secret", "users"] });
    await server.last.send("closing", { reason: "revoked", topics: ["secret"] });
    assert.ok(server.connections[0].signal.aborted);
    await clock.pass(0);
    assert.deepEqual(said.filter(({ kind }) => kind === "refused"), [{ kind: "refused", topics: ["secret"], status: 403 }]);
    assert.deepEqual([server.last.rung, server.last.topics, server.last.cursor], ["websocket", ["users"], "5f-10"]);
});

test("a socket that is given up is closed, says nothing more, and leaves no timer behind", async () => {
    for (const options of [{ answer: () => ({ never: true }) }, {}]) {
        const all = await (options.answer ? opened(options) : connected(options)), { server, clock, link, said } = all;
        link.close();
        await settled();
        assert.ok(server.last.signal.aborted);
        assert.equal(clock.pending, 0);
        const before = said.length;
        await server.last.event("users", "5f-11");
        assert.equal(said.length, before);
    }
});
