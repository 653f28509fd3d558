/* The link: keeps one connection to the server, and says what arrives and how it stands.
 *
 * It knows when to connect again, with which topics and from which cursor. How one connection is made and read is a rung's
 * business (sse.js, websocket.js, poll.js), which rung is better the ladder's; who listens is the hub's. It knows no DOM, and fetch,
 * clock and chance are arguments, so that it is tested without waiting. What it says to its owner are plain objects with a `kind`:
 * `state`, `build` (that the server runs), `position`, `event`, `reset`, `refused` (topics that this viewer may not have, and the status
 * that said so), `crowded` (the server takes no more than `most` topics of one connection), `memory` (what the link of the next page
 * may know of this one).
 */

import { Connection } from "./connection.js";
import { Ladder } from "./ladder.js";
import { Retry } from "./retry.js";
import { sse } from "./sse.js";

const LONGEST_PAUSE_MS = 3600000; // no Retry-After is followed blindly; timers overflow at 24.8 days and would fire at once
const KICK_PAUSE_MS = 2000;       // between two attempts, however often someone kicks
const FAILURES = 2;               // in a row, then the rung below is tried
const KEPT = ["off", "signed-out", "polling"];  // said until a connection says better or worse: trying is no news

export class Link {
    #url;
    #viewer;
    #deliver;
    #world;             // what rungs need of it, besides a clock and chance
    #retry;
    #ladder;
    #topics = [];
    #cursor = null;
    #state = "connecting";
    #build = null;
    #connection = null; // the one that counts; there is never another
    #timer = null;
    #climbTimer = null;
    #startedAt = -Infinity;
    #isRemembered = false;  // the next page would begin on a lower rung

    /** url: of the server's /events. viewer: in whose name it asks, or null. deliver(message): gets all that is said.
     * rungs: best first. world: clock, random() in [0, 1), and what the rungs need, fetch and openSocket.
     */
    constructor({ url, viewer = null, deliver, rungs = [sse], ...world }) {
        this.#url = url;
        this.#viewer = viewer;
        this.#deliver = deliver;
        this.#world = world;
        this.#retry = new Retry(world.random);
        this.#ladder = new Ladder(rungs, world.clock);
    }

    get topics() {
        return this.#topics;
    }

    get cursor() {
        return this.#cursor;
    }

    /** The build that the server said it runs; null before its first word. */
    get build() {
        return this.#build;
    }

    /** What the link of the next page may know of this one, null for nothing; undefined while it is not connected, and does not know itself. */
    get memory() {
        return this.#connection?.isMade ? this.#ladder.memory : undefined;
    }

    /** One of connecting, off, signed-out, or the state of the rung that is connected: sse, websocket, polling. */
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

    /** Begin as the link of the page before stood: by its `memory`, or null. What this one knows by itself is better. */
    recall(memory) {
        if (memory === null || this.#startedAt !== -Infinity) return;
        this.#isRemembered = true;
        this.#ladder.recall(memory);
    }

    /** Listen to nothing. The cursor is forgotten. */
    close() {
        this.#topics = [];
        this.#cursor = null;
        this.#retry.forget();
        this.#halt();
        this.#say("connecting");
    }

    /** Look after the connection now: someone looks at the page, or the network is back.
     *
     * A healthy one stays as it is, unless there may be a better one.
     */
    kick() {
        const isTrying = this.#connection !== null && !this.#connection.isMade;
        const isFine = this.#connection?.isHealthy && !this.#ladder.canClimb;
        if (this.#topics.length === 0 || isTrying || isFine) return;
        this.#ladder.climb({ isAsked: true });
        this.#connectSoon();
    }

    /** Ask the server anew, which answers 401 when the viewer is not signed in any more. Without a connection that comes by itself. */
    doubt() {
        if (this.#viewer !== null && this.#connection !== null) this.#connectSoon();
    }

    #halt() {
        this.#connection?.close();
        this.#connection = null;
        this.#world.clock.clearTimeout(this.#timer);
        this.#world.clock.clearTimeout(this.#climbTimer);
        this.#timer = null;
    }

    #connect() {
        this.#halt();
        if (!KEPT.includes(this.#state) && !this.#ladder.isClimbing) this.#say("connecting");
        this.#startedAt = this.#world.clock.now();
        this.#connection = new Connection(this.#ladder.rung, this.#world.clock);
        this.#connection.begin({
            ...this.#world, url: this.#url, viewer: this.#viewer, topics: this.#topics, cursor: this.#cursor,
            deliver: (message) => this.#take(message),
        }, (ending) => this.#ended(ending));
    }

    #connectIn(ms) {
        this.#halt();
        this.#timer = this.#world.clock.setTimeout(() => this.#connect(), Math.min(ms, LONGEST_PAUSE_MS));
    }

    #connectSoon() {
        const sinceMs = Math.max(0, this.#world.clock.now() - this.#startedAt);  // the clock may have been set back
        this.#connectIn(Math.max(0, KICK_PAUSE_MS - sinceMs));
    }

    #take(message) {
        // The cursor moves first: if a listener fails on an event, the next connection must not bring it again.
        if (message.id !== undefined) this.#cursor = message.id;
        if (message.kind === "retry") this.#retry.told(message.ms);
        else if (message.kind === "connected") this.#connected(message);
        else if (message.kind === "build") this.#noteBuild(message);
        else if (message.kind !== "heard") this.#deliver(message);
    }

    #noteBuild({ build }) {
        if (build === undefined || build === this.#build) return;
        this.#build = build;
        this.#deliver({ kind: "build", build });
    }

    #connected({ id, build }) {
        this.#noteBuild({ build });
        this.#forgetFailures(this.#connection);
        if (!this.#ladder.isAtTop) this.#climbLater();
        this.#deliver({ kind: "position", id });
        this.#remember(this.#ladder.memory);
        this.#say(this.#ladder.rung.state);
    }

    #remember(memory) {
        if (memory !== null || this.#isRemembered) this.#deliver({ kind: "memory", memory });
        this.#isRemembered = memory !== null;
    }

    #climbLater() {
        this.#climbTimer = this.#world.clock.setTimeout(() => {
            this.#ladder.climb();
            this.#connect();
        }, Math.min(this.#retry.laterMs(this.#ladder.climbInMs), LONGEST_PAUSE_MS));
    }

    #forgetFailures({ isSteady }) {
        if (!isSteady) return;
        this.#retry.forget();
        this.#ladder.hold();
    }

    /* Decide what comes after a connection. */
    #ended(ending) {
        this.#halt();
        this.#forgetFailures(ending);
        if (ending.status === 401) this.#say("signed-out");
        else if (ending.status === 204) this.#stop();
        else if (ending.why === "closing") this.#comeBack(ending);
        else if (this.#drop(ending) || this.#relieve(ending)) this.#goOn(0);
        else this.#fail(ending);
    }

    /* More topics than one connection may have; false when the owner could not do with fewer. */
    #relieve({ maxTopics }) {
        if (maxTopics) this.#deliver({ kind: "crowded", most: maxTopics });
        return this.#connection !== null;
    }

    /* 204 says "do not come back": a kick finds no topics; only an open() begins anew. */
    #stop() {
        this.#topics = [];
        this.#say("off");
    }

    /* A server that only says farewells is failing. */
    #comeBack(ending) {
        this.#drop(ending);
        if (this.#retry.failures >= 2) return this.#fail(ending);
        this.#retry.fail();
        this.#say("connecting");
        this.#goOn(this.#retry.afterFarewellMs(ending.reason));
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
        if (this.#connection !== null) return;  // the owner opened anew when it was told of the refusal
        if (this.#topics.length === 0) this.#say("off");
        else this.#connectIn(ms);
    }

    /* Try again: by the rung below when this one refused, or failed more than once; without a word while a better one is only tried. */
    #fail({ isRefused, isMade, retryAfterMs }) {
        const askedMs = retryAfterMs && this.#retry.laterMs(retryAfterMs);
        if (isRefused || askedMs) this.#ladder.bar(askedMs);
        if (this.#ladder.isClimbing) {
            this.#ladder.descend();
            return this.#goOn(0);
        }
        this.#retry.fail();
        const pauseMs = askedMs ?? this.#ladder.rung.pauseMs?.(this.#retry.failures, this.#world.random) ?? this.#retry.pauseMs();
        const isLower = (isRefused || this.#retry.failures >= FAILURES) && this.#ladder.descend();
        if (isLower) this.#retry.forget();
        // Neither taken nor refused: that was the server or the network, and says nothing against the rung.
        if (!isRefused && !isMade) this.#ladder.climbSoon();
        if (isLower && isRefused) return this.#goOn(0);
        this.#say("off");
        this.#goOn(pauseMs);
    }

    #say(state) {
        if (state === this.#state) return;
        this.#state = state;
        this.#deliver({ kind: "state", state });
    }
}
