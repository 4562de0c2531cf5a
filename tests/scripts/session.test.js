import assert from "node:assert/strict";
import { test } from "node:test";
import { stateAt } from "../../static/js/session.js";

const MINUTE = 60_000; // milliseconds

test("two minutes before its end a session is said to end, and no earlier", () => {
  const times = { ends: 10 * MINUTE, last: 60 * MINUTE };
  assert.deepEqual(
    [0, 8 * MINUTE - 1, 8 * MINUTE, 10 * MINUTE - 1, 10 * MINUTE].map((now) => stateAt(now, times)),
    ["", "", "ending", "ending", "ended"],
  );
});

test("one that has lasted as long as it may cannot be renewed", () => {
  assert.equal(stateAt(9 * MINUTE, { ends: 10 * MINUTE, last: 10 * MINUTE }), "over");
});
