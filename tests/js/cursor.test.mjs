/* Cursors: order within one life of the log, and none between two. */

import assert from "node:assert/strict";
import test from "node:test";

import { compare, isNews, oldest } from "../../myapp/realtime/static/cursor.js";

test("cursors of one epoch are ordered by number, not by text", () => {
    assert.ok(compare("5f-10", "5f-9") > 0);
    assert.ok(compare("5f-9", "5f-10") < 0);
    assert.equal(compare("5f-9", "5f-9"), 0);
    assert.ok(compare("a-b-10", "a-b-9") > 0);
});

test("cursors of two epochs, none and nonsense cannot be compared", () => {
    for (const other of ["60-9", null, undefined, "", "nonsense", "5f-", "5f-x"]) assert.ok(Number.isNaN(compare("5f-10", other)), other);
});

test("all is news that one does not surely have", () => {
    assert.equal(isNews("5f-9", "5f-9"), false);
    assert.equal(isNews("5f-8", "5f-9"), false);
    for (const known of ["5f-7", "60-9", null, undefined]) assert.equal(isNews("5f-8", known), true, known);
});

test("the oldest is the smallest of those that are set", () => {
    assert.equal(oldest(["5f-10", null, "5f-9", undefined, "5f-11"]), "5f-9");
    assert.equal(oldest(["60-1", "5f-9"]), "60-1");
    assert.equal(oldest([null, ""]), null);
    assert.equal(oldest([]), null);
});
