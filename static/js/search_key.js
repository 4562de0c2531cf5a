// "/" and Ctrl-K or ⌘K open the search. "/" can be switched off for speech input (WCAG 2.1.4).
const KEPT = "search-key";

export function isOn() {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

export function keep(on) {
  try {
    localStorage.setItem(KEPT, on ? "on" : "off");
  } catch {
    /* private window: not stored */
  }
}

/** @param {KeyboardEvent} event */
export function asksForSearch(event) {
  if (event.defaultPrevented || event.altKey || event.isComposing) return false;
  const withControl = event.ctrlKey || event.metaKey;
  if (event.key?.toLowerCase() === "k") return withControl && !event.shiftKey;
  const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
  return event.key === "/" && !withControl && !isTyping && isOn();
}
