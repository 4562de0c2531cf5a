const LAST_SECONDS = 5;
const ASLEEP = 5000; // milliseconds for which the page stood still: the lid was closed, and nobody let the time run out
const TICK = 200;

/**
 * What the face shows `passed` milliseconds after the clock was brought. It stands for `wait`, then runs for `left`
 * (milliseconds) of its `total` seconds. `isMark`: half of the time is over, or all but the last seconds.
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

// Nobody sets the first one while a page is open; but where a page sleeps, it may sleep too.
const TIME = { steady: () => performance.now(), wall: () => Date.now() };

/** How many milliseconds have passed since it was called, by whichever clock of this device says more. */
export function stopwatch({ steady, wall } = TIME) {
  const began = { steady: steady(), wall: wall() };
  return () => Math.max(steady() - began.steady, wall() - began.wall);
}

/** Runs the clock and returns how to stop it. `hear` is told when it starts, each new face, and when the page slept. */
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
