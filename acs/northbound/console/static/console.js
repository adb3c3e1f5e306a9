// What the pages can do beyond links and forms. Everything works without it but search as you type, keys and live parts.
import { startFinding } from "./finding.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startSelecting } from "./selecting.js";
import { startSending } from "./sending.js";

const THEMES = ["", "light", "dark"];

function startTheme() {
  const root = document.documentElement;
  document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const order = dark ? ["", "light"] : ["", "dark"];
    const now = THEMES.includes(root.dataset.theme) ? root.dataset.theme : "";
    const next = order[(order.indexOf(now) + 1) % order.length] ?? "";
    if (next) root.dataset.theme = next; else delete root.dataset.theme;
    try { localStorage.setItem("theme", next); } catch { /* storage is off: for this page only */ }
  });
}

function startCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      getSelection().selectAllChildren(source);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

function startSheets() {
  // one open sheet at a time, closed by a click elsewhere
  document.addEventListener("click", (event) => {
    for (const sheet of document.querySelectorAll("details.drop[open], details.burger[open]")) {
      if (!sheet.contains(event.target)) sheet.open = false;
    }
  });
  // a form that was sent is not sent twice
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    setTimeout(() => { for (const button of event.target.querySelectorAll("button")) button.disabled = true; });
  });
  addEventListener("pageshow", () => { for (const button of document.querySelectorAll("form[method=post] button:disabled")) button.disabled = false; });
}

startTheme();
startCopying();
startSheets();
startFinding();
startKeys();
startLive();
startSelecting();
startSending();
