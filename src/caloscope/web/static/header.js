// The top of the page: which lumisection, how good it is, and how fresh that is.

import { byId, count, GLYPHS, h, number, say, span } from "./dom.js";
import { state } from "./state.js";

const STALE = 60;
let status = null;
let live = false; // once live, data of this page stay so: a monitor that died must not turn into history
let place = ""; // the run that `live` speaks of
let clockAhead = 0; // this browser's clock against the server's, in seconds

/** Age of the newest verdict in seconds, null while there is none. */
const age = () => (status?.last_verdict_at ? Date.now() / 1000 - clockAhead - status.last_verdict_at : null);

/** Whether the newest lumisection is the newest on the page: nothing of it is still awaited. */
export const isSettled = ({ run, lumi, latest }) => latest === null || (latest.run === run && latest.lumi === lumi);

/** Whether a lumisection was chosen that later ones followed. */
export const isPast = (of) => !state.follow && !isSettled(of);

/** Whether the newest run is said to be over: then nobody waits for a verdict. */
const hasEnded = () => Boolean(status?.run_ended_at);

/** What the big word says. While the page follows live data, old news is no news: a stale GOOD is UNKNOWN. */
function spoken() {
  if (!status || status.lumi === null) return { word: "UNKNOWN", reasons: ["No lumisection in the store yet"] };
  const old = age();
  if (!state.follow || !live || old <= STALE) return { word: status.quality, reasons: status.reasons };
  const since = hasEnded() ? `Run ${status.latest.run} is over` : `STALE: no verdict for ${span(old)}`;
  if (status.quality === "BAD") return { word: "BAD", before: `${since}. `, reasons: status.reasons };
  return { word: "UNKNOWN", reasons: [`${since}; LS ${status.lumi} was ${status.quality}`] };
}

/** As many reasons as the lines hold, the worst first, and how many more there are; the worst one always whole. */
function fit(element, before, reasons) {
  const key = [before, element.clientWidth, innerWidth, ...reasons].join("\n");
  if (element.dataset.key === key) return;
  element.classList.remove("whole");
  for (let shown = reasons.length; shown > 0; shown--) {
    const rest = reasons.length - shown;
    say(element, `${before}${reasons.slice(0, shown).join("; ")}${rest ? `; and ${rest} more` : ""}`);
    if (element.scrollHeight <= element.clientHeight + 1) break;
  }
  element.classList.toggle("whole", element.scrollHeight > element.clientHeight + 1);
  element.title = reasons.join("; ");
  element.dataset.key = key;
}

/** Called every second and after every answer. */
export function tick() {
  const { word, before = "", reasons } = spoken();
  const old = age();
  byId("hero").dataset.quality = word;
  byId("hero").classList.toggle("stale", state.follow && live && old > STALE && !hasEnded());
  say(byId("word"), word);
  say(byId("glyph"), GLYPHS[word]);
  fit(byId("reason"), before, reasons);
  say(byId("age"), old === null ? "–" : `${span(old)} ago`);
  const history = old !== null && old > STALE && !live;
  say(byId("history"), history ? ` · not live: last verdict ${span(old)} ago` : "");
  showConnection();
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
  if (place !== `${next.label} ${next.latest?.run}`) live = false;
  place = `${next.label} ${next.latest?.run}`;
  live ||= next.recent;
  clockAhead = Date.now() / 1000 - next.now;
  say(byId("scope"), next.lumi === null ? "No run" : `${next.label} · run ${next.run} · LS ${next.lumi}`);
  say(byId("open-title"), isPast(next) ? "Incidents open then" : "Open incidents");
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

const CONNECTION = { live: "live", connected: "connected", connecting: "connecting", lost: "connection lost, trying again" };

let connection = "connecting";

/** The dot: "live" is said only of live data, a page on an old run is just connected. */
export function showConnection(now = connection) {
  const element = byId("connection");
  connection = now;
  element.dataset.state = now;
  const history = now === "live" && status !== null && !live && !(age() !== null && age() <= STALE);
  say(element.querySelector(".text"), CONNECTION[history ? "connected" : now]);
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
  byId("lumi").addEventListener("change", ({ target }) => {
    const [text, all] = [target.value.trim(), lumis()];
    if (/^\d+$/.test(text) && Number(text) >= all[0] && Number(text) <= all.at(-1)) return toLumi(Number(text));
    target.value = status?.lumi ?? "";
    if (text && all.length) banner(`There is no lumisection “${text}” in run ${status.run}: it has ${all[0]} to ${all.at(-1)}.`);
  });
  byId("follow").addEventListener("click", () => go({ run: null, lumi: null, follow: true }));
}
