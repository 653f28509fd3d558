/* After too many attempts: how long to wait, counted down, and a button that sends nothing until then. */

const TICK_MS = 250;    // the clock is looked at, not the ticks counted: a laptop may have slept

export function countDown() {
    for (const place of document.querySelectorAll("[data-countdown]")) {
        start(place, place.closest("form").querySelector("[type=submit]"), Date.now() + 1000 * place.dataset.countdown);
    }
}

function start(place, button, end) {
    const timer = setInterval(draw, TICK_MS);
    draw();

    function draw() {
        const left = Math.ceil((end - Date.now()) / 1000);
        button.disabled = left > 0;
        place.textContent = left > 0 ? `You can try again in ${clock(left)}.` : "You can try again now.";
        if (left <= 0) clearInterval(timer);
    }
}

function clock(seconds) {
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
