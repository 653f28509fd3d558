/* The strip that says that who the page was made for is not signed in any more. Its button loads the page for whoever is. */

export function watchSignOut(strip) {
    document.addEventListener("rt-state", ({ detail }) => { strip.hidden = detail.state !== "signed-out"; });
}
