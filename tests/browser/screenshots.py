"""Pictures of every page, for the manual: made anew from a server with simulated phones.

    make screenshots        or  python -m tests.browser.screenshots [DIRECTORY] [PAGE …]

Light and as on a laptop; some dark, some as on a phone.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser.browsing import NARROW, WIDE, Browser, find_chromium
from tests.browser.fleet import PASSWORD, make_fleet
from tests.browser.site import Site
from tests.system.conftest import Server

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / "docs" / "screenshots"

DARK = ("fleet", "phone", "rollout")
SMALL = ("fleet", "phones", "phone", "rollout")


def main() -> None:
    directory = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else DIRECTORY
    only = set(sys.argv[2:])
    programs = find_chromium()
    if programs is None:
        sys.exit("no Chromium with its driver (apt install chromium chromium-driver)")
    directory.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)  # pages show paths from where the server was started
    Path("build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="acs-", dir="build") as place:
        server = Server(Path(os.path.relpath(place)) / "data", "--cpe-auth", "none")
        browser = Browser(programs, Path(place).absolute() / "chromium")
        browser.base = server.urls["web"]
        door(
            browser, directory, [word for line in server.lines for word in line.split() if "/setup?" in word]
        )
        fleet = make_fleet(server, count=24)
        try:
            browser.sign_in("ada", PASSWORD)
            site = Site(browser, fleet)
            for name, path in site.pages.items():
                if not only or name in only:
                    page(browser, directory, name, path)
        finally:
            browser.quit()
            fleet.phones.stop()
            server.stop()


def door(browser: Browser, directory: Path, links: list[str]) -> None:
    browser.open("/login")
    shoot(browser, directory / "login.png")
    for link in links:
        browser.open(link)
        shoot(browser, directory / "setup.png")


def page(browser: Browser, directory: Path, name: str, path: str) -> None:
    browser.open(path)
    shoot(browser, directory / f"{name}.png")
    if name in DARK:
        browser.scheme("dark")
        shoot(browser, directory / f"{name}-dark.png")
        browser.scheme("light")
    if name in SMALL:
        browser.size(NARROW)
        shoot(browser, directory / f"{name}-small.png")
        browser.size(WIDE)


def shoot(browser: Browser, file: Path) -> None:
    """In 256 colours, which is half the size and looks the same."""
    taken = Image.open(io.BytesIO(browser.driver.get_screenshot_as_png())).convert("RGB")
    taken.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
