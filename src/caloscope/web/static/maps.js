// One card per map: what the shifter judges by eye, beside what the detector says.

import { get } from "./api.js";
import { chip, chosenStatus, depthOf, everybody, fillTools, isSilent, raised, silence, statusText } from "./detectors.js";
import { count, h, mapTitle, number, say, words } from "./dom.js";
import { BAR, layout, MARGINS, quality } from "./figure.js";
import { left } from "./left.js";
import { state } from "./state.js";
import { hideTip, showTip, walk } from "./tip.js";

const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: "reset" };
const names = new Map(); // "slug bundle depth" -> promise of the names and regions of a plane
const cards = new Map(); // slug -> card

/** Names and regions of one plane, asked for once per geometry. */
function cellsOf(meta, bundle, depth) {
  const { hash, geometry } = meta.bundles.find((row) => row.hash === bundle) ?? meta.bundles[0];
  const key = `${meta.slug} ${geometry} ${depth}`;
  if (!names.has(key)) {
    const asked = get(`/api/maps/${encodeURIComponent(meta.slug)}/cells`, { bundle: hash, depth, geometry });
    asked.catch(() => names.delete(key));
    names.set(key, asked);
  }
  return names.get(key);
}

/** A card with its fixed parts; what changes is filled in by `fill`. */
function build(slug, go) {
  const part = (name, tag = "div") => h(tag, { class: name });
  const card = { slug, plane: null, meta: null, key: "", head: part("card-head"), tools: part("tools"), note: part("card-note", "p"), facts: part("card-facts", "p"), empty: part("empty", "p") };
  card.caption = h("figcaption", {}, "Occupancy");
  card.occupancy = h("div", { class: "plot", role: "img", tabindex: "0" });
  card.quality = h("div", { class: "plot", role: "img", tabindex: "0" });
  card.plots = h("div", { class: "plots" },
    h("figure", {}, card.caption, card.occupancy),
    h("figure", {}, h("figcaption", {}, "Quality"), card.quality));
  card.root = h("article", { class: "card", id: `map-${slug}`, tabindex: "-1" }, h("header", {}, card.head, card.tools), card.note, card.facts, card.plots, card.empty);
  card.go = go;
  return card;
}

/** The line of numbers below the title. */
function facts(status) {
  const cells = (n, what) => `${count(n)} ${what} ${n === 1 ? "cell" : "cells"}`;
  const bad = status.quality === "UNKNOWN" && !status.bad_cells ? null : status.bad_cells; // nobody knows: not none
  return [
    h(bad === null ? "span" : "strong", { class: bad && !isSilent(status) ? "alarm" : "" }, cells(bad, "bad")),
    status.masked_cells ? h("span", {}, cells(status.masked_cells, "masked")) : null,
    h("span", {}, `${count(status.events)} events`),
    status.image_events !== null && status.image_events !== status.events ? h("span", {}, `${count(status.image_events)} per image`) : null,
    h("span", {}, `pileup ${number(status.pileup)}`),
    status.span > 1 ? h("span", {}, `covers ${status.span} LS`) : null,
    ...status.degraded.filter((note) => note !== "THRESHOLDS_RAISED").map((note) => h("span", { class: "degraded" }, `degraded: ${words(note)}`)),
    status.detail && !raised(status) ? h("span", {}, status.detail) : null, // that stands beside the verdict
  ];
}

/** Cells "y,x" of the chosen incident on the plane that is shown. */
function chosenCells(card, incident) {
  if (!incident?.cells || incident.slug !== card.slug) return new Set();
  const { depths } = card.meta;
  const depth = depthOf(card.meta);
  return new Set(incident.cells.filter((cell) => cell.length === 2 || depth === null || depths[cell[0]] === depth).map((cell) => cell.slice(-2).join(",")));
}

export async function draw(card, incident) {
  const { meta, plane } = card;
  card.plots.hidden = !plane?.counts && !plane?.codes;
  if (!plane?.codes) return;
  const cells = await cellsOf(meta, plane.status.bundle, plane.depth).catch(() => null);
  const chosen = chosenCells(card, incident);
  const room = Math.min(card.quality.clientWidth - MARGINS, card.occupancy.clientWidth - MARGINS - BAR);
  const frame = layout(meta, plane, cells, chosen, room);
  card.quality.dataset.outlined = chosen.size;
  const { title, traces } = left(meta, plane, state.show);
  say(card.caption, title);
  card.occupancy.setAttribute("aria-label", `${title.replace(" / ", " over ")} of ${meta.map}, lumisection ${plane.lumi}`);
  card.quality.setAttribute("aria-label", [`Quality of ${meta.map}: ${statusText(plane.status)}`, raised(plane.status), `${plane.status.bad_cells} bad cells`].filter(Boolean).join(", "));
  if (traces) await Plotly.react(card.occupancy, traces, { ...frame, margin: { ...frame.margin, r: frame.margin.r + BAR } }, CONFIG);
  else Plotly.purge(card.occupancy);
  await Plotly.react(card.quality, quality(meta, plane), frame, CONFIG);
  if (card.watched) return;
  card.watched = true;
  for (const plot of [card.occupancy, card.quality]) {
    plot.on("plotly_hover", (event) => hover(card, event));
    plot.on("plotly_unhover", hideTip);
    walk(plot, card, (pointer, y, x) => tell(card, pointer, y, x));
  }
}

function hover(card, event) {
  const point = event.points.find((found) => Array.isArray(found.pointIndex));
  if (point && card.plane) tell(card, event.event, ...point.pointIndex);
}

/** The tip of a cell; its name may have to be asked for. */
async function tell(card, pointer, y, x) {
  const { plane, meta } = card;
  const depth = plane.worst_depth ? plane.worst_depth[y][x] : plane.depth;
  showTip(pointer, meta, plane, y, x, depth, null);
  const cells = await cellsOf(meta, plane.status.bundle, depth).catch(() => null);
  if (card.plane === plane) showTip(pointer, meta, plane, y, x, depth, cells?.names?.[y]?.[x] ?? null);
}

/** What a card will show, asked for before anything on the page changes. */
async function ask(card, meta, statuses, status) {
  const chosen = chosenStatus(statuses);
  const key = [status.label, status.run, status.lumi, chosen.bundle, depthOf(meta), chosen.scored_at].join(" ");
  const next = { meta, statuses, chosen, key, plane: card.key === key ? card.plane : null, complaint: `Nobody scored ${meta.map} in LS ${status.lumi}: unknown, not good.` };
  if (next.plane || chosen.scored_at === null) return next;
  const where = `/api/maps/${encodeURIComponent(meta.slug)}/${status.run}/${status.lumi}`;
  next.plane = await get(where, { bundle: chosen.bundle, label: status.label, depth: depthOf(meta) }).catch((error) => ((next.complaint = error.message), null));
  return next;
}

/** Show what was asked for. */
async function fill(card, { meta, statuses, chosen, key, plane, complaint }, lone, incident) {
  Object.assign(card, { meta, plane, key: plane ? key : "" });
  card.root.classList.toggle("compact", isRound(meta));
  card.root.classList.toggle("lone", lone);
  card.root.classList.toggle("chosen", state.map === card.slug);
  card.head.replaceChildren(h("h2", {}, mapTitle(meta.map)), chip(chosen), raised(chosen) ? h("span", { class: "raised" }, raised(chosen)) : "");
  fillTools(card, meta, statuses, chosen);
  say(card.note, isSilent(chosen) ? silence(chosen) : "");
  card.note.hidden = !isSilent(chosen);
  card.root.classList.toggle("silent", isSilent(chosen));
  card.facts.replaceChildren(...facts(chosen).filter(Boolean));
  card.empty.hidden = Boolean(plane?.codes);
  if (plane?.kept) card.empty.replaceChildren(...thinned(card, plane));
  else if (!plane) say(card.empty, complaint);
  await draw(card, incident);
}

/** Of old lumisections only some maps are kept; the nearest that are can be gone to. */
function thinned(card, { lumi, kept }) {
  const go = (to) => h("button", { type: "button", class: "quiet", onclick: () => card.go({ lumi: to }) }, `LS ${to}`);
  const near = kept.length ? [kept.length > 1 ? "The nearest that did: " : "The nearest one: ", ...kept.flatMap((to, i) => (i ? [" ", go(to)] : [go(to)]))] : [];
  return [h("span", {}, `Only some old lumisections keep their picture, LS ${lumi} did not. Verdict, flags and incidents stay.`), h("span", { class: "near" }, near)];
}

const isRound = (meta) => meta.x.values.length === meta.y.values.length;

/** Ask for all maps of a lumisection; returns what shows them. `metas` is what /api/maps said. */
export async function askMaps(root, metas, status, incident, go) {
  const all = everybody(status);
  const known = [...new Set(all.map((map) => map.slug))].filter((slug) => metas.some((meta) => meta.slug === slug));
  const asked = await Promise.all(known.map((slug) => {
    const card = cards.get(slug) ?? build(slug, go);
    cards.set(slug, card);
    return ask(card, metas.find((meta) => meta.slug === slug), all.filter((map) => map.slug === slug), status);
  }));
  return () => show(root, known, asked, incident);
}

async function show(root, slugs, asked, incident) {
  for (const [slug, card] of cards) {
    if (slugs.includes(slug)) continue;
    card.root.remove();
    cards.delete(slug);
  }
  const round = asked.filter(({ meta }) => isRound(meta));
  root.parentElement.classList.toggle("few", asked.length === 1 || (asked.length === 2 && round.length === 2)); // one row
  await Promise.all(slugs.map((slug, i) => {
    const card = cards.get(slug);
    if (root.children[i] !== card.root) root.insertBefore(card.root, root.children[i] ?? null);
    // Discs stand in pairs; one that is left over has the row for itself.
    return fill(card, asked[i], round.length % 2 === 1 && asked[i] === round.at(-1), incident);
  }));
}

/** Draw what is there again: another theme, another incident. */
export const redrawMaps = (incident) => Promise.all([...cards.values()].map((card) => draw(card, incident)));

export function scrollToMap(slug) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  cards.get(slug)?.root.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "nearest" });
}
