// The left map of a card: counts, or what the chosen detector makes of them.

import { raised } from "./detectors.js";
import { centres } from "./figure.js";
import { colours } from "./palette.js";

/** Largest colour: a few hot or forward cells must not make all others dark. */
function ceiling(grid, least) {
  const values = grid.flat().filter((value) => value).sort((a, b) => a - b);
  return Math.max(least, values[Math.floor(0.98 * (values.length - 1))] ?? least);
}

/** Observed over expected counts; nothing where nothing was expected. */
const ratios = (plane) => plane.counts.map((row, y) => row.map((value, x) => (value === null || !plane.expected[y][x] ? null : value / plane.expected[y][x])));

/** Blue below one, orange above; both dark enough to be told from one, which is pale. */
const AROUND_ONE = [[0, "#123a63"], [0.25, "#5f93c4"], [0.5, "#eceae4"], [0.75, "#dd8f4e"], [1, "#7d3206"]];
const PALE_TO_DARK = [[0, "#eceae4"], [0.5, "#dd8f4e"], [1, "#7d3206"]];
/** Pale up to the middle, which is the threshold, and dark above it. */
const UP_TO_THRESHOLD = [[0, "#eceae4"], [0.5, "#e3b98c"], [0.501, "#c9641f"], [1, "#7d3206"]];

const any = (top) => (top < 5 ? { nticks: 5 } : { nticks: 5, tickformat: "~s" });
const whole = (top) => (top < 5 ? { dtick: 1 } : { nticks: 5, tickformat: "~s" });
const short = (value) => Number(value.toPrecision(3)).toString();

/** Counts of any kind from zero on; `least` is the smallest top of the scale. */
function amounts(grid, least, ticks) {
  const top = ceiling(grid, least);
  return { z: grid, colorscale: "Cividis", zmin: 0, zmax: top, ticks: ticks(top) };
}

/** Evidence or score against the threshold, where that is known. */
function against(grid, threshold) {
  if (threshold === null) return { ...amounts(grid, 1e-9, any), colorscale: PALE_TO_DARK };
  return { z: grid, colorscale: UP_TO_THRESHOLD, zmin: 0, zmax: 2 * threshold, ticks: { tickvals: [0, threshold, 2 * threshold], ticktext: ["0", short(threshold), `${short(2 * threshold)}+`] } };
}

/** Title and colouring of what was asked for, null where the detector does not say it. */
const KINDS = {
  occupancy: ({ counts }) => counts && ["Occupancy", amounts(counts, 1, whole)],
  ratio: (plane) => plane.counts && plane.expected && ["Observed / expected", { z: ratios(plane), colorscale: AROUND_ONE, zmin: 0, zmax: 2, ticks: { tickvals: [0, 0.5, 1, 1.5, 2] } }],
  expected: ({ expected, reconstruction }) => (expected && ["Expected counts", amounts(expected, 1e-9, any)])
    || (reconstruction && ["Reconstruction (mean 1)", amounts(reconstruction, 1e-9, any)]),
  evidence: ({ evidence, scores, status }) => evidence && [`${scores ? "Score" : "Evidence in nats"}${status.threshold === null ? "" : `, threshold ${short(status.threshold)}${raised(status) ? " before it was raised" : ""}`}`, against(evidence, status.threshold)],
};

const LACKS = { ratio: "no counts expected", expected: "nothing expected", evidence: "no evidence" };

/** What the left map shows: its title, and traces for Plotly, null where there is nothing at all. */
export function left(meta, plane, show) {
  const wanted = KINDS[show](plane);
  const [title, found] = wanted || KINDS.occupancy(plane) || ["Occupancy", null];
  if (!found) return { title, traces: null };
  const { ticks, ...colouring } = found;
  const c = colours();
  const bar = { thickness: 9, len: 1, x: 1, xanchor: "left", xpad: 6, ypad: 0, outlinewidth: 0, tickfont: { size: 11, color: c.muted }, ...ticks };
  return {
    title: wanted ? title : `${title} (${LACKS[show]})`,
    traces: [{ type: "heatmap", x: centres(meta.x), y: centres(meta.y), ...colouring, hoverinfo: "none", hoverongaps: false, colorbar: bar }],
  };
}
