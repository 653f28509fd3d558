/* A connection: one call of a rung, and how it stands. What is heard on it and why it ended go to who began it, until it is closed. */

const LATE_HEARTBEATS = 1.3;        // silent for longer than this, a connection is not taken for healthy
const REFUSALS = [406, 429, 501, 503];  // this rung is not to be had here or now, and the one below may be

export class Connection {
    #clock;
    #rung;
    #abort = new AbortController();
    #connectedAt = null;
    #heardAt = null;
    #heartbeatMs = null;

    constructor(rung, clock) {
        this.#rung = rung;
        this.#clock = clock;
    }

    /** Whether the server took it. */
    get isMade() {
        return this.#connectedAt !== null;
    }

    get isHealthy() {
        return this.isMade && this.#clock.now() - this.#heardAt <= this.#heartbeatMs * LATE_HEARTBEATS;
    }

    /** Whether it lived long enough for the failures before it to be forgotten. */
    get isSteady() {
        return this.isMade && this.#clock.now() - this.#connectedAt >= this.#rung.steadyMs;
    }

    /** Begin it; call: what the rung's listen() needs, but for `signal`.
     *
     * onEnded(ending): called once, unless it is closed before; with what listen() said, isMade, isSteady, and isRefused: whether
     * that speaks against the rung, as when the server has no place for it, or a proxy keeps it to itself.
     */
    begin({ deliver, ...call }, onEnded) {
        const isOpen = () => !this.#abort.signal.aborted;
        const take = (message) => {
            if (!isOpen()) return;
            this.#note(message);
            deliver(message);
        };
        const ending = this.#rung.listen({ ...call, deliver: take, signal: this.#abort.signal });
        ending.then((said) => isOpen() && onEnded(this.#judge(said)));
    }

    close() {
        this.#abort.abort();
    }

    #judge(ending) {
        const isRefused = REFUSALS.includes(ending.status) || (ending.why === "silent" && !this.isMade);
        return { ...ending, isRefused, isMade: this.isMade, isSteady: this.isSteady };
    }

    #note({ kind, heartbeatMs }) {
        if (kind === "heard") this.#heardAt = this.#clock.now();
        if (kind !== "connected") return;
        this.#connectedAt = this.#clock.now();
        this.#heartbeatMs = heartbeatMs;
    }
}
