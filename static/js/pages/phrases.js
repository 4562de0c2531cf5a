// The own phrases are filtered while one types: a call does not wait for a page.
const field = document.querySelector("[data-filter]");
const phrases = [...document.querySelectorAll("[data-phrase]")];
const count = document.querySelector("[data-count]");

/** As a search on the server reads it: wide letters and small ones are the same. */
const read = (text) => text.normalize("NFKC").toLowerCase();

// What stands above a phrase says when it is said.
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
filter(); // a browser that comes back to the page fills the field in again
