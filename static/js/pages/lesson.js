// Additions to the lesson and the exam page. Without this script every form is an ordinary form.
//
// - what was chosen or typed is kept in this tab until it is saved, and filled in again after signing in anew
// - an answer that does not get through says so, stays, is sent again by itself, and leaving warns
// - the steps of an ordering question are dragged, or moved by buttons
// - the next part of a lesson opens when the question before it is answered
//
// A lesson's form is sent by its button. An exam's form ([data-live]) is sent with every change; its buttons go on to
// another question.
import { announce, words } from "../announce.js";
import { dropDraft, fillDraft, keepDraft, keepTyped } from "../drafts.js";
import { isAway, makeRetry, newToken } from "../retry.js";

const RETRY_AFTER = [3, 8, 20, 60]; // seconds

const lesson = document.querySelector("[data-lesson], [data-exam]");
const { learner } = lesson.dataset;
const unsaved = new Map(); // form → its retry
let goOn = null; // the button that was pressed while something was unsaved: it is followed once that is saved

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
    // In an exam an untouched order is no answer yet; in a lesson the button sends it as it stands.
    for (const list of form.querySelectorAll("[data-ordering]:not(.movable)")) order(list, !isLive(form));
    if (isFilled && isLive(form)) send(form);
  }
}

// Few pages ask for an order, so its module comes with the first that does.
async function order(list, isAnswer) {
  try {
    const { makeMovable } = await import("../order.js");
    if (list.isConnected && !list.matches(".movable")) makeMovable(list, isAnswer);
  } catch {
    // The network went away: the numbers stay, as without a script.
  }
}

// The module comes with the first key in a text, or with what was typed on another device.
async function elsewhere(work, form) {
  try {
    const module = await import("../unsaved.js");
    module[work](form, learner);
  } catch {
    // The network went away: the text stays in this tab.
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
    location.reload(); // signed in anew elsewhere: the fresh page brings a valid form, the draft fills it
  } else if (status === 409 && isLive(form)) {
    dropDraft(form, learner);
    location.reload(); // a newer answer is kept: show it
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
  // The focus went with the old card. Who has moved on meanwhile, perhaps typing already, stays where they are.
  if (document.activeElement === document.body || card.contains(document.activeElement)) {
    card.focus({ preventScroll: true });
    // A long question may hide what is wrong with the answer above the button that was just pressed.
    (card.querySelector(".invalid-feedback") ?? card).scrollIntoView({ block: "nearest" });
  }
  const refusal = card.querySelector(".invalid-feedback");
  const outcome = card.querySelectorAll("[data-outcome] > :not(.small, a)");
  const said = refusal ? [refusal] : outcome.length ? outcome : card.querySelectorAll("[data-status]");
  announce(words(...said, ...document.querySelectorAll("#lesson-state [data-left]")));
}

// A section: the choice of a post looks like a question and holds nobody up.
const OPEN_QUESTION = "section.question:not(.missed, .right, .saved)";

// What was answered before holds nobody up.
function openNext(part) {
  for (let at = part; at?.matches(".part"); at = at.nextElementSibling) {
    at.hidden = false;
    if (at.querySelector(OPEN_QUESTION)) return;
  }
}

// Who is led, or searches, ahead finds no gap behind them.
function openUpTo(part) {
  for (let at = part; at?.matches(".part"); at = at.previousElementSibling) at.hidden = false;
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const [part, fold] = [target?.closest(".part"), target?.closest("details")];
  const wasHidden = part?.hidden || fold; // a browser that does not open by itself what is led to has scrolled nowhere
  openUpTo(part);
  if (fold) fold.open = true;
  if (wasHidden) target.scrollIntoView();
}

lesson.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-answer]");
  if (!form) return;
  keepDraft(form, learner);
  // The first sending may have arrived although no answer came back: a changed answer is another try, so another token.
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
    const asker = detail.requestConfig?.elt || detail.elt; // of a swap, detail.elt is what is swapped
    const form = asker.closest("form[data-answer]");
    if (form) work(form, detail.xhr, detail);
  });
}
// How often this page has sent since it last heard back, so that the server knows a lost answer from an old tab.
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
  // A question that was changed meanwhile comes back as it stands now; what was ticked in the old one means nothing.
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
