"""The list of phones: found as one types, filtered, in columns of choice, and many at once."""

from __future__ import annotations

import csv
import io

from selenium.webdriver.common.keys import Keys

from tests.browser.browsing import Browser
from tests.browser.fleet import COUNT, PASSWORD, Fleet


def listed(browser: Browser) -> list[str]:
    return browser.texts("#list tbody td:nth-child(2)")


def shows(browser: Browser, *names: str) -> None:
    browser.wait(lambda: listed(browser) == list(names), f"the list {names}")


def test_a_phone_is_found_while_one_types_by_whatever_one_has_of_it(browser: Browser, fleet: Fleet):
    browser.open("/phones")
    assert len(listed(browser)) == COUNT + 1
    browser.run("window.same = true")
    for words, name in [
        ("0015650a0002", "Meeting room 1"),
        ("00:15:65:0a:00:03", "Meeting room 2"),
        ("board", "Board room"),
        ("405", "Lab"),
    ]:
        browser.fill("q", words, ".filters")
        shows(browser, name)
    browser.fill("q", "site7", ".filters")
    shows(browser, "Reception", "Meeting room 1", "Meeting room 2", "Board room")
    browser.fill("q", "nobody here", ".filters")
    browser.says("No phone matches")
    browser.fill("q", "model = CP860 and tag =", ".filters")
    browser.says("expected", "model = CP860 and tag =")
    assert browser.run("return window.same"), "the page was loaded anew"


def test_the_box_on_top_leads_to_a_phone_by_keys_alone(browser: Browser, fleet: Fleet):
    browser.open("/audit")
    browser.keys("/", "404")
    browser.wait(lambda: browser.texts("#found a b") == ["Board room"], "the phone below the box")
    browser.run("window.leaving = true")
    browser.keys(Keys.ARROW_DOWN, Keys.ENTER)
    browser.arrives()
    assert browser.path == fleet.phone(3)


def test_what_is_open_closes_by_escape(browser: Browser, fleet: Fleet):
    browser.open(fleet.phone())
    browser.press("More")
    browser.says("Factory reset")
    browser.keys(Keys.ESCAPE)
    browser.wait(
        lambda: not browser.run("return document.querySelector('main details.drop').open"), "it closes"
    )
    assert browser.run("return document.activeElement.innerText") == "More"
    browser.keys("/", "404")
    browser.wait(lambda: browser.texts("#found a b") == ["Board room"], "the phone below the box")
    browser.keys(Keys.ESCAPE)
    browser.wait(lambda: browser.run("return document.querySelector('#found').hidden"), "it closes")


def test_filters_are_a_press_away_and_stay_in_the_address(browser: Browser, fleet: Fleet):
    browser.open("/phones")
    browser.follow("Offline", ".chips")
    assert browser.path == "/phones?q=offline"
    browser.says("No phone matches")
    browser.follow("lobbies", ".chips")
    shows(browser, "Reception", "Meeting room 1", "Meeting room 2")
    browser.follow("site7", "#list tbody")
    shows(browser, "Reception", "Meeting room 1", "Meeting room 2", "Board room")


def test_columns_are_chosen_and_kept_and_are_those_of_the_csv(browser: Browser, fleet: Fleet):
    browser.open("/phones?q=group%20%3D%20lobby")
    browser.press("Columns")
    for name in ("mac", "model", "firmware", "ip", "tags", "config", "last_inform"):
        browser.click(f"input[name=column][value={name}]")
    browser.click("input[name=column][value=extension]")
    browser.follow("Show these")
    assert browser.texts("#list th")[1:] == ["Phone", "State", "Extension"]
    browser.open("/phones?q=group%20%3D%20lobby")
    assert browser.texts("#list th")[1:] == ["Phone", "State", "Extension"]
    browser.press("CSV")
    rows = list(csv.reader(io.StringIO(browser.downloaded("phones.csv"))))
    assert rows[0] == ["id", "state", "extension"]
    assert [row[2] for row in rows[1:]] == ["401", "402", "403"]
    browser.driver.delete_cookie("acs_columns")


def test_a_deed_on_ticked_phones_says_what_and_to_whom_and_asks(browser: Browser, fleet: Fleet):
    browser.open("/phones?q=site9")
    count = len(listed(browser))
    for box in browser.all("input[data-pick]")[:2]:
        box.click()
    browser.says("2 selected")
    browser.fill("value", "floor2", ".bulk")
    browser.press("Add", ".bulk", leaves=True)
    browser.says("2 phones", "floor2", "No, go back")
    browser.follow("No, go back")
    assert fleet.api("GET", "/devices", params={"q": "tag = floor2"})["total"] == 0

    # all that match, counted first
    browser.click("input[data-all]")
    browser.says(f"{count} selected")
    browser.fill("value", "floor2", ".bulk")
    browser.press("Add", ".bulk", leaves=True)
    browser.says(f"{count} phones")
    browser.follow("Add", "#confirm")
    browser.says(f"{count} phones", "floor2")
    assert fleet.api("GET", "/devices", params={"q": "tag = floor2"})["total"] == count


def test_all_that_match_are_those_of_the_search_that_was_typed(browser: Browser, fleet: Fleet):
    browser.open("/phones")
    browser.fill("q", "lobby", ".filters")
    shows(browser, "Reception", "Meeting room 1", "Meeting room 2")
    browser.press("CSV")
    assert len(browser.downloaded("phones.csv").splitlines()) == 4
    browser.click("input[data-all]")
    browser.run("document.querySelector('.bulk input[name=all]').checked = true")
    browser.fill("value", "front", ".bulk")
    browser.press("Add", ".bulk", leaves=True)
    browser.says("3 phones", "Meant by lobby", "No, go back")


def test_rows_are_gone_through_and_ticked_by_keys(browser: Browser, fleet: Fleet):
    browser.open("/phones")
    browser.keys("j", "j", "x")
    browser.says("1 selected")
    assert browser.texts("tr.at td:nth-child(2)") == ["Meeting room 1"]
    browser.run("window.leaving = true; document.activeElement.blur()")
    browser.keys(Keys.ENTER)
    browser.arrives()
    assert browser.path == fleet.phone(1)


def test_menu_entries_have_keys_and_the_focus_is_seen(browser: Browser, fleet: Fleet):
    browser.open("/")
    for letter, path in [("p", "/phones"), ("r", "/rollouts"), ("c", "/configuration")]:
        browser.run("window.leaving = true")
        browser.keys("g", letter)
        browser.arrives()
        assert browser.path == path
    browser.keys("?")
    browser.says("next and previous row")
    browser.press("Close", "dialog")
    browser.open("/phones")
    browser.keys(Keys.TAB)
    assert browser.run("return document.activeElement.className") == "skip"
    seen = """
    const one = document.activeElement, drawn = one.closest(".find") ?? one, style = getComputedStyle(drawn);
    return one.matches(":focus-visible") && (style.outlineStyle !== "none" || style.boxShadow !== "none");
    """
    for _ in range(12):
        browser.keys(Keys.TAB)
        assert browser.run(seen), browser.run("return document.activeElement.outerHTML.slice(0, 200)")


def test_a_viewer_looks_and_a_reseller_sees_only_its_own(browser: Browser, fleet: Fleet):
    try:
        browser.sign_in("vera", PASSWORD)
        browser.open("/phones")
        assert not browser.all("input[data-pick], .bulk")
        browser.open(fleet.phone())
        browser.says("Reception")
        assert not browser.all("button[name=deed]")
        browser.expected = {403}
        browser.open("/users")
        browser.says("Not for your role", "needs the role admin; yours is viewer")
        browser.sign_in("rita", PASSWORD)
        browser.open("/phones")
        browser.says("2 phones")
        browser.expected = {403, 404}
        browser.open(fleet.phone())
        browser.says("Not here")
    finally:
        browser.sign_in("ada", PASSWORD)
