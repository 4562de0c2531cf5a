/**
 * `storage("sessionStorage")` gives a function that does some work with it and returns the result. Where the browser
 * keeps nothing (a private window, a full disk), that is null, and the page works without.
 */
export const storage = (name) => (work) => {
  try {
    return work(globalThis[name]);
  } catch {
    return null;
  }
};

const inThisTab = storage("sessionStorage");

const isTicked = (field) => ["radio", "checkbox"].includes(field.type);
// What the server puts into a form is not kept, but for a hidden field that is marked ([data-kept]).
const isKept = ({ name, type, dataset }) => name && (!["hidden", "submit"].includes(type) || "kept" in (dataset ?? {}));
const fieldsOf = (form) => [...form.elements].filter(isKept);

// In an exam a draft belongs to what was saved when it was made: one that was overtaken elsewhere is not filled in.
const keyOf = (form, learner) => {
  const saves = "live" in form.dataset ? form.elements.saves.value : "";
  return `draft ${learner} ${location.pathname} ${form.dataset.draft} ${saves}`;
};

export function keepDraft(form, learner) {
  const kept = (field) => (isTicked(field) && !field.checked ? null : field.value);
  const fields = fieldsOf(form).map((field) => [field.name, kept(field)]);
  inThisTab((store) => store.setItem(keyOf(form, learner), JSON.stringify({ at: Date.now(), fields })));
}

export function dropDraft(form, learner) {
  inThisTab((store) => store.removeItem(keyOf(form, learner)));
}

/** The `fields`, as [name, value], and the instant `at`; of an earlier version the fields alone. */
export const readDraft = (form, learner) => inThisTab((store) => JSON.parse(store.getItem(keyOf(form, learner))));

/** Fills the form as it was left, and returns whether it had been. A field that is another one now stays as it is. */
export function fillDraft(form, learner) {
  const draft = readDraft(form, learner);
  if (!draft) return false;
  const fields = fieldsOf(form);
  (draft.fields ?? draft).forEach(([name, value], index) => {
    const field = fields[index];
    if (field?.name !== name) return;
    if (isTicked(field)) field.checked = value !== null;
    else field.value = value;
  });
  return true;
}

const ARRIVED = ".message.success, .messagelist .success";

/** Whether this page says that what was sent last has arrived. */
export const hasArrived = () => Boolean(document.querySelector(ARRIVED));

/**
 * Keeps what is typed into the form in this tab until a page says that it arrived, and returns whether `fill` filled the
 * form from that. What the server has just sent back ([data-returned]) is newer, so it is kept and not overwritten.
 */
export function keepTyped(form, person, fill = fillDraft) {
  if (hasArrived()) dropDraft(form, person);
  const isReturned = "returned" in form.dataset;
  if (isReturned) keepDraft(form, person);
  const isFilled = fill(form, person) && !isReturned;
  form.addEventListener("input", () => keepDraft(form, person));
  return isFilled;
}
