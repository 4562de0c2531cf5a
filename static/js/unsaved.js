// Saves typed text on the server too, at the form's URL followed by `unsaved/`: some seconds after the last key, and
// when the page is left. Other devices then offer it ([data-offer], beside the form).
import { dropDraft, fillDraft, keepDraft, readDraft } from "./drafts.js";

const AFTER = 4000; // milliseconds since the last key
const APART = 15_000; // between two requests

const waiting = new Map(); // form → its timer, until the server has its text
const sentAt = new WeakMap();

const addressOf = (form) => new URL("unsaved/", form.action).href;
const offerBeside = (form) => form.parentElement.querySelector("[data-offer]");
// A request replaces the offered text, so none is sent before the offer is answered.
const hasOpenOffer = (form) => "offered" in form.dataset && !("returned" in form.dataset) && !offerBeside(form).hidden;

export function keepElsewhere(form) {
  if (hasOpenOffer(form)) return;
  clearTimeout(waiting.get(form));
  const pause = Math.max(AFTER, (sentAt.get(form) ?? 0) + APART - Date.now());
  waiting.set(form, setTimeout(send, pause, form));
}

/** Delete the server's copy. */
export async function throwAway(form) {
  settle(form);
  const body = new FormData(form);
  body.set("throw-away", "yes");
  try {
    await fetch(addressOf(form), { method: "POST", body, redirect: "manual" });
  } catch {
    // It is offered later and can be deleted then.
  }
}

async function send(form) {
  settle(form);
  sentAt.set(form, Date.now());
  try {
    const answer = await fetch(addressOf(form), { method: "POST", body: new FormData(form), redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
  } catch {
    if (!waiting.has(form)) waiting.set(form, null); // retry at the next key or on leaving
  }
}

function settle(form) {
  clearTimeout(waiting.get(form));
  waiting.delete(form);
}

function leave() {
  for (const form of [...waiting.keys()]) {
    settle(form);
    const isOnItsWay = form.isConnected && navigator.sendBeacon(addressOf(form), new FormData(form));
    if (form.isConnected && !isOnItsWay) send(form); // too big for a beacon
  }
}

document.addEventListener("submit", ({ target }) => settle(target), true);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) leave();
});
addEventListener("pagehide", leave);

/**
 * Fill the form from this tab unless the text of another device is newer; return whether it was filled. The offer says
 * which text is newer; it is hidden if both are equal. Both times are by the clock of this device, so the server gives
 * the age of its text when the page was made, in milliseconds.
 */
export function settleOffer(form, person) {
  const offer = offerBeside(form);
  if ("returned" in form.dataset) {
    keepDraft(form, person); // the form already has it
    offer.querySelector("form").addEventListener("submit", () => dropDraft(form, person));
    return false;
  }
  const draft = readDraft(form, person);
  if (!draft) return false;
  const typed = Object.fromEntries(draft.fields ?? draft);
  const isSame = [...offer.querySelectorAll("[data-field]")].every(
    ({ dataset, value }) => typed[dataset.field]?.trim() === value.trim(),
  );
  const isNewer = draft.at > performance.timeOrigin - offer.dataset.offer;
  if (isSame) offer.hidden = true;
  else offer.querySelector(`[data-tab=${isNewer ? "newer" : "older"}]`).hidden = false;
  return (isSame || isNewer) && fillDraft(form, person);
}
