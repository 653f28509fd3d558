/* Whoever is signed out, and asks for a part of a page, signs in first and comes back to the page. */

export function askToSignIn() {
    document.addEventListener("htmx:response:error", ({ detail }) => {
        if (detail.ctx.response.status !== 401) return;
        const here = location.pathname + location.search;
        location.assign(`${document.body.dataset.signIn}?next=${encodeURIComponent(here)}`);
    });
}
