// The run as one strip: a bar per lumisection. Bad bars are tall, unknown ones half as tall, good ones low,
// so that it can be read without colour. Works as a slider with the arrow keys.

import { byId, h, say } from "./dom.js";

const HEIGHT = { BAD: 1, UNKNOWN: 0.62, GOOD: 0.34 };
const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Neighbours of equal quality become one bar: [first, last, quality]. */
function stretches({ lumis, firsts }, qualities) {
  const found = [];
  lumis.forEach((lumi, i) => {
    const last = found.at(-1);
    // A record may cover several lumisections, and begin before the last one of the record before.
    const first = Math.max(firsts[i] ?? lumi, (last?.[1] ?? -Infinity) + 1);
    if (last && last[2] === qualities[i] && last[1] === first - 1) last[1] = lumi;
    else found.push([first, lumi, qualities[i]]);
  });
  return found;
}

let shown = { lumis: [], firsts: [], first: null, qualities: [], raised: [], lumi: null };

/** What there is to say of the lumisection at a place: its quality, and whether thresholds were raised. */
const saying = ({ qualities, raised }, i) => `${qualities[i] ?? "UNKNOWN"}${raised[i] ? ", thresholds raised" : ""}`;

export function showTimeline(runs, lumi) {
  shown = { lumis: runs.lumis, firsts: runs.firsts, first: runs.firsts[0], qualities: runs.qualities, raised: runs.raised, lumi };
  const root = byId("timeline");
  const { lumis } = shown;
  if (!lumis.length) {
    root.replaceChildren();
    say(byId("strip-legend"), "");
    return;
  }
  const first = runs.firsts[0];
  const width = lumis.at(-1) - first + 1;
  const picture = svg("svg", { viewBox: `0 0 ${width} 1`, preserveAspectRatio: "none", "aria-hidden": "true" });
  for (const [from, to, quality] of stretches(runs, runs.qualities)) {
    const height = HEIGHT[quality];
    picture.append(svg("rect", { x: from - first, width: to - from + 1, y: 1 - height, height, class: `q-${quality}` }));
  }
  for (const [from, to, is] of stretches(runs, runs.raised)) {
    if (is) picture.append(svg("rect", { x: from - first, width: to - from + 1, y: 0, height: 0.12, class: "raised" }));
  }
  const cursor = h("span", { class: "cursor" });
  cursor.style.left = `${(100 * (lumi - first + 0.5)) / width}%`;
  root.replaceChildren(picture, cursor);
  root.setAttribute("aria-valuemin", first);
  root.setAttribute("aria-valuemax", lumis.at(-1));
  root.setAttribute("aria-valuenow", lumi);
  root.setAttribute("aria-valuetext", `LS ${lumi}: ${saying(runs, lumis.indexOf(lumi))}`);
  legend(runs);
}

/** The strip's ends and what is in it, in words. */
function legend({ lumis, firsts, qualities, raised }) {
  const of = (quality) => qualities.filter((found) => found === quality).length;
  const parts = ["GOOD", "BAD", "UNKNOWN"].map((quality) => h("span", { class: `key q-${quality}` }, `${of(quality)} ${quality.toLowerCase()}`));
  const n = raised.filter(Boolean).length;
  if (n) parts.push(h("span", { class: "key raised" }, `${n} with thresholds raised`));
  byId("strip-legend").replaceChildren(h("span", {}, `LS ${firsts[0]}`), h("span", { class: "keys" }, parts), h("span", {}, `LS ${lumis.at(-1)}`));
}

/** The lumisection nearest to a pointer. */
function under(event) {
  const { lumis, first } = shown;
  const box = byId("timeline").getBoundingClientRect();
  const wanted = first + Math.floor(((event.clientX - box.left) / box.width) * (lumis.at(-1) - first + 1));
  // The record that covers it stands at the last lumisection that it covers.
  const covering = lumis.find((lumi, i) => shown.firsts[i] <= wanted && wanted <= lumi);
  return covering ?? lumis.reduce((best, lumi) => (Math.abs(lumi - wanted) < Math.abs(best - wanted) ? lumi : best), lumis[0]);
}

export function watchTimeline(go) {
  const root = byId("timeline");
  const to = (lumi) => lumi !== undefined && go({ lumi });
  root.addEventListener("click", (event) => to(under(event)));
  root.addEventListener("pointermove", (event) => {
    const lumi = under(event);
    if (lumi !== undefined) root.title = `LS ${lumi}: ${saying(shown, shown.lumis.indexOf(lumi))}`;
  });
  root.addEventListener("keydown", (event) => {
    const { lumis, lumi } = shown;
    const keys = {
      ArrowLeft: () => lumis.filter((l) => l < lumi).at(-1),
      ArrowRight: () => lumis.find((l) => l > lumi),
      Home: () => lumis[0],
      End: () => lumis.at(-1),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    to(keys[event.key]());
  });
}
