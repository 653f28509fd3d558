import assert from "node:assert/strict";
import { test } from "node:test";

import { Unread } from "../../myapp/app/static/unread.js";
import { documentOf } from "./document.mjs";

const ADA = 7, BOB = 8;

/** The link to the channel "board" as the server rendered it at 5f-100, and an Unread of Ada's that is told of events by hand. */
function pageOf(t, { unread = 0, mark = 10, last = 10, own = "", isBeingRead = false } = {}) {
    const parts = { "[data-count]": {}, ".unread": {} }, nav = { dataset: { rtCursor: "5f-100" } };
    const link = { querySelector: (part) => parts[part] };
    const render = (values) => {
        link.dataset = { channel: "board", unread: "0", own: "", ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])) };
        Object.assign(parts["[data-count]"], { textContent: values.unread });
        Object.assign(parts[".unread"], { hidden: Number(values.unread) === 0 });
    };
    render({ unread, mark, last, own });
    const listeners = {};
    const found = { '[data-channel="board"]': [link], "[data-channel]": [link], get "[data-channel]:not([data-as-of])"() { return "asOf" in link.dataset ? [] : [link]; } };
    const page = Object.assign(documentOf(t, found), {
        body: { addEventListener: (type, listener) => { listeners[type] = listener; } }, getElementById: () => nav,
    });
    globalThis.CSS = { escape: (text) => text };
    t.after(() => { delete globalThis.CSS; });
    const counter = new Unread({ account: ADA, isBeingRead: () => isBeingRead });
    let seq = 100;
    const tell = (type, data, topic = "updates:board", id = `5f-${++seq}`) =>
        listeners[`${topic.split(":")[0]}-changed`]({ detail: { id, topic, type, data } });
    return {
        counter,
        cursor: () => `5f-${seq}`,
        posted: (id, author) => tell("update_created", { id, author_id: author }),
        deleted: (id) => tell("update_deleted", { id }),
        readElsewhere: (counted, cursor = `5f-${seq}`) => tell("channels_read", { cursor, channels: { board: counted } }, "user:7", null),
        readAnew: (values, cursor = `5f-${seq}`) => {
            nav.dataset.rtCursor = cursor;
            render(values);
            page.fire("htmx:after:swap");
        },
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
    page.readElsewhere({ unread: 0, mark: 11, last: 11 });
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

test("one's own updates of before the page was opened are not among the unread when they are deleted", (t) => {
    const page = pageOf(t, { unread: 2, mark: 8, last: 12, own: "9 11" });
    for (const id of [9, 11]) page.deleted(id);
    assert.equal(page.shown(), "2");
    page.deleted(10);
    assert.equal(page.shown(), "1");
});

test("what one posts where nothing is unread is not unread when it is deleted, nor does a late count make it so", (t) => {
    const page = pageOf(t), earlier = page.cursor();
    page.posted(11, ADA);
    page.posted(12, BOB);
    page.deleted(11);
    assert.equal(page.shown(), "1");
    page.readElsewhere({ unread: 0, mark: 10, last: 10 }, earlier);
    assert.equal(page.shown(), "1");
});

test("a count that is told late has what came since added, and undoes none that is newer", (t) => {
    const page = pageOf(t), earlier = page.cursor();
    for (const id of [11, 12, 13]) page.posted(id, BOB);
    page.deleted(12);
    page.readElsewhere({ unread: 0, mark: 11, last: 11 }, earlier);    // 12 has come and gone since
    assert.equal(page.shown(), "1");
    page.readElsewhere({ unread: 1, mark: 13, last: 14 });
    page.readElsewhere({ unread: 3, mark: 9, last: 12 }, earlier);
    assert.equal(page.shown(), "1");
});

test("a list that is read anew has what came after the server made it, and once, and what was read meanwhile", (t) => {
    const page = pageOf(t), made = page.cursor();
    page.posted(11, BOB);
    page.readAnew({ unread: 0, mark: 10, last: 10 }, made);
    assert.equal(page.shown(), "1");
    page.readAnew({ unread: 1, mark: 10, last: 11 });
    assert.equal(page.shown(), "1");
    page.readElsewhere({ unread: 0, mark: 11, last: 11 });
    page.readAnew({ unread: 1, mark: 10, last: 11 }, made);
    assert.equal(page.shown(), "");
});
