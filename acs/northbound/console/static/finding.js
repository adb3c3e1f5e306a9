// Search as you type: a list that is asked for again while somebody writes, and the box on top of every page.

function later(wait, what) {
  let timer = 0;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => what(...given), wait); };
}

async function fetchPart(url, signal) {
  const answer = await fetch(url, { signal, headers: { "X-Part": "1" } });
  if (answer.status === 401) { location.reload(); return null; }
  return { ok: answer.ok, text: await answer.text() };
}

// What goes on from the list goes on from what is searched now.
function follow(fields) {
  for (const one of document.querySelectorAll("[data-searched]")) {
    if (one.href) one.search = new URLSearchParams({ q: fields.get("q") ?? "" });
    else one.value = fields.get("q") ?? "";
  }
}

// <input data-search> in a form: its list, the element that data-search names, is fetched anew.
function startList(input) {
  const form = input.form;
  const list = document.getElementById(input.dataset.search);
  let running = null;
  const ask = later(180, async () => {
    running?.abort();
    running = new AbortController();
    const fields = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    const shown = `${form.getAttribute("action")}?${fields}`;
    fields.set("part", list.dataset.part);
    list.classList.add("loading");
    try {
      const answer = await fetchPart(`${form.getAttribute("action")}?${fields}`, running.signal);
      if (!answer) return;
      list.innerHTML = answer.ok ? answer.text : `<div class="empty"><h3>That did not work</h3><p></p></div>`;
      if (!answer.ok) list.querySelector("p").textContent = answer.text;
      history.replaceState(null, "", shown);
      follow(fields);
      document.dispatchEvent(new Event("part"));
    } catch (error) {
      if (error.name === "AbortError") return;
      list.innerHTML = `<div class="empty"><h3>The server does not answer</h3><p>Write on to try again.</p></div>`;
    } finally {
      list.classList.remove("loading");
    }
  });
  input.addEventListener("input", ask);
}

// The box on top: the first hits under it.
function startBox(input) {
  const box = document.getElementById("found");
  let running = null;
  const ask = later(180, async () => {
    running?.abort();
    if (!input.value.trim()) { box.hidden = true; return; }
    running = new AbortController();
    try {
      const answer = await fetchPart(`/phones?part=found&q=${encodeURIComponent(input.value)}`, running.signal);
      if (!answer) return;
      box.innerHTML = answer.ok ? answer.text : "<p></p>";
      if (!answer.ok) box.querySelector("p").textContent = answer.text;
      box.hidden = false;
    } catch { /* overtaken by the next letter, or the server is away: the form still works */ }
  });
  input.addEventListener("input", ask);
  input.addEventListener("keydown", (event) => {
    const hits = [...box.querySelectorAll("a")];
    const now = hits.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = Math.max(0, Math.min(hits.length - 1, now + (event.key === "ArrowDown" ? 1 : -1)));
      hits.forEach((hit, number) => hit.setAttribute("aria-selected", String(number === next)));
      event.preventDefault();
    } else if (event.key === "Escape") {
      running?.abort();
      box.hidden = true;
    } else if (event.key === "Enter" && !box.hidden && now >= 0) {
      event.preventDefault();
      location.href = hits[now].href;
    }
  });
  document.addEventListener("click", (event) => { if (!input.form.contains(event.target)) box.hidden = true; });
  input.addEventListener("focus", () => { if (input.value.trim() && box.innerHTML) box.hidden = false; });
}

export function startFinding() {
  for (const input of document.querySelectorAll("input[data-search]")) startList(input);
  const box = document.querySelector("input[data-find]");
  if (box) startBox(box);
}
