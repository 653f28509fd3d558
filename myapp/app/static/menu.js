/* Menus that are <details>: the browser opens them, also without JavaScript; here they close like menus do. */

export function watchMenus() {
    document.addEventListener("click", ({ target }) => close((menu) => !menu.contains(target)));
    document.addEventListener("focusin", ({ target }) => close((menu) => !menu.contains(target)));
    document.addEventListener("submit", ({ submitter }) => {
        const menu = submitter?.closest("[data-menu]");
        if (!menu) return;
        menu.open = false;
        menu.querySelector("summary").focus();
    });
    document.addEventListener("keydown", (event) => {
        const menu = event.key === "Escape" && document.querySelector("[data-menu][open]");
        if (!menu) return;
        menu.open = false;
        menu.querySelector("summary").focus();
    });
}

function close(isOutside) {
    for (const menu of document.querySelectorAll("[data-menu][open]")) if (isOutside(menu)) menu.open = false;
}
