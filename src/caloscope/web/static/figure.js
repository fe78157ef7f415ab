// Plotly figures of one plane: occupancy and quality on the same axes.

import { plain } from "./dom.js";
import { codeColour, codeScale, colours } from "./palette.js";

/** Middle of each bin on the axis as DQM books it. */
export function centres(axis) {
  const width = (axis.high - axis.low) / axis.values.length;
  return axis.values.map((_, i) => axis.low + (i + 0.5) * width);
}

/** Ticks, no more than `most`: the coordinate where one bin is one unit (ieta −41 … 41), else the edges in their own unit. */
function ticks(axis, most) {
  const bins = axis.values.length;
  const width = (axis.high - axis.low) / bins;
  if (width > 1.5) {
    const step = [5, 10, 20, 25, 40, 50, 60, 90].find((size) => (axis.high - axis.low) / size <= Math.min(9.5, most)) ?? 100;
    const first = Math.ceil(axis.low / step) * step;
    const values = [];
    for (let at = first; at <= axis.high; at += step) values.push(at);
    return { tickvals: values, ticktext: values.map(String) };
  }
  const step = [5, 10, 20].find((size) => bins / size <= Math.min(12, most)) ?? 40;
  const at = centres(axis);
  const picked = axis.values.map((value, i) => [value, at[i]]).filter(([value], i) => value % step === 0 && axis.values.indexOf(value) === i);
  return { tickvals: picked.map(([, place]) => place), ticktext: picked.map(([value]) => String(value).replace("-", "−")) };
}

/** The border between cells for which `same(a, b)` is false, as one SVG path. Cells outside count as null. */
export function border(rows, columns, axes, value, same = (a, b) => a === b) {
  const wx = (axes.x.high - axes.x.low) / columns;
  const wy = (axes.y.high - axes.y.low) / rows;
  const X = (i) => (axes.x.low + i * wx).toFixed(2);
  const Y = (i) => (axes.y.low + i * wy).toFixed(2);
  const at = (y, x) => (y < 0 || x < 0 || y >= rows || x >= columns ? null : value(y, x));
  const parts = [];
  for (let y = 0; y <= rows; y++) {
    for (let x = 0; x <= columns; x++) {
      const here = at(y, x);
      if (!same(here, at(y, x - 1)) && y < rows) parts.push(`M${X(x)},${Y(y)}V${Y(y + 1)}`);
      if (!same(here, at(y - 1, x)) && x < columns) parts.push(`M${X(x)},${Y(y)}H${X(x + 1)}`);
    }
  }
  return parts.join("");
}

const path = (d, color, width) => ({ type: "path", path: d, line: { color, width }, layer: "above", fillcolor: "rgba(0,0,0,0)" });

/** Lines of regions and the rim of the detector, and round the cells of the chosen incident. */
function shapes(meta, plane, cells, chosen, c) {
  const [rows, columns] = [meta.y.values.length, meta.x.values.length];
  const found = [path(border(rows, columns, meta, (y, x) => (cells ? cells.region[y][x] : plane.codes[y][x] === null ? null : 0)), c.region, 0.8)];
  if (chosen.size) {
    const ring = border(rows, columns, meta, (y, x) => chosen.has(`${y},${x}`) || null);
    found.push(path(ring, c.surface, 5), path(ring, c.outline, 2.5));
  }
  return found;
}

/** Left and right of the axes of a plot, and what a colour bar takes beside it. */
export const MARGINS = 58;
export const BAR = 44;

/** Height of a plot with `room` for its axis: discs stay round without air around them, narrow maps are all alike. */
function heightOf(meta, room) {
  if (meta.x.values.length === meta.y.values.length) return Math.max(170, Math.min(room, room > 322 ? 340 : 300) + 46);
  const tall = room > 542 ? 60 : 0;
  return tall + (room < 362 ? 282 : meta.y.values.length > 40 ? 300 : 246);
}

/** Axes and shapes of both plots of a card; `room` is how wide the axis across may be, in pixels. */
export function layout(meta, plane, cells, chosen, room) {
  const c = colours();
  const height = heightOf(meta, room);
  const across = Math.max(2, room / 28); // so many numbers stand side by side without touching
  const axis = (of, most) => ({
    title: { text: plain(of.name === "ieta" ? "iη" : of.name === "iphi" ? "iφ" : of.name), standoff: 4, font: { size: 12, color: c.muted } },
    range: [of.low, of.high], ...ticks(of, most), tickangle: 0, tickfont: { size: 11, color: c.muted }, tickcolor: c.line, ticklen: 3, showgrid: false, zeroline: false,
    linecolor: c.line, mirror: true, showline: true, constrain: "domain",
  });
  const square = meta.x.values.length === meta.y.values.length;
  return {
    height, margin: { l: 44, r: 14, t: 10, b: 36, autoexpand: false }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: c.font, color: c.text },
    xaxis: axis(meta.x, across), yaxis: { ...axis(meta.y, height / 24), ...(square ? { scaleanchor: "x", scaleratio: 1 } : {}) },
    shapes: shapes(meta, plane, cells, chosen, c), showlegend: false, dragmode: "zoom", hovermode: "closest", uirevision: "stay",
  };
}

/** Codes as colours; cells that are masked carry a small cross as well. */
export function quality(meta, plane) {
  const [xs, ys] = [centres(meta.x), centres(meta.y)];
  const masked = { x: [], y: [] };
  plane.codes.forEach((row, y) => row.forEach((code, x) => {
    if (code < 3 || masked.x.length >= 3000) return;
    masked.x.push(xs[x]);
    masked.y.push(ys[y]);
  }));
  const mark = { symbol: "x-thin", size: 4, line: { width: 1, color: codeColour("mark") } };
  return [
    { type: "heatmap", x: xs, y: ys, z: plane.codes, colorscale: codeScale(), zmin: -0.5, zmax: 5.5, showscale: false, hoverinfo: "none", hoverongaps: false },
    { type: "scatter", mode: "markers", ...masked, marker: mark, hoverinfo: "skip" },
  ];
}
