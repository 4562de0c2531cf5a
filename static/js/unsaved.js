// What is typed into a form is kept on the server, too, at the form's own address with `unsaved/` behind it: some seconds
// after the last key, and when the page is left. Another device then offers it ([data-offer], beside the form).
import { dropDraft, fillDraft, keepDraft, readDraft } from "./drafts.js";

const AFTER = 4000; // milliseconds since the last key
const APART = 15_000; // from one sending to the next

const waiting = new Map(); // form → its timer, as long as the server has not all of it
const sentAt = new WeakMap();

const addressOf = (form) => new URL("unsaved/", form.action).href;
const offerBeside = (form) => form.parentElement.querySelector("[data-offer]");
// What is sent takes the place of what is offered, so nothing is until the offer has its answer.
const hasOpenOffer = (form) => "offered" in form.dataset && !("returned" in form.dataset) && !offerBeside(form).hidden;

export function keepElsewhere(form) {
  if (hasOpenOffer(form)) return;
  clearTimeout(waiting.get(form));
  const pause = Math.max(AFTER, (sentAt.get(form) ?? 0) + APART - Date.now());
  waiting.set(form, setTimeout(send, pause, form));
}

/** Drops what the server has kept. */
export async function throwAway(form) {
  settle(form);
  const body = new FormData(form);
  body.set("throw-away", "yes");
  try {
    await fetch(addressOf(form), { method: "POST", body, redirect: "manual" });
  } catch {
    // It will be offered, and can be thrown away there.
  }
}

async function send(form) {
  settle(form);
  sentAt.set(form, Date.now());
  try {
    const answer = await fetch(addressOf(form), { method: "POST", body: new FormData(form), redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
  } catch {
    if (!waiting.has(form)) waiting.set(form, null); // with the next key, or when the page is left
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
    if (form.isConnected && !isOnItsWay) send(form); // too much for a beacon
  }
}

document.addEventListener("submit", ({ target }) => settle(target), true);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) leave();
});
addEventListener("pagehide", leave);

/**
 * Fills the form from this tab, unless what another device has typed is newer, and returns whether it did. Which of the
 * two is newer is said; where they are one, nothing is. Both are told by this device's own clock, so the server says how
 * old its text was when the page was made, in milliseconds.
 */
export function settleOffer(form, person) {
  const offer = offerBeside(form);
  if ("returned" in form.dataset) {
    keepDraft(form, person); // it stands in the form already
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
