import assert from "node:assert/strict";
import { test } from "node:test";

import { Unread } from "../../myapp/app/static/unread.js";
import { documentOf } from "./document.mjs";

const ADA = 7, BOB = 8;

/** The link to the channel "board" as the server rendered it, and an Unread of Ada's that is told of events by hand. */
function pageOf(t, { unread = 0, mark = 10, last = 10, isBeingRead = false } = {}) {
    const parts = { "[data-count]": {}, ".unread": {} };
    const link = { dataset: { channel: "board", unread: String(unread), mark: String(mark), last: String(last) }, querySelector: (part) => parts[part] };
    const listeners = {};
    Object.assign(documentOf(t, { "[data-channel=\"board\"]": [link], "[data-channel]": [link] }), {
        body: { addEventListener: (type, listener) => { listeners[type] = listener; } },
    });
    globalThis.CSS = { escape: (text) => text };
    t.after(() => { delete globalThis.CSS; });
    const counter = new Unread({ viewer: ADA, isBeingRead: () => isBeingRead });
    const tell = (type, data, topic = "updates:board") => listeners[`${topic.split(":")[0]}-changed`]({ detail: { topic, type, data } });
    return {
        counter,
        posted: (id, author) => tell("update_created", { id, author_id: author }),
        deleted: (id) => tell("update_deleted", { id }),
        readElsewhere: (count) => tell("channels_read", { channels: { board: count } }, "user:7"),
        shown: () => (parts[".unread"].hidden ? "" : String(parts["[data-count]"].textContent)),
    };
}

test("what others post is counted, and what one posts oneself is not", (t) => {
    const page = pageOf(t);
    page.posted(11, BOB);
    page.posted(12, ADA);
    page.posted(13, null);  // of an account that is gone
    assert.equal(page.shown(), "2");
});

test("an event of what the server has counted already, or that comes twice, counts once", (t) => {
    const page = pageOf(t, { unread: 1, mark: 9, last: 10 });
    page.posted(10, BOB);   // posted between the rendering and the connection
    page.posted(11, BOB);
    page.posted(11, BOB);
    assert.equal(page.shown(), "2");
});

test("what is deleted is unread no more, unless it had been read or was one's own", (t) => {
    const page = pageOf(t, { unread: 2, mark: 8, last: 10 });
    page.posted(11, ADA);
    page.deleted(11);
    page.deleted(8);
    page.posted(12, BOB);
    assert.equal(page.shown(), "3");
    page.deleted(9);
    assert.equal(page.shown(), "2");
});

test("what is posted where one looks is read at once", (t) => {
    const page = pageOf(t, { isBeingRead: true });
    page.posted(11, BOB);
    assert.notEqual(page.shown(), "1");
});

test("what is read here or in another tab is counted no more, and what comes then is", (t) => {
    const page = pageOf(t, { unread: 3, mark: 7 });
    page.counter.clear("board");
    assert.equal(page.shown(), "");
    page.posted(11, BOB);
    page.readElsewhere(0);
    assert.equal(page.shown(), "");
    page.posted(12, BOB);
    page.deleted(11);       // it had been read
    assert.equal(page.shown(), "1");
});

test("more than 99 are shown as that, and no deletion makes a number of it", (t) => {
    const page = pageOf(t, { unread: 99, mark: 1, last: 100 });
    page.posted(101, BOB);
    assert.equal(page.shown(), "99+");
    page.deleted(50);
    assert.equal(page.shown(), "99+");
});
