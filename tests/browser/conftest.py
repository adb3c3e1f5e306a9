"""A browser, and servers with simulated phones: one of each for all tests, as they take long to start."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.browsing import WIDE, Browser, find_chromium, lines
from tests.browser.fleet import PASSWORD, Fleet, make_fleet
from tests.system.conftest import Server


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    programs = find_chromium()
    if programs is None:
        missing = "no Chromium with its driver (apt install chromium chromium-driver)"
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    browser = Browser(programs, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.quit()


@pytest.fixture
def stranger(chromium: Browser, start_server: Callable[..., Server]) -> Iterator[Browser]:
    """The browser with nobody signed in, for servers of a test's own: they stop after it has left them."""
    chromium.forget()
    yield from _checked(chromium)


@pytest.fixture
def browser(chromium: Browser, fleet: Fleet) -> Iterator[Browser]:
    """The browser with the administrator of the shared fleet signed in."""
    chromium.base = fleet.web
    if chromium.user != "ada":
        chromium.sign_in("ada", PASSWORD)
    yield from _checked(chromium)


def _checked(chromium: Browser) -> Iterator[Browser]:
    chromium.expected = set()
    chromium.size(WIDE)
    chromium.scheme("light")
    chromium.leave()
    yield chromium
    told = chromium.errors()
    chromium.leave()
    assert not told, f"the browser's console says:\n{lines(told)}"


@pytest.fixture(scope="session")
def fleet(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A server with a dozen phones, users, a group, a firmware image and more."""
    server = Server(tmp_path_factory.mktemp("fleet") / "data", "--cpe-auth", "none")
    fleet = make_fleet(server)
    yield fleet
    fleet.phones.stop()
    server.stop()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of a test's own; stops them after it."""
    servers: list[Server] = []

    def start(*flags: str) -> Server:
        servers.append(Server(tmp_path / f"data{len(servers)}", *flags))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()
