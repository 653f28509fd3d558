/* Totals of a table that shows all of its rows (`data-sums`: id of where they stand): added up anew whenever a row came, went or changed,
 * so that they are always of just the rows that one sees. As soon as it does not show all any more, they are the server's to say.
 */

export function addUpTables() {
    let isDue = false;
    const addUp = () => {
        isDue = false;
        document.querySelectorAll("[data-sums][data-rt-trimmed]").forEach(leaveToServer);
        document.querySelectorAll("[data-sums]").forEach(sum);
        document.querySelectorAll("[data-part-of]").forEach(showPart);
    };
    new MutationObserver(() => {
        if (!isDue) requestAnimationFrame(addUp);
        isDue = true;
    }).observe(document.getElementById("main"), {
        childList: true, characterData: true, subtree: true, attributeFilter: ["class", "data-number", "data-rt-trimmed"],
    });
}

/* From now on they are read anew whenever rows change, as where the table began with a part of them. */
function leaveToServer(list) {
    const totals = document.getElementById(list.dataset.sums);
    delete list.dataset.sums;
    totals.dataset.rtRefetch = totals.dataset.topic;
    totals.dispatchEvent(new CustomEvent("rt-refresh"));
}

function sum(list) {
    const totals = { count: 0 };
    for (const row of rowsOf(list)) {
        totals.count += 1;
        for (const { dataset: { cell, number } } of row.querySelectorAll("[data-number]")) {
            totals[cell] = (totals[cell] ?? 0) + Number(number);
        }
    }
    for (const place of document.getElementById(list.dataset.sums).querySelectorAll("[data-total]")) {
        write(place, String(totals[place.dataset.total] ?? 0));
    }
}

/* How many of all rows these are, where they are not all. */
function showPart(place) {
    const list = document.getElementById(place.dataset.partOf), shown = rowsOf(list).length;
    const count = Number(list.parentElement.querySelector("[data-total=count]").textContent);
    place.hidden = list.dataset.sums !== undefined || shown >= count;
    write(place, place.dataset.words.replace("#shown", shown).replace("#count", count));
}

function rowsOf(list) {
    return list.querySelectorAll(":scope > :not(.rt-leave)");
}

/* Setting the same text again would be a change again, without end. */
function write(place, text) {
    if (place.textContent !== text) place.textContent = text;
}
