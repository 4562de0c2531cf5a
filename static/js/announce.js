/** Replace each `{name}` in the text by its value. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (gap, name) => values[name] ?? gap);

/** Join the texts of the elements in one line; skip missing and empty ones. */
export const words = (...elements) =>
  elements
    .map((element) => element?.textContent.replace(/\s+/g, " ").trim())
    .filter(Boolean)
    .join(" ");

/** Announce the text to screen readers, by the page's live region. */
export function announce(text) {
  document.querySelector("[data-announce]").textContent = text;
}
