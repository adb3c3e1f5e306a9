// Live parts: <section data-live="/address?part=name" data-topic="fleet"> is fetched anew when the server says that
// something about its topic has changed. Where its stream cannot be had, the parts are fetched every few seconds.

const POLL = 5000;
const PAUSE = 15000;
const LEAST_PAUSE = 400;
const pending = new Map();
let streaming = false;
let signedOut = false;

async function refresh(part) {
  if (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return;
  try {
    const answer = await fetch(part.dataset.live, { headers: { "X-Part": "1" } });
    if (answer.status === 401) { signedOut = true; return tell("signed out"); }
    if (!answer.ok) return tell("the server cannot tell at the moment");
    tell(streaming ? "live" : "every few seconds");
    const opened = new Set([...part.querySelectorAll("details[open][id]")].map((one) => one.id));
    part.innerHTML = await answer.text();
    for (const one of part.querySelectorAll("details[id]")) if (opened.has(one.id)) one.open = true;
    const over = part.querySelector("[data-over]");
    if (over) part.removeAttribute("data-live");
    const onward = part.querySelector("[data-onward]");
    if (onward) location.href = onward.dataset.onward;
    document.dispatchEvent(new Event("part"));
  } catch { tell("the server does not answer"); /* the next word of it brings the part */ }
}

function soon(part) {
  if (pending.has(part)) return;
  pending.set(part, setTimeout(() => { pending.delete(part); refresh(part); }, LEAST_PAUSE));
}

function parts() {
  return [...document.querySelectorAll("[data-live]")];
}

function tell(how) {
  const state = document.querySelector("[data-live-state]");
  if (!state) return;
  state.hidden = false;
  state.classList.toggle("on", how === "live");
  if (state.textContent !== how) state.textContent = how;
}

export function startLive() {
  const topics = new Set(parts().map((part) => part.dataset.topic));
  if (!topics.size) return;
  let timer = 0;
  const poll = () => { if (!timer) timer = setInterval(() => parts().forEach(soon), POLL); };
  const query = [...topics].map((topic) => `topic=${encodeURIComponent(topic)}`).join("&");
  let source = null;
  const listen = () => {
    source = new EventSource(`/live?${query}`);
    source.addEventListener("changed", (event) => {
      for (const part of parts()) if (part.dataset.topic === event.data) soon(part);
    });
    source.onopen = () => {
      if (timer) parts().forEach(soon);  // what was said meanwhile was not heard
      clearInterval(timer); timer = 0; streaming = true; tell("live");
    };
    source.onerror = () => {
      streaming = false; parts().forEach(soon); poll();
      // a browser tries again by itself, but not after a refusal, such as of a server that only begins
      if (source.readyState === EventSource.CLOSED && !signedOut) setTimeout(listen, PAUSE);
    };
  };
  listen();
  addEventListener("pagehide", () => source.close());
}
