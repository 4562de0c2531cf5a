// The editor without this script works as well: it previews by a button. This sets the cursor and guards unsaved text.
import { goToLine, watchChanges } from "../editor.js";

const form = document.querySelector("[data-editor]");
const isChanged = watchChanges(() => [...form.querySelectorAll("textarea[name]")]);
let isLeavingOnPurpose = false;

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
