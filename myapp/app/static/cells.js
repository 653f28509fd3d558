/* Cells that are edited where they stand: whose form is done gets the focus back, on the number itself. */

export function watchCells() {
    let place = null;   // of the form that was last typed in: ids of the row and the cell
    document.addEventListener("focusin", ({ target }) => {
        const cell = target.closest(".cell-form")?.closest("[data-cell]");
        if (cell) place = { row: cell.closest("tr").id, cell: cell.dataset.cell };
    });
    document.addEventListener("htmx:after:swap", () => {
        if (!place || document.activeElement !== document.body) return;
        document.querySelector(`#${CSS.escape(place.row)} [data-cell="${place.cell}"] a`)?.focus();
        place = null;
    });
}
