/* Reading an element anew on a page that has no htmx: its page is asked for, and the element with its id taken out of the answer.
 *
 * The address is that of its `hx-get`, else the page's own. What someone types in is not touched.
 */

import { isBeingEdited } from "./row.js";

const ANSWER_WITHIN_MS = 30000;     // a connection that is cut without a word would be waited for much longer

/** Return false when it is worth another try: the server could not answer, or someone types in the element, or it may not be replaced. */
export async function readAnew(element, mayReplace = () => true) {
    if (isBeingEdited(element)) return false;
    const response = await fetch(element.getAttribute("hx-get") ?? location.href, {
        headers: { Accept: "text/html" }, signal: AbortSignal.timeout?.(ANSWER_WITHIN_MS),   // older browsers wait
    });
    if (!response.ok) return response.status < 500 && response.status !== 429;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById(element.id), present = document.getElementById(element.id);
    if (fresh === null || present === null) return true;    // a sign-in page, say; or the element is gone
    if (isBeingEdited(present) || !mayReplace()) return false;
    present.replaceWith(fresh);     // an answer before this one may have put another element there
    document.dispatchEvent(new CustomEvent("rt-swap"));
    return true;
}
