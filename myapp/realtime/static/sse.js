/* The SSE rung: one connection, from the request to the reason why it ended.
 *
 * It reads the answer with fetch, because an EventSource can neither send a start cursor nor show a status or a heartbeat.
 * When to connect again, and with which cursor, is the link's to say; nothing is remembered here between two connections.
 */

import { Parser } from "./parser.js";
import { address, options, refusal } from "./request.js";
import { CONNECTED_WITHIN_MS, control, event, SILENCE_HEARTBEATS, STEADY_MS, understood } from "./stream.js";
import { Torrent } from "./torrent.js";
import { Watchdog } from "./watchdog.js";

export const sse = { state: "sse", steadyMs: STEADY_MS, listen };

/** Listen on one connection until it ends.
 *
 * url, topics, cursor  what to ask for; cursor null begins with the next event
 * viewer               in whose name, as the page says it; null for nobody's
 * fetch, clock         the world: clock has now(), setTimeout() and clearTimeout()
 * signal               an AbortSignal that ends it from outside
 * deliver(message)     called with `connected` {id, heartbeatMs}, `position` {id}, `event` {id, topic, type, data, key, html},
 *                      `reset` {id, reason, spread_ms}, `retry` {ms} and, for each chunk that arrives, `heard`; all have `kind`
 * Returns a promise of the ending, which never rejects: {why: "closing", reason, topics} after a farewell, {why: "refused",
 * status, topics, maxTopics, retryAfterMs} for an answer that is no stream, else {why: "silent"|"network"|"cut"}.
 */
export async function listen({ url, topics, viewer, cursor, fetch, clock, signal, deliver }) {
    const watchdog = new Watchdog(clock, signal);
    try {
        watchdog.allow(CONNECTED_WITHIN_MS);
        const how = options({ accept: "text/event-stream", cursor, signal: watchdog.signal });
        const response = await fetch(address(url, { topics, viewer }), how);
        if (!isStream(response)) return await refusal(response, clock);
        return await read(response.body, { watchdog, clock, deliver });
    } catch {
        // fetch and reader say "the network failed" by a TypeError, and an abort by whatever was its reason.
        return { why: watchdog.hasBarked ? "silent" : "network" };
    } finally {
        watchdog.end();
    }
}

function isStream(response) {
    return response.status === 200 && /^text\/event-stream\b/i.test(response.headers.get("Content-Type") ?? "");
}

async function read(body, { watchdog, clock, deliver }) {
    const reader = body.getReader(), decoder = new TextDecoder(), parser = new Parser(), torrent = new Torrent();
    let silenceMs = null;  // unknown until `connected`, whose own deadline holds till then
    for (;;) {
        const { done, value, isNew } = await next(reader);
        if (done) return { why: "cut" };
        deliver({ kind: "heard" });
        for (const message of parser.push(decoder.decode(value, { stream: true })).map(meaning)) {
            if (message.kind === "closing") return { why: "closing", reason: message.reason, topics: message.topics };
            if (message.kind === "connected") silenceMs = message.heartbeatMs * SILENCE_HEARTBEATS;
            deliver(message);
        }
        if (silenceMs) watchdog.allow(silenceMs);
        const pauseMs = isNew ? torrent.pauseMs(clock.now()) : 0;
        if (pauseMs > 0) await new Promise((resolve) => clock.setTimeout(resolve, pauseMs));
    }
}

/* What the reader gives next; isNew: whether it had yet to come. Some browsers keep one by one the chunks that came in a pause, and then
 * all of them are to be read before the next one. */
async function next(reader) {
    const reading = reader.read();
    const isNew = await Promise.race([reading, null]) === null;
    return { ...await reading, isNew };
}

/* What a message of the stream says to the link. */
function meaning({ type, data, id, retry }) {
    if (retry !== undefined) return { kind: "retry", ms: retry };
    return understood(data, id, (body) => control(type, body) ?? event(body));
}
