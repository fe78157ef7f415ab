// The page: asks the server what changed and shows it. One refresh at a time; what arrives meanwhile is joined.

import { get } from "./api.js";
import { everybody } from "./detectors.js";
import { fitStrip, showConditions } from "./conditions.js";
import { byId } from "./dom.js";
import { showFiles, tickFiles } from "./files.js";
import { banner, isPast, isSettled, showConnection, showPlace, showStatus, tick, watchPlace } from "./header.js";
import { showIncidents } from "./incidents.js";
import { listen } from "./live.js";
import { askMaps, redrawMaps, scrollToMap } from "./maps.js";
import { watchTheme } from "./palette.js";
import { showExperts, showLegend, watchExperts } from "./panels.js";
import { readAddress, state, writeAddress } from "./state.js";
import { showTimeline, watchTimeline } from "./timeline.js";
import { showTrends } from "./trends.js";

const PAUSE = 250; // between refreshes, so that a fast replay does not keep the browser from drawing
const UNTOLD = { here: null, stretches: [], incidents: [] }; // verdicts are shown whatever becomes of the rest
const known = { runs: null, metas: [], incident: null, trends: null, status: null };
let busy = false;
let again = false;
let listening = false;
let filesChanged = true; // the list of files is asked for only when one of them changed
let notice = ""; // what became of a wish that could not be met

/** The chosen incident with its cells. */
async function chosenIncident() {
  if (!state.incident) return null;
  return get(`/api/incidents/${encodeURIComponent(state.incident)}`, { label: state.label }).catch(() => null);
}

/** Everything the page shows, for the place that the state names. */
async function load() {
  const commissioning = state.commissioning || null;
  const where = { label: state.label, run: state.follow ? null : state.run, lumi: state.follow ? null : state.lumi, commissioning };
  const askFiles = filesChanged;
  filesChanged = false;
  const [status, files] = await Promise.all([wanted(where), askFiles ? get("/api/files").catch(() => null) : null]);
  if (!listening) start(status.last_change);
  state.label ??= status.label; // from now on the page stays with this stream
  if (files) showFiles(files);
  if (status.lumi === null) {
    showStatus(status);
    return;
  }
  state.run = status.run;
  state.lumi = status.lumi;
  const here = { label: status.label, run: status.run };
  const unknown = everybody(status).some((map) => !known.metas.some((meta) => meta.bundles.some((row) => row.hash === map.bundle)));
  const [conditions, runs, incidents, trends, incident, metas] = await Promise.all([
    get("/api/conditions", { ...here, lumi: status.lumi }).catch(() => UNTOLD), get("/api/runs", { label: status.label }), get("/api/incidents", { label: status.label, at_run: status.run, at_lumi: status.lumi, commissioning }), get("/api/trends", { ...here, commissioning }), chosenIncident(), unknown ? get("/api/maps") : known.metas,
  ]);
  // Who follows sees nothing of a lumisection that is only half there.
  const seen = trends.lumis.map((lumi, i) => i).filter((i) => trends.qualities[i] !== null && (!state.follow || trends.lumis[i] <= status.lumi));
  for (const name of ["lumis", "qualities", "firsts", "raised"]) runs[name] = seen.map((i) => trends[name][i]);
  const drawMaps = await askMaps(byId("maps"), metas, status, incident, go);
  // All answers are there: from here on everything changes to this one lumisection at once.
  Object.assign(known, { runs, trends, incident, metas, status });
  writeAddress();
  showStatus(status);
  showExperts(status);
  showPlace(runs, status);
  showTimeline(runs, status.lumi);
  showConditions(conditions, runs.lumis.length ? [runs.firsts[0], runs.lumis.at(-1)] : null, (lumi) => go({ lumi: runs.lumis.find((known) => known >= lumi) ?? runs.lumis.at(-1) }));
  showIncidents(incidents, [status.run, status.lumi], isPast(status), choose);
  await Promise.all([drawMaps(), showTrends(trends, status.lumi)]);
  document.body.dataset.shown = `${status.run}/${status.lumi}`;
}

/** The status of a place; where there is none such (an address may name any), of the newest one, with a word. */
async function wanted(where) {
  try {
    return await get("/api/status", where);
  } catch (error) {
    if (error.status !== 404 || where.lumi === null) throw error;
    notice = `There is ${error.message}. This is the latest one.`;
    Object.assign(state, { run: null, lumi: null, follow: true });
    return get("/api/status", { label: where.label, commissioning: where.commissioning });
  }
}

/** Look again; `kind` is what changed, where that is known. */
async function refresh(kind) {
  if (kind === "file" || kind === "reset") filesChanged = true;
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    await load();
    banner(notice);
  } catch (error) {
    filesChanged = true;
    banner(`Cannot show this: ${error.message}`);
    if (!listening) setTimeout(refresh, 2000); // the store may not exist yet
  } finally {
    await new Promise((done) => setTimeout(done, PAUSE));
    busy = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

/** Look at something else. Only a step in time, or to another stream, goes into the browser's history. */
function go(change) {
  if ("lumi" in change && !("follow" in change)) Object.assign(change, { follow: false, run: known.status.run });
  Object.assign(state, change);
  notice = "";
  showChoice();
  writeAddress(true);
  return refresh();
}

/** Choose an incident, or let it go: its map, a lumisection in which it shows, and its cells outlined. */
async function choose(incident) {
  if (state.incident === incident.id) {
    await go({ incident: null });
    return;
  }
  const [run, lumi] = incident.last;
  const change = { incident: incident.id, map: incident.slug };
  if (incident.state !== "open" || run < known.status.run) Object.assign(change, { run, lumi, follow: false });
  if (incident.depths.length) change.depth = incident.depths.length === 1 ? incident.depths[0] : null;
  const bundles = everybody(known.status).filter((map) => map.slug === incident.slug).map((map) => map.bundle);
  if (bundles.length > 1) change.bundles = new Set([...state.bundles].filter((hash) => !bundles.includes(hash))).add(incident.bundle);
  await go(change);
  scrollToMap(incident.slug);
}

function start(since) {
  listening = true;
  listen(since, refresh, showConnection);
}

/** What the left maps show. */
function showChoice() {
  for (const button of byId("show").children) button.setAttribute("aria-pressed", String(button.dataset.show === state.show));
}

byId("show").addEventListener("click", (event) => {
  const button = event.target.closest("[data-show]");
  if (button) go({ show: button.dataset.show });
});
readAddress();
showChoice();
showLegend();
watchPlace(go, () => known.runs);
watchTimeline(go);
watchExperts(go);
watchTheme(() => {
  if (!known.trends) return;
  redrawMaps(known.incident);
  showTrends(known.trends, known.status.lumi);
});
let resized = 0;
addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(() => {
    fitStrip();
    if (known.status) redrawMaps(known.incident); // Plotly sees to widths, not to heights and ticks
  }, 150);
});
addEventListener("popstate", () => {
  readAddress();
  notice = "";
  showChoice();
  refresh();
});
setInterval(() => {
  tick();
  tickFiles();
  if (state.follow && known.status && !isSettled(known.status)) refresh(); // it will not wait for what is missing for ever
}, 1000);
refresh();
