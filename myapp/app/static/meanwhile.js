/* Forms in which somebody edits what changes meanwhile: the element with `data-meanwhile`, the key of the object, gets the event
 * `meanwhile` when a change of it has come. What it then shows stands in its own attributes; the form stays as it is.
 */

export function tellForms(...changes) {
    for (const change of changes) {
        document.addEventListener(change, ({ detail: { key } }) => {
            const place = key && document.querySelector(`[data-meanwhile="${CSS.escape(key)}"]`);
            if (place) place.dispatchEvent(new CustomEvent("meanwhile"));
        });
    }
}
