const LAST_SECONDS = 5;
const ASLEEP = 5000; // milliseconds without a tick: the device was suspended, so a timeout was not the learner's
const TICK = 200;

/**
 * Return what the clock shows `passed` milliseconds after its start. It waits `wait` milliseconds, then runs for `left`
 * milliseconds of its `total` seconds. `isMark`: half of the time or LAST_SECONDS remain.
 */
export function faceAt({ total, wait, left }, passed) {
  const rest = Math.max(0, left - Math.max(0, passed - wait));
  const seconds = Math.ceil(rest / 1000);
  return {
    seconds,
    percent: rest / (10 * total),
    isShort: seconds <= LAST_SECONDS,
    isMark: seconds < total && [Math.ceil(total / 2), LAST_SECONDS].includes(seconds),
  };
}

// Nobody can set the steady clock, but it may stop while the device is suspended.
const TIME = { steady: () => performance.now(), wall: () => Date.now() };

/** Return a function for the milliseconds since this call, by the clock that shows more. */
export function stopwatch({ steady, wall } = TIME) {
  const began = { steady: steady(), wall: wall() };
  return () => Math.max(steady() - began.steady, wall() - began.wall);
}

/** Run the clock; return a function that stops it. `hear`: callbacks for start, each second and end of suspension. */
export function startClock(timing, hear, { steady, wall } = TIME) {
  const broughtAt = steady();
  let isRunning = true;
  let shown = null;
  let ticked = wall();

  function tick() {
    const slept = wall() - ticked;
    ticked = wall();
    if (slept > ASLEEP) hear.slept();
    if (!isRunning) return;
    const face = faceAt(timing, steady() - broughtAt);
    if (face.seconds === shown) return;
    shown = face.seconds;
    if (shown === 0) stop();
    hear.second(face);
  }

  const starting = setTimeout(hear.started, timing.wait);
  const ticking = setInterval(tick, TICK);
  function stop() {
    isRunning = false;
    clearTimeout(starting);
    clearInterval(ticking);
  }
  tick();
  return stop;
}
