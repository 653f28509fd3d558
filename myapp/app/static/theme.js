/* The theme, light, dark or as the system has it: set before the first paint, so this is no module and comes before the styles. */

(() => {
    const KEY = "theme";
    const system = matchMedia("(prefers-color-scheme: dark)");
    const root = document.documentElement;

    /* Storage is refused to some: private windows, strict settings. The theme then lasts as long as the page. */
    function stored() {
        try {
            return localStorage.getItem(KEY) ?? "auto";
        } catch {
            return "auto";
        }
    }

    function store(theme) {
        try {
            localStorage.setItem(KEY, theme);
        } catch {
            // Nothing is lost but the choice itself.
        }
    }

    let theme = stored();

    function show() {
        root.dataset.bsTheme = theme === "auto" ? (system.matches ? "dark" : "light") : theme;
        for (const button of document.querySelectorAll("[data-theme]")) {
            button.setAttribute("aria-pressed", String(button.dataset.theme === theme));
        }
    }

    root.classList.add("has-js");
    show();
    system.addEventListener("change", show);
    addEventListener("storage", () => { theme = stored(); show(); });   // another tab chose
    document.addEventListener("DOMContentLoaded", show);
    document.addEventListener("click", ({ target }) => {
        const button = target.closest("[data-theme]");
        if (!button) return;
        theme = button.dataset.theme;
        store(theme);
        show();
    });
})();
