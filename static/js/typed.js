import { dropDraft, fillDraft, keepDraft } from "./drafts.js";

const ARRIVED = ".message.success, .messagelist .success";

/** Whether this page says that what was sent last has arrived. */
export const hasArrived = () => Boolean(document.querySelector(ARRIVED));

/**
 * Keeps what is typed into the form in this tab until a page says that it arrived, and returns whether the form was
 * filled from that. What the server has just sent back ([data-returned]) is newer, so it is kept and not overwritten.
 */
export function keepTyped(form, person) {
  if (hasArrived()) dropDraft(form, person);
  const isReturned = "returned" in form.dataset;
  if (isReturned) keepDraft(form, person);
  const isFilled = !isReturned && fillDraft(form, person);
  form.addEventListener("input", () => keepDraft(form, person));
  return isFilled;
}
