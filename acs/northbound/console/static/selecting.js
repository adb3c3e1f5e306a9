// Rows that are ticked, and the bar of what can be done with them, or with all that match.

function boxes() {
  return [...document.querySelectorAll("input[data-pick]")];
}

function show() {
  const bar = document.querySelector("[data-bulk]");
  if (!bar) return;
  const picked = boxes().filter((box) => box.checked);
  const all = document.querySelector("input[data-all]");
  const list = document.querySelector("[data-total]");
  const total = Number(list?.dataset.total ?? 0);
  const whole = bar.querySelector("input[name=all]");
  if (!picked.length) whole.checked = false;
  bar.hidden = !picked.length;
  bar.querySelector("[data-count]").textContent = whole.checked
    ? (total ? `all ${total} that match` : "all that match")
    : `${picked.length} selected`;
  bar.querySelector("[data-offer]").hidden = !all?.checked || (total > 0 && total <= picked.length);
}

export function startSelecting() {
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[data-all]")) for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.matches("input[data-pick]")) {
      const all = document.querySelector("input[data-all]");
      if (all) all.checked = boxes().every((box) => box.checked);
    }
    if (event.target.matches("input[data-pick], input[data-all], [data-bulk] input[name=all]")) show();
    const submit = event.target.closest("[data-submit]");
    if (submit) submit.form.requestSubmit();
  });
  // counting may take a second among many phones, so the list does not wait for it
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-count-now]");
    if (!link) return;
    event.preventDefault();
    const place = link.closest("[data-count-from]");
    place.textContent = "counting…";
    const answer = await fetch(place.dataset.countFrom, { headers: { "X-Part": "1" } });
    place.textContent = await answer.text();
  });
  document.addEventListener("part", show);
  show();
}
