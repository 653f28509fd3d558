/* The buttons that show what is typed in a password's field. It is hidden again before it is sent, so that no browser offers it later. */

export function watchPasswordButtons() {
    for (const button of document.querySelectorAll("[data-show]")) {
        const field = document.getElementById(button.dataset.show);
        button.addEventListener("click", () => show(button, field, field.type === "password"));
        field.form.addEventListener("submit", () => show(button, field, false));
    }
}

function show(button, field, isShown) {
    field.type = isShown ? "text" : "password";
    button.textContent = isShown ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(isShown));
}
