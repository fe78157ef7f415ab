// Small panels: what the colours mean, and the switch for experts.

import { byId, h, say } from "./dom.js";
import { CODES } from "./palette.js";
import { state } from "./state.js";

export function showLegend() {
  const rows = [...CODES, { key: "absent", name: "absent", says: "no cell there" }];
  byId("legend").replaceChildren(...rows.map(({ key, name, says }) =>
    h("li", {}, h("i", { class: `swatch code-${key}` }), h("strong", {}, name), h("span", {}, says))));
}

/** The switch for experts; where nothing is in commissioning there is none. */
export function showExperts(status) {
  const n = status.in_commissioning;
  byId("experts").hidden = !n && !state.commissioning;
  byId("commissioning").checked = state.commissioning;
  say(byId("experts-count"), String(n));
}

export function watchExperts(go) {
  byId("commissioning").addEventListener("change", ({ target }) => go({ commissioning: target.checked }));
}
