// What is being looked at. It lives in the address, so that a view can be sent to a colleague.

const whole = (text) => (text !== null && /^\d+$/.test(text) ? Number(text) : null);

/** What the left maps can show. */
export const SHOWN = ["occupancy", "ratio", "expected", "evidence"];

/** Without run and LS in the address the page follows the latest lumisection. */
export const state = { label: null, run: null, lumi: null, follow: true, map: null, depth: null, incident: null, show: "occupancy", bundles: new Set(), commissioning: false };

export function readAddress() {
  const query = new URLSearchParams(location.search);
  state.label = query.get("label");
  state.run = whole(query.get("run"));
  state.lumi = whole(query.get("lumi"));
  state.follow = state.run === null;
  state.map = query.get("map");
  state.depth = whole(query.get("depth"));
  state.incident = query.get("incident");
  state.show = SHOWN.includes(query.get("show")) ? query.get("show") : SHOWN[0];
  state.commissioning = query.get("commissioning") === "1";
  state.bundles = new Set(query.getAll("bundle"));
}

/** Write the state into the address; `step` makes it a step that the browser's back button undoes. */
export function writeAddress(step = false) {
  const query = new URLSearchParams();
  const put = (name, value) => value !== null && value !== undefined && query.set(name, value);
  put("label", state.label);
  if (!state.follow) {
    put("run", state.run);
    put("lumi", state.lumi);
  }
  put("map", state.map);
  put("depth", state.depth);
  put("incident", state.incident);
  if (state.show !== SHOWN[0]) put("show", state.show);
  if (state.commissioning) put("commissioning", 1);
  for (const bundle of state.bundles) query.append("bundle", bundle);
  const search = `?${query}`;
  if (search === location.search) return;
  history[step ? "pushState" : "replaceState"](null, "", search);
}
