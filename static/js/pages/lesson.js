// Additions to lesson and exam pages. Without this script, every form is an ordinary form.
//
// - input is stored in this tab until it is saved, and restored after signing in again
// - an answer that cannot be sent shows a message and is sent again later; leaving the page warns
// - the steps of an ordering question are dragged, or moved by buttons
// - the next part of a lesson opens when the question before it is answered
//
// A lesson's form is sent by its button. An exam's form ([data-live]) is sent at every change; its buttons open another
// question.
import { announce, words } from "../announce.js";
import { dropDraft, fillDraft, keepDraft, keepTyped } from "../drafts.js";
import { isAway, makeRetry, newToken } from "../retry.js";

const RETRY_AFTER = [3, 8, 20, 60]; // seconds

const lesson = document.querySelector("[data-lesson], [data-exam]");
const { learner } = lesson.dataset;
const unsaved = new Map(); // form → its retry
let goOn = null; // button pressed while an answer was unsaved; clicked again after the save

const isLive = (form) => "live" in form.dataset;

function say(form, text) {
  const status = form.querySelector("[data-status]");
  status.textContent = text;
  status.className = "unsaved";
}

function prepare(within) {
  const forms = [...within.querySelectorAll("form[data-answer]")];
  if (within.matches("form[data-answer]")) forms.unshift(within);
  for (const form of forms) {
    if ("offered" in form.dataset) elsewhere("settleOffer", form);
    const isFilled = !("offered" in form.dataset) && fillDraft(form, learner);
    // An unchanged order is an answer in a lesson, where a button sends it, but not in an exam.
    for (const list of form.querySelectorAll("[data-ordering]:not(.movable)")) order(list, !isLive(form));
    if (isFilled && isLive(form)) send(form);
  }
}

// Few pages have an ordering question, so its module is loaded on demand.
async function order(list, isAnswer) {
  try {
    const { makeMovable } = await import("../order.js");
    if (list.isConnected && !list.matches(".movable")) makeMovable(list, isAnswer);
  } catch {
    // No network: the numbers stay, as without a script.
  }
}

// Loaded when the learner types, or when text from another device is offered.
async function elsewhere(work, form) {
  try {
    const module = await import("../unsaved.js");
    module[work](form, learner);
  } catch {
    // No network: the text stays in this tab.
  }
}

function send(form) {
  if (!form.isConnected) settle(form);
  else if (isLive(form)) htmx.trigger(form, "change");
  else form.querySelector("[type=submit]").click(); // Safari 15 has no requestSubmit
}

function settle(form) {
  unsaved.get(form)?.stop();
  unsaved.delete(form);
}

function sendLater(form) {
  if (!unsaved.has(form)) {
    unsaved.set(
      form,
      makeRetry(RETRY_AFTER, () => send(form)),
    );
  }
  unsaved.get(form).later();
  keepDraft(form, learner);
  say(form, lesson.dataset.unsaved);
  goOn = null;
}

function refused(form, { status }) {
  if (status === 403) {
    location.reload(); // signed in again in another tab: reload for a valid form; the draft fills it
  } else if (status === 409 && isLive(form)) {
    dropDraft(form, learner);
    location.reload(); // show the newer, saved answer
  } else if (status === 409) {
    say(form, lesson.dataset.conflict);
  } else if (isAway(status)) {
    sendLater(form);
  } else {
    settle(form);
    say(form, lesson.dataset.failed);
  }
}

function showOutcome(card) {
  // The swap has removed the focus. If the learner has moved it elsewhere meanwhile, leave it there.
  if (document.activeElement === document.body || card.contains(document.activeElement)) {
    card.focus({ preventScroll: true });
    // In a long question, the error may be above the visible part of the page.
    (card.querySelector(".invalid-feedback") ?? card).scrollIntoView({ block: "nearest" });
  }
  const refusal = card.querySelector(".invalid-feedback");
  const outcome = card.querySelectorAll("[data-outcome] > :not(.small, a)");
  const said = refusal ? [refusal] : outcome.length ? outcome : card.querySelectorAll("[data-status]");
  announce(words(...said, ...document.querySelectorAll("#lesson-state [data-left]")));
}

// Only sections: the choice of a job role has the class, but is optional.
const OPEN_QUESTION = "section.question:not(.missed, .right, .saved)";

// Open parts up to the next open question.
function openNext(part) {
  for (let at = part; at?.matches(".part"); at = at.nextElementSibling) {
    at.hidden = false;
    if (at.querySelector(OPEN_QUESTION)) return;
  }
}

// Open all parts before it too, so that none is missing.
function openUpTo(part) {
  for (let at = part; at?.matches(".part"); at = at.previousElementSibling) at.hidden = false;
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const [part, fold] = [target?.closest(".part"), target?.closest("details")];
  const wasHidden = part?.hidden || fold; // a browser that does not open a hidden target has not scrolled
  openUpTo(part);
  if (fold) fold.open = true;
  if (wasHidden) target.scrollIntoView();
}

lesson.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-answer]");
  if (!form) return;
  keepDraft(form, learner);
  // The first request may have arrived without its response. A changed answer is a new one and needs a new token.
  if (unsaved.has(form) && !isLive(form)) form.elements.token.value = newToken();
});
lesson.addEventListener("input", (event) => {
  if (!event.target.matches("form[data-answer] textarea")) return;
  keepDraft(event.target.form, learner);
  elsewhere("keepElsewhere", event.target.form);
});
lesson.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.matches("form[data-answer]")) return;
    keepDraft(form, learner);
    if (isLive(form) && (unsaved.has(form) || !navigator.onLine)) {
      event.preventDefault();
      goOn = event.submitter;
      send(form);
    }
  },
  true,
);

function onAnswer(name, work) {
  document.body.addEventListener(name, ({ detail }) => {
    const asker = detail.requestConfig?.elt || detail.elt; // in a swap, detail.elt is its target
    const form = asker.closest("form[data-answer]");
    if (form) work(form, detail.xhr, detail);
  });
}
// Requests since the last response, so that the server can tell a lost response from an outdated tab.
onAnswer("htmx:configRequest", (form) => {
  if (isLive(form)) form.elements.sent.value = Number(form.elements.sent.value) + 1;
});
onAnswer("htmx:sendError", sendLater);
onAnswer("htmx:timeout", sendLater);
onAnswer("htmx:beforeOnLoad", (form, xhr) => {
  if (xhr.status < 500) settle(form);
});
onAnswer("htmx:responseError", refused);
onAnswer("htmx:beforeSwap", (form, xhr, detail) => {
  // If the question has changed, the server sends the new one. The draft belongs to the old one.
  const isChanged = xhr.status === 409 && xhr.getResponseHeader("HX-Retarget");
  if (isChanged) Object.assign(detail, { shouldSwap: true, isError: false });
  if (xhr.status < 300 || isChanged) dropDraft(form, learner);
});
onAnswer("htmx:afterSwap", () => {
  const button = goOn;
  goOn = null;
  if (button?.isConnected) button.click();
});
document.body.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
  const card = detail.elt.closest?.(".question") || document.getElementById(detail.elt.id);
  if (!card?.matches(".question") || isLive(card)) return;
  openNext(card.closest(".part"));
  for (const link of lesson.querySelectorAll(".to-next")) if (!card.contains(link)) link.remove();
  showOutcome(card);
});

addEventListener("online", () => {
  for (const form of unsaved.keys()) send(form);
});
addEventListener("beforeunload", (event) => {
  if (unsaved.size) event.preventDefault();
});
addEventListener("hashchange", openTarget);
lesson.addEventListener("beforematch", ({ target }) => openUpTo(target.closest(".part")));

prepare(lesson);
const report = document.querySelector("form[data-typed]");
if (report && keepTyped(report, learner)) report.closest("details").open = Boolean(report.elements.comment.value);
openTarget();
lesson.querySelector("[data-focus]")?.focus();
