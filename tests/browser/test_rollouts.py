"""Rollouts: a new one page by page, watched to its end; one that halts, is tried again or taken back."""

from __future__ import annotations

from tests.browser.browsing import Browser
from tests.browser.fleet import IMAGE, Fleet
from tests.browser.site import WELL


def state(browser: Browser, wanted: str) -> None:
    browser.wait(lambda: wanted in browser.one("h1").text, f"the rollout is {wanted}", patience=90)


def test_three_waves_made_page_by_page_end_well_before_ones_eyes(browser: Browser, fleet: Fleet):
    browser.open("/rollouts")
    browser.follow("New rollout", "main")
    browser.expected = {422}
    browser.follow("Next", "#wizard .onward")
    browser.says("Is required")
    browser.fill("name", "Reboot by waves", "#wizard")
    browser.press("Reboot", "#wizard")
    browser.follow("Next", "#wizard .onward")
    browser.fill("select", "tag = site7 and nonsense =")
    browser.follow("Next", "#wizard .onward")
    browser.wait(lambda: browser.all("[name=select][aria-invalid=true]"), "the selector is marked")
    browser.fill("select", "tag = site7")
    browser.wait(lambda: "4 phones" in browser.one("#whom").text, "they are counted")
    browser.follow("Next", "#wizard .onward")
    for row, size in enumerate(("1", "1", "")):
        browser.fill(f"unit.{row}", "phones" if size else "rest")
        browser.fill(f"size.{row}", size)
    browser.fill("soak", "0")
    browser.follow("Next", "#wizard .onward")
    browser.press("Only in certain hours", "#wizard")
    browser.says("By which clock")
    browser.press("Any time", "#wizard")
    browser.follow("Next", "#wizard .onward")
    browser.follow("Show the plan")
    browser.says("4 of 4 phones get their turn")
    assert len(browser.all("#make")) == 1
    # the way back loses nothing
    browser.follow("3 Waves", "#wizard")
    assert browser.field("size.0").get_attribute("value") == "1"
    browser.follow("6 The plan", "#wizard")
    browser.follow("Start now")
    browser.run("window.same = true")
    state(browser, "completed")
    assert browser.run("return window.same"), "the page was loaded anew"
    assert len(browser.all("#waves tbody tr")) == 3
    browser.says("100 % through", "4 succeeded")
    browser.follow("all phones")
    assert len(browser.all("#phones tbody tr")) == 4


def test_a_halted_one_says_why_and_is_tried_again_or_aborted(browser: Browser, fleet: Fleet):
    rollout = fleet.rollout(
        "Firmware that halts",
        kind="firmware",
        file=IMAGE,
        select=f"id in ({fleet.sick}, {fleet.ids[8]})",
        stop={"failures": 0},
    )
    fleet.until(rollout, "halted")
    browser.open(f"/rollouts/{rollout}")
    browser.says("It halted", "1 phone failed", "9010", "Nothing begins any more")
    browser.follow("1", "#causes")
    browser.says(fleet.sick)
    browser.open(f"/rollouts/{rollout}")
    browser.press("Try again…", "#deeds")
    browser.follow("Try again…", "#retry form")
    browser.says("1 phone", "No, go back")
    browser.follow("No, go back")
    browser.follow("Resume…", "#deeds")
    browser.says("No, go back")
    browser.follow("No, go back")
    browser.follow("Abort…", "#deeds")
    browser.says("No, go back")
    browser.click("#confirm button", leaves=True)
    state(browser, "aborted")


def test_one_under_way_is_paused_resumed_and_taken_back(browser: Browser, fleet: Fleet):
    rollout = fleet.rollout(
        "Intervals",
        kind="config",
        values={"local_time.interval": "1200"},
        select=f"tag = site9 and {WELL}",
        waves=[1, "rest"],
        soak=3600,
    )
    browser.open(f"/rollouts/{rollout}")
    browser.wait(
        lambda: "1 succeeded" in browser.one("#waves").text, "the first wave is through", patience=90
    )
    browser.follow("Pause…", "#deeds")
    browser.click("#confirm button", leaves=True)
    state(browser, "paused")
    browser.follow("Resume…", "#deeds")
    browser.click("#confirm button", leaves=True)
    state(browser, "running")
    browser.follow("Abort…", "#deeds")
    browser.click("#confirm button", leaves=True)
    state(browser, "aborted")
    browser.follow("Roll back…", "#deeds")
    browser.says("1 phone", "No, go back")
    browser.click("#confirm button", leaves=True)
    browser.says("takes back another rollout")
    state(browser, "completed")


def test_the_fleet_page_shows_what_runs_and_a_schedule_is_made_run_and_removed(
    browser: Browser, fleet: Fleet
):
    browser.open("/rollouts/schedules")
    browser.follow("New schedule")
    browser.fill("name", "Nightly backups", "#wizard")
    browser.press("Backup", "#wizard")
    browser.follow("Next", "#wizard .onward")
    browser.fill("select", "tag = site7")
    browser.follow("Next", "#wizard .onward")
    browser.follow("Next", "#wizard .onward")
    browser.follow("Next", "#wizard .onward")
    browser.follow("Show the plan")
    browser.fill("often", "every day", "#make")
    browser.fill("again_time", "02:45", "#make")
    browser.follow("Make a schedule")
    browser.says("Nightly backups", "02:45")
    browser.open("/rollouts/schedules")
    browser.follow("Run now…", "#schedules")
    browser.click("#confirm button", leaves=True)
    browser.open("/")
    browser.says("Rollouts under way", "Nightly backups")
    browser.open("/rollouts/schedules")
    browser.follow("Nightly backups", "#schedules")
    browser.follow("Remove…", "main")
    browser.click("#confirm button", leaves=True)
    browser.open("/rollouts/schedules")
    browser.says_not("02:45")


def test_ticked_phones_lead_to_a_new_rollout_for_them(browser: Browser, fleet: Fleet):
    browser.open("/phones")
    for box in browser.all("input[data-pick]")[:2]:
        box.click()
    browser.follow("Roll out…", ".bulk")
    browser.fill("name", "Two of them", "#wizard")
    browser.press("Reboot", "#wizard")
    browser.follow("Next", "#wizard .onward")
    browser.wait(lambda: "2 phones" in browser.one("#whom").text, "the two are counted")
