/* What streams have in common, by whichever transport: how long they may be silent, and what their messages say to the link. */

export const CONNECTED_WITHIN_MS = 5000;   // a proxy that buffers looks like a slow server: `connected` has to come within this
export const SILENCE_HEARTBEATS = 2.5;     // one heartbeat may be lost and one late; after that nobody is there
export const STEADY_MS = 10000;            // a connection that lived this long forgets the failures before it

const HEARTBEAT_MS = 15000;         // the server's default, for a `connected` that names none
const UNREADABLE_SPREAD_MS = 5000;  // an event nobody can read reaches all pages at once: their refetches are spread over this

const CONTROL = {
    __proto__: null,
    connected: ({ heartbeat_s, build }) => ({ kind: "connected", heartbeatMs: heartbeat_s > 0 ? heartbeat_s * 1000 : HEARTBEAT_MS, build }),
    heartbeat: () => ({ kind: "position" }),
    reset: ({ reason, spread_ms }) => ({ kind: "reset", reason, spread_ms: spread_ms ?? 0 }),
    closing: ({ reason, topics }) => ({ kind: "closing", reason, topics: topics ?? [] }),
};

/** Return what a message of a control type (connected, heartbeat, reset, closing) says by its data; undefined for another type. */
export function control(type, data) {
    return CONTROL[type]?.(data);
}

/** Return what an envelope says. */
export function event({ topic, type, data, key, html }) {
    return { kind: "event", topic, type, data, key, html };
}

/** Return what `read(body)` makes of a message, given as JSON; its id is `id` unless that says another.
 *
 * A reset for what cannot be read: loss is said aloud, and the pages fetch anew what the message would have told them.
 */
export function understood(text, id, read) {
    try {
        return { id, ...read(JSON.parse(text)) };
    } catch {
        console.warn(`realtime: message ${id ?? ""} is not the JSON object that the protocol promises; lists are fetched anew`);
        return { kind: "reset", id, reason: "unreadable", spread_ms: UNREADABLE_SPREAD_MS };
    }
}
