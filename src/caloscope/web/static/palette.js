// Colours, from the style sheet so that both themes are said in one place, and the theme itself.

import { byId, say } from "./dom.js";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Code, name, and what it means; drawn in this order in the legend. */
export const CODES = [
  { code: 0, key: "bad", name: "bad", says: "counts do not fit a healthy cell" },
  { code: 1, key: "good", name: "good", says: "fits the expectation" },
  { code: 2, key: "unknown", name: "unknown", says: "not judged" },
  { code: 3, key: "masked-bad", name: "masked, bad", says: "known, or never alive" },
  { code: 4, key: "masked-good", name: "masked, good", says: "masked, and counts well" },
  { code: 5, key: "masked-unknown", name: "masked, unknown", says: "masked, not judged" },
];

export const codeColour = (key) => style(`--cell-${key}`);

/** Steps of colour for z = code between −0.5 and 5.5. */
export function codeScale() {
  return CODES.flatMap(({ code, key }) => [
    [code / 6, codeColour(key)],
    [(code + 1) / 6, codeColour(key)],
  ]);
}

export function colours() {
  return {
    text: style("--text"), muted: style("--muted"), line: style("--line"), surface: style("--surface"), region: style("--region"),
    outline: style("--outline"), mark: style("--mark"), band: style("--band"), font: style("--font"),
    lines: [1, 2, 3, 4, 5, 6, 7].map((n) => style(`--line-${n}`)),
  };
}

const THEMES = ["auto", "light", "dark"];

/** The button goes round auto, light and dark; `redraw` draws the plots in the new colours. */
export function watchTheme(redraw) {
  const root = document.documentElement;
  const button = byId("theme");
  const show = () => say(button, `Theme: ${root.dataset.choice}`);
  button.addEventListener("click", () => {
    root.dataset.choice = THEMES[(THEMES.indexOf(root.dataset.choice) + 1) % THEMES.length];
    try {
      localStorage.setItem("caloscope-theme", root.dataset.choice);
    } catch {
      // Storage is switched off: the choice lasts as long as the page.
    }
    root.dispatchEvent(new Event("choice"));
    show();
  });
  root.addEventListener("theme", redraw);
  show();
}
