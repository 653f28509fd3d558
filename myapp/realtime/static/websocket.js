/* The WebSocket rung: one socket, from the handshake to the reason why it ended. Nothing is said on it; other topics take another one.
 *
 * A browser does not show why a handshake was refused, nor the pings and pongs of the protocol. So the server is asked by a poll that
 * waits for nothing why it refuses; and its heartbeats are messages, whose absence tells of a socket that is dead.
 */

import { address, options, refusal } from "./request.js";
import { CONNECTED_WITHIN_MS, control, event, SILENCE_HEARTBEATS, STEADY_MS, understood } from "./stream.js";
import { Watchdog } from "./watchdog.js";

const ANSWER_WITHIN_MS = 10000;     // the poll that is asked why
const NO_SOCKETS = 501;             // as the server says that it cannot carry any: the poll was answered, so it was the socket

export const websocket = { state: "websocket", steadyMs: STEADY_MS, listen };

/** Listen on one socket until it ends; as listen() of sse.js, and with openSocket(address), which returns a WebSocket. */
export async function listen({ openSocket, signal, deliver, ...call }) {
    const watchdog = new Watchdog(call.clock, signal);
    try {
        watchdog.allow(CONNECTED_WITHIN_MS);
        const { url, topics, viewer, cursor } = call;
        const socket = openSocket(address(`${url}/socket`, { topics, viewer, ...(cursor && { last_event_id: cursor }) }));
        return await read(socket, watchdog, deliver) ?? await askWhy(call, watchdog);
    } catch {
        return { why: watchdog.hasBarked ? "silent" : "network" };
    } finally {
        watchdog.end();
    }
}

/* Promise of the ending; null when the handshake failed, and it is not known why. */
function read(socket, watchdog, deliver) {
    return new Promise((resolve, reject) => {
        let isOpen = false, silenceMs = null;  // unknown until `connected`, whose own deadline holds till then
        watchdog.signal.addEventListener("abort", () => {
            socket.close();
            reject(watchdog.signal.reason);
        });
        socket.onopen = () => { isOpen = true; };
        socket.onclose = () => resolve(isOpen ? { why: "cut" } : null);
        socket.onmessage = ({ data }) => {
            deliver({ kind: "heard" });
            const message = meaning(data);
            if (message.kind === "closing") return resolve({ why: "closing", reason: message.reason, topics: message.topics });
            if (message.kind === "connected") silenceMs = message.heartbeatMs * SILENCE_HEARTBEATS;
            deliver(message);
            if (silenceMs) watchdog.allow(silenceMs);
        };
    });
}

/* What a message says to the link; of a kind that is younger than this page, that the server is there. A transient event's id is null. */
function meaning(text) {
    return understood(text, undefined, (said) => {
        const message = said.topic === undefined ? control(said.type, said.data) ?? { kind: "heard" } : event(said);
        return { ...message, id: said.id ?? undefined };
    });
}

async function askWhy({ url, topics, viewer, cursor, fetch, clock }, watchdog) {
    watchdog.allow(ANSWER_WITHIN_MS);
    const where = address(`${url}/poll`, { topics, viewer, wait: 0 });
    const response = await fetch(where, options({ accept: "application/json", cursor, signal: watchdog.signal }));
    return response.status === 200 ? { why: "refused", status: NO_SOCKETS, topics: [], retryAfterMs: null } : await refusal(response, clock);
}
