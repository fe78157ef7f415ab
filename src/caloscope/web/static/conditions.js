// What data taking was like: the state of the lumisection, what changed that is no fault of the detector, and
// both over the run. In colours of their own: nothing here is good or bad.

import { byId, h, mapTitle, say } from "./dom.js";

const USUAL = new Set(["COLLISIONS", "UNTOLD"]);
const PLAIN = new Set(["STATE"]); // said by the state itself; a notice would say it once more

const isPast = (incident) => incident.closed !== null;

/** Beside the place: what kind of lumisection it is, and who says so. */
function showState(here) {
  const root = byId("beam");
  root.hidden = here === null;
  if (here === null) return;
  const detail = [here.detail, here.fill === null ? null : `fill ${here.fill}`].filter(Boolean).join(" · ");
  root.dataset.state = here.state;
  root.dataset.usual = USUAL.has(here.state);
  say(byId("beam-state"), here.words);
  say(byId("beam-detail"), detail);
  root.title = detail;
}

/** "EB digi −20 %, HO digi −8 %": those that changed. */
function maps(incident) {
  const found = Object.entries(incident.maps).sort(([a], [b]) => a.localeCompare(b));
  return found.map(([name, share]) => `${mapTitle(name)} ${share < 0 ? "−" : "+"}${Math.round(Math.abs(share) * 100)} %`).join(", ");
}

function notice(incident, to) {
  return h("div", { class: "notice", "data-cause": incident.cause },
    h("span", { class: "notice-mark", "aria-hidden": "true" }, incident.cause === "POWER" ? "○" : "≈"),
    h("p", {}, h("strong", {}, incident.headline), " ", h("span", {}, incident.advice), h("span", { class: "small" }, [incident.detail, maps(incident)].filter(Boolean).join(" · "))),
    h("button", { type: "button", class: "quiet", onclick: () => to(incident.opened) }, `Go to LS ${incident.opened}`));
}

/** Put stretches into as few rows as they need without touching each other. */
function rows(incidents) {
  const found = [];
  for (const incident of incidents) {
    const free = found.find((row) => row.at(-1).last < incident.opened) ?? [];
    if (!free.length) found.push(free);
    free.push(incident);
  }
  return found.slice(0, 4);
}

/** One stretch of the run in percent of the strip; null where it lies outside of what the strip shows. */
function placed(first, last, [from, to]) {
  if (last < from || first > to) return null;
  const width = to - from + 1;
  const [left, right] = [Math.max(first, from), Math.min(last, to)];
  return { left: `${(100 * (left - from)) / width}%`, width: `${(100 * (right - left + 1)) / width}%` };
}

function put(element, place) {
  if (place === null) return null;
  Object.assign(element.style, place);
  return element;
}

/** A name that its stretch has no room for is left out: it stands in the title and in the list. */
export function fitStrip() {
  for (const name of byId("states").querySelectorAll(".stretch b")) {
    name.hidden = false;
    name.hidden = name.scrollWidth > name.clientWidth;
  }
}

const span = (first, last) => (first === last ? `LS ${first}` : `LS ${first}–${last}`);

/** Below the strip of verdicts, on the same axis: the states, and what changed. */
function showStrip(conditions, edges, to) {
  const root = byId("states");
  const { stretches, incidents } = conditions;
  root.hidden = !stretches.length || edges === null;
  if (root.hidden) return;
  const states = stretches.map(({ first, last, state, words, short }) =>
    put(h("span", { class: "stretch", "data-state": state, title: `${words}, ${span(first, last)}` }, h("b", {}, short)), placed(first, last, edges)));
  const lanes = rows(incidents.filter(({ cause }) => !PLAIN.has(cause))).map((row) => h("div", { class: "lane" }, row.map((incident) =>
    put(h("button", { type: "button", class: "stretch changed", "data-key": incident.id, "aria-label": `${incident.headline}. Go there.`, title: `${incident.headline}. ${incident.advice}`, onclick: () => to(incident.opened) }, h("b", {}, incident.short)), placed(incident.opened, incident.last, edges)))));
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  root.replaceChildren(h("div", { class: "lane", role: "img", "aria-label": stretches.map(({ first, last, words }) => `${words} ${span(first, last)}`).join(", ") }, states), ...lanes);
  fitStrip();
  if (focused) [...root.querySelectorAll("button")].find((button) => button.dataset.key === focused)?.focus();
}

function item(incident, to) {
  return h("li", {}, h("button", { type: "button", class: "incident told", "data-key": incident.id, onclick: () => to(incident.opened) },
    h("span", { class: "line" }, h("strong", { class: "hardware" }, incident.headline), isPast(incident) ? null : h("span", { class: "state" }, "lasts")),
    h("span", { class: "small" }, incident.detail)));
}

let shownKey = "";

/** Everything about conditions; `edges` are the first and the last lumisection of the strip above, or null. */
export function showConditions(conditions, edges, to) {
  const key = JSON.stringify([conditions, edges]);
  if (key === shownKey) return; // do not take anything from under somebody's pointer
  shownKey = key;
  showState(conditions.here);
  const now = conditions.incidents.filter((incident) => incident.state === "open" && !PLAIN.has(incident.cause));
  byId("notices").replaceChildren(...now.map((incident) => notice(incident, to)));
  byId("notices").hidden = !now.length;
  showStrip(conditions, edges, to);
  byId("told").hidden = !conditions.incidents.length;
  say(byId("told-count"), String(conditions.incidents.length));
  byId("told-list").replaceChildren(...[...conditions.incidents].reverse().slice(0, 100).map((incident) => item(incident, to)));
}
