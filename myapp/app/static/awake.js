/* The wake lock: the screen does not sleep while the page is seen. Browsers know it on https alone, and end it whenever the page is
 * hidden.
 */

/** Keep the screen awake, now and whenever the page is seen again. */
export function keepAwake() {
    document.addEventListener("visibilitychange", ask);
    return ask();
}

async function ask() {
    if (document.hidden) return;
    try {
        await navigator.wakeLock?.request("screen");
    } catch {
        // The battery is low, or it is not allowed here: the page goes on without.
    }
}
