/* Tiles: what all processes are doing, in numbers (`data-figure`) and in lines of the last minute (`data-spark`), once a second at most.
 *
 * The topic is followed by the elements themselves; here its events are drawn, and nothing else is known of the link.
 */

import { Figures } from "./figures.js";

const DRAW_MS = 250;
const LOOK_MS = 1000;
const SPARK_S = 60;
const WIDTH = 120, HEIGHT = 32;  // of a line, in its own units
const NUMBER = new Intl.NumberFormat();
const UNITS = {
    ms: (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`,
    plain: (value) => String(value),
    bytes: (value) => `${Math.round(value / 2 ** 20)} MiB`,
    rate: (value) => `${value < 10 ? Math.round(value * 10) / 10 : NUMBER.format(Math.round(value))}`,
};

/** Seconds between two moments that are still one line: a process whose second is a little long skips one now and then. */
export const GAP_S = 3;

/** Draw all tiles of the page as events come. onDraw(figures, time): called after each drawing. Returns the Figures. */
export function drawTiles(onDraw = () => {}) {
    const figures = new Figures();
    let isDue = false;
    const draw = () => {
        isDue = false;
        if (document.hidden || isPaused()) return;
        const time = Date.now();
        drawNumbers(figures.together(time));
        drawSparks(figures.history(time, SPARK_S), time);
        onDraw(figures, time);
    };
    document.addEventListener("monitor-changed", ({ detail: { type, data } }) => {
        if (type !== "stats") return;
        figures.take(data, Date.now());
        if (!isDue) setTimeout(draw, DRAW_MS);
        isDue = true;
    });
    // Whoever falls silent sends no event that says so.
    setInterval(() => isDue || draw(), LOOK_MS);
    return figures;
}

/** `value` as text, in the unit that an element names. */
export function inWords(value, unit) {
    if (value === null || value === undefined) return "–";
    if (typeof value !== "number") return value;
    return UNITS[unit]?.(value) ?? NUMBER.format(value);
}

function isPaused() {
    return document.documentElement.dataset.rtPaused !== undefined;
}

function drawNumbers(together) {
    for (const place of document.querySelectorAll("[data-figure]")) {
        const text = inWords(together?.[place.dataset.figure], place.dataset.unit);
        if (place.textContent !== text) place.textContent = text;
    }
}

/* A second of which nothing is known leaves a gap. */
function drawSparks(history, time) {
    const first = Math.floor(time / 1000) - SPARK_S;
    for (const spark of document.querySelectorAll("[data-spark]")) {
        const points = history.map(([second, figures]) => [second, figures[spark.dataset.spark]]).filter(([, value]) => value !== null);
        const top = Math.max(1, ...points.map(([, value]) => value));
        let last = null;
        spark.setAttribute("d", points.map(([second, value]) => {
            const act = last !== null && second - last <= GAP_S ? "L" : "M";
            last = second;
            return `${act}${((second - first) / SPARK_S * WIDTH).toFixed(1)} ${(HEIGHT - 2 - value / top * (HEIGHT - 4)).toFixed(1)}`;
        }).join(""));
    }
}
