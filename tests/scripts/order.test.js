import assert from "node:assert/strict";
import { test } from "node:test";
import { byNumber, placeAt } from "../../static/js/order.js";

const numbers = { Fill: 3, Heat: 1, Pour: 0, Drink: 2, Wash: 0 }; // 0: none yet
const sorted = (...steps) => byNumber(steps, (step) => numbers[step]);

test("steps are sorted by number", () => {
  assert.deepEqual(sorted("Fill", "Heat", "Drink"), ["Heat", "Drink", "Fill"]);
});

test("steps without a number come last, in their order", () => {
  assert.deepEqual(sorted("Wash", "Pour", "Fill", "Heat", "Drink"), ["Heat", "Drink", "Fill", "Wash", "Pour"]);
  assert.deepEqual(sorted("Wash", "Pour"), ["Wash", "Pour"]);
});

test("byNumber does not change its argument", () => {
  const steps = ["Fill", "Heat"];
  byNumber(steps, (step) => numbers[step]);
  assert.deepEqual(steps, ["Fill", "Heat"]);
});

test("a dragged step goes after those whose middle it has passed", () => {
  const middles = [20, 80, 140];
  assert.deepEqual(
    [0, 20, 21, 100, 500].map((y) => placeAt(y, middles)),
    [0, 0, 1, 2, 3],
  );
});
