// Runs before the first paint, so that no other theme flashes. The default is the theme of the device.
(() => {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto";
    }
  };
  const apply = () => {
    const theme = chosen();
    document.documentElement.dataset.theme = theme === "auto" ? (media.matches ? "dark" : "light") : theme;
  };
  apply();
  media.addEventListener("change", apply);

  document.addEventListener("DOMContentLoaded", () => {
    for (const choice of document.querySelectorAll("[data-theme-choice]")) {
      choice.hidden = false;
      for (const input of choice.querySelectorAll("input")) input.checked = input.value === chosen();
      choice.addEventListener("change", (event) => {
        try {
          localStorage.setItem("theme", event.target.value);
        } catch {
          /* private window: nothing is stored */
        }
        apply();
      });
    }
  });
})();
