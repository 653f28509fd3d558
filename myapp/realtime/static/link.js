/* The link: keeps one connection to the server, and says what arrives and how it stands.
 *
 * It knows when to connect again, with which topics and from which cursor. How one connection is made and read is a rung's
 * business (sse.js); who listens is the hub's. It knows no DOM, and fetch, clock and chance are arguments, so that it is
 * tested without waiting. What it says to its owner are plain objects with a `kind`: `state`, `position`, `event`, `reset`,
 * `refused` (topics that this viewer may not have, and the status that said so).
 */

import { Retry } from "./retry.js";
import { sse } from "./sse.js";

const LONGEST_PAUSE_MS = 3600000; // no Retry-After is followed blindly; timers overflow at 24.8 days and would fire at once
const STEADY_MS = 10000;          // a connection that lived this long forgets the failures before it
const KICK_PAUSE_MS = 2000;       // between two attempts, however often someone kicks
const LATE_HEARTBEATS = 1.3;      // silent for longer than this, a connection is not taken for healthy on a kick
const AT_ONCE_MS = 1000;          // after a farewell to one stream: sooner than the 2 s after which a page would show it
const MEANT_FOR_MANY = ["shutdown", "revoked"];  // farewells that reach many pages together: those are spread over `retry:`
const RUNGS = [sse];

export class Link {
    #url;
    #deliver;
    #world;             // {fetch, clock}
    #retry;
    #rungs;
    #rung = 0;          // which rung is tried next; who moves it is #ended
    #topics = [];
    #cursor = null;
    #state = "connecting";
    #attempt = null;    // the AbortController of the connection that counts; what another one still says is not heard
    #timer = null;
    #startedAt = -Infinity;
    #connectedAt = null;
    #heardAt = null;
    #heartbeatMs = null;

    /** url: of the server's /events. deliver(message): gets all that is said. random(): in [0, 1). rungs: best first. */
    constructor({ url, deliver, fetch, clock, random, rungs = RUNGS }) {
        this.#url = url;
        this.#deliver = deliver;
        this.#world = { fetch, clock };
        this.#retry = new Retry(random);
        this.#rungs = rungs;
    }

    get topics() {
        return this.#topics;
    }

    get cursor() {
        return this.#cursor;
    }

    /** One of connecting, off, signed-out, or the state of the rung that is connected: sse. */
    get state() {
        return this.#state;
    }

    /** Listen to these topics from this cursor (null: from now), instead of whatever was listened to before.
     *
     * At once, unless a pause is running: a server that asked for peace gets it.
     */
    open(topics, cursor) {
        this.#topics = [...topics];
        this.#cursor = cursor;
        if (this.#timer === null) this.#connect();
    }

    /** Listen to nothing. The cursor is forgotten. */
    close() {
        this.#topics = [];
        this.#cursor = null;
        this.#retry.forget();
        this.#halt();
        this.#say("connecting");
    }

    /** Look after the connection now: someone looks at the page, or the network is back. A healthy one stays as it is. */
    kick() {
        if (this.#topics.length === 0 || this.#isHealthy() || this.#isTrying()) return;
        this.#connectIn(Math.max(0, this.#startedAt + KICK_PAUSE_MS - this.#world.clock.now()));
    }

    #isHealthy() {
        if (this.#attempt === null || this.#connectedAt === null) return false;
        return this.#world.clock.now() - this.#heardAt <= this.#heartbeatMs * LATE_HEARTBEATS;
    }

    #isTrying() {
        return this.#attempt !== null && this.#connectedAt === null;
    }

    #halt() {
        this.#attempt?.abort();
        this.#attempt = null;
        this.#world.clock.clearTimeout(this.#timer);
        this.#timer = null;
    }

    #connect() {
        this.#halt();
        if (this.#state !== "off" && this.#state !== "signed-out") this.#say("connecting");
        this.#startedAt = this.#world.clock.now();
        this.#connectedAt = null;
        const attempt = this.#attempt = new AbortController();
        this.#rungs[this.#rung].listen({
            url: this.#url, topics: this.#topics, cursor: this.#cursor,
            ...this.#world, signal: attempt.signal,
            deliver: (message) => this.#attempt === attempt && this.#take(message),
        }).then((ending) => this.#attempt === attempt && this.#ended(ending));
    }

    #connectIn(ms) {
        this.#halt();
        this.#timer = this.#world.clock.setTimeout(() => this.#connect(), Math.min(ms, LONGEST_PAUSE_MS));
    }

    #take(message) {
        // The cursor moves first: if a listener fails on an event, the next connection must not bring it again.
        if (message.id !== undefined) this.#cursor = message.id;
        if (message.kind === "heard") this.#heardAt = this.#world.clock.now();
        else if (message.kind === "retry") this.#retry.told(message.ms);
        else if (message.kind === "connected") this.#connected(message);
        else this.#deliver(message);
    }

    #connected({ id, heartbeatMs }) {
        this.#connectedAt = this.#world.clock.now();
        this.#heartbeatMs = heartbeatMs;
        this.#deliver({ kind: "position", id });
        this.#say(this.#rungs[this.#rung].state);
    }

    /* Decide what comes after a connection. The ladder of later rungs hangs here, and nowhere else. */
    #ended(ending) {
        this.#attempt = null;
        if (this.#hasBeenSteady()) this.#retry.forget();
        if (ending.status === 401) this.#say("signed-out");
        else if (ending.status === 204) this.#stop();
        else if (ending.why === "closing") this.#comeBack(ending);
        else if (this.#drop(ending)) this.#goOn(0);
        else this.#fail(ending);
    }

    #hasBeenSteady() {
        return this.#connectedAt !== null && this.#world.clock.now() - this.#connectedAt >= STEADY_MS;
    }

    /* 204 says "do not come back": a kick finds no topics; only an open() begins anew. */
    #stop() {
        this.#topics = [];
        this.#say("off");
    }

    /* After a farewell: at once, but the pages of a server that goes not all in one instant. One that only says farewells is failing. */
    #comeBack(ending) {
        this.#drop(ending);
        if (this.#retry.failures >= 2) return this.#fail(ending);
        this.#retry.fail();
        this.#say("connecting");
        this.#goOn(MEANT_FOR_MANY.includes(ending.reason) ? this.#retry.withinMs() : this.#retry.withinMs(AT_ONCE_MS));
    }

    /* Give up the topics that the ending names and tell the owner; false when it names none of ours. */
    #drop({ why, status, topics }) {
        if (why !== "closing" && status !== 403 && status !== 404) return false;
        const refused = this.#topics.filter((topic) => topics.includes(topic));
        if (refused.length === 0) return false;
        this.#topics = this.#topics.filter((topic) => !refused.includes(topic));
        this.#deliver({ kind: "refused", topics: refused, status: status ?? 403 });
        return true;
    }

    /* Connect again with the topics that are left. */
    #goOn(ms) {
        if (this.#attempt !== null) return;  // the owner opened anew when it was told of the refusal
        if (this.#topics.length === 0) this.#say("off");
        else this.#connectIn(ms);
    }

    #fail({ retryAfterMs }) {
        this.#retry.fail();
        this.#say("off");
        this.#goOn(retryAfterMs ? this.#retry.laterMs(retryAfterMs) : this.#retry.pauseMs());
    }

    #say(state) {
        if (state === this.#state) return;
        this.#state = state;
        this.#deliver({ kind: "state", state });
    }
}
