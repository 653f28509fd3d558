/* Totals of a table that shows all of its rows (`data-sums`: id of where they stand): added up anew whenever a row came, went or changed,
 * so that they are always of just the rows that one sees.
 */

export function addUpTables() {
    let isDue = false;
    const addUp = () => {
        isDue = false;
        document.querySelectorAll("[data-sums]").forEach(sum);
    };
    new MutationObserver(() => {
        if (!isDue) requestAnimationFrame(addUp);
        isDue = true;
    }).observe(document.getElementById("main"), { childList: true, subtree: true, attributeFilter: ["class", "data-number"] });
}

function sum(list) {
    const totals = { count: 0 };
    for (const row of list.querySelectorAll(":scope > :not(.rt-leave)")) {
        totals.count += 1;
        for (const { dataset: { cell, number } } of row.querySelectorAll("[data-number]")) totals[cell] = (totals[cell] ?? 0) + Number(number);
    }
    for (const place of document.getElementById(list.dataset.sums).querySelectorAll("[data-total]")) {
        const text = String(totals[place.dataset.total] ?? 0);
        // Setting the same text again would be a change again, without end.
        if (place.textContent !== text) place.textContent = text;
    }
}
