/* Moments in the reader's own zone and manner. The server writes UTC, the same for everybody; rows may come at any time. */

const STYLE = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" });

/** Show all moments of the page, and those that come later, in local time. */
export function showLocalTimes() {
    localise(document.body);
    new MutationObserver((changes) => {
        for (const { target } of changes) localise(target.closest?.("time") ?? target.parentElement?.closest("time") ?? target);
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
}

function localise(root) {
    const times = root.matches?.("time[datetime]") ? [root] : root.querySelectorAll?.("time[datetime]") ?? [];
    for (const time of times) {
        const moment = new Date(time.dateTime);
        if (Number.isNaN(moment.getTime()) || time.hasAttribute("data-offline-since")) continue;
        const text = STYLE.format(moment);
        // Setting the same text again would be a change again, without end.
        if (time.textContent !== text) time.textContent = text;
    }
}
