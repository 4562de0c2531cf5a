// The editor without this script works as well: it previews by a button. This sets the cursor and guards unsaved text:
// leaving warns, and what was typed stays in this tab until it is saved.
import { dropDraft, keepTyped } from "../drafts.js";
import { goToLine, watchChanges } from "../editor.js";

const form = document.querySelector("[data-editor]");
const isChanged = watchChanges(() => [...form.querySelectorAll("textarea[name]")]);
const { editor: person } = form.dataset;
const filled = document.querySelector("[data-filled]");
let isLeavingOnPurpose = false;

if (keepTyped(form, person)) {
  filled.hidden = !isChanged();
  form.querySelector("textarea[name]").dispatchEvent(new Event("input", { bubbles: true })); // the preview follows
}
filled.querySelector("button").addEventListener("click", () => {
  dropDraft(form, person);
  isLeavingOnPurpose = true;
  location.assign(location.pathname);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link) return;
  event.preventDefault();
  goToLine(document.getElementById(link.hash.slice(1)), Number(link.dataset.line));
});

form.addEventListener("submit", () => {
  isLeavingOnPurpose = true;
});

window.addEventListener("beforeunload", (event) => {
  if (isChanged() && !isLeavingOnPurpose) event.preventDefault();
});
