/* The shared hub: the hub that lives in a SharedWorker, as a page sees it.
 *
 * To the page it is a Hub, with one word more: "rejoin" asks the page to say again what it wants, from where it is now. A worker
 * that does not answer is replaced; one that has no room for the page's topics beside those of others is left for the next room's. Where
 * there is none to be had, or the second is no better, a hub in the page itself does.
 */

const PING_MS = 20000;          // a page notices within this, and the next, that its worker is dead
const ANSWER_WITHIN_MS = 5000;  // a worker that lives answers in milliseconds
const BEGIN_WITHIN_MS = 15000;  // one may have to be loaded first: a dozen modules, over a slow network

export class SharedHub {
    #startWorker;
    #makeHub;
    #clock;
    #send = null;
    #port = null;
    #tellOwn = null;    // the word to the hub in the page, once it is that
    #room = 0;          // whose worker it is: the first has no place for a page that wants too much beside the others
    #isHeard = false;   // this worker has answered
    #isDoubted = false; // the last worker did not answer
    #ping = null;
    #deadline = null;

    /** startWorker(room): returns the SharedWorker of a room, 0 for the first, or throws. makeHub(): returns the Hub of a page that has none. */
    constructor({ startWorker, makeHub, clock }) {
        this.#startWorker = startWorker;
        this.#makeHub = makeHub;
        this.#clock = clock;
    }

    /** Whether the connection is another's: it costs nothing to keep it while nobody looks at the page. */
    get isShared() {
        return this.#tellOwn === null;
    }

    /** Take the page as a listener, as a Hub does. */
    connect(send) {
        this.#send = send;
        return (message) => (this.isShared ? this.#tell(message) : this.#tellOwn(message));
    }

    #tell(message) {
        // A page that comes back has a new port: of what was told on the old one it is not known what arrived.
        if (message.kind === "join" && this.#port === null && !this.#open()) return;
        this.#port?.postMessage(message);
        if (message.kind === "leave") this.#close();
        else this.#ask();
    }

    #open() {
        try {
            const worker = this.#startWorker(this.#room), { port } = worker;
            worker.onerror = () => this.#port === port && this.#fallBack();
            port.onmessage = ({ data }) => [data].flat().forEach((message) => this.#port === port && this.#hear(message));
            this.#port = port;
            this.#isHeard = false;
            return true;
        } catch {
            this.#fallBack();  // a browser that has SharedWorker may still forbid it
            return false;
        }
    }

    #close() {
        this.#clock.clearTimeout(this.#ping);
        this.#calm();
        this.#port?.close();
        this.#port = null;
    }

    #hear(message) {
        this.#calm();
        this.#isDoubted = false;
        this.#isHeard = true;
        if (message.kind === "crowded") this.#moveOn();
        else if (message.kind !== "pong") this.#pass(message);
    }

    /* A page that fails on a message gets those that came together with it all the same. */
    #pass(message) {
        try {
            this.#send(message);
        } catch (error) {
            console.warn(`realtime: the page failed on a message of kind ${message.kind}`, error);
        }
    }

    #calm() {
        this.#clock.clearTimeout(this.#deadline);
        this.#deadline = null;
    }

    /* Is it alive? Asked again and again, and whenever the page says something. */
    #ask() {
        if (this.#port === null) return;
        this.#port.postMessage({ kind: "ping" });
        this.#deadline ??= this.#clock.setTimeout(() => this.#replace(), this.#isHeard ? ANSWER_WITHIN_MS : BEGIN_WITHIN_MS);
        this.#clock.clearTimeout(this.#ping);
        this.#ping = this.#clock.setTimeout(() => this.#ask(), PING_MS);
    }

    #replace() {
        if (this.#isDoubted) return this.#fallBack();
        this.#isDoubted = true;
        this.#leave();  // should it wake up
    }

    #moveOn() {
        this.#room += 1;
        this.#leave();
    }

    #leave() {
        this.#port.postMessage({ kind: "leave" });
        this.#close();
        this.#send({ kind: "rejoin" });
    }

    #fallBack() {
        this.#close();
        this.#tellOwn = this.#makeHub().connect(this.#send);
        this.#send({ kind: "rejoin" });
    }
}
