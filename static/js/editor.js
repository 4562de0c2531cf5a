/** Return start and end of a line in the text; `number` counts from 1. */
export function rangeOfLine(text, number) {
  const lines = text.split("\n");
  const start = lines.slice(0, number - 1).reduce((length, line) => length + line.length + 1, 0);
  return [start, start + (lines[number - 1] ?? "").length];
}

/** Select the line in the field and scroll to it. */
export function goToLine(field, number) {
  const fold = field.closest("details");
  if (fold) fold.open = true;
  field.focus();
  field.setSelectionRange(...rangeOfLine(field.value, number));
  // Approximate, because long lines wrap. A third of the field stays above it.
  const lines = field.value.split("\n").length;
  field.scrollTop = field.scrollHeight * ((number - 1) / lines) - field.clientHeight / 3;
}

/** Return a function that tells whether a field has changed since. The fields are listed again each time. */
export function watchChanges(listFields) {
  const opened = new Map(listFields().map((field) => [field, field.value]));
  return () => listFields().some((field) => field.value !== opened.get(field));
}
