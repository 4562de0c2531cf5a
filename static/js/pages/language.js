// Switching the language brings the same page; this adds where one was in it, so that it does not begin at the top.
const AT_THE_TOP = 60; // pixels
const form = document.querySelector("[data-language]");

form.addEventListener("submit", () => {
  const parts = [...document.querySelectorAll("main :is(h2, h3, section)[id]")];
  const passed = parts.filter((part) => part.offsetParent && part.getBoundingClientRect().top < AT_THE_TOP);
  if (scrollY > 0 && passed.length) form.elements.next.value += `#${passed.pop().id}`;
});
