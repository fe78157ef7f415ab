// The routes, from the server's own OpenAPI description.

import { byId, h } from "./dom.js";

const answer = await fetch("/openapi.json");
const description = await answer.json();
for (const [path, methods] of Object.entries(description.paths)) {
  for (const [method, route] of Object.entries(methods)) {
    const rows = (route.parameters ?? []).map((parameter) =>
      h("tr", {}, h("td", {}, h("code", {}, parameter.name)), h("td", {}, parameter.in), h("td", {}, parameter.description ?? "")));
    byId("routes").append(h("section", { class: "panel route" },
      h("h2", {}, h("code", {}, `${method.toUpperCase()} ${path}`)),
      h("p", {}, route.description ?? ""),
      rows.length ? h("table", {}, h("tbody", {}, rows)) : null));
  }
}
