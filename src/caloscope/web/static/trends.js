// Lines against lumisection. Where nobody knows, the line has a hole and the ground is shaded.

import { byId, h, mapTitle, plain } from "./dom.js";
import { colours } from "./palette.js";

const PLOTS = [
  { key: "pileup", title: "Pileup per LS" },
  { key: "events", title: "Events per LS", counted: true },
  { key: "image_events", title: "Events per ML image", counted: true },
  { key: "bad_cells", title: "Bad cells per LS", counted: true },
];
const DASHES = ["solid", "dash", "dot", "dashdot"];
const CONFIG = { displayModeBar: false, responsive: true };
const plots = new Map();

/** Stretches of lumisections in which no line of a plot has a value: [first, last]. */
function holes(lumis, lines) {
  const found = [];
  lumis.forEach((lumi, i) => {
    if (lines.some((line) => line.values[i] !== null)) return;
    const last = found.at(-1);
    if (last && lumis[i - 1] === last[1]) last[1] = lumi;
    else found.push([lumi, lumi]);
  });
  return found;
}

/** The maps of a line, and which bundle or detector it is of. */
function named(line) {
  const of = line.bundle_title ?? line.detector;
  const about = [of, line.commissioning ? "in commissioning" : null].filter(Boolean).join(", ");
  return line.maps.map(mapTitle).join(", ") + (about ? ` (${about})` : "");
}

function traces(lumis, lines, c) {
  return lines.map((line, i) => ({
    type: "scatter", mode: lumis.length > 150 ? "lines" : "lines+markers", name: plain(named(line)), x: lumis, y: line.values, connectgaps: false,
    line: { color: c.lines[i % c.lines.length], width: 1.8, dash: DASHES[Math.floor(i / c.lines.length) % DASHES.length], shape: "hv" }, marker: { size: 3.5 },
    hovertemplate: `LS %{x}: %{y}<extra>${plain(named(line))}</extra>`,
  }));
}

/** Ticks of whole numbers over a stretch of so much: Plotly would write 4, 4, 5, 5. */
const steps = (stretch, most) => (stretch < 2 * most ? { tick0: 0, dtick: Math.max(1, Math.ceil(stretch / most)) } : { nticks: most });

/** How the height of a plot is divided; what is counted has no half. */
function height(spec, lines) {
  const top = lines.flatMap((line) => line.values).reduce((most, value) => Math.max(most, value ?? 0), 0);
  if (!spec.counted || top >= 10) return { nticks: 5 };
  return { ...steps(top, 5), range: [0, Math.max(1, top) * 1.1] };
}

function layout(spec, trends, lines, lumi, c) {
  const { lumis } = trends;
  const band = ([first, last]) => ({ type: "rect", xref: "x", yref: "paper", x0: first - 0.5, x1: last + 0.5, y0: 0, y1: 1, fillcolor: c.band, line: { width: 0 }, layer: "below" });
  const cursor = { type: "line", xref: "x", yref: "paper", x0: lumi, x1: lumi, y0: 0, y1: 1, line: { color: c.outline, width: 1.2, dash: "dot" } };
  const tick = { tickfont: { size: 11, color: c.muted }, linecolor: c.line, zeroline: false };
  return {
    height: 208, margin: { l: 48, r: 10, t: 6, b: 34 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: c.font, color: c.text, size: 12 },
    xaxis: { ...tick, title: { text: "LS", standoff: 4, font: { color: c.muted, size: 12 } }, showgrid: false, showline: true, range: [lumis[0] - 0.5, lumis.at(-1) + 0.5], ...steps(lumis.at(-1) - lumis[0], 8), tickformat: "d" },
    yaxis: { ...tick, gridcolor: c.line, rangemode: "tozero", ...height(spec, lines), tickformat: "~s" },
    shapes: [...holes(lumis, lines).map(band), cursor], showlegend: false,
    hovermode: "closest", hoverlabel: { bgcolor: c.surface, bordercolor: c.line, font: { color: c.text, family: c.font } }, uirevision: `${trends.label} ${trends.run}`,
  };
}

/** The legend is ours, in HTML: names wrap, and say by dash as well as by colour what is what. */
function legend(lines, c) {
  return lines.map((line, i) => {
    const mark = h("i", { class: `mark mark-${DASHES[Math.floor(i / c.lines.length) % DASHES.length]}` });
    mark.style.borderColor = c.lines[i % c.lines.length];
    return h("li", {}, mark, named(line));
  });
}

function panel({ key, title }) {
  const parts = { plot: h("div", { class: "plot", role: "img" }), legend: h("ul", { class: "series" }), none: h("p", { class: "none" }, "not known") };
  byId("trends").append(h("section", { class: "panel trend", id: `trend-${key}` }, h("h2", {}, title), parts.legend, parts.plot, parts.none));
  plots.set(key, parts);
  return parts;
}

export async function showTrends(trends, lumi) {
  const c = colours();
  for (const spec of PLOTS) {
    const parts = plots.get(spec.key) ?? panel(spec);
    const lines = trends[spec.key];
    parts.plot.setAttribute("aria-label", `${spec.title} of run ${trends.run}`);
    parts.legend.replaceChildren(...legend(lines, c));
    parts.none.hidden = lines.length > 0;
    parts.plot.hidden = !lines.length;
    if (!lines.length) Plotly.purge(parts.plot);
    else await Plotly.react(parts.plot, traces(trends.lumis, lines, c), layout(spec, trends, lines, lumi, c), CONFIG);
  }
}
