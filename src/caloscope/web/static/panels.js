// Small panels: files in quarantine, what the colours mean, and the switch for experts.

import { byId, h, say, span, words } from "./dom.js";
import { CODES } from "./palette.js";
import { state } from "./state.js";

export function showQuarantine(files, now) {
  const root = byId("quarantine");
  say(byId("quarantine-count"), String(files.length));
  root.replaceChildren(...files.slice(0, 50).map((file) => h("li", {},
    h("strong", { title: file.path }, file.name),
    h("span", { class: "fault" }, words(file.fault ?? "unreadable")),
    h("span", { class: "detail" }, [file.detail, file.noted_at === null ? null : `${span(now - file.noted_at)} ago`].filter(Boolean).join(" · ")))));
  if (!files.length) root.append(h("li", { class: "none" }, "None: every file could be read."));
  if (files.length > 50) root.append(h("li", { class: "none" }, `and ${files.length - 50} more`));
}

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
