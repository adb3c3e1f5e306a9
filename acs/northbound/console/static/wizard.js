// A new rollout: whom a selector means is counted while one writes, chips fill it in, an image is stored beside the form.
// Without this, the buttons of the form do the same.

function startCounting(input) {
  const place = document.getElementById(input.dataset.countInto);
  let timer = 0;
  let running = null;
  const count = async () => {
    running?.abort();
    running = new AbortController();
    place.classList.add("loading");
    try {
      const url = `${input.dataset.count}&select=${encodeURIComponent(input.value.trim())}`;
      const answer = await fetch(url, { signal: running.signal, headers: { "X-Part": "1" } });
      if (answer.ok) place.innerHTML = await answer.text();
      else place.textContent = await answer.text();
      input.removeAttribute("aria-invalid");
    } catch (error) {
      if (error.name === "AbortError") return;
      place.textContent = "The server does not answer; write on to try again.";
    }
    place.classList.remove("loading");
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(count, 250); });
}

function startPutting() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-put]");
    if (!button) return;
    event.preventDefault();
    const input = document.getElementById(button.dataset.put);
    input.value = button.value;
    input.dispatchEvent(new Event("input"));
    input.focus();
  });
}

for (const input of document.querySelectorAll("[data-count]")) startCounting(input);
for (const input of document.querySelectorAll("[data-own-zone]")) {
  input.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
startPutting();
document.querySelector("[aria-invalid=true]")?.focus();
