// The editor without this script works as well: it previews by a button. This sets the cursor and guards unsaved text.
"use strict";

const form = document.querySelector("[data-editor]");
const texts = () => [...form.querySelectorAll("textarea[name]")];
const opened = new Map(texts().map((field) => [field, field.value]));
let isLeavingOnPurpose = false;

function goToLine(field, line) {
  const details = field.closest("details");
  if (details) details.open = true;
  const lines = field.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((length, text) => length + text.length + 1, 0);
  field.focus();
  field.setSelectionRange(start, start + (lines[line - 1] || "").length);
  // Long lines wrap, so this is about the place: a third of the field stays above it.
  field.scrollTop = field.scrollHeight * ((line - 1) / lines.length) - field.clientHeight / 3;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link) return;
  event.preventDefault();
  goToLine(document.getElementById(link.hash.slice(1)), Number(link.dataset.line));
});

form.addEventListener("submit", () => { isLeavingOnPurpose = true; });

window.addEventListener("beforeunload", (event) => {
  const isChanged = texts().some((field) => field.value !== opened.get(field));
  if (isChanged && !isLeavingOnPurpose) event.preventDefault();
});
