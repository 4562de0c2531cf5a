import assert from "node:assert/strict";
import { test } from "node:test";
import { stateAt } from "../../static/js/session.js";

const MINUTE = 60_000; // milliseconds

test("the warning starts two minutes before the session ends", () => {
  const times = { ends: 10 * MINUTE, last: 60 * MINUTE };
  assert.deepEqual(
    [0, 8 * MINUTE - 1, 8 * MINUTE, 10 * MINUTE - 1, 10 * MINUTE].map((now) => stateAt(now, times)),
    ["", "", "ending", "ending", "ended"],
  );
});

test("a session at its maximum age cannot be renewed", () => {
  assert.equal(stateAt(9 * MINUTE, { ends: 10 * MINUTE, last: 10 * MINUTE }), "over");
});
