/* The transports by the names that a page gives them, `data-rt-transports="sse longpoll poll"`, best first. */

import { longpoll, poll } from "./poll.js";
import { sse } from "./sse.js";
import { websocket } from "./websocket.js";

const TRANSPORTS = { __proto__: null, sse, websocket, longpoll, poll };

/** Return the rungs that `names` (a string with spaces, or undefined) stand for; SSE alone when there are none. */
export function transportsOf(names) {
    const rungs = (names ?? "").split(/\s+/).map((name) => TRANSPORTS[name]).filter(Boolean);
    return rungs.length > 0 ? rungs : [sse];
}
