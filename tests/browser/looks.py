"""What can be measured of how a page looks: whether text stands out enough, and whether the page fits."""

from __future__ import annotations

from tests.browser.browsing import Browser

#: WCAG 2.2, 1.4.3: text of usual size, and large text.
LEAST, LEAST_LARGE = 4.5, 3.0

_CONTRAST = """
const [least, large] = arguments;
const paper = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
paper.canvas.width = paper.canvas.height = 1;
const known = new Map();
// any way of writing a colour, as red, green, blue from 0 to 255, and alpha from 0 to 1
const read = (colour) => {
  if (!known.has(colour)) {
    paper.clearRect(0, 0, 1, 1);
    paper.fillStyle = colour;
    paper.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paper.getImageData(0, 0, 1, 1).data;
    known.set(colour, [r, g, b, a / 255]);
  }
  return known.get(colour);
};
const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);
const ground = (one) => {
  if (!one) return [255, 255, 255, 1];
  const colour = read(getComputedStyle(one).backgroundColor);
  return colour[3] === 1 ? colour : over(colour, ground(one.parentElement));
};
const light = (colour) => {
  const [r, g, b] = colour.slice(0, 3).map((part) => part / 255).map(
    (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ratio = (one, other) => {
  const [a, b] = [light(one), light(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
};
const found = new Map();
const check = (one, colour, text) => {
  const style = getComputedStyle(one);
  const size = parseFloat(style.fontSize);
  const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? large : least;
  const below = ground(one);
  const there = ratio(over(read(colour), below), below);
  if (there < wanted - 0.005) {
    const where = `${one.tagName.toLowerCase()}.${one.className?.baseVal ?? one.className}`;
    found.set(where, `${there.toFixed(2)} ${where} ${JSON.stringify(text.slice(0, 40))}`);
  }
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.data.trim();
  const one = walker.currentNode.parentElement;
  if (!text || one.closest("script, style, title, desc, noscript, :disabled, .away, option")) continue;
  if (!one.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
  const style = getComputedStyle(one);
  check(one, one instanceof SVGElement ? style.fill : style.color, text);
}
for (const one of document.querySelectorAll("input, textarea, select")) {
  if (one.disabled || !one.getClientRects().length || ["checkbox", "radio"].includes(one.type)) continue;
  if (one.value) check(one, getComputedStyle(one).color, one.value);
  else if (one.placeholder) check(one, getComputedStyle(one, "::placeholder").color, one.placeholder);
}
return [...found.values()];
"""

_OVERFLOW = """
const page = document.documentElement;
if (page.scrollWidth <= page.clientWidth) return [];
const inside = (one) => { for (let up = one.parentElement; up && up !== document.body; up = up.parentElement)
  if (getComputedStyle(up).overflowX !== "visible") return true; return false; };
return [`the page is ${page.scrollWidth} wide, the window ${page.clientWidth}`].concat(
  [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > page.clientWidth + 1 && !inside(one)).slice(0, 5)
    .map((one) => `${one.tagName.toLowerCase()}.${one.className} ${one.innerText?.slice(0, 30)}`));
"""

_NAMELESS = """
const named = (one) => (one.innerText ?? "").trim() || one.getAttribute("aria-label") || one.title
  || one.placeholder || one.getAttribute("aria-labelledby") || one.labels?.length;
const seen = (one) => one.checkVisibility({visibilityProperty: true}) && !one.closest("[aria-hidden=true]");
return [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")]
  .filter((one) => seen(one) && !named(one))
  .map((one) => `without a name: ${one.outerHTML.slice(0, 120)}`);
"""

_DOUBLE_IDS = """
const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
return [...new Set(twice)].map((id) => `id ${id} is there twice`);
"""


def too_faint(browser: Browser) -> list[str]:
    """Text with less contrast than WCAG AA asks for, as it is shown at the moment."""
    return list(browser.run(_CONTRAST, LEAST, LEAST_LARGE))


def too_wide(browser: Browser) -> list[str]:
    """What makes the page itself scroll sideways."""
    return list(browser.run(_OVERFLOW))


def nameless(browser: Browser) -> list[str]:
    """Links, buttons and fields that a screen reader cannot name, and ids that are not the only one."""
    return [*browser.run(_NAMELESS), *browser.run(_DOUBLE_IDS)]
