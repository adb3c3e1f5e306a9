// Before the page is painted: light, dark, or as the system has it.
"use strict";
(() => {
  let kept = "";
  try { kept = localStorage.getItem("theme") || ""; } catch { /* storage is off: as the system has it */ }
  if (kept) document.documentElement.dataset.theme = kept;
})();
