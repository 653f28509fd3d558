/* The viewers of one browser: each page says when it begins for whom it was made, and the hubs of all others hear it.
 *
 * A stream goes on with the right that it was opened with. Whoever signs in after its viewer, in a browser whose server does not
 * end streams at a sign-out, is noticed by this: a hub that hears of another viewer asks the server whether its own is still there.
 */

const CHANNEL = "myapp.realtime";

/** Say that a page of `viewer` (undefined: nobody's) has begun, whose events come from `url`. */
export function announce({ url, viewer }) {
    const channel = open();
    channel?.postMessage({ url, viewer });
    channel?.close();
}

/** Let `hub` doubt, and return it, whenever a page of another viewer than its own begins. */
export function doubting(hub, { url, viewer }) {
    open()?.addEventListener("message", ({ data }) => data.url === url && data.viewer !== viewer && hub.doubt());
    return hub;
}

/* Older browsers go without. */
function open() {
    return typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);
}
