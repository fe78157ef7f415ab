// Source files that could not be used: what is tried again, and what was given up, with the reasons.

import { byId, count, h, say, span, words } from "./dom.js";

const MOST = 50;
const CALLED = { DONE: "read", STARTED: "being read", WAITING: "waiting", QUARANTINED: "in quarantine", PARTIAL: "read in part" };
let clockAhead = 0;

/** "tried 3 times, again in 12 s". */
function again(file, now) {
  const tries = file.attempts === 1 ? "tried once" : `tried ${file.attempts} times`;
  if (file.next_try === null) return tries;
  const left = file.next_try - now;
  return `${tries}, again ${left < 1 ? "now" : `in ${span(left)}`}`;
}

function item(file, now) {
  const waits = file.status === "WAITING";
  const when = waits ? h("span", { class: "next", "data-next": file.next_try ?? "", "data-tries": file.attempts }, again(file, now)) : h("span", {}, file.noted_at === null ? "" : `${span(now - file.noted_at)} ago`);
  return h("li", { "data-status": file.status },
    h("strong", { title: file.path }, file.name),
    h("span", { class: "fault" }, waits ? "waiting" : file.status === "PARTIAL" ? "read in part" : words(file.fault ?? "unreadable")),
    h("span", { class: "detail" }, [waits && file.fault ? words(file.fault) : null, file.detail].filter(Boolean).join(": "), file.detail ? " · " : "", when));
}

export function showFiles({ counts, files, now }) {
  const root = byId("files");
  clockAhead = Date.now() / 1000 - now;
  const troubled = (counts.WAITING ?? 0) + (counts.QUARANTINED ?? 0) + (counts.PARTIAL ?? 0);
  say(byId("files-count"), count(troubled));
  say(byId("files-all"), Object.keys(CALLED).filter((status) => counts[status]).map((status) => `${count(counts[status])} ${CALLED[status]}`).join(" · "));
  root.replaceChildren(...files.slice(0, MOST).map((file) => item(file, now)));
  if (!files.length) root.append(h("li", { class: "none" }, "None: every file could be read."));
  if (troubled > MOST) root.append(h("li", { class: "none" }, `and ${count(troubled - MOST)} more`));
}

/** Once a second: how long until the next try. */
export function tickFiles() {
  const now = Date.now() / 1000 - clockAhead;
  for (const element of document.querySelectorAll("#files .next")) {
    const { next, tries } = element.dataset;
    say(element, again({ attempts: Number(tries), next_try: next === "" ? null : Number(next) }, now));
  }
}
