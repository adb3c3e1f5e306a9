"""Chromium as a person uses it: pages are opened, words read, buttons pressed by what stands on them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

#: Seconds for which something may take to appear: far more than it needs on a machine that does nothing else.
PATIENCE = 20

#: A page as it is on most laptops, and on a phone.
WIDE = (1366, 900)
NARROW = (390, 844)

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_DRIVER = ("chromedriver", "chromium.chromedriver")

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--lang=en-GB",
)

#: What a person can press, with this on it (or as its name where it shows a picture alone).
_PRESSABLE = """
const wanted = arguments[0], within = document.querySelector(arguments[1]);
if (!within) return null;
const said = (one) => (one.innerText.trim() || one.getAttribute("aria-label") || "").replace(/\\s+/g, " ");
const there = [...within.querySelectorAll("button, a, summary, label")].filter(
  (one) => one.getClientRects().length && !one.disabled && getComputedStyle(one).visibility === "visible");
return there.find((one) => said(one) === wanted) ?? there.find((one) => said(one).startsWith(wanted)) ?? null;
"""

#: The field with this name, or with this label.
_FIELD = """
const wanted = arguments[0], within = document.querySelector(arguments[1]);
if (!within) return null;
const there = [...within.querySelectorAll("input, select, textarea")].filter((one) => one.type !== "hidden");
const label = (one) => [...(one.labels ?? [])].map((each) => each.innerText.trim()).join(" ");
return there.find((one) => one.name === wanted && one.getClientRects().length)
  ?? there.find((one) => label(one).startsWith(wanted))
  ?? there.find((one) => one.getAttribute("aria-label") === wanted)
  ?? there.find((one) => one.name === wanted) ?? null;
"""


def find_chromium() -> tuple[str, str] | None:
    """The browser and its driver on this machine; None where one of them is missing."""
    browser = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    driver = next(filter(None, map(shutil.which, _DRIVER)), None)
    return (browser, driver) if browser and driver else None


class NotSo(AssertionError):
    """Something did not come to pass, with what the page says instead."""


class Browser:
    """One Chromium with a profile of its own."""

    def __init__(self, programs: tuple[str, str], profile: Path) -> None:
        options = ChromeOptions()
        options.binary_location = programs[0]
        for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={WIDE[0]},{WIDE[1]}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        preferences = {"download.default_directory": str(profile / "downloads")}
        options.add_experimental_option("prefs", preferences)
        self.downloads = profile / "downloads"
        # the driver's path is given, so that nothing is looked for on the network
        service = Service(programs[1], env={**os.environ, "SE_OFFLINE": "true"})
        self.driver = Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(PATIENCE)
        self.base = ""
        #: who is signed in, as far as the tests know
        self.user = ""
        #: statuses that answers may have without that being an error of the page
        self.expected: set[int] = set()
        self.size(WIDE)

    def quit(self) -> None:
        self.driver.quit()

    # --- looking --------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        return str(self.driver.current_url).removeprefix(self.base)

    @property
    def text(self) -> str:
        return str(self.run("return document.body?.innerText ?? ''"))

    def run(self, script: str, *given: Any) -> Any:
        return self.driver.execute_script(script, *given)

    def wait(self, what: Callable[[], Any], said: str = "", patience: float = PATIENCE) -> Any:
        """Until it is so; what is stale meanwhile is looked at anew."""
        deadline = time.monotonic() + patience
        while True:
            try:
                if found := what():
                    return found
            except (StaleElementReferenceException, NoSuchElementException, WebDriverException) as error:
                said = f"{said} ({str(error).splitlines()[0]})" if "(" not in said else said
            if time.monotonic() > deadline:
                raise NotSo(f"{said or 'it'} did not come to pass on {self.path}, which says:\n{self.text}")
            time.sleep(0.05)

    def says(self, *words: str) -> None:
        """Wait until the page says this, in either case, as style sheets write in capitals."""
        for one in words:
            self.wait(lambda one=one: one.lower() in " ".join(self.text.lower().split()), f"{one!r}")

    def says_not(self, words: str) -> None:
        self.wait(lambda: words.lower() not in self.text.lower(), f"that it no longer says {words!r}")

    def all(self, css: str) -> list[WebElement]:
        return list(self.driver.find_elements("css selector", css))

    def one(self, css: str) -> WebElement:
        return self.wait(lambda: self.driver.find_element("css selector", css), css)  # type: ignore[no-any-return]

    def texts(self, css: str) -> list[str]:
        found = "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText.trim())"
        return list(self.run(found, css))

    def errors(self) -> list[str]:
        """What the console of the browser told of errors since it was last asked."""
        told = []
        for entry in self.driver.get_log("browser"):
            said = str(entry["message"])
            if entry["level"] == "SEVERE" and not any(f"status of {one} " in said for one in self.expected):
                told.append(said)
        return told

    # --- acting ---------------------------------------------------------------------------------------------

    def open(self, path: str) -> None:
        self.driver.get(path if "://" in path else self.base + path)

    def press(self, words: str, within: str = "body", *, leaves: bool = False) -> None:
        """The button, link or label that says so. `leaves`: wait until another page is there."""
        if leaves:
            self.run("window.leaving = true")
        self._act(lambda: self.run(_PRESSABLE, words, within), f"something to press that says {words!r}")
        if leaves:
            self.arrives()

    def follow(self, words: str, within: str = "body") -> None:
        """Press it, and wait for the page that it leads to."""
        self.press(words, within, leaves=True)

    def click(self, css: str, *, leaves: bool = False) -> None:
        if leaves:
            self.run("window.leaving = true")
        self._act(lambda: next(iter(self.all(css)), None), css)
        if leaves:
            self.arrives()

    def arrives(self) -> None:
        here = "return !window.leaving && document.readyState === 'complete'"
        self.wait(lambda: self.run(here), "another page")

    def _act(self, find: Callable[[], WebElement | None], said: str) -> None:
        def act() -> bool:
            found = find()
            if found is None:
                return False
            try:
                self.run("arguments[0].scrollIntoView({block: 'center', inline: 'nearest'})", found)
                found.click()
            except (ElementClickInterceptedException, ElementNotInteractableException):
                return False
            return True

        self.wait(act, said)

    def field(self, name: str, within: str = "body") -> WebElement:
        return self.wait(lambda: self.run(_FIELD, name, within), f"a field {name!r}")  # type: ignore[no-any-return]

    def fill(self, name: str, value: str, within: str = "body") -> None:
        """Write into the field of this name or label, or choose from it."""
        field = self.field(name, within)
        if field.tag_name == "select":
            self.choose(field, value)
            return
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.BACKSPACE)
        if value:
            field.send_keys(value)

    def choose(self, field: WebElement, value: str) -> None:
        chosen = """
        const [field, wanted] = arguments;
        const option = [...field.options].find((one) => one.value === wanted || one.text.trim() === wanted)
          ?? [...field.options].find((one) => one.text.trim().startsWith(wanted));
        if (!option) return false;
        field.value = option.value;
        field.dispatchEvent(new Event("input", {bubbles: true}));
        field.dispatchEvent(new Event("change", {bubbles: true}));
        return true;
        """
        self.wait(lambda: self.run(chosen, field, value), f"the choice {value!r}")

    def keys(self, *keys: str) -> None:
        """On the keyboard, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def leave(self) -> None:
        """No page is open, so that none asks a server that stops; what was told until now is forgotten."""
        self.driver.get("about:blank")
        self.errors()

    def forget(self) -> None:
        """Nobody is signed in, and nothing is chosen."""
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.user = ""

    def sign_in(self, name: str, password: str) -> None:
        self.forget()
        self.open("/login")
        self.fill("name", name)
        self.fill("password", password)
        self.follow("Sign in", "form")
        self.user = name

    # --- how it is looked at --------------------------------------------------------------------------------

    def size(self, size: tuple[int, int]) -> None:
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def scheme(self, name: str) -> None:
        """light or dark, as the system says it."""
        features = {"features": [{"name": "prefers-color-scheme", "value": name}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)

    def downloaded(self, name: str) -> str:
        """The text of a file that this page had the browser store, without its byte order mark."""
        file = self.downloads / name
        self.wait(file.exists, f"the download of {name}")
        text = file.read_text("utf-8-sig")
        file.unlink()
        return text


def lines(found: Iterable[object]) -> str:
    return "\n".join(map(str, found))
