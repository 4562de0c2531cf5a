// Additions to a simulation. Without this script, every situation is a page, and there is no clock.
//
// - lines appear one after another, and the clock runs; at zero, it sends that the time is up
// - the next situation replaces the last one without a page load
// - a decision that cannot be sent is sent again; the server knows its number, so it counts once
// - choices have the keys 1, 2, 3 …; the clock is announced at the start, at half of the time and at 5 seconds
// - optional: sound, vibration, reading aloud
import { announce, fill } from "../announce.js";
import { startClock, stopwatch } from "../clock.js";
import { isAway, makeRetry } from "../retry.js";
import * as senses from "../senses.js";

const { set, setting } = senses;
const RINGS = { times: 6, every: 3000 }; // milliseconds
const RETRY_AFTER = [2, 5, 15, 60]; // seconds

const run = document.querySelector("[data-run]"); // absent on start page and debrief
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
const retry = makeRetry(RETRY_AFTER, () => form() && send(form(), sending));
let sending = null; // button of the decision being sent
let stopClock = () => {};
let isTimeOut = () => false; // this device's clock; the server's may jump
let arrivals = []; // timers

const form = () => run.querySelector("[data-decision]");
const choices = () => form()?.querySelectorAll("button.choice") ?? [];

function arrive() {
  stopTimers();
  bringLines();
  showSettings(run);
  runClock();
  if (run.querySelector(".arrival.alarm")) senses.alarm();
  if (run.querySelector(".arrival.incoming-call")) senses.ring();
  speak();
}

function speak() {
  for (const said of run.querySelectorAll(".arrival h1, .arrival .line")) {
    senses.readAloud(said.textContent, said.closest("[lang]").lang);
  }
}

function stopTimers() {
  stopClock();
  senses.hush();
  arrivals.forEach(clearTimeout);
  arrivals = [];
}

function bringLines() {
  if (isCalm.matches) return;
  let last = 0;
  for (const line of run.querySelectorAll("[data-arrives]")) {
    const after = Number(line.dataset.arrives); // milliseconds
    if (after === 0) continue;
    line.classList.add("later"); // hidden, but screen readers read it
    arrivals.push(setTimeout(() => line.classList.remove("later"), after));
    last = Math.max(last, after);
  }
  if (last === 0) return;
  run.querySelector("[data-show-all]").hidden = false;
  arrivals.push(setTimeout(showAll, last));
}

function showAll() {
  for (const line of run.querySelectorAll(".later")) line.classList.remove("later");
  const button = run.querySelector("[data-show-all]");
  if (button) button.hidden = true;
}

function runClock() {
  const decision = form();
  if (!decision?.dataset.clock) return;
  const { clock: total, wait, left } = decision.dataset;
  const timing = { total: Number(total), wait: Number(wait), left: Number(left) };
  const face = decision.querySelector("[data-face]");
  const passed = stopwatch();
  isTimeOut = () => passed() >= timing.wait + timing.left;
  face.hidden = false;
  stopClock = startClock(timing, {
    started() {
      announce(fill(run.dataset.start, { seconds: Math.ceil(timing.left / 1000) }));
    },
    second({ seconds, percent, isShort, isMark }) {
      decision.querySelector("[data-left-seconds]").textContent = seconds;
      decision.querySelector("[data-ring]").setAttribute("stroke-dasharray", `${percent} 100`);
      face.classList.toggle("short", isShort);
      if (isMark) announce(fill(run.dataset.seconds, { seconds }));
      if (seconds === 0) timeIsUp(decision);
      else if (isShort) senses.tick();
    },
    slept() {
      if (sending) return;
      stopTimers();
      location.reload(); // the server has the current situation
    },
  });
}

function timeIsUp(decision) {
  stopTimers();
  announce(run.dataset.up);
  send(decision, decision.querySelector("[data-time-up]"));
}

function tellTime(decision) {
  // Set once: a decision made in time counts, however late it arrives.
  const hasClock = decision.querySelector("[data-has-clock]");
  if (hasClock) hasClock.value = isTimeOut() ? "1" : "";
}

function showSettings(place) {
  for (const label of place.querySelectorAll("[data-setting]")) {
    const box = label.querySelector("input");
    const name = label.dataset.setting;
    label.hidden = !senses.isPossible(name, label.dataset.speaks);
    box.checked = name === "keys" ? setting(name) !== "off" : setting(name) === "on";
    box.onchange = () => {
      set(name, box.checked ? "on" : "off");
      senses.hush();
      if (run && name === "aloud") speak();
      else if (name !== "keys") senses.tick();
    };
  }
}

function ringUntilAnswered(left = RINGS.times) {
  if (!left) return;
  senses.ring();
  setTimeout(ringUntilAnswered, RINGS.every, left - 1);
}

function send(decision, button) {
  if (!decision.isConnected) return;
  sending ??= button;
  sending.click(); // not requestSubmit, because htmx sends the button clicked last
}

function sendLater() {
  if (!sending) return;
  tellTrouble(run.dataset.offline);
  stopTimers();
  retry.later();
}

function settle() {
  sending = null;
  retry.stop();
}

function tellTrouble(text) {
  const line = run.querySelector("[data-trouble]");
  line.hidden = !text;
  line.textContent = text;
}

function refused({ status }) {
  if (isAway(status)) {
    sendLater();
  } else if (status === 403) {
    location.reload(); // signed in again in another tab: reload for a valid form
  } else {
    settle();
    for (const choice of choices()) choice.removeAttribute("aria-disabled");
    tellTrouble(run.dataset.failed);
  }
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  if (setting("keys") === "off" || event.target.closest?.("select, textarea, input:not([type=checkbox])")) return;
  if (event.key === "Escape") showAll();
  const target = /^[1-9]$/.test(event.key) && run.querySelector(`[data-key="${event.key}"]`);
  if (!target) return;
  event.preventDefault();
  target.focus();
  target.click();
}

function onAnswer(name, work) {
  document.body.addEventListener(name, ({ detail }) => work(detail.xhr, detail));
}

function play() {
  run.addEventListener(
    "submit",
    (event) => {
      if (!event.target.matches("[data-decision]")) return;
      if (sending && sending !== event.submitter) {
        event.preventDefault();
        event.stopPropagation();
        return;
      }
      if (!sending) tellTime(event.target);
      sending ??= event.submitter;
      for (const choice of choices()) choice.setAttribute("aria-disabled", "true");
    },
    true,
  );
  onAnswer("htmx:beforeOnLoad", (xhr) => {
    if (!isAway(xhr.status)) retry.stop(); // the decision arrived, so leaving for the debrief is safe
  });
  onAnswer("htmx:sendError", sendLater);
  onAnswer("htmx:timeout", sendLater);
  onAnswer("htmx:beforeSwap", (xhr, detail) => {
    if (xhr.status === 409) Object.assign(detail, { shouldSwap: true, isError: false }); // current situation
  });
  onAnswer("htmx:responseError", refused);
  onAnswer("htmx:afterSettle", () => {
    settle();
    arrive();
    scrollTo({ top: 0 });
    run.querySelector("[data-focus]")?.focus({ preventScroll: true });
  });
  addEventListener("online", () => {
    if (sending && form()) send(form(), sending);
  });
  addEventListener("beforeunload", (event) => {
    if (retry.isTrying()) event.preventDefault();
  });
  document.addEventListener("keydown", press);
  run.addEventListener("click", (event) => {
    // Ignore the second click of a double click, which would decide the next situation.
    if (event.detail > 1 && event.target.closest("button.choice")) event.preventDefault();
    if (event.target.closest(".arrival")) showAll();
  });
  arrive();
}

for (const fieldset of document.querySelectorAll("[data-timing]")) fieldset.hidden = false;
for (const field of document.querySelectorAll("[data-has-script]")) field.value = "1";
if (run) play();
else showSettings(document);
senses.whenVoicesCome(() => showSettings(document));
addEventListener("pagehide", senses.hush);
if (document.querySelector("[data-rings]")) ringUntilAnswered();
