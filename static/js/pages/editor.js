// Additions to the editor, which works without this script. Sets the cursor to the line of an issue, warns when unsaved
// text is left, and stores that text in this tab and on the server.
import { dropDraft, fillDraft, keepTyped } from "../drafts.js";
import { goToLine, watchChanges } from "../editor.js";
import { keepElsewhere, settleOffer, throwAway } from "../unsaved.js";

const form = document.querySelector("[data-editor]");
const isChanged = watchChanges(() => [...form.querySelectorAll("textarea[name]")]);
const { editor: person } = form.dataset;
const filled = document.querySelector("[data-filled]");
let isLeavingOnPurpose = false;

const isOffered = "offered" in form.dataset;
const isFilled = keepTyped(form, person, isOffered ? settleOffer : fillDraft);
form.addEventListener("input", () => keepElsewhere(form));
if ("returned" in form.dataset && !isOffered) keepElsewhere(form); // after a preview, nothing is saved yet
if (isFilled) {
  filled.hidden = !isChanged();
  form.querySelector("textarea[name]").dispatchEvent(new Event("input", { bubbles: true })); // update the preview
}
filled.querySelector("button").addEventListener("click", async () => {
  dropDraft(form, person);
  await throwAway(form);
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
