/* What a tab keeps of its link for its next page: from the hub to a storage, and from there to the hub. */

import assert from "node:assert/strict";
import test from "node:test";

import { Remembering } from "../../myapp/realtime/static/memory.js";

class Storage {
    #items = new Map();
    setItem = (key, text) => this.#items.set(key, text);
    getItem = (key) => this.#items.get(key) ?? null;
}

const broken = { setItem() { throw new Error("QuotaExceededError"); }, getItem: () => "{" };

/* A page before a hub; `heard` is what the hub heard, `say` what it says, `told` what came to the page. */
function pageWith(storage, key = "k") {
    const heard = [], told = [], inner = { isShared: true };
    inner.connect = (send) => {
        inner.say = send;
        return (message) => heard.push(message);
    };
    const hub = new Remembering(inner, { storage, key });
    return { hub, heard, told, inner, tell: hub.connect((message) => told.push(message)) };
}

test("what the hub says of its rung is brought to it by the next page's join, and shown to no page", () => {
    const storage = new Storage(), before = pageWith(storage), memory = { rung: 1, climbAt: 5, barredUntil: [7] };
    before.tell({ kind: "join", topics: {} });
    before.inner.say({ kind: "memory", memory });
    before.inner.say({ kind: "state", state: "polling" });
    assert.deepEqual(before.told, [{ kind: "state", state: "polling" }]);
    const next = pageWith(storage), other = pageWith(storage, "of another url");
    for (const { tell } of [next, other]) tell({ kind: "join", topics: { users: null } });
    next.tell({ kind: "kick" });
    assert.deepEqual(next.heard, [{ kind: "join", topics: { users: null }, memory }, { kind: "kick" }]);
    assert.deepEqual([before.heard[0].memory, other.heard[0].memory], [null, null]);
    next.inner.say({ kind: "memory", memory: null });
    next.tell({ kind: "join", topics: {} });
    assert.equal(next.heard.at(-1).memory, null);
    next.inner.isShared = false;
    assert.ok(!next.hub.isShared);
});

test("a tab without a storage, or with one that is full or unreadable, goes without", () => {
    for (const storage of [null, broken]) {
        const { tell, inner, heard } = pageWith(storage);
        inner.say({ kind: "memory", memory: { rung: 1 } });
        tell({ kind: "join", topics: {} });
        assert.deepEqual(heard, [{ kind: "join", topics: {}, memory: null }]);
    }
});
