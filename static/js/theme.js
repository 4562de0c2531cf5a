// Runs before the first paint, so that a chosen theme does not flash. Without a choice the device decides.
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
          /* a private window forgets: then so do we */
        }
        apply();
      });
    }
  });
})();
