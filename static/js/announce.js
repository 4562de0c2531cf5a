/** The text with each `{name}` replaced by its value. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (gap, name) => values[name] ?? gap);

/** What the elements say, as one line; those that are not there say nothing. */
export const words = (...elements) =>
  elements
    .map((element) => element?.textContent.replace(/\s+/g, " ").trim())
    .filter(Boolean)
    .join(" ");

/** A hidden live region of the page reads what the eye sees elsewhere. */
export function announce(text) {
  document.querySelector("[data-announce]").textContent = text;
}
