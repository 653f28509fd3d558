/* Whether a page is in use such that a reload would take something from somebody: a dialog, what is typed, a pause. */

import { TYPED_IN } from "./row.js";

/** Tell whether the page had better not be reloaded by itself. */
export function isInUse() {
    const isPaused = document.documentElement.hasAttribute("data-rt-paused");
    const isTypedIn = document.activeElement?.matches(TYPED_IN) ?? false, fields = [...document.querySelectorAll(TYPED_IN)];
    return isPaused || isTypedIn || document.querySelector("dialog[open]") !== null || fields.some(isChanged);
}

function isChanged(field) {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.options) return isOtherChoice([...field.options], field);
    return field.value !== undefined && field.value !== (field.defaultValue ?? "");
}

/* Where none is marked, a list of which one is chosen begins with its first. */
function isOtherChoice(options, { multiple }) {
    const isMarked = options.some(({ defaultSelected }) => defaultSelected);
    return options.some(({ selected, defaultSelected }, place) => selected !== (isMarked ? defaultSelected : place === 0 && !multiple));
}
