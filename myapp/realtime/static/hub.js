/* The hub: many listeners, one link.
 *
 * The link listens to the union of what they want. Each listener has a cursor of its own for each of its topics, and gets each
 * event of its topics once, in order. It knows no DOM. Listeners speak in plain objects through a function each way, so that
 * a MessagePort can lie in between:
 *
 *   to the hub    {kind: "join", topics: {users: "5f3a9c1e-1042", rows: null}, memory?}, again when they change; "leave"; "kick"
 *   from the hub  {kind: "state", state}, {kind: "event", id, topic, type, data, key, html}, {kind: "position", id} (you have all
 *                 of your topics up to here), {kind: "reset", id, reason, spread_ms}, {kind: "refused", topics, status},
 *                 {kind: "memory", memory}, for the page's next join, {kind: "build", build}, that the server runs; {kind: "crowded"}:
 *                 there is no room for all topics on one connection, and this listener is none any more
 */

import { compare, isNews, oldest } from "./cursor.js";
import { Link } from "./link.js";

export class Hub {
    #link;
    #listeners = new Set();
    #mostTopics = Infinity; // that the server takes of one connection, as soon as it has said so

    /** See SharedHub. */
    isShared = false;

    /** world: what the Link needs except `deliver`. */
    constructor(world) {
        this.#link = new Link({ ...world, deliver: (message) => this.#take(message) });
    }

    /** Take a new listener; `send` is called with what is for it. Returns the function that takes what it says. */
    connect(send) {
        const listener = new Listener(send);
        const acts = {
            join: ({ topics, memory = null }) => this.#join(listener, topics, memory),
            leave: () => this.#leave(listener),
            kick: () => this.#link.kick(),
        };
        return (message) => acts[message.kind](message);
    }

    /** Make sure that the server still takes this browser for the viewer's. */
    doubt() {
        this.#link.doubt();
    }

    #join(listener, topics, memory) {
        this.#link.recall(memory);
        this.#listeners.add(listener);
        listener.want(topics);
        if (this.#isCrowded) return this.#sendAway(listener);
        if (this.#needsOpening(listener)) this.#open();
        else if (this.#link.cursor !== null) listener.take({ kind: "position", id: this.#link.cursor });
        if (this.#link.build !== null) listener.send({ kind: "build", build: this.#link.build });
        this.#remind(listener, memory);
        listener.send({ kind: "state", state: this.#link.state });
        this.#closeIfUnwanted();
    }

    /* Who comes later was not told on which rung the link is; or brings what was so once. */
    #remind(listener, brought) {
        const { memory } = this.#link;
        if (memory || (memory === null && brought !== null)) listener.send({ kind: "memory", memory });
    }

    #leave(listener) {
        this.#listeners.delete(listener);
        this.#closeIfUnwanted();
    }

    #closeIfUnwanted() {
        if (![...this.#listeners].some(({ cursors }) => cursors.size > 0)) this.#link.close();
    }

    /* A topic that the link does not hear, or whose past this listener still lacks. */
    #needsOpening({ cursors }) {
        const { topics, cursor } = this.#link;
        return [...cursors].some(([topic, known]) => !topics.includes(topic) || compare(cursor, known) > 0);
    }

    get #topics() {
        return [...new Set([...this.#listeners].flatMap(({ cursors }) => [...cursors.keys()]))].sort();
    }

    /* One that wants too much for itself alone may stay: nobody else could do with it. */
    get #isCrowded() {
        return this.#listeners.size > 1 && this.#topics.length > this.#mostTopics;
    }

    #open() {
        const cursors = [...this.#listeners].flatMap((listener) => [...listener.cursors.values()]);
        this.#link.open(this.#topics, oldest(cursors));
    }

    /* Those who came last have to go, until there is room for the others. */
    #relieve(mostTopics) {
        this.#mostTopics = mostTopics;
        if (!this.#isCrowded) return;
        while (this.#isCrowded) this.#sendAway([...this.#listeners].at(-1));
        this.#open();
        this.#closeIfUnwanted();
    }

    #sendAway(listener) {
        this.#listeners.delete(listener);
        listener.send({ kind: "crowded" });
    }

    #take(message) {
        if (message.kind === "crowded") return this.#relieve(message.most);
        for (const listener of [...this.#listeners]) listener.take(message);
    }
}

/* One listener: which topics it wants, and up to where it has each. */
class Listener {
    #send;
    cursors = new Map();

    constructor(send) {
        this.#send = send;
    }

    /* A topic that it had already keeps its later cursor: what was sent may still be on its way to the listener. */
    want(topics) {
        const had = this.cursors;
        const later = (topic, cursor) => (compare(had.get(topic), cursor) > 0 ? had.get(topic) : cursor || null);
        this.cursors = new Map(Object.entries(topics).map(([topic, cursor]) => [topic, later(topic, cursor)]));
    }

    take(message) {
        if (message.kind === "event") this.#event(message);
        else if (message.kind === "position") this.#position(message);
        else if (message.kind === "reset") this.#reset(message);
        else if (message.kind === "refused") this.#refused(message);
        else this.send(message);
    }

    #event(message) {
        const { id, topic } = message;
        const isMine = this.cursors.has(topic) && (id === undefined || isNews(id, this.cursors.get(topic)));
        this.#advance(id);
        if (isMine) this.send(message);
    }

    #position(message) {
        if (message.id === undefined || this.#isLost(message.id)) return;
        this.#advance(message.id);
        this.send(message);
    }

    /* It came with a cursor of another life of the log, and another listener's cursor opened the link: say so, as the server would. */
    #isLost(id) {
        const isLost = [...this.cursors.values()].some((cursor) => cursor !== null && Number.isNaN(compare(id, cursor)));
        if (isLost) this.#reset({ kind: "reset", id, reason: "epoch", spread_ms: 0 });
        return isLost;
    }

    /* An id says that all topics of the link are known up to there, so each of them moves on, and none back. */
    #advance(id) {
        if (id === undefined) return;
        for (const [topic, cursor] of this.cursors) if (isNews(id, cursor)) this.cursors.set(topic, id);
    }

    #reset(message) {
        for (const topic of this.cursors.keys()) this.cursors.set(topic, message.id ?? null);
        this.send(message);
    }

    #refused({ topics, status }) {
        const mine = topics.filter((topic) => this.cursors.delete(topic));
        if (mine.length > 0) this.send({ kind: "refused", topics: mine, status });
    }

    /* A listener that fails must neither end the link nor keep the others from their events. */
    send(message) {
        try {
            this.#send(message);
        } catch (error) {
            console.warn(`realtime: a listener failed on a message of kind ${message.kind}`, error);
        }
    }
}
