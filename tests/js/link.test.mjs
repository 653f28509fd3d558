/* The link and its SSE rung, against a server of the test's own and a clock that is moved by hand. */

import assert from "node:assert/strict";
import test from "node:test";

import { Link } from "../../myapp/realtime/static/link.js";
import { makeWorld, settled } from "./world.mjs";

/* A link that was opened for `users` at 5f-10; `said` is what it told its owner. */
async function opened({ answer, topics = ["users"], cursor = "5f-10", viewer = null } = {}) {
    const world = makeWorld(), said = [];
    if (answer) world.server.answer = answer;
    const link = new Link({ ...world.arguments, viewer, deliver: (message) => said.push(message) });
    link.open(topics, cursor);
    await settled();
    return { ...world, link, said, states: () => said.filter(({ kind }) => kind === "state").map(({ state }) => state) };
}

async function connected(options) {
    const all = await opened(options);
    await all.server.last.connected("5f-10", options);
    return all;
}

const refusing = (status, { headers, topics } = {}) => () => ({ status, headers, body: { status, topics } });

/* How many connections came within `ms`, tried just before and at its end, so that a bound is met and not passed. */
async function connectsAfter({ clock, server }, ms) {
    const before = server.connections.length;
    await clock.pass(ms - 1);
    assert.equal(server.connections.length, before, `connected earlier than after ${ms} ms`);
    await clock.pass(1);
    assert.equal(server.connections.length, before + 1, `did not connect after ${ms} ms`);
}

test("the first request carries the page's cursor, its topics and what it accepts", async () => {
    const { server, link } = await opened({ topics: ["updates:general", "users"] });
    assert.equal(server.connections.length, 1);
    assert.deepEqual(server.last.topics, ["updates:general", "users"]);
    assert.equal(server.last.query.get("fragments"), "1");
    assert.deepEqual(server.last.headers, { Accept: "text/event-stream", "Last-Event-ID": "5f-10" });
    assert.equal(link.state, "connecting");
});

test("what comes in a torrent is read together, after the first that come are read at once, and all of it in order", async () => {
    const { clock, server, said } = await connected();
    const heard = () => said.filter(({ kind }) => kind === "event").map(({ id }) => Number(id.slice(3)));
    const come = async (first, last) => {
        for (let seq = first; seq <= last; seq += 1) await server.last.event("users", `5f-${seq}`);
    };
    await come(11, 60);
    const atOnce = heard().length;
    assert.ok(atOnce >= 10 && atOnce <= 20, `${atOnce} were read at once`);
    await clock.pass(50);
    assert.equal(heard().length, 50);
    clock.set(-3600000);
    await come(61, 65);
    await clock.pass(50);
    assert.deepEqual(heard(), Array.from({ length: 55 }, (_, place) => 11 + place));
    await clock.pass(1000);
    await come(66, 66);
    assert.equal(heard().length, 56, "a trickle is read at once again");
});

test("without a cursor no Last-Event-ID is sent, and connected gives the first one", async () => {
    const { server, link } = await opened({ cursor: null });
    assert.equal(server.last.cursor, undefined);
    await server.last.connected("5f-77");
    assert.equal(link.cursor, "5f-77");
});

test("an event is handed on as the envelope says, and tells html null from html absent", async () => {
    const { server, said } = await connected();
    await server.last.event("users", "5f-11", { key: "user-1", html: "<tr>" });
    await server.last.event("users", "5f-12", { key: "user-1", html: null });
    await server.last.event("users", "5f-13");
    const events = said.filter(({ kind }) => kind === "event");
    assert.deepEqual(events[0],
        { kind: "event", id: "5f-11", topic: "users", type: "changed", data: { n: 1 }, key: "user-1", html: "<tr>" });
    assert.deepEqual(events.map(({ html }) => html), ["<tr>", null, undefined]);
});

test("connected says the build and the position before the state", async () => {
    const { said } = await connected();
    assert.deepEqual(said, [{ kind: "build", build: "b1" }, { kind: "position", id: "5f-10" }, { kind: "state", state: "sse" }]);
});

test("a build is said when it is another one", async () => {
    const { server, clock, said } = await connected();
    await server.last.cut();
    await clock.pass(3000);
    await server.last.connected("5f-10");
    await server.last.cut();
    await clock.pass(3000);
    await server.last.send("connected", { status: "connected", heartbeat_s: 15, build: "b2" }, "5f-10");
    assert.deepEqual(said.filter(({ kind }) => kind === "build").map(({ build }) => build), ["b1", "b2"]);
});

test("the cursor of the last event or heartbeat is carried over a reconnect; a transient event moves nothing", async () => {
    const { server, clock, link } = await connected();
    await server.last.event("users", "5f-11");
    await server.last.send("heartbeat", {}, "5f-14");
    await server.last.event("users", undefined);
    await server.last.cut();
    await clock.pass(3000);
    assert.equal(server.last.cursor, "5f-14");
    assert.equal(link.cursor, "5f-14");
    assert.equal(server.connections.length, 2);
});

test("a cut connection is off, and tried again after retry: no earlier, and at most half of it later", async () => {
    for (const [value, ms] of [[0, 4000], [0.999999, 6000]]) {
        const all = await connected({ retryMs: 4000 });
        all.chance.value = value;
        await all.server.last.cut();
        assert.equal(all.link.state, "off");
        await connectsAfter(all, ms);
        assert.equal(all.link.state, "off", "only a connection is good news");
    }
});

test("each failure in a row waits half as long again, up to 30 s", async () => {
    const all = await opened({ answer: refusing(500) });
    for (const ms of [2000, 3000, 4500, 6750, 10125, 15187.5, 22781.25, 30000, 30000]) await connectsAfter(all, ms);
});

test("a connection that lived 10 s forgets the failures before it; one that did not adds to them", async () => {
    for (const [livedMs, pauseMs] of [[10000, 2000], [9000, 4500]]) {
        const all = await opened({ answer: refusing(500) });
        await connectsAfter(all, 2000);
        all.server.answer = () => ({});
        await connectsAfter(all, 3000);
        await all.server.last.connected("5f-10");
        await all.clock.pass(livedMs);
        await all.server.last.cut();
        await connectsAfter(all, pauseMs);
    }
});

test("a retry of 0 does not become a busy loop", async () => {
    const { server, clock } = await connected({ retryMs: 0 });
    server.answer = refusing(500);
    await server.last.cut();
    await clock.pass(1000);
    assert.ok(server.connections.length < 8, `${server.connections.length} connections in a second`);
});

test("a stream silent for 2.5 heartbeats is dead and replaced, with its cursor", async () => {
    const all = await connected({ heartbeatS: 10 });
    await all.server.last.event("users", "5f-11");
    await all.clock.pass(24999);
    assert.equal(all.link.state, "sse");
    await all.clock.pass(1);
    assert.equal(all.link.state, "off");
    assert.equal(all.server.open.length, 0);
    await connectsAfter(all, 2000);
    assert.equal(all.server.last.cursor, "5f-11");
});

test("heartbeats keep a stream alive, and so does half a frame", async () => {
    const { server, clock, link } = await connected({ heartbeatS: 10 });
    for (let beat = 0; beat < 5; beat += 1) {
        await clock.pass(20000);
        await (beat % 2 ? server.last.send("heartbeat", {}, "5f-10") : server.last.write("data: {}\n"));
        await (beat % 2 ? null : server.last.write("\n"));
    }
    assert.equal(link.state, "sse");
    assert.equal(server.connections.length, 1);
});

test("connected must come within 5 s: for a server that never answers, and for a proxy that buffers", async () => {
    for (const answer of [() => ({ never: true }), () => ({})]) {
        const { clock, link, server } = await opened({ answer });
        await clock.pass(4999);
        assert.equal(link.state, "connecting");
        await clock.pass(1);
        assert.equal(link.state, "off");
        assert.equal(server.open.length, 0);
    }
});

test("bytes without connected do not buy more than the 5 s", async () => {
    const { server, clock, link } = await opened();
    for (let second = 0; second < 4; second += 1) {
        await clock.pass(1000);
        await server.last.write(": padding\n");
    }
    await clock.pass(1000);
    assert.equal(link.state, "off");
});

test("an answer that is no event stream is a failure", async () => {
    const { link } = await opened({ answer: () => ({ headers: { "Content-Type": "text/html" } }) });
    assert.equal(link.state, "off");
});

test("401 is signed out: no more requests until a kick", async () => {
    const { server, clock, link } = await opened({ answer: refusing(401) });
    assert.equal(link.state, "signed-out");
    await clock.pass(3600000);
    assert.equal(server.connections.length, 1);
    assert.equal(clock.pending, 0);
    server.answer = () => ({});
    link.kick();
    await clock.pass(0);
    await server.last.connected("5f-10");
    assert.equal(server.connections.length, 2);
    assert.equal(link.state, "sse");
});

test("204 stops the link, also for kicks", async () => {
    const { server, clock, link } = await opened({ answer: () => ({ status: 204 }) });
    link.kick();
    await clock.pass(3600000);
    assert.equal(server.connections.length, 1);
    assert.equal(link.state, "off");
});

for (const status of [403, 404]) {
    test(`${status} drops the topics that it names, tells of them and goes on with the rest at once`, async () => {
        const answer = ({ topics }) => (topics.includes("secret") ? refusing(status, { topics: ["secret", "other"] })() : {});
        const { server, clock, link, said, states } = await opened({ answer, topics: ["secret", "users"] });
        await clock.pass(0);
        assert.deepEqual(said.filter(({ kind }) => kind === "refused"), [{ kind: "refused", topics: ["secret"], status }]);
        assert.deepEqual(server.last.topics, ["users"]);
        assert.equal(server.last.cursor, "5f-10");
        assert.deepEqual(link.topics, ["users"]);
        assert.deepEqual(states(), [], "it never was off");
    });

    test(`${status} for all topics leaves nothing to connect for`, async () => {
        const { server, clock, link } = await opened({ answer: refusing(status, { topics: ["users"] }) });
        await clock.pass(3600000);
        assert.equal(server.connections.length, 1);
        assert.equal(link.state, "off");
    });

    test(`${status} that names none of our topics is a failure like any`, async () => {
        const all = await opened({ answer: refusing(status) });
        assert.equal(all.link.state, "off");
        await connectsAfter(all, 2000);
        assert.deepEqual(all.server.last.topics, ["users"]);
    });
}

test("503 waits for Retry-After in seconds: no earlier, and at most half of it later", async () => {
    for (const [value, ms] of [[0, 20000], [0.999999, 30000]]) {
        const all = await opened({ answer: refusing(503, { headers: { "Retry-After": "20" } }) });
        assert.equal(all.link.state, "off");
        all.chance.value = value;
        await connectsAfter(all, 20000);
        await connectsAfter(all, ms);
    }
});

test("503 waits for Retry-After as a date", async () => {
    const answer = () => ({ status: 503, headers: { "Retry-After": new Date(1_000_000 + 40_000).toUTCString() } });
    await connectsAfter(await opened({ answer }), 40000);
});

test("a Retry-After of a year is cut to an hour", async () => {
    const all = await opened({ answer: refusing(503, { headers: { "Retry-After": "31536000" } }) });
    await connectsAfter(all, 3600000);
});

test("new topics wait for the end of a pause that the server asked for", async () => {
    const all = await opened({ answer: refusing(503, { headers: { "Retry-After": "20" } }) });
    all.link.open(["rows", "users"], "5f-9");
    assert.equal(all.server.connections.length, 1);
    await connectsAfter(all, 20000);
    assert.deepEqual(all.server.last.topics, ["rows", "users"]);
    assert.equal(all.server.last.cursor, "5f-9");
});

for (const [reason, spreadMs] of [["shutdown", 4000], ["revoked", 4000], ["expired", 1000], ["lagging", 1000], ["lifetime", 1000]]) {
    test(`closing for ${reason} reconnects within ${spreadMs} ms, with the cursor, and is not off`, async () => {
        for (const value of [0.25, 0.75]) {
            const all = await connected({ retryMs: 4000 });
            all.chance.value = value;
            await all.server.last.event("users", "5f-11");
            await all.server.last.send("closing", { reason });
            assert.equal(all.server.open.length, 0, "the old connection is given up, even if the server forgets it");
            await connectsAfter(all, value * spreadMs);
            assert.equal(all.server.last.cursor, "5f-11");
            await all.server.last.connected("5f-11");
            assert.deepEqual(all.states(), ["sse", "connecting", "sse"]);
        }
    });
}

test("closing for revoked drops the topics that it names", async () => {
    const { server, clock, said } = await connected({ topics: ["secret", "users"] });
    await server.last.send("closing", { reason: "revoked", topics: ["secret"] });
    await clock.pass(2000);
    assert.deepEqual(said.filter(({ kind }) => kind === "refused"), [{ kind: "refused", topics: ["secret"], status: 403 }]);
    assert.deepEqual(server.last.topics, ["users"]);
});

test("closing for revoked without topics lets the next answer decide", async () => {
    const { server, clock, link } = await connected();
    server.answer = refusing(401);
    await server.last.send("closing", { reason: "revoked" });
    await clock.pass(2000);
    assert.equal(link.state, "signed-out");
});

test("a server that only says farewells is failing: from the third on pauses grow", async () => {
    const all = await opened();
    for (const [ms, state] of [[0, "connecting"], [0, "connecting"], [4500, "off"], [6750, "off"]]) {
        await all.server.last.connected("5f-10");
        await all.server.last.send("closing", { reason: "lagging" });
        assert.equal(all.link.state, state);
        await (ms ? connectsAfter(all, ms) : all.clock.pass(0));
    }
});

test("a reset moves the cursor, back too, and is handed on with its reason and spread", async () => {
    const { server, clock, said } = await connected();
    await server.last.send("reset", { reason: "epoch", spread_ms: 5000 }, "60-3");
    assert.deepEqual(said.at(-1), { kind: "reset", id: "60-3", reason: "epoch", spread_ms: 5000 });
    await server.last.cut();
    await clock.pass(3000);
    assert.equal(server.last.cursor, "60-3");
});

test("an event that is no JSON object is loss, said as a reset, and the stream goes on", async (t) => {
    const warn = t.mock.method(console, "warn", () => {});
    const { server, said } = await connected();
    await server.last.write("id: 5f-11\nevent: x\ndata: {\"topic\": \n\n");
    await server.last.write("id: 5f-12\nevent: x\ndata: null\n\n");
    await server.last.event("users", "5f-13");
    assert.deepEqual(said.slice(3).map(({ kind, id, reason }) => [kind, id, reason]),
        [["reset", "5f-11", "unreadable"], ["reset", "5f-12", "unreadable"], ["event", "5f-13", undefined]]);
    assert.equal(warn.mock.callCount(), 2);
});

test("a kick leaves a healthy connection, and one that is being made, alone", async () => {
    const { server, clock, link } = await opened();
    link.kick();
    await clock.pass(3000);
    link.kick();
    await clock.pass(0);
    assert.equal(server.connections.length, 1);
    await server.last.connected("5f-10");
    await clock.pass(15000);
    link.kick();
    await clock.pass(0);
    assert.equal(server.connections.length, 1);
    assert.equal(server.open.length, 1);
});

test("a link that doubts asks anew though it is healthy, and is signed out when its viewer is not signed in any more", async () => {
    const { server, clock, link, states } = await connected({ viewer: "v1" });
    await clock.pass(5000);
    link.doubt();
    await clock.pass(0);
    assert.equal(server.open.length, 1);
    assert.equal(server.last.cursor, "5f-10");
    await server.last.connected("5f-10");
    assert.deepEqual(states(), ["sse", "connecting", "sse"]);
    server.answer = refusing(401);
    link.doubt();
    await clock.pass(1999);
    assert.equal(server.connections.length, 2, "doubts in a row make no more than one attempt in 2 s");
    await clock.pass(1);
    assert.equal(link.state, "signed-out");
    link.doubt();
    await clock.pass(3600000);
    assert.equal(server.connections.length, 3);
});

test("a link of nobody's does not doubt, nor does one that is told to wait", async () => {
    const nobodys = await connected();
    nobodys.link.doubt();
    const waiting = await opened({ viewer: "v1", answer: refusing(429, { headers: { "Retry-After": "60" } }) });
    waiting.link.doubt();
    for (const { clock, server } of [nobodys, waiting]) {
        await clock.pass(2000);
        assert.equal(server.connections.length, 1);
    }
});

test("a kick replaces a connection whose heartbeat is late", async () => {
    const { server, clock, link } = await connected();
    await clock.pass(19501);
    link.kick();
    await clock.pass(0);
    assert.equal(server.connections.length, 2);
    assert.equal(server.open.length, 1);
});

test("a kick ends a pause, but 2 s lie between two attempts", async () => {
    const all = await opened({ answer: refusing(503, { headers: { "Retry-After": "600" } }) });
    all.link.kick();
    await all.clock.pass(500);
    all.link.kick();
    await connectsAfter(all, 1500);
    await all.clock.pass(60000);
    all.link.kick();
    await all.clock.pass(0);
    assert.equal(all.server.connections.length, 3);
});

test("a closed link is silent: no connection, no timer, nothing more said", async () => {
    const { server, clock, link, said } = await connected();
    const late = server.last;
    link.close();
    const before = said.length;
    await late.event("users", "5f-11").catch(() => null);
    link.kick();
    await clock.pass(3600000);
    assert.equal(server.open.length, 0);
    assert.equal(clock.pending, 0);
    assert.equal(said.length, before);
});

test("opening anew replaces the connection: never two at once, and what the old one says is not heard", async () => {
    const { server, link, said } = await connected();
    link.open(["rows", "users"], "5f-9");
    await settled();
    assert.equal(server.open.length, 1);
    assert.deepEqual(server.last.topics, ["rows", "users"]);
    assert.equal(server.last.cursor, "5f-9");
    assert.equal(said.filter(({ kind }) => kind === "event").length, 0);
});

test("what has just arrived on a connection that is replaced is left to the new one", async () => {
    const { server, link, said } = await connected();
    const written = server.last.event("users", "5f-11");
    link.open(["users"], "5f-9");
    await written;
    assert.equal(said.filter(({ kind }) => kind === "event").length, 0);
    assert.equal(link.cursor, "5f-9");
});

test("an owner that opens anew when it is told of a refusal makes one connection, not two", async () => {
    const { server, clock, ...world } = makeWorld();
    server.answer = ({ topics }) => (topics.includes("secret") ? refusing(403, { topics: ["secret"] })() : {});
    const link = new Link({ ...world.arguments, deliver: ({ kind }) => kind === "refused" && link.open(["rows", "users"], "5f-9") });
    link.open(["secret", "users"], "5f-10");
    await clock.pass(1000);
    assert.deepEqual(server.connections.map(({ topics }) => topics.join()), ["secret,users", "rows,users"]);
});

test("a kick is heeded within 2 s though the clock was set back by a day meanwhile", async () => {
    const all = await opened({ answer: refusing(503, { headers: { "Retry-After": "600" } }) });
    all.clock.set(-86400000);
    all.link.kick();
    await connectsAfter(all, 2000);
});
