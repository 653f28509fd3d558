/* The page of the monitor: its tiles, the table of processes, and charts of the last minutes with a table beside each. */

import { Charts } from "./charts.js";
import { drawTiles, inWords } from "./tiles.js";

const charts = new Charts(document.querySelectorAll("[data-chart]"));
const figures = drawTiles((figures, time) => {
    drawTable(figures.processes(time));
    drawTopics(figures.together(time)?.topics ?? {});
    charts.draw(figures, time);
});

document.querySelector("[data-windows]").addEventListener("click", ({ target }) => {
    const button = target.closest("[data-window]");
    if (!button) return;
    for (const each of document.querySelectorAll("[data-window]")) each.setAttribute("aria-pressed", String(each === button));
    charts.show(Number(button.dataset.window), figures, Date.now());
});

/* One row for each process, made of the page's own template. */
function drawTable(processes) {
    const body = document.querySelector("[data-processes]"), template = document.querySelector("[data-process]");
    if (processes.length === 0) return;
    body.replaceChildren(...processes.map((stats) => {
        const row = template.content.firstElementChild.cloneNode(true);
        for (const cell of row.querySelectorAll("[data-of]")) {
            cell.textContent = inWords(cell.dataset.of.split(".").reduce((part, name) => part?.[name], stats), cell.dataset.unit);
        }
        return row;
    }));
}

function drawTopics(topics) {
    const rows = Object.entries(topics).sort().map(([name, count]) => {
        const row = document.createElement("tr");
        row.append(Object.assign(document.createElement("th"), { scope: "row", textContent: name }),
            Object.assign(document.createElement("td"), { textContent: inWords(count) }));
        return row;
    });
    document.querySelector("[data-topics-of-streams]").replaceChildren(...rows);
}
