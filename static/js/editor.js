/** Where the line of that number (from 1) begins and ends in the text. */
export function rangeOfLine(text, number) {
  const lines = text.split("\n");
  const start = lines.slice(0, number - 1).reduce((length, line) => length + line.length + 1, 0);
  return [start, start + (lines[number - 1] ?? "").length];
}

/** Selects the line in the field and brings it into view. */
export function goToLine(field, number) {
  const fold = field.closest("details");
  if (fold) fold.open = true;
  field.focus();
  field.setSelectionRange(...rangeOfLine(field.value, number));
  // Long lines wrap, so this is about the place: a third of the field stays above it.
  const lines = field.value.split("\n").length;
  field.scrollTop = field.scrollHeight * ((number - 1) / lines) - field.clientHeight / 3;
}

/** Returns a function that tells whether any of the fields, listed anew each time, holds something else than now. */
export function watchChanges(listFields) {
  const opened = new Map(listFields().map((field) => [field, field.value]));
  return () => listFields().some((field) => field.value !== opened.get(field));
}
