// Building the page. Everything that comes from the store is put in as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** An element with properties (`class`, `data-…`, `aria-…`, `on…`) and children (nodes or text). */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("aria-")) element.setAttribute(name, String(value)); // there, false is a value
    else if (value === false) continue;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Set text only where it differs: a live region speaks only when something changed. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Text for Plotly, which reads a little markup in titles and legends. */
export function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 4 });

export const count = (value) => (value === null || value === undefined ? "–" : whole.format(value));
export const number = (value) => (value === null || value === undefined ? "–" : short.format(value));

/** A time span in words that stay short: 3 s, 4 min, 2 h 5 min, 3 days. */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${s} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} days`;
}

/** WARM_UP becomes "warm up"; what is no code of ours stays as it is. */
export const words = (code) => (/^[A-Z_]+$/.test(code) ? code.toLowerCase().replaceAll("_", " ") : code);

/** "EE-/digi" with a true minus sign. */
export const mapTitle = (name) => name.replace(/-\//, "−/").replace("/", " ");

export const GLYPHS = { GOOD: "✓", BAD: "✕", UNKNOWN: "?" };
