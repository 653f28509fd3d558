/* When a display gets its page anew: never before the server has one, and then surely. */

import assert from "node:assert/strict";
import test from "node:test";

import { Renewal } from "../../myapp/app/static/renewal.js";
import { settled } from "./world.mjs";

const MINUTE = 60000, HOUR = 60 * MINUTE;

/* A page made at `hour` of the local clock; `server.answer` is what the server says, and `reloads` when the page was given up, in ms. */
function pageMadeAt(t, hour, { random = 0 } = {}) {
    const begun = new Date(2026, 10, 21, hour).getTime();
    t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: begun });
    const server = { answer: () => ({ ok: true, redirected: false }), asked: [] }, reloads = [];
    const fetch = async (url) => {
        server.asked.push(url);
        return server.answer();
    };
    const renewal = new Renewal({ fetch, random: () => random, url: "/displays/lobby", reload: () => reloads.push(Date.now() - begun) });
    const pass = async (ms) => {
        for (let left = ms; left > 0; left -= MINUTE) {
            t.mock.timers.tick(Math.min(left, MINUTE));
            await settled();
        }
    };
    return { renewal, server, reloads, pass };
}

const away = () => { throw new TypeError("Failed to fetch"); };

for (const [hour, random, after] of [[22, 0, 5 * HOUR], [22, 0.5, 5.5 * HOUR], [2, 0, HOUR], [3, 0, 24 * HOUR]]) {
    test(`a page made at ${hour}:00 is renewed at the next night that is not now, all of them within an hour (${random})`, async (t) => {
        const { reloads, pass } = pageMadeAt(t, hour, { random });
        await pass(after - MINUTE);
        assert.deepEqual(reloads, []);
        await pass(MINUTE);
        assert.deepEqual(reloads, [after]);
    });
}

test("out of touch for ten minutes, the page is given up as soon as the server answers, and not before", async (t) => {
    const { renewal, server, reloads, pass } = pageMadeAt(t, 12);
    server.answer = away;
    renewal.lost();
    await pass(9 * MINUTE);
    renewal.lost();     // is said again and again
    assert.deepEqual(server.asked, []);
    await pass(20 * MINUTE);
    assert.deepEqual([reloads, server.asked.length], [[], 20]);
    for (const answer of [{ ok: false }, { ok: true, redirected: true }]) {
        server.answer = () => answer;
        await pass(MINUTE);
    }
    assert.deepEqual(reloads, []);
    server.answer = () => ({ ok: true, redirected: false });
    await pass(MINUTE);
    assert.deepEqual(reloads, [32 * MINUTE]);
});

test("a page that is in touch again in time stays, and its ten minutes begin anew", async (t) => {
    const { renewal, server, pass } = pageMadeAt(t, 12);
    renewal.lost();
    await pass(9 * MINUTE);
    renewal.found();
    await pass(9 * MINUTE);
    renewal.lost();
    await pass(9 * MINUTE);
    assert.deepEqual(server.asked, []);
    await pass(MINUTE);
    assert.deepEqual(server.asked, ["/displays/lobby"]);
});

test("what is asked for comes at once, or once the server can; asked for twice it comes once", async (t) => {
    const { renewal, server, reloads, pass } = pageMadeAt(t, 12);
    server.answer = () => ({ ok: false });
    renewal.renew();
    renewal.renew();
    await settled();
    assert.equal(server.asked.length, 1);
    server.answer = () => ({ ok: true, redirected: false });
    await pass(MINUTE);
    assert.deepEqual([reloads, server.asked.length], [[MINUTE], 2]);
});
