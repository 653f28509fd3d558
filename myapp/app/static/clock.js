/* Clocks: the time of day where `data-clock` is, and the day where `data-day` is, as long as the page has one. */

const TICK_MS = 1000;
const TIME = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });

/** Show the time on all clocks of the page from now on, also on those that come later; for a page that begins with one. */
export function showClocks() {
    if (!document.querySelector("[data-clock]")) return;
    document.addEventListener("rt-swap", tick);
    setInterval(tick, TICK_MS);
    tick();
}

function tick() {
    const now = new Date();
    for (const place of document.querySelectorAll("[data-clock]")) write(place, TIME.format(now));
    for (const place of document.querySelectorAll("[data-day]")) write(place, DAY.format(now));
}

function write(place, text) {
    if (place.textContent !== text) place.textContent = text;
}
