"""Configuration layers, files, groups, alerts, users, audit and more; and what is said when it goes wrong."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

from tests.browser.browsing import Browser
from tests.browser.fleet import PASSWORD, Fleet, alive


def test_a_layer_is_tried_written_compared_and_taken_back(browser: Browser, fleet: Fleet):
    browser.open("/configuration")
    browser.follow("Group lobby", "main")
    browser.says("Nothing was ever set in this layer")
    browser.fill("find", "ntp_server2\n")
    browser.says("Found: ntp_server2")
    browser.fill("key:local_time.ntp_server2", "ntp2.example.net")
    browser.fill("reason", "a second server")
    browser.follow("Dry run", ".savebar")
    browser.says("Dry run", "phones are sent something", "3")
    assert fleet.api("GET", "/groups/lobby/config")["values"] == {}
    browser.follow("Write it for 3 phones")
    browser.says("Version 1", "a second server")
    assert fleet.api("GET", "/groups/lobby/config")["values"] == {
        "local_time.ntp_server2": "ntp2.example.net"
    }
    browser.fill("find", "ntp_server2\n")
    browser.fill("key:local_time.ntp_server2", "ntp3.example.net")
    browser.follow("Dry run", ".savebar")
    browser.follow("Write it")
    browser.follow("Versions", "main")
    browser.says("Version 2", "a second server")
    browser.follow("Show", "main")
    browser.says("From version 1 to 2", "ntp2.example.net", "ntp3.example.net")
    browser.follow("Back to this…", "main")
    browser.says("No, go back")
    browser.click("#confirm button", leaves=True)
    assert "ntp2.example.net" in str(fleet.api("GET", "/groups/lobby/config")["values"])


def test_a_file_is_stored_with_its_progress_and_removed(browser: Browser, fleet: Fleet, tmp_path):
    file = tmp_path / "phones.cfg"
    file.write_text("#!version:1.0.0.1\nlocal_time.ntp_server1 = ntp.example.net\n")
    browser.open("/files")
    browser.one("input[type=file]").send_keys(str(file))
    browser.run("window.leaving = true")
    browser.press("Store", "form[data-send]")
    browser.arrives()
    browser.says("phones.cfg", "configuration")
    browser.follow("Remove phones.cfg")
    browser.says("phones.cfg", "No, go back")
    browser.click("#confirm button", leaves=True)
    browser.wait(lambda: "phones.cfg" not in " ".join(browser.texts("main td")), "it is gone")


def test_a_group_is_made_filled_and_deleted(browser: Browser, fleet: Fleet, tmp_path):
    browser.open("/groups")
    browser.fill("name", "attic")
    browser.fill("order", "20")
    browser.follow("Make it")
    browser.open("/groups/attic")
    browser.fill("member", "00:15:65:0a:00:05")
    browser.follow("Put in")
    browser.says(fleet.ids[4])
    phones = tmp_path / "phones.csv"
    phones.write_text("mac,group,extension\n00156500ffff,attic,499\n")
    browser.open("/groups")
    browser.one("input[type=file]").send_keys(str(phones))
    browser.run("window.leaving = true")
    browser.press("Take the list")
    browser.arrives()
    browser.says("00156500ffff", "Awaited: 1 phone")
    browser.open("/groups/attic")
    browser.follow("Delete the group…")
    browser.click("#confirm button", leaves=True)
    browser.wait(lambda: "attic" not in " ".join(browser.texts("main td b")), "it is gone")


def test_rules_and_webhooks_are_made_switched_and_deleted(browser: Browser, fleet: Fleet):
    browser.open("/alerts")
    browser.press("New webhook")
    browser.fill("url", "http://127.0.0.1:9/calls")
    browser.fill("name", "calls", "form[action='/alerts/webhooks']")
    browser.expected = {422}
    browser.follow("Make the webhook")
    browser.says("calls", "secret")
    browser.open("/alerts")
    browser.press("New rule")
    browser.fill("name", "new-ones", "form[action='/alerts/rules']")
    browser.fill("on", "device_new", "form[action='/alerts/rules']")
    browser.fill("select", "tag =", "form[action='/alerts/rules']")
    browser.follow("Make the rule")
    browser.wait(lambda: browser.all("form[action='/alerts/rules'] .faults"), "what is wrong with it")
    browser.fill("select", "tag = site7", "form[action='/alerts/rules']")
    browser.fill("add_tags", "fresh", "form[action='/alerts/rules']")
    browser.follow("Make the rule")
    browser.says("new-ones", "holds from the next event on")
    browser.follow("Switch off", "tr:has(form[action='/alerts/rules/new-ones'])")
    browser.says("new-ones is off")
    browser.follow("Delete", "tr:has(form[action='/alerts/rules/new-ones'])")
    browser.says("Events no longer do what it says")
    browser.follow("No, go back")
    browser.follow("Delete calls")
    browser.click("#confirm button", leaves=True)
    browser.says("The webhook calls is deleted")


def test_a_user_is_made_changed_and_seen_in_the_audit(browser: Browser, fleet: Fleet):
    browser.open("/users")
    browser.fill("name", "norman", "form:has([name=full_name])")
    browser.fill("password", "short", "form:has([name=full_name])")
    browser.expected = {422}
    browser.follow("Make the user")
    browser.says("10 to 256 characters")
    browser.fill("password", PASSWORD, "form:has([name=full_name])")
    browser.follow("Make the user")
    browser.follow("norman", "main table")
    browser.fill("role", "operator", "main")
    browser.fill("select", "tag = site7", "main")
    browser.follow("Keep", "main")
    browser.open("/users")
    browser.says("norman", "tag = site7")
    browser.follow("norman", "main table")
    browser.open("/audit?object=users%2Fnorman")
    browser.says("users.change", "operator", "viewer")
    browser.press("CSV")
    rows = list(csv.DictReader(io.StringIO(browser.downloaded("audit.csv"))))
    assert {row["actor"] for row in rows} == {"ada"}
    browser.open("/users/norman")
    browser.follow("Delete the user…")
    browser.says("No, go back")
    browser.click("#confirm button", leaves=True)
    browser.wait(lambda: "norman" not in browser.texts("main table a"), "there is no such user")


def test_a_token_is_shown_once_and_works(browser: Browser, fleet: Fleet):
    browser.open("/account")
    browser.fill("name", "wall display")
    browser.follow("Make a token")
    token = browser.one("#fresh").text
    answer = fleet.server.api.get("/api/v1/devices", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    browser.open("/account")
    browser.says("wall display")
    assert token not in browser.driver.page_source


def test_a_saved_selector_becomes_a_chip(browser: Browser, fleet: Fleet):
    browser.open("/settings")
    browser.says("The server has all that it needs", "cwmp_port")
    browser.fill("name", "noisy")
    browser.fill("select", "tag = = noisy")
    browser.expected = {422}
    browser.follow("Save", "form[action='/settings/selectors']")
    browser.says("^")
    browser.fill("select", "tag = noisy")
    browser.follow("Save", "form[action='/settings/selectors']")
    browser.open("/phones")
    browser.follow("noisy", ".chips")
    assert browser.path == f"/phones?q={quote('selector = noisy')}" or "noisy" in browser.path


def test_a_form_of_another_session_is_refused_and_changes_nothing(browser: Browser, fleet: Fleet):
    browser.open(fleet.phone(9))
    browser.fill("label", "forged")
    browser.run("document.querySelector('form[action$=notes] [name=csrf]').value = 'x'")
    browser.expected = {403}
    browser.follow("Keep", "main")
    browser.says("Form refused", "Open the page again")
    found = fleet.api("GET", f"/devices/{quote(fleet.ids[9], safe='')}")
    assert found["label"] != "forged"


def test_signing_out_ends_it_and_signing_in_leads_back(browser: Browser, fleet: Fleet):
    browser.open("/phones")
    browser.press("ada", ".who")
    browser.follow("Sign out")
    browser.user = ""
    browser.open("/phones?q=lobby")
    browser.says("Sign in", "Password")
    browser.fill("name", "ada")
    browser.fill("password", "not the right one")
    browser.expected = {401, 422, 403}
    browser.follow("Sign in", "form")
    browser.says("do not go together")
    browser.fill("password", PASSWORD)
    browser.follow("Sign in", "form")
    browser.user = "ada"
    assert browser.path == "/phones?q=lobby"


def test_dark_stays_dark(browser: Browser, fleet: Fleet):
    browser.open("/")
    browser.click("[data-theme-switch]")
    dark = "return getComputedStyle(document.body).backgroundColor"
    there = browser.run(dark)
    browser.open("/phones")
    assert browser.run(dark) == there
    assert browser.run("return document.documentElement.dataset.theme") == "dark"
    browser.run("localStorage.clear()")


def test_a_server_that_is_away_is_said_so(stranger: Browser, start_server):
    server = start_server("--cpe-auth", "none")
    server.acs("user", "create", "ada", "--role", "admin", "--password-stdin", input=PASSWORD + "\n")
    stranger.base = server.urls["web"]
    stranger.sign_in("ada", PASSWORD)
    stranger.user = ""
    stranger.open("/phones")
    first = stranger.driver.current_window_handle
    stranger.driver.switch_to.new_window("tab")
    stranger.open("/")
    stranger.wait(lambda: stranger.one("[data-live-state]").text == "live", "the page is live")
    server.stop()
    assert not alive(server.urls["web"])
    stranger.wait(lambda: "does not answer" in stranger.one("[data-live-state]").text, "it says so")
    stranger.driver.close()
    stranger.driver.switch_to.window(first)
    stranger.fill("q", "any", ".filters")
    stranger.says("The server does not answer")
    stranger.driver.get("about:blank")
    stranger.errors()
