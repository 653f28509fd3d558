/* The poll rungs, each alone: what they ask, what they make of an answer, and when they ask again. */

import assert from "node:assert/strict";
import test from "node:test";

import { Link } from "../../myapp/realtime/static/link.js";
import { transportsOf } from "../../myapp/realtime/static/transports.js";
import { makeWorld, settled } from "./world.mjs";

async function opened(transports, { cursor = "5f-10", answer, topics = ["users"], chance = 0 } = {}) {
    const world = makeWorld(), said = [];
    world.chance.value = chance;
    if (answer) world.server.answer = answer;
    const link = new Link({ ...world.arguments, rungs: transportsOf(transports), deliver: (message) => said.push(message) });
    link.open(topics, cursor);
    await settled();
    return { ...world, link, said };
}

/* How many requests come, tried just before `ms` are over and at their end. */
async function asksAfter({ clock, server }, ms) {
    const before = server.connections.length;
    await clock.pass(ms - 1);
    assert.equal(server.connections.length, before, `asked earlier than after ${ms} ms`);
    await clock.pass(1);
    assert.equal(server.connections.length, before + 1, `did not ask after ${ms} ms`);
}

const event = (seq, more) => ({ id: `5f-${seq}`, topic: "users", type: "changed", data: { n: 1 }, ...more });

test("a poll asks as a stream does, of its own address: topics, fragments and the cursor", async () => {
    const { server } = await opened("longpoll", { topics: ["updates:general", "users"] });
    assert.equal(server.last.pathname, "/events/poll");
    assert.deepEqual(server.last.topics, ["updates:general", "users"]);
    assert.equal(server.last.query.get("fragments"), "1");
    assert.deepEqual(server.last.headers, { Accept: "application/json", "Last-Event-ID": "5f-10" });
});

test("whatever is asked is asked in the name of the page's viewer", async () => {
    for (const transports of ["sse", "longpoll", "poll"]) {
        const { server, arguments: world } = makeWorld();
        new Link({ ...world, viewer: "a&b", rungs: transportsOf(transports), deliver: () => {} }).open(["users"], null);
        await settled();
        assert.equal(server.last.query.get("viewer"), "a&b");
    }
});

test("the first long poll waits for nothing, so that the page knows at once; each later one waits 25 s", async () => {
    const { server, link } = await opened("longpoll");
    assert.equal(server.last.query.get("wait"), "0");
    assert.equal(link.state, "connecting");
    await server.last.reply({});
    assert.equal(link.state, "polling");
    await server.last.reply({ events: [event(11)], cursor: "5f-11" });
    assert.deepEqual(server.rungs, ["poll 0", "poll 25", "poll 25"]);
    assert.equal(server.last.cursor, "5f-11");
});

test("an answer is told in order: reset, events as a stream tells them, then the position", async () => {
    const { server, said } = await opened("longpoll", { cursor: "5e-900" });
    const transient = { id: null, topic: "users", type: "seen", data: {} };
    await server.last.reply({
        reset: { reason: "epoch", spread_ms: 700 }, cursor: "5f-12",
        events: [event(11, { key: "user-1", html: "<tr>" }), event(12, { key: "user-2", html: null }), transient],
    });
    const told = said.filter(({ kind }) => kind !== "state" && kind !== "build");
    assert.deepEqual(told.map(({ kind, id }) => [kind, id]),
        [["position", "5e-900"], ["reset", undefined], ["event", "5f-11"], ["event", "5f-12"], ["event", undefined],
            ["position", "5f-12"]]);
    assert.deepEqual(told[1], { kind: "reset", reason: "epoch", spread_ms: 700 });
    assert.deepEqual(told.slice(2, 5).map(({ html }) => html), ["<tr>", null, undefined]);
    assert.deepEqual(told[2], { kind: "event", id: "5f-11", topic: "users", type: "changed", data: { n: 1 }, key: "user-1", html: "<tr>" });
});

test("without a cursor none is sent, and the answer gives the first one", async () => {
    const { server, link } = await opened("longpoll", { cursor: null });
    assert.equal(server.last.cursor, undefined);
    await server.last.reply({ cursor: "5f-77" });
    assert.equal(link.cursor, "5f-77");
    assert.equal(server.last.cursor, "5f-77");
});

test("an answer without a cursor leaves the old one", async () => {
    const { server, link } = await opened("longpoll");
    await server.last.reply({});
    await server.last.reply({ cursor: null, events: [{ id: null, topic: "users", type: "seen", data: {} }] });
    assert.equal(link.cursor, "5f-10");
    assert.equal(server.last.cursor, "5f-10");
});

for (const transports of ["longpoll", "poll"]) {
    test(`${transports}: where there is more, the next is asked for at once and without a wait`, async () => {
        const { server } = await opened(transports);
        await server.last.reply({ events: [event(11)], cursor: "5f-11", more: true });
        await server.last.reply({ events: [event(12)], cursor: "5f-12", more: true });
        assert.deepEqual(server.rungs, ["poll 0", "poll 0", "poll 0"]);
        assert.equal(server.last.cursor, "5f-12");
    });

    test(`${transports}: a poll that is given up leaves no request and no timer behind`, async () => {
        for (const answered of [false, true]) {
            const { server, clock, link } = await opened(transports);
            if (answered) await server.last.reply({});
            link.close();
            await settled();
            assert.equal(clock.pending, 0);
            assert.equal(server.open.length, 0);
        }
    });
}

test("a plain poll asks 5 s after each answer, give or take a fifth", async () => {
    for (const [chance, ms] of [[0, 4000], [0.5, 5000], [1, 6000]]) {
        const all = await opened("poll", { answer: () => ({ poll: {} }), chance });
        for (let time = 0; time < 5; time += 1) await asksAfter(all, ms);
        assert.ok(all.server.rungs.every((rung) => rung === "poll 0"));
    }
});

test("plain polls that fail are 1.5 times as long apart each, up to 30 s; one success later they are 5 s apart", async () => {
    const all = await opened("poll", { answer: () => ({ status: 500 }), chance: 0.5 });
    assert.equal(all.link.state, "off");
    for (const ms of [7500, 11250, 16875, 25312.5, 30000, 30000]) await asksAfter(all, ms);
    all.server.answer = () => ({ poll: {} });
    await asksAfter(all, 30000);
    assert.equal(all.link.state, "polling");
    await asksAfter(all, 5000);
    all.server.answer = () => ({ status: 500 });
    await asksAfter(all, 5000);
    await asksAfter(all, 7500);
});

test("a server that keeps no answer back is asked every 5 s, and not as fast as it answers", async () => {
    const all = await opened("longpoll", { answer: () => ({ poll: {} }), chance: 0.5 });
    for (let time = 0; time < 5; time += 1) await asksAfter(all, 5000);
});

test("a long poll that was kept for its 25 s is followed by the next at once", async () => {
    const { server, clock } = await opened("longpoll");
    await server.last.reply({});
    await clock.pass(25000);
    assert.deepEqual(server.rungs, ["poll 0", "poll 25", "poll 25"]);
});

test("a poll that is not answered within 10 s after its wait is dead", async () => {
    const { server, clock, link } = await opened("longpoll");
    await clock.pass(9999);
    assert.equal(link.state, "connecting");
    await clock.pass(1);
    assert.equal(link.state, "off");
    await clock.pass(2000);
    server.answer = () => ({ never: true });
    await server.last.reply({});
    assert.equal(link.state, "polling");
    await clock.pass(34999);
    assert.equal(link.state, "polling");
    await clock.pass(1);
    assert.equal(link.state, "off");
});

test("an answer that is no answer to a poll is a failure", async () => {
    for (const poll of [{ events: null }, { events: [null] }]) {
        const { link } = await opened("poll", { answer: () => ({ poll }) });
        assert.equal(link.state, "off");
    }
});

test("polls keep what a refusal asks for: 401 signs out, 403 drops topics, 204 stops, Retry-After is waited for", async () => {
    const signedOut = await opened("poll", { answer: () => ({ status: 401 }) });
    assert.equal(signedOut.link.state, "signed-out");
    assert.equal(signedOut.clock.pending, 0);

    const stopped = await opened("poll", { answer: () => ({ status: 204 }) });
    assert.equal(stopped.link.state, "off");
    assert.equal(stopped.clock.pending, 0);

    const answer = ({ topics }) => (topics.includes("secret") ? { status: 403, body: { topics: ["secret"] } } : {});
    const dropped = await opened("poll", { topics: ["secret", "users"], answer });
    await dropped.clock.pass(0);
    assert.deepEqual(dropped.said, [{ kind: "refused", topics: ["secret"], status: 403 }]);
    assert.deepEqual(dropped.server.last.topics, ["users"]);

    const full = await opened("poll", { answer: () => ({ status: 503, headers: { "Retry-After": "20" } }) });
    await asksAfter(full, 20000);
});

test("polls that were well until the viewer signed out end: no request and no timer is left", async () => {
    const { server, clock, link } = await opened("longpoll poll");
    await server.last.reply({});
    server.answer = () => ({ status: 401 });
    await server.last.reply({ events: [event(11)] });
    assert.equal(link.state, "signed-out");
    assert.equal(clock.pending, 0);
    await clock.pass(3600000);
    assert.equal(server.connections.length, 3);
});

test("the next poll comes within 6 s of an answer though the clock was set back by a day meanwhile", async () => {
    const all = await opened("longpoll", { answer: ({ rung }) => (rung === "poll 0" ? { poll: {} } : {}), chance: 1 });
    all.clock.set(-86400000);
    await all.server.last.reply({});
    await asksAfter(all, 6000);
});

for (const transports of ["longpoll", "poll"]) {
    test(`${transports}: a server that says again and again that there is more, and brings nothing, is asked every 5 s`, async () => {
        let answers = 20;       // without end a client that asks too soon would go on and on
        const all = await opened(transports, { answer: () => (answers-- > 0 ? { poll: { more: true } } : {}), chance: 0.5 });
        assert.deepEqual(all.server.rungs, ["poll 0", "poll 0"]);   // once that may be
        for (let time = 0; time < 3; time += 1) await asksAfter(all, 5000);
    });
}

test("transient events by the hundred are asked for four times a second, and what is logged at once", async () => {
    const ticks = { poll: { cursor: null, events: [{ id: null, topic: "metric:x", type: "value", data: {} }] } };
    let answers = 20;
    const all = await opened("longpoll", { answer: ({ rung }) => (rung === "poll 0" ? { poll: {} } : answers-- > 0 ? ticks : {}) });
    for (let time = 0; time < 3; time += 1) await asksAfter(all, 250);
    let seq = 10;
    all.server.answer = () => (seq < 15 ? { poll: { events: [event(++seq)], cursor: `5f-${seq}` } } : {});
    await all.clock.pass(250);
    assert.equal(seq, 15);
});

test("a server that asks for pauses of days is come back to within seconds after its farewell", async () => {
    const { server, clock, link } = await opened("sse", { chance: 1 });
    await server.last.connected("5f-10", { retryMs: 1e11 });
    await server.last.send("closing", { reason: "shutdown" });
    assert.equal(link.state, "connecting");
    await clock.pass(30000);
    assert.equal(server.connections.length, 2);
});
