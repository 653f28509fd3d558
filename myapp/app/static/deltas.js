/* Numbers that change: a cell (`data-cell`, `data-number`) of a row that an event has put says for some seconds what it was before,
 * by arrow and by sign, and not by colour alone.
 */

const SHOWN_MS = 6000;  // long enough to look there once the flash was noticed

export function showDeltas() {
    document.addEventListener("rt-patched", ({ target, detail: { old } }) => {
        if (!old) return;
        for (const cell of target.querySelectorAll("[data-number]")) {
            const { number } = cell.dataset, before = old.querySelector(`[data-cell="${cell.dataset.cell}"]`)?.dataset.number;
            if (before !== undefined && before !== number) show(cell, Number(before), Number(number));
        }
    });
}

function show(cell, before, now) {
    const note = document.createElement("span");
    const isUp = now > before;
    note.className = `delta ${isUp ? "delta-up" : "delta-down"}`;
    note.textContent = `${before} → ${now} ${isUp ? "▲ +" : "▼ −"}${Math.abs(now - before)}`;
    cell.append(note);
    setTimeout(() => note.remove(), SHOWN_MS);
}
