/* Charts: the last minutes of all processes together, by uPlot, with one cursor for all, and each also as a table.
 *
 * Their lines are named in the page: `data-chart` has the names of figures with blanks between, `data-labels` what they are called.
 */

import { GAP_S, inWords } from "./tiles.js";

const HEIGHT = 220;
const ROWS = 15;  // of a table: more is for the chart
const COLOURS = ["--bs-primary", "--bs-warning", "--bs-success"];
const DASHES = [[], [6, 4], [2, 3]];  // not by colour alone
const LABELS_S = [60, 300, 600, 900];  // between two moments that are named below a chart
const MINUTE = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const TIME = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export class Charts {
    #charts;
    #minutes = 5;

    constructor(places) {
        this.#charts = [...places].map((place) => new Chart(place));
        new ResizeObserver(() => this.#charts.forEach((chart) => chart.fit())).observe(document.querySelector("main"));
        // Colours are asked for at each drawing.
        new MutationObserver(() => this.#charts.forEach((chart) => chart.redraw()))
            .observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
    }

    /** Show the last `minutes` from now on. */
    show(minutes, figures, time) {
        this.#minutes = minutes;
        this.draw(figures, time);
    }

    draw(figures, time) {
        const history = figures.history(time, this.#minutes * 60);
        this.#charts.forEach((chart) => chart.draw(history, time / 1000, this.#minutes * 60));
    }
}

class Chart {
    #place;
    #names;
    #labels;
    #unit;
    #plot;
    #table;

    constructor(place) {
        this.#place = place;
        this.#names = place.dataset.chart.split(" ");
        this.#labels = place.dataset.labels.split(", ");
        this.#unit = place.dataset.unit;
        this.#table = place.parentElement.querySelector("tbody");
        this.#plot = new window.uPlot(this.#options(), [[], ...this.#names.map(() => [])], place);
    }

    #options() {
        const axis = { stroke: () => colour("--bs-secondary-color"), grid: { stroke: () => colour("--bs-border-color"), width: 1 } };
        return {
            width: this.#place.clientWidth, height: HEIGHT,
            cursor: { sync: { key: "monitor" }, drag: { setScale: false } },
            scales: { y: { range: (plot, least, most) => [0, Math.max(1, (most ?? 0) * 1.1)] } },
            axes: [
                { ...axis, space: 60, incrs: LABELS_S, values: (plot, seconds) => seconds.map((each) => MINUTE.format(each * 1000)) },
                { ...axis, size: 72, values: (plot, values) => values.map((value) => inWords(value, this.#unit)) },
            ],
            series: [
                { value: (plot, second) => (second === null ? "–" : TIME.format(second * 1000)) },
                ...this.#labels.map((label, place) => this.#line(label, place)),
            ],
        };
    }

    #line(label, place) {
        return {
            label, stroke: () => colour(COLOURS[place]), dash: DASHES[place], width: 2, points: { show: false },
            value: (plot, value) => inWords(value, this.#unit),
        };
    }

    fit() {
        this.#plot.setSize({ width: this.#place.clientWidth, height: HEIGHT });
    }

    redraw() {
        this.#plot.redraw(false);
    }

    draw(history, now, seconds) {
        const points = withGaps(history), lines = this.#names.map((name) => points.map(([, figures]) => figures?.[name] ?? null));
        this.#plot.setData([points.map(([second]) => second), ...lines], false);
        this.#plot.batch(() => {
            this.#plot.setScale("x", { min: now - seconds, max: now });
        });
        if (this.#table.closest("details").open) this.#fill(history, now, seconds);
    }

    /* The newest first, each row the mean of a part of the window. */
    #fill(history, now, seconds) {
        const part = seconds / ROWS, rows = [];
        for (let end = Math.floor(now); rows.length < ROWS; end -= part) {
            const within = history.filter(([second]) => second > end - part && second <= end).map(([, figures]) => figures);
            rows.push(rowOf([TIME.format(end * 1000), ...this.#names.map((name) => inWords(mean(within, name), this.#unit ?? "rate"))]));
        }
        this.#table.replaceChildren(...rows);
    }
}

/* What is not known is not drawn: a line has a hole there. */
function withGaps(history) {
    return history.flatMap((point, place) => {
        const before = history[place - 1];
        return before && point[0] - before[0] > GAP_S ? [[before[0] + 1, null], point] : [point];
    });
}

function mean(all, name) {
    const values = all.map((figures) => figures[name]).filter((value) => value !== null);
    return values.length === 0 ? null : values.reduce((one, other) => one + other, 0) / values.length;
}

function rowOf([first, ...others]) {
    const row = document.createElement("tr");
    const head = Object.assign(document.createElement("th"), { scope: "row", textContent: first });
    row.append(head, ...others.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
    return row;
}

function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
