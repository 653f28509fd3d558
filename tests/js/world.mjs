/* A world for the link to live in, without a network and without waiting: a clock that is moved by hand, a server that answers
 * as the test says, and a random() that gives what the test wants. */

export class Clock {
    #now;
    #timers = new Map();
    #last = 0;
    #set = 0;

    constructor(now = 1_000_000) {
        this.#now = now;
    }

    now = () => this.#now + this.#set;

    setTimeout = (act, ms) => {
        this.#timers.set(++this.#last, { at: this.#now + ms, act });
        return this.#last;
    };

    clearTimeout = (timer) => this.#timers.delete(timer);

    /** Somebody sets the clock, by `ms`. Timers do not mind. */
    set(ms) {
        this.#set += ms;
    }

    get pending() {
        return this.#timers.size;
    }

    /** Let `ms` pass; timers fire in their order, and what they start settles before the next one. */
    async pass(ms) {
        const end = this.#now + ms;
        await settled();
        for (let due = this.#next(end); due; due = this.#next(end)) {
            const [timer, { at, act }] = due;
            this.#timers.delete(timer);
            this.#now = Math.max(this.#now, at);
            act();
            await settled();
        }
        this.#now = end;
    }

    #next(end) {
        return [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
    }
}

/** Wait until everything that has been started has come to rest: a turn of the event loop empties all queues before it. */
export async function settled() {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A server: each connection that comes is kept, answered by what `answer` returns, and can be written to while it is open. */
export class Server {
    connections = [];
    answer = () => ({});
    #clock;

    constructor(clock) {
        this.#clock = clock;
    }

    fetch = async (url, { headers, signal }) => {
        const { searchParams, pathname } = new URL(url, "http://server");
        const topics = searchParams.getAll("topic");
        const connection = new Connection({ pathname, topics, headers, signal, query: searchParams }, this.#clock);
        this.connections.push(connection);
        return connection.respond(await this.answer(connection));
    };

    openSocket = (url) => {
        const { searchParams, pathname } = new URL(url, "http://server");
        const socket = new Socket({ pathname, topics: searchParams.getAll("topic"), query: searchParams });
        this.connections.push(socket);
        Promise.resolve(this.answer(socket)).then((answer) => socket.respond(answer));
        return socket;
    };

    get last() {
        return this.connections.at(-1);
    }

    get rungs() {
        return this.connections.map(({ rung }) => rung);
    }

    get open() {
        return this.connections.filter(({ signal }) => !signal.aborted);
    }
}

class Connection {
    #controller;
    #reply;
    #clock;

    constructor(request, clock) {
        this.#clock = clock;
        Object.assign(this, request);
    }

    get cursor() {
        return this.headers["Last-Event-ID"];
    }

    get isPoll() {
        return this.pathname.endsWith("/poll");
    }

    /* Which rung it is of: a long poll says so only when it waits. */
    get rung() {
        return this.isPoll ? `poll ${this.query.get("wait")}` : "sse";
    }

    respond({ status = 200, headers = {}, body, never = false, poll }) {
        if (poll) return this.#answer(poll);
        if (never || (this.isPoll && status === 200)) return this.#unanswered({ never });
        if (status !== 200) return new Response(status === 204 ? null : JSON.stringify(body ?? {}), { status, headers });
        const stream = new ReadableStream({ start: (controller) => { this.#controller = controller; } });
        this.signal.addEventListener("abort", () => this.#fail(this.signal.reason));
        return new Response(stream, { headers: { "Content-Type": "text/event-stream; charset=utf-8", ...headers } });
    }

    /* A poll that waits is answered when its wait is over. */
    #unanswered({ never }) {
        const waitMs = Number(this.query.get("wait")) * 1000;
        return new Promise((resolve, reject) => {
            const timer = waitMs && !never ? this.#clock.setTimeout(() => this.#reply({}), waitMs) : null;
            this.#reply = (answer) => {
                this.#clock.clearTimeout(timer);
                resolve(this.#answer(answer));
            };
            this.signal.addEventListener("abort", () => {
                this.#clock.clearTimeout(timer);
                reject(this.signal.reason);
            });
        });
    }

    #answer(answer) {
        return Response.json({ cursor: this.cursor ?? "5f-10", build: "b1", reset: null, more: false, events: [], ...answer });
    }

    /** Answer a poll that was left waiting. */
    async reply(answer) {
        this.#reply(answer);
        await settled();
    }

    #fail(reason) {
        try {
            this.#controller.error(reason);
        } catch {
            // It was cut before; there is nothing left to fail.
        }
    }

    async write(text) {
        this.#controller.enqueue(new TextEncoder().encode(text));
        await settled();
    }

    async send(type, data, id) {
        await this.write(`${id ? `id: ${id}\n` : ""}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    }

    async connected(id, { retryMs = 2000, heartbeatS = 15 } = {}) {
        await this.write(`retry: ${retryMs}\n`);
        await this.send("connected", { status: "connected", heartbeat_s: heartbeatS, build: "b1" }, id);
    }

    async event(topic, id, more = {}) {
        await this.send("changed", { topic, type: "changed", data: { n: 1 }, ...more }, id);
    }

    async cut() {
        this.#controller.close();
        await settled();
    }
}

/* A WebSocket of the browser's, and the server's end of it. */
class Socket {
    rung = "websocket";
    isPoll = false;
    #closing = new AbortController();

    constructor(request) {
        Object.assign(this, request);
    }

    get signal() {
        return this.#closing.signal;
    }

    get cursor() {
        return this.query.get("last_event_id") ?? undefined;
    }

    respond({ status = 200, never = false }) {
        if (never || this.signal.aborted) return;
        if (status === 200) this.onopen();
        else this.cut();
    }

    close() {
        this.#closing.abort();
    }

    async write(text) {
        this.onmessage({ data: text });
        await settled();
    }

    async send(type, data, id = null) {
        await this.write(JSON.stringify({ id, type, data }));
    }

    async connected(id, { heartbeatS = 15 } = {}) {
        await this.send("connected", { status: "connected", heartbeat_s: heartbeatS, build: "b1" }, id);
    }

    async event(topic, id, more = {}) {
        await this.write(JSON.stringify({ id, topic, type: "changed", data: { n: 1 }, ...more }));
    }

    async cut() {
        this.close();
        this.onclose();
        await settled();
    }
}

/** All that a Link or a Hub needs of the world; `chance.value` is what random() gives. */
export function makeWorld(now) {
    const clock = new Clock(now), server = new Server(clock), chance = { value: 0 };
    const world = { url: "/events", clock, fetch: server.fetch, openSocket: server.openSocket, random: () => chance.value };
    return { clock, server, chance, arguments: world };
}
