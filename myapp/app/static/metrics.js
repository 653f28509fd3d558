/* The panels of metrics: value, unit, trend and sparkline, drawn from events, four times a second at most, however many come. */

const DRAW_MS = 250;
const MOST_VALUES = 60;
const WIDTH = 100, HEIGHT = 30;     // of the sparkline's own coordinates, as the server draws it
const NUMBER = new Intl.NumberFormat([], { maximumSignificantDigits: 6 });
const LARGE = new Intl.NumberFormat([], { maximumSignificantDigits: 6, notation: "compact" });
const EXTREME = new Intl.NumberFormat([], { maximumSignificantDigits: 4, notation: "scientific" });
const TIME = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const TRENDS = new Map([[1, "▲"], [-1, "▼"], [0, "▶"]]);

const news = new Map();     // metric -> the last {value, unit, at} that is not drawn yet
let timer = null;

/** Draw what is there, and what comes. */
export function watchMetrics() {
    document.addEventListener("metric-changed", ({ detail: { topic, type, data } }) => {
        if (type !== "value") return;
        news.set(topic.slice(topic.indexOf(":") + 1), data);
        timer ??= setTimeout(drawNews, DRAW_MS);
    });
    document.addEventListener("rt-swap", drawAll);
    drawAll();
}

function drawNews() {
    timer = null;
    for (const [metric, { value, unit, at }] of news) {
        for (const panel of document.querySelectorAll(`[data-metric="${CSS.escape(metric)}"]`)) {
            const values = [...valuesOf(panel), value].slice(-MOST_VALUES);
            panel.querySelector(".spark").dataset.values = values.join(" ");
            panel.querySelector("[data-unit]").textContent = unit ?? "";
            panel.querySelector("[data-at]").textContent = TIME.format(at ? new Date(at) : new Date());
            draw(panel, values);
        }
    }
    news.clear();
}

function drawAll() {
    for (const panel of document.querySelectorAll("[data-metric]")) {
        const time = panel.querySelector("[data-at] time");
        if (time) time.textContent = new Date(time.dateTime).toLocaleString();
        draw(panel, valuesOf(panel));
    }
}

function draw(panel, values) {
    if (values.length === 0) return;
    const last = values.at(-1);
    panel.querySelector("[data-value]").textContent = inWords(last);
    panel.querySelector("[data-trend]").textContent = values.length > 1 ? TRENDS.get(Math.sign(last - values[0])) : "";
    panel.querySelector("polyline").setAttribute("points", pointsOf(values));
}

function valuesOf(panel) {
    return panel.querySelector(".spark").dataset.values.split(" ").filter(Boolean).map(Number);
}

/** A number in so few characters, about ten, that a panel has room for all of them: one that is cut off would be another one. */
export function inWords(value) {
    const size = Math.abs(value);
    if (size >= 1e15 || (size < 1e-4 && size > 0)) return EXTREME.format(value);
    return (size < 1e6 ? NUMBER : LARGE).format(value);
}

/** The points of a polyline through `values`, from the left to the right. */
export function pointsOf(values) {
    const halves = values.map((value) => value / 2);    // the whole of what lies between two numbers may be none any more
    const low = Math.min(...halves), height = Math.max(...halves) - low || 1;
    const step = WIDTH / Math.max(1, values.length - 1);
    return halves.map((half, place) => `${(place * step).toFixed(1)},${(HEIGHT - 1 - ((half - low) / height) * (HEIGHT - 2)).toFixed(1)}`).join(" ");
}
