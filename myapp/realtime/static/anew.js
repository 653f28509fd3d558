/* Reading an element anew on a page that has no htmx: its page is asked for, and the element with its id taken out of the answer.
 *
 * The address is that of its `hx-get`, else the page's own. What someone types in is not touched.
 */

import { isBeingEdited } from "./row.js";

const ANSWER_WITHIN_MS = 30000;     // a connection that is cut without a word would be waited for much longer

/* How it ended. What is not READ is worth another try: */
export const READ = "read";
export const IN_USE = "in-use";     // someone types in the element, or it may not be replaced
export const UNABLE = "unable";     // the server could not answer
export const STRANGE = "strange";   // it answered something else

/** mayReplace(): asked once there is an answer. Rejects when there is none. */
export async function readAnew(element, mayReplace = () => true) {
    if (isBeingEdited(element)) return IN_USE;
    const response = await fetch(element.getAttribute("hx-get") ?? location.href, {
        headers: { Accept: "text/html" }, signal: AbortSignal.timeout?.(ANSWER_WITHIN_MS),   // older browsers wait
    });
    if (!response.ok) return response.status < 500 && response.status !== 429 ? STRANGE : UNABLE;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById(element.id), present = document.getElementById(element.id);
    if (present === null) return READ;  // it is gone
    if (fresh === null) return STRANGE;     // a page of the network's, say
    if (isBeingEdited(present) || !mayReplace()) return IN_USE;
    present.replaceWith(fresh);     // an answer before this one may have put another element there
    document.dispatchEvent(new CustomEvent("rt-swap"));
    return READ;
}
