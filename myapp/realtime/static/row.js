/* A row: the element of one keyed object in a list. How it is made from a fragment, put in place of its former self, and taken away.
 *
 * What a user types or points at comes first: a row with an input in use is not touched. Which fragment is the newer one is
 * the business of lists.js.
 */

const LEAVE_MS = 400;  // as long as the animation of .rt-leave in realtime.css
export const TYPED_IN = `:is(textarea, select, [contenteditable], input:not(${
    ["hidden", "submit", "button", "reset", "image"].map((type) => `[type=${type}]`).join()}))`;
const FOCUSABLE = ":is(a[href], button, input, select, textarea, summary, [tabindex])";

/** Make the element of a fragment; null when it is not one element with the id `key`. */
export function parseRow(html, key) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const [row, ...others] = template.content.children;
    return row?.id === key && others.length === 0 ? row : null;
}

/** Tell whether someone types in `row`, or may have: a form that only has buttons holds nothing to lose. */
export function isBeingEdited(row) {
    const focused = row.contains(document.activeElement) && document.activeElement.matches(TYPED_IN);
    return focused || row.querySelector(`form ${TYPED_IN}`) !== null;
}

/** Tell whether somebody types in `row`, may have, or is at one of its buttons. */
export function isInUse(row) {
    return row.contains(document.activeElement) || isBeingEdited(row);
}

/** Put `fresh` into `list`, in the place of `old` where there is one. The focus stays on the same button or link. */
export function putRow(list, old, fresh) {
    const focused = old ? [...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement) : -1;
    if (old) old.replaceWith(fresh);
    else if (list.dataset.rtInsert === "prepend") list.prepend(fresh);
    else list.append(fresh);
    window.htmx?.process(fresh);
    if (focused >= 0) fresh.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
}

/** Take `row` away; it fades first, unless the reader wants no motion. */
export function removeRow(row) {
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    row.classList.add("rt-leave");
    setTimeout(() => row.remove(), isStill ? 0 : LEAVE_MS);
}
