// The top of the page: which lumisection, how good it is, and how fresh that is.

import { byId, count, GLYPHS, h, number, say, span } from "./dom.js";
import { state } from "./state.js";

const STALE = 60;
let status = null;
let clockAhead = 0; // this browser's clock against the server's, in seconds

/** Age of the newest verdict in seconds, null while there is none. */
const age = () => (status?.last_verdict_at ? Date.now() / 1000 - clockAhead - status.last_verdict_at : null);

/** What the big word says. While the page follows, old news is no news: a stale GOOD is UNKNOWN. */
function spoken() {
  if (!status || status.lumi === null) return { word: "UNKNOWN", reason: "No lumisection in the store yet" };
  const old = age();
  if (!state.follow || (old !== null && old <= STALE)) return { word: status.quality, reason: status.reason };
  const since = `STALE: no verdict for ${span(old ?? 0)}`;
  if (status.quality === "BAD") return { word: "BAD", reason: `${since}. ${status.reason}` };
  return { word: "UNKNOWN", reason: `${since}; LS ${status.lumi} was ${status.quality}` };
}

/** Called every second and after every answer. */
export function tick() {
  const { word, reason } = spoken();
  const old = age();
  byId("hero").dataset.quality = word;
  byId("hero").classList.toggle("stale", state.follow && old !== null && old > STALE);
  say(byId("word"), word);
  say(byId("glyph"), GLYPHS[word]);
  say(byId("reason"), reason);
  say(byId("age"), old === null ? "–" : `${span(old)} ago`);
  const title = status?.lumi !== null && status ? `${word} · run ${status.run} LS ${status.lumi} · Caloscope` : "Caloscope";
  if (document.title !== title) document.title = title;
}

const shared = (key) => [...new Set((status.maps ?? []).map((map) => map[key]).filter((value) => value !== null))];
const range = (values, show) => {
  if (!values.length) return "unknown";
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? show(low) : `${show(low)}–${show(high)}`;
};

export function showStatus(next) {
  status = next;
  clockAhead = Date.now() / 1000 - next.now;
  say(byId("scope"), next.lumi === null ? "No run" : `${next.label} · run ${next.run} · LS ${next.lumi}`);
  say(byId("open-incidents"), count(next.open_incidents));
  byId("open-incidents").classList.toggle("alarm", next.open_incidents > 0);
  say(byId("events"), range(shared("events"), count));
  say(byId("pileup"), range(shared("pileup"), (value) => number(Math.round(value * 10) / 10)));
  say(byId("store"), `Store ${next.store} · read only`);
  tick();
}

/** Fill a select with values; the DOM is touched only when they changed. */
function fill(select, values, chosen) {
  const key = values.join("\n");
  if (select.dataset.key !== key) {
    select.replaceChildren(...values.map((value) => h("option", { value }, String(value))));
    select.dataset.key = key;
  }
  if (chosen !== null) select.value = String(chosen);
}

export function showPlace(runs, now) {
  fill(byId("label"), runs.labels, now.label);
  fill(byId("run"), [...runs.runs].reverse(), now.run);
  const input = byId("lumi");
  if (document.activeElement !== input) input.value = now.lumi ?? "";
  const at = runs.runs.indexOf(now.run);
  byId("run-prev").disabled = at <= 0;
  byId("run-next").disabled = at < 0 || at >= runs.runs.length - 1;
  byId("lumi-prev").disabled = !runs.lumis.some((lumi) => lumi < now.lumi);
  byId("lumi-next").disabled = !runs.lumis.some((lumi) => lumi > now.lumi);
  byId("follow").setAttribute("aria-pressed", String(state.follow));
  say(byId("follow"), state.follow ? "Following latest" : "Follow latest");
}

const CONNECTION = { live: "live", connecting: "connecting", lost: "connection lost, trying again" };

export function showConnection(now) {
  const element = byId("connection");
  element.dataset.state = now;
  say(element.querySelector(".text"), CONNECTION[now]);
}

/** A line across the page for what keeps it from working; none hides it. */
export function banner(text = "") {
  const element = byId("banner");
  element.hidden = !text;
  say(element, text);
}

/** `go({...})` changes the place. */
export function watchPlace(go, runsNow) {
  const lumis = () => runsNow()?.lumis ?? [];
  const nearest = (side) => (side < 0 ? lumis().filter((l) => l < status.lumi).at(-1) : lumis().find((l) => l > status.lumi));
  const run = (side) => runsNow().runs[runsNow().runs.indexOf(status.run) + side];
  const toLumi = (lumi) => lumi !== undefined && go({ run: status.run, lumi, follow: false });
  const toRun = (number_) => number_ !== undefined && go({ run: number_, lumi: null, follow: false });
  byId("place").addEventListener("submit", (event) => event.preventDefault());
  byId("label").addEventListener("change", (event) => go({ label: event.target.value, run: null, lumi: null, follow: true }));
  byId("run").addEventListener("change", (event) => toRun(Number(event.target.value)));
  byId("run-prev").addEventListener("click", () => toRun(run(-1)));
  byId("run-next").addEventListener("click", () => toRun(run(1)));
  byId("lumi-prev").addEventListener("click", () => toLumi(nearest(-1)));
  byId("lumi-next").addEventListener("click", () => toLumi(nearest(1)));
  byId("lumi").addEventListener("change", (event) => /^\d+$/.test(event.target.value.trim()) && toLumi(Number(event.target.value)));
  byId("follow").addEventListener("click", () => go({ run: null, lumi: null, follow: true }));
}
