/* The hub that pages share: what goes between a page and the worker, through ports of the test's own. */

import assert from "node:assert/strict";
import test from "node:test";

import { Hub } from "../../myapp/realtime/static/hub.js";
import { Ports } from "../../myapp/realtime/static/ports.js";
import { SharedHub } from "../../myapp/realtime/static/shared_hub.js";
import { Clock, makeWorld, settled } from "./world.mjs";

/* One end of a channel: messages are copied and arrive later, also those that were on their way when it was closed. */
class Port {
    onmessage = null;
    isClosed = false;
    isFrozen = false;
    #waiting = [];

    static pair() {
        const ends = [new Port(), new Port()];
        ends.forEach((end, number) => { end.other = ends[1 - number]; });
        return ends;
    }

    postMessage(message) {
        if (!this.isClosed && !this.other.isClosed) this.other.#waiting.push(structuredClone(message));
        setImmediate(() => this.other.deliver());
    }

    deliver() {
        while (!this.isFrozen && this.onmessage && this.#waiting.length) this.onmessage({ data: this.#waiting.shift() });
    }

    close() {
        this.isClosed = true;
    }
}

/* A browser: its workers (one at a time for each room, until it is killed), and its tabs. */
class Browser {
    workers = [];
    isForbidding = false;

    constructor() {
        Object.assign(this, makeWorld());
        this.startWorker = (room) => {
            if (this.isForbidding) throw new Error("SecurityError");
            const isWanted = (worker) => worker.isAlive && worker.room === room;
            if (!this.workers.some(isWanted)) this.workers.push({ ...this.#makeWorker(), room });
            const [port, end] = Port.pair();
            this.workers.find(isWanted).connect(end);
            return { port };
        };
    }

    #makeWorker() {
        const ports = new Ports(new Hub(this.arguments), this.clock), far = [];
        return {
            isAlive: true,
            connect: (end) => {
                far.push(end);
                ports.connect(end);
            },
            silence: () => far.forEach((end) => { end.isFrozen = true; }),
        };
    }

    /* clock: the tab's own, when it is one that stands still. */
    tab(topics, clock = this.clock) {
        return new Tab({ ...this, clock }, topics);
    }
}

/* A tab as page.js has it: it knows where it is, and says so whenever it is asked. */
class Tab {
    told = [];

    constructor({ startWorker, clock, arguments: world }, topics) {
        this.positions = topics;
        this.hub = new SharedHub({
            clock,
            makeHub: () => new Hub(world),
            startWorker: (room) => (this.worker = startWorker(room)),
        });
        this.tell = this.hub.connect((message) => this.#take(message));
        this.join();
    }

    join() {
        this.tell({ kind: "join", topics: { ...this.positions } });
    }

    #take(message) {
        this.told.push(message);
        if (message.id !== undefined && message.id === this.failsOn) throw new Error("the tab fails");
        if (message.id !== undefined) for (const topic of Object.keys(this.positions)) this.positions[topic] = message.id;
        if (message.kind === "rejoin") this.join();
    }

    get state() {
        return this.told.filter(({ kind }) => kind === "state").at(-1)?.state;
    }

    get ids() {
        return this.told.filter(({ kind }) => kind === "event").map(({ id }) => id);
    }

    count(kind) {
        return this.told.filter((message) => message.kind === kind).length;
    }

    set isFrozen(value) {
        this.worker.port.isFrozen = value;
        this.worker.port.deliver();
    }
}

async function oneTab() {
    const browser = new Browser(), tab = browser.tab({ users: "5f-10" });
    await settled();
    await browser.server.last.connected("5f-10");
    return { browser, tab, clock: browser.clock, server: browser.server };
}

/* Time passes while heartbeats come, as they do from a server. */
async function passAlive({ clock, server }, ms) {
    for (let passed = 0; passed < ms; passed += 10000) {
        await clock.pass(Math.min(10000, ms - passed));
        await server.last.send("heartbeat", {}, "5f-10");
    }
}

test("ten tabs have one connection, and each gets each event of its topics once, from its own cursor", async () => {
    const browser = new Browser();
    const tabs = Array.from({ length: 9 }, () => browser.tab({ users: "5f-10" }));
    tabs.push(browser.tab({ users: "5f-11", rows: "5f-11" }));
    await settled();
    assert.equal(browser.server.open.length, 1);
    assert.deepEqual(browser.server.last.topics, ["rows", "users"]);
    await browser.server.last.connected("5f-10");
    for (const [seq, topic] of [[11, "users"], [12, "users"], [13, "rows"]]) await browser.server.last.event(topic, `5f-${seq}`);
    assert.deepEqual(tabs[0].ids, ["5f-11", "5f-12"]);
    assert.deepEqual(tabs[9].ids, ["5f-12", "5f-13"]);
    assert.ok(tabs.every(({ state, hub }) => state === "sse" && hub.isShared));
});

test("what comes in one chunk goes to a tab in one message, and a tab that fails on a part of it gets the rest", async (t) => {
    t.mock.method(console, "warn", () => {});
    const browser = new Browser(), tab = browser.tab({ users: "5f-10" }), posted = t.mock.method(Port.prototype, "postMessage");
    await settled();
    await browser.server.last.connected("5f-10");
    posted.mock.resetCalls();
    tab.failsOn = "5f-12";
    const event = (seq) => `id: 5f-${seq}\nevent: changed\ndata: {"topic": "users", "type": "changed", "data": {}}\n\n`;
    await browser.server.last.write([11, 12, 13].map(event).join(""));
    assert.deepEqual(tab.ids, ["5f-11", "5f-12", "5f-13"]);
    assert.equal(posted.mock.callCount(), 1);
    assert.equal(console.warn.mock.callCount(), 1);
});

test("the tab that made the connection may close, and the last one that does ends it", async () => {
    const browser = new Browser();
    const tabs = [browser.tab({ users: "5f-10" }), browser.tab({ users: "5f-10" })];
    await settled();
    await browser.server.last.connected("5f-10");
    tabs[0].tell({ kind: "leave" });
    await settled();
    await browser.server.last.event("users", "5f-11");
    assert.deepEqual(tabs.map(({ ids }) => ids), [[], ["5f-11"]]);
    assert.equal(browser.server.connections.length, 1);
    tabs[1].tell({ kind: "leave" });
    await settled();
    assert.equal(browser.server.open.length, 0);
    await browser.clock.pass(30000);
    assert.equal(browser.clock.pending, 0);
});

test("a worker that answers is kept, and so are tabs that ping: every 20 s, or once a minute as hidden ones do", async () => {
    const all = await oneTab(), slow = new Clock(), hidden = all.browser.tab({ users: "5f-10" }, slow);
    for (let minute = 0; minute < 10; minute += 1) {
        await passAlive(all, 60000);
        await slow.pass(60000);
    }
    assert.equal(all.browser.workers.length, 1);
    assert.deepEqual([all.tab.count("rejoin"), hidden.count("rejoin")], [0, 0]);
    assert.equal(all.server.connections.length, 1);
});

test("a worker that dies is noticed by the next ping within 20 s, and 5 s later replaced by another, from where the tab is", async () => {
    const { browser, tab, server, clock } = await oneTab();
    await server.last.event("users", "5f-11");
    browser.workers[0].silence();
    browser.workers[0].isAlive = false;
    await clock.pass(24999);
    assert.equal(browser.workers.length, 1);
    await clock.pass(1);
    assert.equal(browser.workers.length, 2);
    assert.equal(server.last.cursor, "5f-11");
    await server.last.connected("5f-11");
    await server.last.event("users", "5f-12");
    assert.deepEqual(tab.ids, ["5f-11", "5f-12"]);
    browser.workers[1].silence();
    browser.workers[1].isAlive = false;
    await clock.pass(25000);
    assert.equal(browser.workers.length, 3, "one that answered for a while is replaced like the first");
    assert.ok(tab.hub.isShared);
});

test("a kick asks the worker at once whether it lives", async () => {
    const { browser, tab, clock } = await oneTab();
    browser.workers[0].silence();
    browser.workers[0].isAlive = false;
    tab.tell({ kind: "kick" });
    await clock.pass(5000);
    assert.equal(browser.workers.length, 2);
});

test("where the second worker is no better, the tab has a hub of its own, from where it is", async () => {
    const { browser, tab, server, clock } = await oneTab();
    await server.last.event("users", "5f-11");
    browser.workers[0].silence();
    browser.workers[0].connect = () => {};
    tab.tell({ kind: "kick" });
    await clock.pass(5000);
    await clock.pass(14999);
    assert.ok(tab.hub.isShared, "it may have to be loaded");
    await clock.pass(1);
    assert.ok(!tab.hub.isShared);
    assert.equal(server.last.cursor, "5f-11");
    await server.last.connected("5f-11");
    await server.last.event("users", "5f-12");
    assert.deepEqual(tab.ids, ["5f-11", "5f-12"]);
    assert.equal(tab.state, "sse");
    tab.tell({ kind: "leave" });
    await settled();
    assert.ok(server.last.signal.aborted);
});

test("where no worker may be started, or none can be loaded, the tab has a hub of its own at once", async () => {
    const forbidding = new Browser();
    forbidding.isForbidding = true;
    const alone = forbidding.tab({ users: "5f-10" });
    await settled();
    assert.equal(forbidding.server.open.length, 1);
    assert.ok(!alone.hub.isShared);

    const empty = new Browser();
    empty.workers.push({ isAlive: true, room: 0, connect: () => {} });
    const tab = empty.tab({ users: "5f-10" });
    tab.worker.onerror(new Event("error"));
    await settled();
    assert.equal(empty.server.open.length, 1);
    assert.ok(!tab.hub.isShared);
    await empty.clock.pass(4000);
    assert.equal(tab.count("rejoin"), 1);
    tab.tell({ kind: "leave" });
    await settled();
    assert.equal(empty.clock.pending, 0);
});

test("a tab that ended without a word is given up after 150 s, and its topics with the connection", async () => {
    const browser = new Browser(), { server, clock } = browser;
    const tab = browser.tab({ users: "5f-10" }, new Clock());   // its clock stands: it neither pings nor leaves
    await settled();
    tab.isFrozen = true;
    await server.last.connected("5f-10");
    await passAlive(browser, 150000);
    assert.equal(server.open.length, 1);
    await clock.pass(30000);
    assert.equal(server.open.length, 0);
    assert.equal(server.connections.length, 1);
});

test("a tab that was frozen for longer joins again when it thaws, and has what it missed once", async () => {
    const browser = new Browser();
    const one = browser.tab({ users: "5f-10" }, new Clock()), other = browser.tab({ rows: "5f-10" });
    await settled();
    await browser.server.last.connected("5f-10");
    one.isFrozen = true;
    await browser.server.last.event("users", "5f-11");
    await passAlive(browser, 200000);
    await browser.server.last.event("users", "5f-12");
    one.isFrozen = false;
    await settled();
    await browser.server.last.connected("5f-11");
    await browser.server.last.event("users", "5f-12");
    await browser.server.last.event("rows", "5f-13");
    assert.deepEqual(one.ids, ["5f-11", "5f-12"]);
    assert.deepEqual(other.ids, ["5f-13"]);
});

test("a tab that comes back from the browser's cache has again what was on its way to it when it left", async () => {
    const { tab, server } = await oneTab(), { port } = tab.worker;
    port.isFrozen = true;
    await server.last.event("users", "5f-11");
    tab.tell({ kind: "leave" });
    await settled();
    tab.join();
    await settled();
    assert.equal(server.last.cursor, "5f-10");
    await server.last.connected("5f-10");
    await server.last.event("users", "5f-11");
    port.isFrozen = false;
    port.deliver();
    assert.deepEqual(tab.ids, ["5f-11"]);
});

test("tabs for whose topics there is no room beside the others share the next worker, and leave the others theirs", async () => {
    const browser = new Browser(), { server } = browser;
    server.answer = ({ topics }) => (topics.length > 1 ? { status: 400, body: { status: 400, max_topics: 1 } } : {});
    const tabs = [];
    for (const topic of ["users", "rows", "rows"]) {
        tabs.push(browser.tab({ [topic]: "5f-10" }));
        await settled();
    }
    assert.deepEqual(server.open.map(({ topics }) => topics).sort(), [["rows"], ["users"]]);
    for (const connection of server.open) await connection.connected("5f-10");
    for (const connection of server.open) await connection.event(connection.topics[0], "5f-11");
    assert.deepEqual(tabs.map(({ ids, state }) => [...ids, state]), Array(3).fill(["5f-11", "sse"]));
    assert.deepEqual(browser.workers.map(({ room }) => room), [0, 1]);
    tabs.forEach((tab) => tab.tell({ kind: "leave" }));
    await settled();
    assert.equal(server.open.length, 0);
});
