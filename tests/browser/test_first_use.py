"""A new user who has read nothing: from the first lines of `acs up` to a rollout in three waves."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess

import pytest

from acs.simulator.images import make_image
from tests.browser.browsing import Browser


@pytest.fixture
def simulate(tmp_path):
    """Runs the command that the page shows, in the directory where the server was started."""
    running = []

    def run(command: str, *more: str) -> None:
        running.append(subprocess.Popen([*shlex.split(command), "--quiet", *more], stdin=subprocess.DEVNULL))

    yield run
    for process in running:
        process.send_signal(signal.SIGINT)
    for process in running:
        process.wait(30)


def test_from_the_printed_link_to_a_finished_rollout(stranger: Browser, start_server, simulate, tmp_path):
    server = start_server()
    browser = stranger
    browser.base = server.urls["web"]

    # the link that `acs up` prints, and the administrator who is made there
    [link] = [word for line in server.lines for word in line.split() if "/setup?" in word]
    browser.open(link)
    browser.says("The first user", "10 characters or more")
    browser.fill("name", "ada")
    browser.fill("password", "a long night shift")
    browser.fill("again", "a long night shirt")
    browser.expected = {422}
    browser.follow("Make the user and go in")
    browser.says("The first user")
    browser.fill("password", "a long night shift")
    browser.fill("again", "a long night shift")
    browser.follow("Make the user and go in")

    # what to do next is said, by the empty fleet too
    browser.says("Welcome, ada. Now connect a first phone.")
    browser.open("/")
    browser.says("No phone has called yet")
    browser.follow("Connect a phone", "main .empty")
    browser.says("Waiting for a new phone", "In the phone's web interface", "ACS URL", server.urls["cwmp"])
    command = browser.one("#sim").text
    browser.run("window.same = true")
    simulate(command, "--interval", "2", "--boot-time", "1")
    browser.says("1 phone called")
    assert browser.run("return window.same"), "the page was loaded anew"
    browser.follow("001565-CP860-", "main")

    # its page: who it is, what happened, and a key that is changed
    browser.says("online", "What happened", "CP860")
    browser.follow("Configuration", ".tabs")
    browser.says("Nothing is set")
    browser.fill("find", "ntp_server1\n")
    browser.says("Found: ntp_server1", "local_time.ntp_server1")
    browser.fill("key:local_time.ntp_server1", "pool.example.net")
    browser.follow("Save", ".savebar")
    browser.says("pool.example.net")
    browser.follow("Apply configuration")
    browser.says("ada asked for the configuration to be applied", "Configuration is as desired (1 key)")
    browser.follow("Configuration", ".tabs")
    browser.says("on the phone")

    # two more phones, an image, and a rollout in three waves that ends well
    simulate(command, "--interval", "2", "--boot-time", "1", "--first-mac", "001565000011")
    simulate(command, "--interval", "2", "--boot-time", "1", "--first-mac", "001565000021")
    browser.open("/phones")
    browser.wait(lambda: _refreshed(browser, "3 phones"), "three phones")
    browser.open("/")
    browser.follow("New rollout", "main")
    browser.says("What is to be done?", "Store an image")
    image = tmp_path / "37.72.0.99.rom"
    image.write_bytes(make_image("37.72.0.99", model="CP860", size=100_000))
    browser.fill("name", "First firmware", "#wizard")
    browser.one("#upload input[type=file]").send_keys(str(image))
    browser.fill("version", "37.72.0.99", "#upload")
    browser.press("Store it", "#upload")
    browser.says("is stored, and chosen")
    browser.follow("Next", "#wizard")
    browser.press("all phones", "#wizard")
    browser.wait(lambda: "3 phones" in browser.one("#whom").text, "three phones are meant")
    browser.follow("Next", "#wizard .onward")
    browser.says("In which waves?")
    for row, size in enumerate(("1", "1", "")):
        browser.fill(f"unit.{row}", "phones" if size else "rest")
        browser.fill(f"size.{row}", size)
    browser.fill("soak", "0")
    browser.follow("Next", "#wizard .onward")
    browser.says("At which hours?")
    browser.follow("Next", "#wizard .onward")
    browser.says("When is it to halt?")
    browser.follow("Show the plan", "#wizard")
    browser.says("The plan", "3 of 3 phones get their turn")
    browser.follow("Start now")
    browser.run("window.same = true")
    browser.says("% through")
    browser.wait(lambda: "completed" in browser.one("h1").text, "the rollout is completed", patience=120)
    assert browser.run("return window.same"), "the page was loaded anew"
    assert re.search(r"3 succeeded|3\s+succeeded", browser.text)
    assert len(browser.all("#waves tbody tr")) == 3


def _refreshed(browser: Browser, words: str) -> bool:
    browser.open(browser.path)
    return words in browser.text
