import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { isAway, makeRetry, newToken } from "../../static/js/retry.js";

test("only 502, 503 and 504 are temporary", () => {
  assert.deepEqual([502, 503, 504].map(isAway), [true, true, true]);
  assert.deepEqual([200, 403, 409, 422, 500, 501, 505].filter(isAway), []);
});

/** A retry after 2, then 5 seconds. `wait(seconds)` advances the clock; `sent()` counts. */
function started(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const send = mock.fn();
  return {
    retry: makeRetry([2, 5], send),
    sent: () => send.mock.callCount(),
    wait: (seconds) => context.mock.timers.tick(1000 * seconds),
  };
}

test("waits are used in order, and the last one repeats", (context) => {
  const { retry, sent, wait } = started(context);
  [2, 5, 5, 5].forEach((seconds, before) => {
    retry.later();
    wait(seconds - 0.001);
    assert.equal(sent(), before);
    wait(0.001);
    assert.equal(sent(), before + 1);
  });
  wait(60);
  assert.equal(sent(), 4);
});

test("a failure during a wait starts the next wait without sending twice", (context) => {
  const { retry, sent, wait } = started(context);
  retry.later();
  wait(1);
  retry.later();
  wait(4.999);
  assert.equal(sent(), 0);
  wait(0.001);
  assert.equal(sent(), 1);
});

test("stop cancels the retry, and the next failure waits as the first one", (context) => {
  const { retry, sent, wait } = started(context);
  assert.equal(retry.isTrying(), false);
  retry.later();
  retry.later();
  assert.equal(retry.isTrying(), true);
  retry.stop();
  assert.equal(retry.isTrying(), false);
  wait(60);
  assert.equal(sent(), 0);
  retry.later();
  wait(2);
  assert.equal(sent(), 1);
});

test("a token is a random UUID", () => {
  const tokens = Array.from({ length: 50 }, newToken);
  for (const token of tokens)
    assert.match(token, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(tokens).size, 50);
});
