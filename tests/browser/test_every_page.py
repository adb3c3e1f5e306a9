"""What holds of every page: text stands out, a small screen is wide enough, scripts are well."""

from __future__ import annotations

import re

import pytest

from acs.northbound.console import rooms
from acs.northbound.console.visits import Page
from tests.browser.browsing import NARROW, WIDE, Browser, lines
from tests.browser.fleet import PASSWORD, Fleet
from tests.browser.looks import nameless, too_faint, too_wide
from tests.browser.site import Site

#: Pages that are no pages to look at, or that only a stranger sees.
ELSEWHERE = {"/live", "/phones.csv", "/audit.csv", "/static/{name}", "/login", "/setup", "/phones/{device}/"}


@pytest.fixture(scope="module")
def site(chromium: Browser, fleet: Fleet) -> Site:
    chromium.base = fleet.web
    chromium.sign_in("ada", PASSWORD)
    return Site(chromium, fleet)


def test_no_page_is_left_out(site: Site):
    shown = {path.partition("?")[0] for path in site.pages.values()}
    for page in rooms.PAGES:
        assert isinstance(page, Page)
        if page.method == "GET" and page.path not in ELSEWHERE:
            whole = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(page.path)))
            assert any(whole.fullmatch(path) for path in shown), f"no test looks at {page.path}"


def test_text_stands_out_in_light_and_dark_and_everything_has_a_name(browser: Browser, site: Site):
    browser.expected = {404}
    wrong = []
    for name, path in site.pages.items():
        browser.scheme("light")
        browser.open(path)
        wrong += [f"{name}: {one}" for one in nameless(browser)]
        wrong += [f"{name}, light: {one}" for one in too_faint(browser)]
        browser.scheme("dark")
        wrong += [f"{name}, dark: {one}" for one in too_faint(browser)]
    assert not wrong, lines(wrong)


def test_no_page_scrolls_sideways_on_a_phone_nor_on_a_laptop(browser: Browser, site: Site):
    browser.expected = {404}
    wrong = []
    for name, path in site.pages.items():
        browser.size(NARROW)
        browser.open(path)
        wrong += [f"{name}, narrow: {one}" for one in (*too_wide(browser), *nameless(browser))]
        browser.size(WIDE)
        wrong += [f"{name}, wide: {one}" for one in too_wide(browser)]
    assert not wrong, lines(wrong)
