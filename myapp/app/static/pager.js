/* The pages of a live table: how many rows there are (`data-total` of the table's body) and pages of them, as rows come and go.
 *
 *     <nav data-pages-of="users" data-rows="50" data-page="1"> <span data-pages>, <a data-next> </nav>
 */

import { isAfter, Since } from "./since.js";

/** created, deleted: the types of the events, fired as `change`, by which there is one row more, or less. */
export function watchPages({ change, created, deleted }) {
    const nav = document.querySelector("[data-pages-of]");
    if (!nav) return;
    const list = document.getElementById(nav.dataset.pagesOf), steps = { [created]: 1, [deleted]: -1 }, since = new Since();
    const count = ({ id, type }) => {
        if (!steps[type] || !isAfter(id, list.dataset.asOf ?? list.dataset.rtCursor)) return;
        list.dataset.asOf = id;
        list.dataset.total = Number(list.dataset.total) + steps[type];
    };
    document.addEventListener(change, ({ detail }) => {
        since.note(detail);
        count(detail);
        draw(nav, list);
    });
    document.addEventListener("htmx:after:swap", () => {
        // What was read anew has the total of its cursor.
        if (list.dataset.asOf === undefined) since.after(list.dataset.rtCursor).forEach(count);
        draw(nav, list);
    });
    document.addEventListener("rt-reset", () => since.forget());
}

function draw(nav, { dataset: { total } }) {
    const { rows, page } = nav.dataset, pages = Math.max(1, Math.ceil(total / rows)), next = nav.querySelector("[data-next]");
    nav.querySelector("[data-count-of-pages]").textContent = pages;
    nav.querySelector("[data-count-of-rows]").textContent = total;
    nav.querySelector("[data-pages]").hidden = pages === 1;
    next.hidden = Number(page) >= pages;
    next.rel = next.hidden ? "" : "next";
    nav.hidden = pages === 1 && nav.querySelector("a:not([hidden])") === null;
}
