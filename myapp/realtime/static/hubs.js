/* Which hub a page has: one that it shares with the viewer's other pages in this browser, or its own. */

import { Hub } from "./hub.js";
import { Remembering } from "./memory.js";
import { SharedHub } from "./shared_hub.js";
import { transportsOf } from "./transports.js";
import { announce, doubting } from "./viewers.js";
import { WORLD } from "./world.js";

/** Return a hub, by the attributes of <body>.
 *
 * url         data-rt-url, the address of /events
 * transports  data-rt-transports, names with spaces between, best first
 * viewer      data-rt-viewer, an opaque name of the sign-in, in whose name the server is asked; without it nothing is shared, for
 *             nobody knows with whom
 */
export function hubOf({ rtUrl: url, rtTransports: transports, rtViewer: viewer }) {
    const whose = { url, viewer };
    announce(whose);
    const makeHub = () => doubting(new Hub({ ...WORLD, ...whose, rungs: transportsOf(transports) }), whose);
    const remembering = (hub) => new Remembering(hub, { storage: storageOfTab(), key: `myapp.realtime ${url} ${transports}` });
    if (!viewer || typeof SharedWorker === "undefined") return remembering(makeHub());
    const startWorker = (room) => new SharedWorker(new URL("./worker.js", import.meta.url), {
        type: "module", name: JSON.stringify({ viewer, url, transports, room }),
    });
    return remembering(new SharedHub({ startWorker, makeHub, clock: WORLD.clock }));
}

function storageOfTab() {
    try {
        return sessionStorage;
    } catch {
        return null;  // forbidden, as to a page in a sandbox
    }
}
