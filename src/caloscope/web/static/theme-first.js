// Runs before the first paint, so that a page in one theme never flashes in the other. `data-theme` is what is
// shown, `data-choice` what was chosen: auto follows the system.
"use strict";
{
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try {
    chosen = localStorage.getItem("caloscope-theme");
  } catch {
    // Storage is switched off: the system's preference decides.
  }
  root.dataset.choice = chosen === "dark" || chosen === "light" ? chosen : "auto";
  const show = () => {
    const { choice } = root.dataset;
    root.dataset.theme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    root.dispatchEvent(new Event("theme"));
  };
  dark.addEventListener("change", show);
  root.addEventListener("choice", show);
  show();
}
