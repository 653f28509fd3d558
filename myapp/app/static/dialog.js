/* The one dialog of a page: links with `data-dialog` are opened in it, `data-close` in it closes it.
 *
 * The browser's own <dialog> keeps the focus inside, closes on Escape, and gives the focus back to the link.
 */

const CONTENT = "dialog-content";

export class Dialog {
    #dialog;
    #content = document.getElementById(CONTENT);

    constructor(dialog) {
        this.#dialog = dialog;
        document.addEventListener("click", (event) => this.#click(event));
        document.addEventListener("htmx:after:swap", () => this.#swapped());
        dialog.addEventListener("close", () => this.#content.replaceChildren());
        // A press that began in the form, to select text, must not close it where it ends.
        dialog.addEventListener("mousedown", ({ target }) => target === dialog && this.close());
    }

    get isOpen() {
        return this.#dialog.open;
    }

    close() {
        this.#dialog.close();
    }

    #click(event) {
        const { target, button, ctrlKey, metaKey, shiftKey } = event;
        if (button !== 0 || ctrlKey || metaKey || shiftKey) return;
        const opener = target.closest("a[data-dialog]");
        const closer = this.isOpen && target.closest("[data-close]");
        if (opener || closer) event.preventDefault();
        if (opener) this.#load(opener);
        if (closer) this.close();
    }

    #load(link) {
        if (link.classList.contains("htmx-request")) return;    // pressed twice
        window.htmx.ajax("GET", link.href, { source: link, target: this.#content, swap: "innerHTML ignoreTitle:true" });
    }

    #swapped() {
        if (!this.isOpen && this.#content.childElementCount > 0) this.#dialog.showModal();
        // showModal() itself looks for [autofocus]; a form that came back refused is already within.
        this.#content.querySelector("[aria-invalid=true]")?.focus();
    }
}
