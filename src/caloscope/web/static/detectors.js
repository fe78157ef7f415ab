// Which of a map's detectors is looked at: tabs where it has several, and what is said of one in commissioning.

import { GLYPHS, h } from "./dom.js";
import { state } from "./state.js";

export const depthOf = (meta) => (meta.depths.includes(state.depth) ? state.depth : null);

/** What all bundles say that may be shown: those in commissioning last, and only to those who asked. */
export const everybody = (status) => [...status.maps, ...(status.commissioning ?? [])];

export const isSilent = (status) => status.state === "commissioning";

/** The bundle that is looked at: the one chosen in the address, else `reference`, else the first; none in commissioning unless chosen. */
export function chosenStatus(statuses) {
  const heard = statuses.filter((status) => !isSilent(status));
  return statuses.find((status) => state.bundles.has(status.bundle)) ?? heard.find((status) => status.detector === "reference") ?? heard[0] ?? statuses[0];
}

export const statusText = (status) => [status.quality, status.quality === "UNKNOWN" && status.reason ? `: ${status.reason}` : ""].join("");

/** By how much an operator had raised the thresholds that a verdict rests on, in words; empty where nobody had. */
export const raised = (status) => (status.degraded.includes("THRESHOLDS_RAISED") ? status.detail : "");

export function chip(status) {
  return h("span", { class: isSilent(status) ? "chip silent" : "chip", "data-quality": status.quality }, h("span", { class: "glyph", "aria-hidden": "true" }, GLYPHS[status.quality]), statusText(status));
}

function depthSelect(card, meta) {
  if (!meta.depths.length) return null;
  const options = [h("option", { value: "" }, "all depths, worst"), ...meta.depths.map((depth) => h("option", { value: depth }, `depth ${depth}`))];
  const select = h("select", { "aria-label": `Depth of ${meta.map}`, "data-key": "depth", onchange: (event) => card.go({ depth: event.target.value === "" ? null : Number(event.target.value), map: meta.slug }) }, options);
  select.value = meta.depths.includes(state.depth) ? String(state.depth) : "";
  return select;
}

function bundleButtons(card, statuses, chosen) {
  if (statuses.length < 2) return h("span", { class: "detector" }, chosen.title);
  const says = (status) => `${status.bundle_name} (${status.detector}, ${status.bundle.slice(0, 8)}${isSilent(status) ? ", in commissioning" : ""}): ${statusText(status)}`;
  const choose = (status) => {
    const others = new Set([...state.bundles].filter((hash) => !statuses.some((row) => row.bundle === hash)));
    card.go({ bundles: others.add(status.bundle), map: card.slug });
  };
  return h("span", { class: "tabs", role: "group", "aria-label": `Detector that judges ${chosen.map}` }, statuses.map((status) =>
    h("button", { type: "button", class: isSilent(status) ? "silent" : null, "data-key": status.bundle, "aria-pressed": status === chosen, title: says(status), onclick: () => choose(status) }, `${status.title} `, h("span", { class: "mini", "data-quality": status.quality, "aria-label": status.quality }, GLYPHS[status.quality]))));
}

/** Put the controls there anew; the keyboard keeps its place, and a list that may be open is left alone. */
export function fillTools(card, meta, statuses, chosen) {
  const focused = card.tools.contains(document.activeElement) ? document.activeElement : null;
  const key = `${chosen.bundle} ${state.depth}`;
  if (focused?.tagName === "SELECT" && card.toolsKey === key) return;
  card.toolsKey = key;
  card.tools.replaceChildren(...[bundleButtons(card, statuses, chosen), depthSelect(card, meta)].filter(Boolean));
  if (focused) [...card.tools.querySelectorAll("[data-key]")].find((control) => control.dataset.key === focused.dataset.key)?.focus();
}

/** Who is trying out a detector, since when and why. */
export function silence(status) {
  const since = status.state_at === null ? "" : ` since ${new Date(status.state_at * 1000).toISOString().slice(0, 10)}`;
  const by = status.state_by ? ` by ${status.state_by}` : "";
  const why = status.state_reason ? ` (${status.state_reason})` : "";
  return `In commissioning${since}${by}${why}: not part of the verdict`;
}
