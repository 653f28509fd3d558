/* The glue between the pages and htmx: the dialog, what a failed request says, the CSRF token, local times, the offline strip, sign-in.
 *
 * Everything here is an addition: without it links and forms are plain pages. Which rows change, the live link decides (page.js).
 */

import { watchCells } from "./cells.js";
import { showClocks } from "./clock.js";
import { watchCopyButtons } from "./copy.js";
import { countDown } from "./countdown.js";
import { showDeltas } from "./deltas.js";
import { Dialog } from "./dialog.js";
import { watchFeed } from "./feed.js";
import { tellForms } from "./meanwhile.js";
import { watchMenus } from "./menu.js";
import { Notice } from "./notice.js";
import { Offline } from "./offline.js";
import { watchPages } from "./pager.js";
import { watchPasswordButtons } from "./password.js";
import { askToSignIn } from "./sign_in.js";
import { watchSignOut } from "./signed_out.js";
import { addUpTables } from "./sums.js";
import { showLocalTimes } from "./times.js";
import { Toasts } from "./toasts.js";

const SAFE = new Set(["GET", "HEAD"]);
const CONNECTED = new Set(["sse", "websocket", "polling"]);

/* In htmx 4 attributes are not inherited, so the token is set here for all requests and not by hx-headers on body. */
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (!SAFE.has(ctx.request.method)) ctx.request.headers["X-CSRF-Token"] = document.querySelector("meta[name=csrf-token]").content;
});

const dialog = new Dialog(document.getElementById("dialog"));
new Notice(document.querySelector("[data-notice]"));
new Offline(document.querySelector("[data-offline]"));
watchSignOut(document.querySelector("[data-signed-out]"));
const toasts = document.querySelector("[data-toasts]");
if (toasts) new Toasts(toasts);
showLocalTimes();
showClocks();
watchMenus();
askToSignIn();
watchPasswordButtons();
countDown();
watchCopyButtons();
watchCells();
showDeltas();
addUpTables();
watchFeed();
watchPages({ change: "users-changed", created: "user_created", deleted: "user_deleted" });
tellForms("users-changed");

/* A form did what it should. The row arrives by the live link; where that is down or held back just now, the list is read again. */
document.addEventListener("saved", () => {
    const back = document.querySelector("main [data-close]");
    if (back && !dialog.isOpen) return location.assign(back.href);
    dialog.close();
    // Of these no event tells that all may see: what is private.
    for (const element of document.querySelectorAll("[data-refresh-saved]")) element.dispatchEvent(new CustomEvent("rt-refresh"));
    const { rtState, rtPaused } = document.documentElement.dataset;
    if (CONNECTED.has(rtState) && rtPaused === undefined) return;
    for (const list of document.querySelectorAll("[data-rt-list]")) list.dispatchEvent(new CustomEvent("rt-refresh"));
});
