// The keyboard: / finds, j and k go through rows, Enter opens, x selects, g and a letter goes to a page.

const ROWS = "tr[data-row], li[data-row]";
const MENUS = "details.drop[open], details.burger[open]";
let place = -1;
let going = false;

function inField(target) {
  return target.closest("input, textarea, select, [contenteditable]");
}

function step(by) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("at"));
  place = Math.min(rows.length - 1, Math.max(0, now + by));
  for (const row of rows) row.classList.toggle("at", row === rows[place]);
  rows[place].scrollIntoView({ block: "nearest" });
}

function at() {
  return document.querySelector("tr.at, li.at");
}

function go(letter) {
  const link = [...document.querySelectorAll(".side [data-go]")].find((one) => one.dataset.go === letter);
  if (link) location.href = link.href;
}

export function startKeys() {
  const dialog = document.getElementById("keys");
  document.querySelector("[data-keys]")?.addEventListener("click", () => dialog.showModal());
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(MENUS)) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      const menu = document.querySelector(MENUS);
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); } else document.activeElement?.blur();
      return;
    }
    if (inField(event.target) || document.querySelector("dialog[open]")) return;
    if (going) { going = false; go(event.key); return; }
    switch (event.key) {
      case "/": document.querySelector("[data-search]")?.focus() ?? document.getElementById("find")?.focus(); break;
      case "j": step(1); break;
      case "k": step(-1); break;
      case "Enter": if (!at() || event.target.closest("a, button, summary")) return; at().querySelector("a[href]")?.click(); break;
      case "x": at()?.querySelector("input[type=checkbox]")?.click(); break;
      case "g": going = true; setTimeout(() => { going = false; }, 1500); break;
      case "?": dialog.showModal(); break;
      default: return;
    }
    event.preventDefault();
  });
}
