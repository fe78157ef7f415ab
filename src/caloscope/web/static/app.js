// The page: asks the server what changed and shows it. One refresh at a time; what arrives meanwhile is joined.

import { get } from "./api.js";
import { byId } from "./dom.js";
import { banner, showConnection, showPlace, showStatus, tick, watchPlace } from "./header.js";
import { showIncidents } from "./incidents.js";
import { listen } from "./live.js";
import { redrawMaps, scrollToMap, showMaps } from "./maps.js";
import { watchTheme } from "./palette.js";
import { showLegend, showQuarantine } from "./panels.js";
import { readAddress, state, writeAddress } from "./state.js";
import { showTimeline, watchTimeline } from "./timeline.js";
import { showTrends } from "./trends.js";

const PAUSE = 250; // between refreshes, so that a fast replay does not keep the browser from drawing
const known = { runs: null, metas: [], incident: null, trends: null, status: null };
let busy = false;
let again = false;
let listening = false;

/** The chosen incident with its cells. */
async function chosenIncident() {
  if (!state.incident) return null;
  return get(`/api/incidents/${encodeURIComponent(state.incident)}`, { label: state.label }).catch(() => null);
}

/** Everything the page shows, for the place that the state names. */
async function load() {
  const where = { label: state.label, run: state.follow ? null : state.run, lumi: state.follow ? null : state.lumi };
  const status = await get("/api/status", where);
  if (!listening) start(status.last_change);
  state.label ??= status.label; // from now on the page stays with this stream
  showStatus(status);
  showQuarantine(await get("/api/quarantine"), status.now);
  if (status.lumi === null) return;
  state.run = status.run;
  state.lumi = status.lumi;
  const here = { label: status.label, run: status.run };
  const unknown = status.maps.some((map) => !known.metas.some((meta) => meta.bundles.some((row) => row.hash === map.bundle)));
  const [runs, incidents, trends, incident, metas] = await Promise.all([
    get("/api/runs", { label: status.label }), get("/api/incidents", { label: status.label }), get("/api/trends", here), chosenIncident(), unknown ? get("/api/maps") : known.metas,
  ]);
  const seen = trends.lumis.map((lumi, i) => [lumi, trends.qualities[i]]).filter(([, quality]) => quality !== null);
  Object.assign(runs, { lumis: seen.map(([lumi]) => lumi), qualities: seen.map(([, quality]) => quality) });
  Object.assign(known, { runs, trends, incident, metas, status });
  writeAddress();
  showPlace(runs, status);
  showTimeline(runs, status.lumi);
  showIncidents(incidents, status.run, choose);
  await Promise.all([showMaps(byId("maps"), metas, status, incident, go), showTrends(trends, status.lumi)]);
  document.body.dataset.shown = `${status.run}/${status.lumi}`;
}

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    await load();
    banner();
  } catch (error) {
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
  if (incident.closed || run !== known.status.run) Object.assign(change, { run, lumi, follow: false });
  if (incident.depths.length) change.depth = incident.depths.length === 1 ? incident.depths[0] : null;
  const bundles = known.status.maps.filter((map) => map.slug === incident.slug).map((map) => map.bundle);
  if (bundles.length > 1) change.bundles = new Set([...state.bundles].filter((hash) => !bundles.includes(hash))).add(incident.bundle);
  await go(change);
  scrollToMap(incident.slug);
}

function start(since) {
  listening = true;
  listen(since, refresh, showConnection);
}

readAddress();
showLegend();
watchPlace(go, () => known.runs);
watchTimeline(go);
watchTheme(() => {
  if (!known.trends) return;
  redrawMaps(known.incident);
  showTrends(known.trends, known.status.lumi);
});
addEventListener("popstate", () => {
  readAddress();
  refresh();
});
setInterval(tick, 1000);
refresh();
