"""One phone: its tabs, a changed key, its story and parameters, a session recorded and played again."""

from __future__ import annotations

from tests.browser.browsing import Browser
from tests.browser.fleet import Fleet


def test_a_wrong_value_is_refused_at_its_field_and_the_right_one_reaches_the_phone(
    browser: Browser, fleet: Fleet
):
    browser.open(fleet.phone(1))
    browser.follow("Configuration", ".tabs")
    browser.fill("find", "local_time.interval\n")
    browser.says("Found: local_time.interval", "15 to 86400")
    browser.run("document.querySelector('#settings').noValidate = true")
    browser.fill("key:local_time.interval", "3")
    browser.expected = {422}
    browser.follow("Save", ".savebar")
    browser.wait(lambda: browser.all("[aria-invalid=true]"), "the field is marked")
    browser.says("15 to 86400")
    browser.fill("key:local_time.interval", "900")
    browser.fill("reason", "clocks drift")
    browser.follow("Save", ".savebar")
    browser.follow("Overview", ".tabs")
    browser.says("Configuration changed by ada: local_time.interval = 900", "Why: clocks drift")
    browser.says(
        "Configuration file offered: local_time.interval = 900", "Configuration is as desired (2 keys)"
    )
    browser.follow("Configuration", ".tabs")
    browser.says("local_time.interval", "on the phone")
    browser.follow("Versions", "main")
    browser.says("Version 1", "clocks drift")


def test_notes_are_kept_and_stand_on_top(browser: Browser, fleet: Fleet):
    browser.open(fleet.phone(7))
    browser.fill("label", "Workshop")
    browser.fill("tags", "site9 noisy")
    browser.follow("Keep", "main")
    assert browser.texts("h1") == ["Workshop"]
    browser.says("ada noted")


def test_parameters_are_found_read_and_set(browser: Browser, fleet: Fleet):
    browser.open(fleet.phone(8))
    browser.follow("Parameters", ".tabs")
    browser.fill("find", "NTPServer1")
    browser.wait(lambda: len(browser.all("#list tbody tr")) == 1, "one parameter")
    browser.fill("name", "Device.Time.NTPServer2")
    browser.fill("value", "ntp9.example.net")
    browser.follow("Set", "main")
    browser.wait(lambda: _has(browser, fleet, "ntp9.example.net"), "the phone has it")


def _has(browser: Browser, fleet: Fleet, words: str) -> bool:
    browser.open(f"{fleet.phone(8)}/parameters?find=NTPServer2")
    return words in browser.text


def test_a_reboot_asks_and_is_told_as_it_happens(browser: Browser, fleet: Fleet):
    browser.open(fleet.phone(4))
    browser.follow("Reboot…")
    browser.says("No, go back")
    focused = browser.run("return document.activeElement.textContent")
    assert focused == "No, go back", "Enter that was struck twice must not reboot it"
    browser.follow("No, go back")
    browser.follow("Reboot…")
    browser.click("#confirm button", leaves=True)
    browser.run("window.same = true")
    browser.says("Reboot done")
    assert browser.run("return window.same"), "the page was loaded anew"


def test_a_session_is_recorded_explained_and_played_again(browser: Browser, fleet: Fleet):
    browser.open(fleet.phone(5))
    browser.follow("Trace", ".tabs")
    browser.follow("Record", "form:has([name=sessions])")
    browser.wait(lambda: browser.all("main table tbody a"), "a recorded session")
    browser.click("main table tbody a", leaves=True)
    browser.says("The phone says hello", "The server says hello back")
    browser.click("details.step summary")
    browser.says("POST /", "cwmp:Inform")
    browser.follow("Play again")
    browser.says("This server answers as it did")
    browser.open(browser.path.removesuffix("/replay"))
    browser.follow("Drop…")
    browser.says("The recorded messages are gone then")
    browser.follow("Drop it")
    browser.says("The trace is dropped")


def test_a_phone_sends_its_configuration_and_gets_a_file(browser: Browser, fleet: Fleet):
    browser.open(fleet.phone(6))
    browser.follow("Files", ".tabs")
    browser.says("Nothing yet")
    browser.follow("Ask for it")
    browser.wait(lambda: _sent(browser, fleet), "the file is there")
    browser.follow("Send…")
    browser.says("37.72.0.99", "No, go back")
    browser.follow("No, go back")


def _sent(browser: Browser, fleet: Fleet) -> bool:
    browser.open(f"{fleet.phone(6)}/files")
    return "Nothing yet" not in browser.text
