// The stream of changes. The browser resumes it by itself with the last id it saw; a watchdog covers the rest:
// a connection that is silent for longer than three heartbeats is dead, whatever the browser thinks.

const SILENCE = 16000;
const RETRY = 2000;

/** Calls `onChange(kinds)` with the kinds of things that changed, and `onState("live" | "lost")`. */
export function listen(since, onChange, onState) {
  let source = null;
  let last = since;
  let heard = Date.now();

  function hear(event) {
    heard = Date.now();
    if (event.lastEventId) last = Number(event.lastEventId);
    onState("live");
  }

  function open() {
    source?.close();
    heard = Date.now();
    source = new EventSource(`/api/changes?since=${last}`);
    source.onopen = () => {
      heard = Date.now();
      onState("live");
    };
    source.addEventListener("heartbeat", hear);
    source.addEventListener("change", (event) => {
      hear(event);
      onChange(JSON.parse(event.data).kind);
    });
    source.addEventListener("reset", (event) => {
      hear(event);
      onChange("reset");
    });
    source.onerror = () => {
      onState("lost");
      if (source.readyState === EventSource.CLOSED) heard = Math.min(heard, Date.now() - SILENCE + RETRY);
    };
  }

  open();
  setInterval(() => {
    if (Date.now() - heard <= SILENCE) return;
    onState("lost");
    open();
    onChange("reset"); // what was missed is asked for again
  }, 1000);
}
