// Additions to a simulation. Without this file it is played page by page and without a clock.
//
// - lines arrive one after the other, and the clock runs; when it is down, it sends that the time is up
// - the next situation takes the place of the last one without a new page, and a decision that does not get through
//   stays and is sent again: the server knows its number, so it counts once
// - keys 1, 2, 3 …, a sound, and spoken warnings at the start, at half of the time and five seconds before the end
(() => {
  const setting = (name, value) => {
    try {
      if (value === undefined) return localStorage.getItem(`simulation ${name}`);
      localStorage.setItem(`simulation ${name}`, value);
    } catch { /* a private window forgets: then so do we */ }
    return value ?? null;
  };

  // Before the start: a clock can be shown ---------------------------------------------------------------------

  for (const fieldset of document.querySelectorAll("[data-timing]")) fieldset.hidden = false;
  for (const field of document.querySelectorAll("[data-has-script]")) field.value = "1";

  const run = document.querySelector("[data-run]");
  if (!run) return;

  const RETRY_AFTER = [2, 5, 15, 60]; // seconds; the last one repeats
  const LAST_SECONDS = 5;
  const ASLEEP = 5000; // milliseconds: a page whose clock stood still for longer asks the server where the run stands
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
  const announce = (text) => { run.querySelector("[data-announce]").textContent = text; };
  const form = () => run.querySelector("[data-decision]");

  // Sound ------------------------------------------------------------------------------------------------------

  let audio = null;
  const isLoud = () => setting("sound") === "on";
  const beep = (frequency, seconds) => {
    if (!isLoud()) return;
    audio ??= new AudioContext();
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(.08, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(.001, audio.currentTime + seconds);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + seconds);
  };

  // A situation arrives ----------------------------------------------------------------------------------------

  let timers = [];
  const later = (work, milliseconds) => timers.push(setTimeout(work, milliseconds));
  const stopTimers = () => { timers.forEach(clearTimeout); timers.forEach(clearInterval); timers = []; };

  const bringLines = () => {
    const waiting = [...run.querySelectorAll("[data-arrives]")].filter((line) => Number(line.dataset.arrives) > 0);
    if (isCalm.matches) return;
    for (const line of waiting) {
      line.classList.add("later"); // seen later, but there for who listens
      later(() => line.classList.remove("later"), Number(line.dataset.arrives));
    }
  };
  const showAll = () => run.querySelectorAll(".later").forEach((line) => line.classList.remove("later"));

  const runClock = () => {
    const decision = form();
    if (!decision?.dataset.clock) return;
    decision.querySelector("[data-has-clock]").value = "1";
    const face = decision.querySelector("[data-face]");
    face.hidden = false;
    const total = Number(decision.dataset.clock);
    const startsAt = performance.now() + Number(decision.dataset.wait);
    const endsAt = startsAt + Number(decision.dataset.left);
    const marks = new Map([[Math.ceil(total / 2), run.dataset.seconds], [LAST_SECONDS, run.dataset.seconds]]);
    let [shown, ticked] = [total + 1, Date.now()];
    later(() => announce(run.dataset.start.replace("{seconds}", Math.ceil(Number(decision.dataset.left) / 1000))), Number(decision.dataset.wait));
    const tick = () => {
      const slept = Date.now() - ticked;
      ticked = Date.now();
      if (slept > ASLEEP && !sending) { stopTimers(); location.reload(); return; } // the lid was closed: nobody let it run out
      const left = Math.max(0, endsAt - Math.max(performance.now(), startsAt));
      const seconds = Math.ceil(left / 1000);
      if (seconds === shown) return;
      shown = seconds;
      decision.querySelector("[data-left-seconds]").textContent = seconds;
      decision.querySelector("[data-ring]").setAttribute("stroke-dasharray", `${(100 * left) / (1000 * total)} 100`);
      face.classList.toggle("short", seconds <= LAST_SECONDS);
      if (marks.has(seconds) && seconds < total) announce(marks.get(seconds).replace("{seconds}", seconds));
      if (seconds <= LAST_SECONDS && seconds > 0) beep(880, .08);
      if (seconds === 0) {
        stopTimers();
        announce(run.dataset.up);
        send(decision, decision.querySelector("[data-time-up]"));
      }
    };
    tick();
    timers.push(setInterval(tick, 200));
  };

  const showSettings = () => {
    for (const label of run.querySelectorAll("[data-setting]")) {
      const box = label.querySelector("input");
      const name = label.dataset.setting;
      label.hidden = name === "sound" && !form()?.dataset.clock;
      box.checked = name === "keys" ? setting(name) !== "off" : setting(name) === "on";
      box.addEventListener("change", () => {
        setting(name, box.checked ? "on" : "off");
        if (name === "sound") beep(660, .15);
      });
    }
  };

  const arrive = () => {
    stopTimers();
    bringLines();
    showSettings();
    runClock();
    if (run.querySelector(".alarm")) beep(520, .6);
  };

  // Deciding ---------------------------------------------------------------------------------------------------

  let sending = null; // { button, tries } of the decision that is on its way
  const trouble = (text) => {
    const line = run.querySelector("[data-trouble]");
    line.hidden = !text;
    line.textContent = text;
  };
  const send = (decision, button) => {
    if (!decision.isConnected) return;
    sending ??= { button, tries: 0 };
    sending.button.click(); // and not requestSubmit: htmx sends the button that was clicked last
  };
  const retry = () => {
    if (!sending) return;
    trouble(run.dataset.offline);
    const wait = RETRY_AFTER[Math.min(sending.tries, RETRY_AFTER.length - 1)];
    sending.tries += 1;
    stopTimers(); // the clock stands, so what was decided in time counts, however long the line is broken
    const hasClock = form()?.querySelector("[data-has-clock]");
    if (hasClock && !sending.button.matches("[data-time-up]")) hasClock.value = "";
    later(() => form() && send(form(), sending.button), wait * 1000);
  };

  run.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-decision]")) return;
    if (sending && sending.button !== event.submitter) { event.preventDefault(); event.stopPropagation(); return; }
    sending ??= { button: event.submitter, tries: 0 };
    for (const choice of event.target.querySelectorAll("button.choice")) choice.setAttribute("aria-disabled", "true");
  }, true);

  const onAnswer = (name, work) => document.body.addEventListener(name, (event) => work(event.detail.xhr, event.detail));
  const isAway = (status) => [502, 503, 504].includes(status);
  onAnswer("htmx:beforeOnLoad", (xhr) => {
    if (sending && !isAway(xhr.status)) sending.tries = 0; // it got through: nothing is lost by leaving for the debrief
  });
  onAnswer("htmx:sendError", retry);
  onAnswer("htmx:timeout", retry);
  onAnswer("htmx:beforeSwap", (xhr, detail) => {
    if (xhr.status === 409) Object.assign(detail, { shouldSwap: true, isError: false }); // where the run stands now
  });
  onAnswer("htmx:responseError", (xhr) => {
    if (isAway(xhr.status)) { retry(); return; }
    if (xhr.status === 403) { location.reload(); return; } // signed in anew elsewhere: the fresh page brings a valid form
    sending = null;
    form()?.querySelectorAll("button.choice").forEach((choice) => choice.removeAttribute("aria-disabled"));
    trouble(run.dataset.failed);
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    sending = null;
    arrive();
    scrollTo({ top: 0 });
    run.querySelector("[data-focus]")?.focus({ preventScroll: true });
  });
  addEventListener("online", () => { if (sending && form()) send(form(), sending.button); });
  addEventListener("beforeunload", (event) => { if (sending?.tries) event.preventDefault(); });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing || setting("keys") === "off") return;
    if (event.target.closest?.("select, textarea, input:not([type=checkbox])")) return;
    if (event.key === "Escape") { showAll(); return; }
    const target = /^[1-9]$/.test(event.key) && run.querySelector(`[data-key="${event.key}"]`);
    if (!target) return;
    event.preventDefault();
    target.focus();
    target.click();
  });
  run.addEventListener("click", (event) => {
    // The second half of a double click falls on the next situation and decides nothing there.
    if (event.detail > 1 && event.target.closest("button.choice")) event.preventDefault();
    if (event.target.closest(".arrival")) showAll();
  });

  arrive();
})();
