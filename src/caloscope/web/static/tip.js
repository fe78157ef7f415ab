// What a cell has to say, beside the pointer. Text only: a name from the store is never read as markup.

import { byId, count, h, number } from "./dom.js";
import { CODES } from "./palette.js";

export function hideTip() {
  byId("tip").hidden = true;
}

const low = (value) => (value < 0 ? "low" : value > 0 ? "high" : "");

export function showTip(pointer, meta, plane, y, x, depth, name) {
  const tip = byId("tip");
  const at = (grid) => grid?.[y]?.[x] ?? null;
  const code = CODES.find((found) => found.code === at(plane.codes));
  const place = `${meta.x.name} ${meta.x.values[x]}, ${meta.y.name} ${meta.y.values[y]}${depth === null ? "" : `, depth ${depth}`}`;
  const [counts, expected, evidence, made] = [at(plane.counts), at(plane.expected), at(plane.evidence), at(plane.reconstruction)];
  const ratio = counts !== null && expected ? ` (×${(counts / expected).toFixed(2)})` : "";
  const sums = plane.worst_depth ? " in all depths" : "";
  const rows = [
    ["counts", `${count(counts)}${sums}`],
    made === null ? ["expected", expected === null ? "–" : `${number(expected)}${ratio}`] : ["reconstruction", number(made)],
    [plane.scores ? "score" : "evidence", evidence === null ? "–" : `${number(evidence)}${plane.scores ? "" : " nats"} ${low(at(plane.direction))}`],
  ];
  tip.replaceChildren(
    h("strong", {}, name ?? place),
    name ? h("span", { class: "where" }, place) : "",
    h("span", { class: "code" }, h("i", { class: `swatch code-${code?.key ?? "absent"}` }), code?.name ?? "no cell"),
    h("dl", {}, rows.map(([term, said]) => h("div", {}, h("dt", {}, term), h("dd", {}, said)))),
  );
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = pointer.clientX + 16 + box.width > innerWidth ? pointer.clientX - box.width - 16 : pointer.clientX + 16;
  const top = Math.min(pointer.clientY + 14, innerHeight - box.height - 8);
  tip.style.transform = `translate(${Math.max(8, left)}px, ${Math.max(8, top)}px)`;
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] };

/** Lets the arrow keys walk over the cells of a plot that has the focus; `tell(place, y, x)` shows a cell. */
export function walk(plot, card, tell) {
  plot.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (event.key === "Escape") hideTip();
    if (!step || !card.plane) return;
    event.preventDefault();
    const [rows, columns] = [card.meta.y.values.length, card.meta.x.values.length];
    card.at ??= [Math.floor(rows / 2), Math.floor(columns / 2)];
    card.at = [Math.max(0, Math.min(rows - 1, card.at[0] + step[0])), Math.max(0, Math.min(columns - 1, card.at[1] + step[1]))];
    const [y, x] = card.at;
    const box = (plot.querySelector(".nsewdrag") ?? plot).getBoundingClientRect();
    const clientX = box.left + ((x + 0.5) / columns) * box.width;
    tell({ clientX, clientY: box.bottom - ((y + 0.5) / rows) * box.height }, y, x);
  });
  plot.addEventListener("blur", hideTip);
}
