/* The buttons that copy what stands in a field. Where the clipboard is out of reach, as on plain http, the text is selected. */

export function watchCopyButtons() {
    for (const button of document.querySelectorAll("[data-copy]")) {
        button.addEventListener("click", () => copy(button, document.getElementById(button.dataset.copy)));
    }
}

async function copy(button, field) {
    field.select();
    try {
        await navigator.clipboard.writeText(field.value);
    } catch {
        return;
    }
    button.textContent = "Copied";
}
