/* The page of a display: it stays awake for weeks, says how old it is when it is not live, and gets itself a new page when one is due.
 *
 * What changes in its panels, the live link decides (page.js) and metrics.js draws.
 */

import { watchMetrics } from "./metrics.js";
import { Renewal } from "./renewal.js";

const CONNECTED = new Set(["sse", "websocket", "polling"]);
const IDENTIFY_MS = 10000;
const SHIFT_MS = 60000;     // a picture that never moves stays in the glass
const SHIFTS = 9;
const WORDS = { "signed-out": "This display may not be shown here any more. Open it by a new key." };
const TIME = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });

const renewal = new Renewal();

/* The state of the link, in words. Until it has one the page is as new as it was made. */
function showState(state) {
    const isLost = !CONNECTED.has(state) && state !== "connecting";
    document.body.classList.toggle("is-lost", isLost);
    document.querySelector("[data-lost]").hidden = !isLost;
    if (isLost) document.querySelector("[data-lost-words]").textContent = WORDS[state] ?? "Disconnected.";
    if (isLost) renewal.lost();
    else renewal.found();
}

/* Browsers let a screen sleep again whenever the page was hidden. They know the lock on https alone. */
async function stayAwake() {
    if (document.hidden) return;
    try {
        await navigator.wakeLock?.request("screen");
    } catch {
        // The battery is low, or it is not allowed here: the page goes on without.
    }
}

function tick() {
    const now = new Date();
    for (const place of document.querySelectorAll("[data-clock]")) write(place, TIME.format(now));
    for (const place of document.querySelectorAll("[data-day]")) write(place, DAY.format(now));
}

function write(place, text) {
    if (place.textContent !== text) place.textContent = text;
}

function identify() {
    const sign = document.querySelector("[data-identify]");
    sign.hidden = false;
    setTimeout(() => (sign.hidden = true), IDENTIFY_MS);
}

const COMMANDS = { identify, reload: () => renewal.now() };

document.addEventListener("display-changed", ({ detail: { type, data } }) => {
    if (type === "display_command") COMMANDS[data.command]?.();
    else renewal.now();
});
document.addEventListener("rt-state", ({ detail }) => showState(detail.state));
document.addEventListener("visibilitychange", stayAwake);
document.addEventListener("rt-swap", tick);

const wall = document.querySelector("[data-wall]");
let shift = 0;
setInterval(() => {
    shift = (shift + 1) % SHIFTS;
    wall.dataset.shift = shift;
}, SHIFT_MS);
setInterval(tick, 1000);
tick();
stayAwake();
watchMetrics();
