/* The page of a display: it stays awake for weeks, says how old it is when it is not live, and gets itself a new page when one is due.
 *
 * What changes in its panels, the live link decides (page.js) and metrics.js draws.
 */

import { keepAwake } from "./awake.js";
import { showClocks } from "./clock.js";
import { Lost } from "./lost.js";
import { watchMetrics } from "./metrics.js";
import { Renewal } from "./renewal.js";

const IDENTIFY_MS = 10000;
const SHIFT_MS = 60000;     // a picture that never moves stays in the glass
const SHIFTS = 9;

const wall = document.querySelector("[data-wall]");
const renewal = new Renewal();
const lost = new Lost(document.querySelector("[data-lost]"), (isLost) => (isLost ? renewal.lost() : renewal.found()));

function identify() {
    const sign = document.querySelector("[data-identify]");
    sign.hidden = false;
    setTimeout(() => (sign.hidden = true), IDENTIFY_MS);
}

function shift() {
    wall.dataset.shift = (Number(wall.dataset.shift ?? 0) + 1) % SHIFTS;
}

const COMMANDS = { identify, reload: () => renewal.renew() };

document.addEventListener("display-changed", ({ detail: { type, data } }) => {
    if (type === "display_command") COMMANDS[data.command]?.();
    else renewal.renew();
});
document.addEventListener("rt-state", ({ detail: { state } }) => lost.stateShown(state));
document.addEventListener("rt-refused", ({ detail: { topics } }) => topics.includes(wall.dataset.rtTopics) && lost.gone());
document.addEventListener("rt-reload", (event) => {     // for a newer build: only once the server has the page
    event.preventDefault();
    renewal.renew();
});

setInterval(shift, SHIFT_MS);
showClocks();
keepAwake();
watchMetrics();
