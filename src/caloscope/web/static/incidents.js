// The list of incidents: what is open first, what is known already folded away.

import { byId, h, mapTitle, number, say, span, words } from "./dom.js";
import { state } from "./state.js";

const LUMISECTION_SECONDS = 23.3;
const MOST = 100; // of those that are folded away

/** "×0.48 low": how much of the expected counts is there. */
function amount(incident) {
  const arrow = incident.direction === "low" ? "▼" : "▲";
  const factor = incident.factor === null ? "" : `×${incident.factor < 10 ? incident.factor.toFixed(2) : Math.round(incident.factor)} `;
  return h("span", { class: `amount ${incident.direction === "low" ? "low" : "high"}` }, `${arrow} ${factor}${incident.direction}`);
}

const place = ([run, lumi], here) => (run === here ? `LS ${lumi}` : `run ${run} LS ${lumi}`);

function when(incident, run) {
  const length = incident.lumis === null ? "" : ` · ${incident.lumis} LS, ${span(incident.lumis * LUMISECTION_SECONDS)}`;
  return `${place(incident.opened, run)} to ${place(incident.last, run)}${length}`;
}

function item(incident, run, choose) {
  const closed = incident.closed ? `closed ${place(incident.closed, run)}` : "open";
  const depths = incident.depths.length ? ` · depth ${incident.depths.join(", ")}` : "";
  const cells = `${incident.cell_count} ${incident.cell_count === 1 ? "cell" : "cells"}`;
  const known = incident.standing ? "never alive" : incident.masked ? "masked" : null;
  return h("li", {}, h("button", {
    type: "button", class: "incident", "data-id": incident.id, "data-open": !incident.closed && !incident.masked && !incident.standing, "data-severity": incident.severity,
    "aria-pressed": state.incident === incident.id, onclick: () => choose(incident),
  },
  h("span", { class: "line" }, h("strong", { class: "hardware" }, incident.hardware), h("span", { class: "severity" }, words(incident.severity))),
  h("span", { class: "line" }, h("span", { class: "map" }, `${mapTitle(incident.map)}${depths} · ${cells}`), amount(incident)),
  h("span", { class: "line small" }, h("span", {}, when(incident, run)), h("span", { class: "state" }, known ?? closed)),
  h("span", { class: "line small" }, h("span", {}, `evidence ${number(incident.peak_evidence)} nats`), incident.reason === "EVIDENCE" ? null : h("span", {}, words(incident.reason)))));
}

/** Replace a list, keeping the keyboard where it was. */
function list(root, incidents, run, choose, none) {
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  root.replaceChildren(...incidents.map((incident) => item(incident, run, choose)));
  if (!incidents.length && none) root.append(h("li", { class: "none" }, none));
  if (focused) [...root.querySelectorAll("button")].find((button) => button.dataset.id === focused)?.focus();
}

let shownKey = "";

/** Whether an incident was opened after a lumisection [run, LS]. */
export const isLater = (incident, [run, lumi]) => incident.opened[0] > run || (incident.opened[0] === run && incident.opened[1] > lumi);

/** All incidents as they stand today; those that began after the lumisection shown, `here`, are folded away. */
export function showIncidents(incidents, here, choose) {
  const [run] = here;
  const real = incidents.filter((incident) => !incident.masked && !incident.standing);
  const now = real.filter((incident) => !isLater(incident, here));
  const groups = {
    later: real.filter((incident) => isLater(incident, here)),
    closed: now.filter((incident) => incident.closed),
    known: incidents.filter((incident) => incident.masked || incident.standing),
  };
  const open = now.filter((incident) => !incident.closed);
  const key = JSON.stringify([open, groups, run, state.incident]);
  if (key === shownKey) return; // do not take a list from under somebody's pointer
  shownKey = key;
  list(byId("incidents"), open, run, choose, groups.later.length ? "None open that had begun by then." : "No open incident.");
  say(byId("incidents-count"), open.length ? `${open.length} open` : "");
  for (const [name, found] of Object.entries(groups)) {
    list(byId(`${name}-list`), found.slice(0, MOST), run, choose);
    say(byId(`${name}-count`), String(found.length));
    byId(name).hidden = !found.length;
  }
}
