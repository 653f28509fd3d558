import assert from "node:assert/strict";
import test from "node:test";

import { inWords, pointsOf } from "../../myapp/app/static/metrics.js";

test("a number is said whole in so few characters that a panel has room for it", () => {
    const said = { 0: "0", "21.5": "21.5", 999999: "999,999", "-123456789.12": "-123.457M", 1234567: "1.23457M", "1e308": "1E308", "-1.23e-9": "-1.23E-9" };
    for (const [value, words] of Object.entries(said)) assert.equal(inWords(Number(value)), words);
});

test("a line is drawn through numbers that lie as far apart as numbers can, and through those that are alike", () => {
    assert.equal(pointsOf([1e308, -1e308, 0]), "0.0,1.0 50.0,29.0 100.0,15.0");
    assert.equal(pointsOf([7, 7]), "0.0,29.0 100.0,29.0");
});
