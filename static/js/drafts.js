/**
 * `storage("sessionStorage")` returns a function that calls `work` with this storage and returns its result. If the
 * browser stores nothing (private window, full disk), the result is null.
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
// Hidden fields are filled by the server and not stored, unless they are marked with [data-kept].
const isKept = ({ name, type, dataset }) => name && (!["hidden", "submit"].includes(type) || "kept" in (dataset ?? {}));
const fieldsOf = (form) => [...form.elements].filter(isKept);

// The key of an exam's draft has the number of saves, so a draft that is older than the last save is not restored.
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

/** Return `fields` ([name, value]) and the time `at`; earlier versions stored only the fields. */
export const readDraft = (form, learner) => inThisTab((store) => JSON.parse(store.getItem(keyOf(form, learner))));

/** Fill the form from its draft; return whether there was one. Skip fields whose name has changed. */
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

/** Whether the page shows a success message. */
export const hasArrived = () => Boolean(document.querySelector(ARRIVED));

/**
 * Store what is typed into the form in this tab until a page shows a success message; return whether `fill` filled the
 * form. Text that the server has sent back ([data-returned]) is newer, so it is stored and not overwritten.
 */
export function keepTyped(form, person, fill = fillDraft) {
  if (hasArrived()) dropDraft(form, person);
  const isReturned = "returned" in form.dataset;
  if (isReturned) keepDraft(form, person);
  const isFilled = fill(form, person) && !isReturned;
  form.addEventListener("input", () => keepDraft(form, person));
  return isFilled;
}
