import assert from "node:assert/strict";
import { test } from "node:test";
import { faceAt, startClock, stopwatch } from "../../static/js/clock.js";

const TIMING = { total: 20, wait: 1500, left: 20000 };

test("the clock waits, then runs down and stops at zero", () => {
  const seconds = (passed) => faceAt(TIMING, passed).seconds;
  assert.deepEqual([0, 1500, 1501, 2499, 2500].map(seconds), [20, 20, 20, 20, 19]);
  assert.deepEqual([20499, 20500, 21499, 21500, 99999].map(seconds), [2, 1, 1, 0, 0]);
});

test("a reloaded page shows the remaining time", () => {
  const { seconds, percent } = faceAt({ total: 20, wait: 0, left: 5000 }, 0);
  assert.deepEqual([seconds, percent], [5, 25]);
});

test("the ring shows the remaining share of time", () => {
  assert.equal(faceAt(TIMING, 0).percent, 100);
  assert.equal(faceAt(TIMING, 6500).percent, 75);
  assert.equal(faceAt(TIMING, 99999).percent, 0);
});

const marked = (total) =>
  Array.from({ length: total + 1 }, (_, passed) => faceAt({ total, wait: 0, left: 1000 * total }, 1000 * passed))
    .filter((face) => face.isMark)
    .map((face) => face.seconds);

test("half of the time and five seconds are marks, the start is not", () => {
  assert.deepEqual(marked(20), [10, 5]);
  assert.deepEqual(marked(15), [8, 5]);
  assert.deepEqual(marked(10), [5]);
  assert.deepEqual(marked(5), [3]);
  assert.deepEqual(marked(1), []);
});

test("the last five seconds are short", () => {
  const isShort = (passed) => faceAt({ total: 20, wait: 0, left: 20000 }, passed).isShort;
  assert.deepEqual([14999, 15000, 20000].map(isShort), [false, true, true]);
});

/**
 * A clock whose callbacks are recorded in `told`. `pass(seconds)` advances all clocks; `sleep(seconds)` advances only
 * the wall clock.
 */
function running(context, timing) {
  const { timers } = context.mock;
  timers.enable({ apis: ["setTimeout", "setInterval"] });
  let [steady, wall] = [0, 1_000_000];
  const told = [];
  const hear = {
    started: () => told.push("started"),
    second: ({ seconds }) => told.push(seconds),
    slept: () => told.push("slept"),
  };
  const stop = startClock(timing, hear, { steady: () => steady, wall: () => wall });
  const pass = (seconds) => {
    for (let tenth = 0; tenth < 10 * seconds; tenth += 1) {
      steady += 100;
      wall += 100;
      timers.tick(100);
    }
  };
  const sleep = (seconds) => {
    wall += 1000 * seconds;
  };
  return { told, hear, stop, pass, sleep };
}

test("each second is reported once, from the start until zero", (context) => {
  const { told, pass } = running(context, { total: 3, wait: 1000, left: 3000 });
  assert.deepEqual(told, [3]);
  pass(1);
  assert.deepEqual(told, [3, "started"]);
  pass(20);
  assert.deepEqual(told, [3, "started", 2, 1, 0]);
});

test("a clock without time left reports zero and no start", (context) => {
  const { told, pass } = running(context, { total: 3, wait: 0, left: 0 });
  pass(1);
  assert.deepEqual(told, [0]);
});

test("a stopped clock reports nothing more", (context) => {
  const { told, stop, pass } = running(context, { total: 3, wait: 0, left: 3000 });
  pass(1);
  stop();
  pass(9);
  assert.deepEqual(told, [3, "started", 2]);
});

test("a clock stopped before its start does not start", (context) => {
  const { told, stop, pass } = running(context, { total: 3, wait: 1000, left: 3000 });
  stop();
  pass(9);
  assert.deepEqual(told, [3]);
});

test("suspension is reported first, so that the clock can be stopped before zero", (context) => {
  const { told, hear, stop, pass, sleep } = running(context, { total: 1, wait: 0, left: 1000 });
  hear.slept = () => {
    told.push("slept");
    stop();
  };
  pass(0.8);
  sleep(60);
  pass(9);
  assert.deepEqual(told, [1, "started", "slept"]);
});

test("a clock not stopped after suspension runs down to zero", (context) => {
  const { told, pass, sleep } = running(context, { total: 1, wait: 0, left: 1000 });
  sleep(60);
  pass(9);
  assert.deepEqual(told, [1, "started", "slept", 0]);
});

test("a pause of a few seconds is no suspension", (context) => {
  const { told, pass, sleep } = running(context, { total: 1, wait: 0, left: 1000 });
  sleep(4.8);
  pass(9);
  assert.deepEqual(told, [1, "started", 0]);
});

test("the stopwatch uses the clock that shows more", () => {
  const now = { steady: 100, wall: 5000 };
  const passed = stopwatch({ steady: () => now.steady, wall: () => now.wall });
  Object.assign(now, { steady: 400, wall: 5200 });
  assert.equal(passed(), 300);
  Object.assign(now, { steady: 500, wall: 90000 }); // suspended
  assert.equal(passed(), 85000);
});
