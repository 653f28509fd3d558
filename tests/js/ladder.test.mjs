/* The ladder: a link with all of its rungs, against networks that let some of them through. */

import assert from "node:assert/strict";
import test from "node:test";

import { Link } from "../../myapp/realtime/static/link.js";
import { transportsOf } from "../../myapp/realtime/static/transports.js";
import { makeWorld, settled } from "./world.mjs";

async function opened(answer = () => ({}), { memory = null, now = undefined } = {}) {
    const world = makeWorld(now), said = [];
    world.server.answer = (connection) => answer(connection, world.clock);
    const link = new Link({ ...world.arguments, rungs: transportsOf("sse longpoll poll"), deliver: (message) => said.push(message) });
    link.recall(memory);
    link.open(["users"], "5f-10");
    await settled();
    return { ...world, link, said, states: () => said.filter(({ kind }) => kind === "state").map(({ state }) => state) };
}

/* A network that answers streams as `stream` says; polls as the server does: a long one when its wait is over. */
const network = ({ stream = () => ({}), longpoll = () => ({}) }) => (connection) => {
    if (!connection.isPoll) return stream(connection);
    return connection.rung === "poll 25" ? longpoll(connection) : { poll: {} };
};
const refusing = (status, retryAfterS) => () => ({ status, headers: retryAfterS ? { "Retry-After": String(retryAfterS) } : {} });
const never = () => ({ never: true });
const gone = () => Promise.reject(new TypeError("Failed to fetch"));

/* Nothing but long polls until just before `ms`, and then a stream. */
async function climbsAfter({ clock, server }, ms) {
    const streams = () => server.rungs.filter((rung) => rung === "sse").length, before = streams();
    await clock.pass(ms - 1);
    assert.equal(streams(), before, `a stream was tried earlier than after ${ms} ms`);
    await clock.pass(1);
    assert.equal(streams(), before + 1, `no stream was tried after ${ms} ms`);
}

for (const status of [503, 429, 406]) {
    test(`a stream refused with ${status} is followed by a long poll at once, and is never off`, async () => {
        const { server, clock, link, states } = await opened(network({ stream: refusing(status) }));
        await clock.pass(0);
        assert.deepEqual(server.rungs, ["sse", "poll 0", "poll 25"]);
        assert.equal(link.state, "polling");
        assert.deepEqual(states(), ["polling"]);
    });
}

test("a stream that is not connected within 5 s, as behind a proxy that buffers, is followed by a long poll at once", async () => {
    for (const stream of [never, () => ({})]) {
        const { server, clock, link, states } = await opened(network({ stream }));
        await clock.pass(4999);
        assert.deepEqual(server.rungs, ["sse"]);
        await clock.pass(1);
        assert.deepEqual(server.rungs, ["sse", "poll 0", "poll 25"]);
        assert.deepEqual(states(), ["polling"]);
        assert.equal(link.state, "polling");
    }
});

test("a stream that is cut twice is followed by a long poll, and one that is cut once is not", async () => {
    const { server, clock, link } = await opened(network({}));
    await server.last.connected("5f-10");
    await server.last.cut();
    await clock.pass(2000);
    await server.last.connected("5f-10");
    assert.equal(link.state, "sse");
    await server.last.cut();
    assert.equal(link.state, "off");
    await clock.pass(3000);
    assert.deepEqual(server.rungs, ["sse", "sse", "poll 0", "poll 25"]);
    assert.equal(link.state, "polling");
});

/* As a proxy that gives a server 3 s to say a word, when there is no news. */
function impatient(connection, clock) {
    if (connection.rung === "poll 0") return { poll: {} };
    if (connection.isPoll) return new Promise((_, reject) => clock.setTimeout(() => reject(new TypeError("Failed to fetch")), 3000));
    clock.setTimeout(() => connection.connected("5f-10"), 0);
    clock.setTimeout(() => connection.cut(), 3000);
    return {};
}

test("behind a proxy that cuts whatever is silent for 3 s the link comes to plain polls, and keeps to them when it climbs in vain", async () => {
    const { server, clock, link, states } = await opened(impatient);
    await clock.pass(25000);
    assert.deepEqual(server.rungs.slice(0, 7), ["sse", "sse", "poll 0", "poll 25", "poll 0", "poll 25", "poll 0"]);
    assert.equal(link.state, "polling");
    const before = states().length;
    await clock.pass(5 * 60000);
    assert.ok(server.rungs.filter((rung) => rung === "sse").length >= 4);
    assert.ok(!states().slice(before).includes("off"));
    assert.equal(link.state, "polling");
});

test("a long poll that is refused is followed by a plain one at once", async () => {
    const { server, clock, link, states } = await opened(network({ stream: refusing(503), longpoll: refusing(429) }));
    await clock.pass(0);
    assert.deepEqual(server.rungs, ["sse", "poll 0", "poll 25", "poll 0"]);
    assert.equal(link.state, "polling");
    assert.deepEqual(states(), ["polling"]);
    await clock.pass(6000);
    assert.equal(server.last.rung, "poll 0");
});

test("the cursor goes down and up with the link", async () => {
    const { server, clock, link } = await opened(network({ stream: refusing(503) }));
    await clock.pass(0);
    await server.last.reply({ events: [{ id: "5f-11", topic: "users", type: "changed", data: {} }], cursor: "5f-12" });
    server.answer = () => ({});
    await clock.pass(30000);
    assert.equal(server.last.rung, "sse");
    assert.equal(server.last.cursor, "5f-12");
    await server.last.connected("5f-12");
    assert.equal(link.state, "sse");
    assert.equal(server.open.length, 1);
});

test("a stream is tried again after 30 s, doubling to 10 min, and meanwhile the link goes on polling", async () => {
    const all = await opened(network({ stream: refusing(503) }));
    await all.clock.pass(0);
    for (const ms of [30000, 60000, 120000, 240000, 480000, 600000, 600000]) {
        await climbsAfter(all, ms);
        await all.clock.pass(0);
        assert.equal(all.server.last.rung, "poll 25");
    }
    assert.deepEqual(all.states(), ["polling"], "what fails on the way up is no news");
});

test("pages that fell together do not climb together: up to half of the pause later", async () => {
    const all = await opened(network({ stream: refusing(503) }));
    all.chance.value = 1;
    await all.clock.pass(0);
    await climbsAfter(all, 45000);
});

test("a stream that proved itself for 10 s is tried again after 30 s when it fails next", async () => {
    const all = await opened(network({ stream: refusing(503) }));
    await all.clock.pass(0);
    await climbsAfter(all, 30000);
    await all.clock.pass(0);
    all.server.answer = network({});
    await climbsAfter(all, 60000);
    await all.server.last.connected("5f-10");
    await all.clock.pass(10000);
    all.server.answer = network({ stream: refusing(503) });
    await all.server.last.cut();
    await all.clock.pass(2000);
    assert.deepEqual(all.server.rungs.slice(-3), ["sse", "poll 0", "poll 25"]);
    await climbsAfter(all, 30000);
});

test("a refused stream is not tried again before its Retry-After, when that is longer than 30 s", async () => {
    const all = await opened(network({ stream: refusing(503, 100) }));
    await all.clock.pass(0);
    await climbsAfter(all, 100000);
    const short = await opened(network({ stream: refusing(503, 5) }));
    await short.clock.pass(0);
    await climbsAfter(short, 30000);
});

test("a kick climbs at once when the stream failed, but leaves one that was refused its 30 s, and polls that are well alone", async () => {
    const failed = await opened(network({}));
    for (const ms of [2000, 3000]) {
        await failed.server.last.connected("5f-10");
        await failed.server.last.cut();
        await failed.clock.pass(ms);
    }
    assert.equal(failed.link.state, "polling");
    await failed.clock.pass(2000);
    failed.link.kick();
    await failed.clock.pass(0);
    assert.equal(failed.server.last.rung, "sse");
    await failed.server.last.connected("5f-10");
    assert.equal(failed.link.state, "sse");

    const refused = await opened(network({ stream: refusing(503) }));
    await refused.clock.pass(29999);
    const before = refused.server.connections.length;
    refused.link.kick();
    await refused.clock.pass(0);
    assert.equal(refused.server.connections.length, before);
    await refused.clock.pass(2000);
    refused.link.kick();
    await refused.clock.pass(0);
    assert.ok(refused.server.rungs.slice(before).includes("sse"));
});

test("after a kick the pauses between climbs begin at 30 s again", async () => {
    const all = await opened(network({ stream: refusing(503) }));
    await all.clock.pass(0);
    for (const ms of [30000, 60000, 120000]) await climbsAfter(all, ms);
    await all.clock.pass(31000);
    all.link.kick();
    await all.clock.pass(0);
    await climbsAfter(all, 30000);
});

test("kicks in a row make no more than one attempt in 2 s", async () => {
    const all = await opened(network({ stream: refusing(503) }));
    await all.clock.pass(40000);
    const before = all.server.connections.length;
    for (let kick = 0; kick < 20; kick += 1) {
        all.link.kick();
        await all.clock.pass(200);
    }
    assert.ok(all.server.connections.length - before <= 9, `${all.server.connections.length - before} requests in 4 s`);
});

test("a climb that finds no stream stands at a long poll again where there was a plain one", async () => {
    const { server, clock, link } = await opened(network({ stream: never, longpoll: refusing(429) }));
    await clock.pass(5000);
    assert.equal(server.last.rung, "poll 0");
    server.answer = network({ stream: never });
    await clock.pass(36000);
    assert.equal(server.last.rung, "poll 25");
    assert.equal(link.state, "polling");
});

test("a server that was gone is met by streams again within 2 s of the first poll that it answers", async () => {
    const { server, clock, link } = await opened();
    await server.last.connected("5f-10");
    await clock.pass(10000);
    server.answer = gone;
    await server.last.cut();
    await clock.pass(8000);
    assert.equal(link.state, "off");
    assert.equal(server.last.rung, "poll 0");
    server.answer = network({});
    await clock.pass(2000);
    assert.equal(link.state, "polling");
    await clock.pass(1500);
    assert.equal(server.last.rung, "sse");
});

test("a server that is gone is tried twice by each rung before the next, and by plain polls until it is back", async () => {
    const all = await opened();
    await all.server.last.connected("5f-10");
    all.server.answer = gone;
    await all.server.last.cut();
    for (const ms of [2000, 3000, 2000, 3000, 6000, 9000, 13500, 20250, 24000, 24000]) {
        const before = all.server.connections.length;
        await all.clock.pass(ms - 1);
        assert.equal(all.server.connections.length, before, `tried earlier than after ${ms} ms`);
        await all.clock.pass(1);
        assert.equal(all.server.connections.length, before + 1, `not tried after ${ms} ms`);
    }
    assert.deepEqual(all.server.rungs.slice(0, 4), ["sse", "sse", "poll 0", "poll 0"]);
    assert.deepEqual(all.states(), ["sse", "off"]);
});

/* What a page told of its link, as it comes out of a storage. */
const memoryOf = ({ said }) => JSON.parse(JSON.stringify(said.filter(({ kind }) => kind === "memory").at(-1)?.memory ?? null));
const nextPage = (before, answer) => opened(answer, { memory: memoryOf(before), now: before.clock.now() });

test("the next page begins on the rung of the page before, without waiting for a stream, and climbs within 30 s", async () => {
    const before = await opened(network({ stream: never }));
    await before.clock.pass(5000);
    const next = await nextPage(before, network({ stream: never }));
    await next.clock.pass(0);
    assert.deepEqual(next.server.rungs, ["poll 0", "poll 25"]);
    assert.deepEqual(next.states(), ["polling"]);
    next.server.answer = network({});
    await climbsAfter(next, 30000);
    await next.server.last.connected("5f-10");
    assert.equal(next.link.state, "sse");
    assert.equal(memoryOf(next), null, "what is over is not remembered");
});

test("of a rung that was refused the next page knows until when, and of pauses between climbs how long they are", async () => {
    const before = await opened(network({ stream: refusing(503, 20) }));
    await before.clock.pass(0);
    for (const ms of [30000, 60000]) await climbsAfter(before, ms);
    await before.clock.pass(0);
    await before.clock.pass(20000);
    const next = await nextPage(before, network({ stream: refusing(503) }));
    await next.clock.pass(2000);
    next.link.kick();
    await next.clock.pass(0);
    assert.ok(!next.server.rungs.includes("sse"), "it was refused less than 30 s ago");
    const due = await nextPage(before, network({ stream: refusing(503) }));
    await climbsAfter(due, 30000);
    await climbsAfter(due, 240000);
});

test("what is older than ten minutes, or of a longer ladder, is no reason to begin below", async () => {
    const before = await opened(network({ stream: refusing(503), longpoll: refusing(429) }));
    await before.clock.pass(0);
    const memory = memoryOf(before);
    assert.equal(memory.rung, 2);
    const old = await opened(undefined, { memory, now: memory.at + 600001 });
    assert.deepEqual(old.server.rungs, ["sse"]);
    const shorter = await opened(undefined, { memory: { ...memory, rung: 7 }, now: memory.at });
    assert.deepEqual(shorter.server.rungs, ["poll 0"]);
});

test("a page that has streams says nothing to be remembered, and what it knows by itself it does not forget for a page that joins", async () => {
    const { said, server, link } = await opened();
    await server.last.connected("5f-10");
    assert.equal(said.filter(({ kind }) => kind === "memory").length, 0);
    link.recall({ at: 1_000_000, rung: 1, climbAt: 0, climbMs: 30000, barredUntil: [] });
    link.open(["rows", "users"], "5f-10");
    await settled();
    assert.deepEqual(server.rungs, ["sse", "sse"]);
});

test("a climb that is due or under way is given up with the link", async () => {
    for (const [ms, rung] of [[29000, "poll 25"], [30000, "sse"]]) {
        const { server, clock, link } = await opened(network({ stream: refusing(503) }));
        await clock.pass(0);
        server.answer = network({ stream: never });
        await clock.pass(ms);
        assert.equal(server.last.rung, rung);
        link.close();
        await clock.pass(0);
        assert.equal(server.open.length, 0);
        assert.equal(clock.pending, 0);
    }
});

test("whoever is signed out while the link polls is not asked about again by a climb", async () => {
    const { server, clock, link } = await opened(network({ stream: refusing(503) }));
    await clock.pass(0);
    server.answer = refusing(401);
    await clock.pass(25000);
    assert.equal(link.state, "signed-out");
    assert.equal(clock.pending, 0);
});

test("topics that are added while the link polls are polled for at once, and the climb comes when it would have", async () => {
    const all = await opened(network({ stream: refusing(503) }));
    await all.clock.pass(20000);
    all.link.open(["rows", "users"], "5f-9");
    await settled();
    assert.deepEqual(all.server.last.topics, ["rows", "users"]);
    assert.ok(all.server.last.isPoll);
    assert.deepEqual(all.states(), ["polling"]);
    await climbsAfter(all, 10000);
});

test("a page that names no transport, or none that there is, has streams alone", () => {
    const names = (list) => transportsOf(list).map(({ state }) => state);
    assert.deepEqual([names(undefined), names(""), names("carrier-pigeon toString"), names("poll sse")],
        [["sse"], ["sse"], ["sse"], ["polling", "sse"]]);
});

test("no Retry-After, of a year say, and no clock that is set back, keeps a stream from being tried for longer than an hour", async () => {
    for (const [askedS, setMs, ms] of [[31536000, 0, 3600000], [1800, -86400000, 1800000]]) {
        const all = await opened(network({ stream: refusing(503, askedS) }));
        await all.clock.pass(0);
        all.clock.set(setMs);
        await climbsAfter(all, ms);
        await climbsAfter(all, askedS > 3600 ? 3600000 : 1800000);
    }
});
