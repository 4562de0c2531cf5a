// Filters saved phrases while typing, because a page load takes too long.
const field = document.querySelector("[data-filter]");
const phrases = [...document.querySelectorAll("[data-phrase]")];
const count = document.querySelector("[data-count]");

/** Normalize as the server's search does: ignore case and full-width forms. */
const read = (text) => text.normalize("NFKC").toLowerCase();

// The headings above a phrase are searched too.
const texts = new Map(
  phrases.map((phrase) => {
    const above = [];
    for (let group = phrase.closest("[data-group]"); group; group = group.parentElement.closest("[data-group]")) {
      above.push(group.querySelector(":scope > h2, :scope > h3")?.textContent ?? "");
    }
    const said = [...phrase.querySelectorAll(":scope > p, .said")].map((piece) => piece.textContent);
    return [phrase, read([...above, ...said].join("\n"))];
  }),
);

function filter() {
  const words = read(field.value).split(/\s+/).filter(Boolean);
  for (const phrase of phrases) phrase.hidden = !words.every((word) => texts.get(phrase).includes(word));
  const shown = phrases.filter((phrase) => !phrase.hidden).length;
  document.querySelector("[data-none]").hidden = shown > 0;
  const { all, some } = count.dataset;
  count.textContent = words.length ? some.replace("{shown}", shown).replace("{count}", phrases.length) : all;
}

field.addEventListener("input", filter);
filter(); // on return to the page, the browser restores the field
