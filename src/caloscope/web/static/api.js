// The server's JSON. A failure becomes an Error that says what the server said.

export class Failed extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** GET `path` with those of `query` that have a value. */
export async function get(path, query = {}) {
  const filled = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const search = new URLSearchParams(filled).toString();
  const answer = await fetch(search ? `${path}?${search}` : path, { headers: { accept: "application/json" } });
  if (answer.ok) return answer.json();
  let detail = `${answer.status} ${answer.statusText}`;
  try {
    const body = await answer.json();
    if (typeof body.detail === "string") detail = body.detail;
  } catch {
    // Not JSON: the status line has to do.
  }
  throw new Failed(detail, answer.status);
}
