/* The poll rungs: one answer after the other, where no stream comes through. A long poll waits at the server, a plain one here.
 *
 * As for a stream, when to begin again after a failure is the link's to say, and nothing is remembered here between two calls.
 */

import { address, options, refusal } from "./request.js";
import { Watchdog } from "./watchdog.js";

const WAIT_S = 25;                  // a long poll's wait, the most that the server allows; proxies give up after 30 s and more
const EVERY_MS = 5000;              // between two plain polls, as long as they succeed
const GROWTH = 1.5;                 // each failure in a row waits this much longer,
const LONGEST_EVERY_MS = 30000;     // up to this
const SPREAD = 0.2;                 // plain polls of many pages drift apart by this part either way
const STEADY_MS = 30000;            // a long poll proves itself by one that has waited its whole time: some proxies cut whatever waits
const STANDSTILL_MS = 250;          // from one poll to the next, while the cursor stands still: what comes is transient, and by the hundred
const ANSWER_WITHIN_MS = 10000;     // beyond the wait: a poll that is not answered then never will be

export const longpoll = { state: "polling", steadyMs: STEADY_MS, listen: (call) => listen(call, WAIT_S) };
export const poll = { state: "polling", steadyMs: 0, listen: (call) => listen(call, 0), pauseMs };

/* Milliseconds until the next plain poll, after so many failures in a row. */
function pauseMs(failures, random) {
    const ms = Math.min(EVERY_MS * GROWTH ** failures, LONGEST_EVERY_MS);
    return ms * (1 - SPREAD + 2 * SPREAD * random());
}

/* Ask again and again until that fails; as listen() of sse.js, and with `random`.
 *
 * waitS: how long the server may keep an answer back; 0 for plain polls. What the first answer says begins with `connected`.
 * The ending is {why: "refused", ...}, {why: "silent"} or {why: "network"}.
 */
async function listen({ random, deliver, ...call }, waitS) {
    let { cursor } = call, upto = cursor, hadMore = false;
    let askedS = 0;     // the first poll waits for nothing: the page is to know at once that it works
    for (let isFirst = true; !call.signal.aborted; isFirst = false) {
        const askedAt = call.clock.now();
        const { ending, answer } = await ask({ ...call, cursor }, askedS);
        if (ending) return ending;
        deliver({ kind: "heard" });
        if (isFirst) deliver({ kind: "connected", id: cursor ?? undefined, heartbeatMs: waitS * 1000 || EVERY_MS });
        answer.messages.forEach((message) => deliver(message));
        const hasMoved = (answer.upto ?? upto) !== upto;
        cursor = answer.cursor ?? cursor;
        upto = answer.upto ?? upto;
        const tookMs = Math.max(0, call.clock.now() - askedAt);  // the clock may have been set back
        // An answer to a poll that has waited may say that there is more, and bring nothing of it; but not one after the other.
        const hasMore = answer.hasMore && (hasMoved || !hadMore);
        if (!hasMore) await nap(restMs(answer, { isPlain: waitS === 0, isWaiting: askedS > 0, hasMoved, tookMs, random }), call);
        askedS = hasMore ? 0 : waitS;
        hadMore = answer.hasMore;
    }
    return { why: "network" };
}

/* How long to leave the server alone. One that keeps no answer back, as too many wait already, is not asked as fast as it answers. */
function restMs({ hasMore, hasNews }, { isPlain, isWaiting, hasMoved, tookMs, random }) {
    if (isPlain || hasMore) return pauseMs(0, random);
    if (!isWaiting) return 0;
    if (!hasNews) return pauseMs(0, random) - tookMs;
    return hasMoved ? 0 : STANDSTILL_MS - tookMs;
}

async function ask({ url, topics, viewer, cursor, fetch, clock, signal }, waitS) {
    const watchdog = new Watchdog(clock, signal);
    try {
        watchdog.allow(waitS * 1000 + ANSWER_WITHIN_MS);
        const where = address(`${url}/poll`, { topics, viewer, wait: waitS });
        const response = await fetch(where, options({ accept: "application/json", cursor, signal: watchdog.signal }));
        return response.status === 200 ? { answer: meaning(await response.json()) } : { ending: await refusal(response, clock) };
    } catch {
        // No answer, or none that the protocol knows: a sign-in page of the network, say.
        return { ending: { why: watchdog.hasBarked ? "silent" : "network" } };
    } finally {
        watchdog.end();
    }
}

/* What an answer says to the link. A transient event has the id null. Without a cursor there is no position: the old one stays. */
function meaning({ cursor, build, reset, more, events }) {
    const event = ({ id, topic, type, data, key, html }) => ({ kind: "event", id: id ?? undefined, topic, type, data, key, html });
    const told = events.map(event);
    const messages = [
        ...(build ? [{ kind: "build", build }] : []),
        ...(reset ? [{ kind: "reset", reason: reset.reason, spread_ms: reset.spread_ms ?? 0 }] : []),
        ...told,
        ...(cursor ? [{ kind: "position", id: cursor }] : []),
    ];
    const upto = told.findLast(({ id }) => id !== undefined)?.id ?? cursor;
    return { cursor, upto, messages, hasMore: more === true, hasNews: Boolean(reset) || told.length > 0 };
}

/* Wait, unless the call is ended meanwhile. */
function nap(ms, { clock, signal }) {
    if (ms <= 0) return null;
    return new Promise((resolve) => {
        const timer = clock.setTimeout(done, ms);
        function done() {
            clock.clearTimeout(timer);
            signal.removeEventListener("abort", done);
            resolve();
        }
        signal.addEventListener("abort", done);
    });
}
