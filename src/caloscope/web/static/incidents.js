// The list of incidents: what is open in the lumisection shown first, what is known already folded away.

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

/** From when to when; of one that was open in a past lumisection, how long it had been going on by then. */
function when(incident, run, past) {
  if (incident.standing) return `since ${place(incident.opened, run)}`;
  if (past && incident.state === "open") {
    const then = incident.lumis_then === null ? "" : ` · ${incident.lumis_then} LS, ${span(incident.lumis_then * LUMISECTION_SECONDS)}`;
    return `since ${place(incident.opened, run)}${then}`;
  }
  const length = incident.lumis === null ? "" : ` · ${incident.lumis} LS, ${span(incident.lumis * LUMISECTION_SECONDS)}`;
  const [from, to] = [place(incident.opened, run), place(incident.last, run)];
  return `${from === to ? from : `${from} to ${to}`}${length}`;
}

/** What it was in the lumisection shown, and what became of it since. */
function states(incident, run, past) {
  const today = incident.closed ? `closed ${place(incident.closed, run)}` : "open";
  if (!past || incident.state !== "open") return [today, null];
  return ["open then", [incident.closed ? today : "still open", incident.masked_later ? "masked later" : null].filter(Boolean).join(", ")];
}

/** "EB digi · depth 2 · 16 cells": without the number where the name begins with it. */
function extent(incident) {
  const depths = incident.depths.length ? `depth ${incident.depths.join(", ")}` : null;
  const cells = `${incident.cell_count} ${incident.cell_count === 1 ? "cell" : "cells"}`;
  return [mapTitle(incident.map), depths, incident.hardware.startsWith(`${cells} `) ? null : cells].filter(Boolean).join(" · ");
}

function item(incident, run, past, choose) {
  const bundle = incident.bundle_title === null ? null : h("span", { class: "bundle" }, incident.bundle_title);
  const [shown, since] = states(incident, run, past);
  const reason = incident.reason === "EVIDENCE" ? null : words(incident.reason);
  const known = incident.standing ? "known" : incident.masked ? "masked" : null; // its name says that it was never alive
  const why = incident.standing ? null : [since, `evidence ${number(incident.peak_evidence)} nats`, reason].filter(Boolean).join(" · ");
  return h("li", {}, h("button", {
    type: "button", class: "incident", "data-id": incident.id, "data-open": incident.state === "open" && !incident.masked && !incident.standing && !incident.commissioning, "data-severity": incident.severity,
    "aria-pressed": state.incident === incident.id, onclick: () => choose(incident),
  },
  h("span", { class: "line" }, h("strong", { class: "hardware" }, incident.hardware), h("span", { class: "severity" }, words(incident.severity))),
  h("span", { class: "line" }, h("span", { class: "map" }, extent(incident)), incident.standing ? null : amount(incident)),
  h("span", { class: "line small" }, h("span", {}, when(incident, run, past)), h("span", { class: "state" }, known ?? shown)),
  why || bundle ? h("span", { class: "line small" }, h("span", {}, why ?? ""), bundle) : null));
}

/** Replace a list, keeping the keyboard where it was. */
function list(root, incidents, run, past, choose, none) {
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  root.replaceChildren(...incidents.map((incident) => item(incident, run, past, choose)));
  if (!incidents.length && none) root.append(h("li", { class: "none" }, none));
  if (focused) [...root.querySelectorAll("button")].find((button) => button.dataset.id === focused)?.focus();
}

let shownKey = "";

/**
 * All incidents: first those that were open in the lumisection shown, `[run, LS]`; what was over by then and
 * what had not begun is folded away. `past` says that there are later lumisections.
 */
export function showIncidents(incidents, [run], past, choose) {
  const real = incidents.filter((incident) => !incident.masked && !incident.standing && !incident.commissioning);
  const groups = {
    later: real.filter((incident) => incident.state === "later"),
    closed: real.filter((incident) => incident.state === "closed"),
    known: incidents.filter((incident) => (incident.masked || incident.standing) && !incident.commissioning),
    silent: incidents.filter((incident) => incident.commissioning && !incident.masked && !incident.standing),
  };
  const open = real.filter((incident) => incident.state === "open");
  const key = JSON.stringify([open, groups, run, past, state.incident]);
  if (key === shownKey) return; // do not take a list from under somebody's pointer
  shownKey = key;
  list(byId("incidents"), open, run, past, choose, past ? "None was open then." : "No open incident.");
  say(byId("incidents-count"), open.length ? `${open.length} open${past ? " then" : ""}` : "");
  say(byId("closed-title"), past ? "Closed by then" : "Closed");
  for (const [name, found] of Object.entries(groups)) {
    list(byId(`${name}-list`), found.slice(0, MOST), run, past, choose);
    say(byId(`${name}-count`), String(found.length));
    byId(name).hidden = !found.length;
  }
}
