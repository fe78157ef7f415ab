// Small panels: files in quarantine, and what the colours mean.

import { byId, h, say, span, words } from "./dom.js";
import { CODES } from "./palette.js";

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
