"""100,000 phones in the store: the list, a search while one types, a filter, and the fleet's page."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acs.store.embedded import EmbeddedRedis
from acs.store.runner_blocking import BlockingRunner
from tests.browser.browsing import Browser
from tests.browser.fleet import PASSWORD

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
from selection import fill  # isort: skip

PHONES = 100_000


@pytest.fixture
def redis_url(chromium: Browser, tmp_path: Path) -> Iterator[str]:
    """A Redis with so many phones, as the benchmarks make them."""
    (tmp_path / "redis").mkdir()
    redis = EmbeddedRedis(tmp_path / "redis")
    url = redis.start()
    runner = BlockingRunner(url)
    fill(runner, PHONES, now=time.time())
    runner.close()
    yield url
    redis.stop()


@pytest.fixture
def large(redis_url: str, stranger: Browser, start_server) -> Browser:
    server = start_server("--redis-url", redis_url)
    server.acs("user", "create", "ada", "--role", "admin", "--password-stdin", input=PASSWORD + "\n")
    stranger.base = server.urls["web"]
    stranger.sign_in("ada", PASSWORD)
    stranger.user = ""
    return stranger


def test_a_large_fleet_is_looked_through_as_a_small_one(large: Browser):
    browser = large
    browser.open("/phones")
    assert len(browser.all("#list tbody tr")) == 50
    browser.says("100 000 phones")
    browser.follow("Next page")
    assert len(browser.all("#list tbody tr")) == 50
    browser.open("/phones")
    for words, count in [("277123", 1), ("Room 99998", 1), ("00:15:65:01:5f:90", 1), ("10.1.7.77", 1)]:
        browser.fill("q", words, ".filters")
        browser.wait(lambda count=count: len(browser.all("#list tbody tr")) == count, f"{count} of {words}")
    browser.fill("q", "nobody here", ".filters")
    browser.says("No phone matches")
    browser.fill("q", "model = W60B and tag = building7", ".filters")
    browser.wait(lambda: len(browser.all("#list tbody tr")) > 40, "some phones")
    # what is done to all that match says to how many, and by what they are meant
    browser.click("input[data-all]")
    browser.fill("value", "seen", ".bulk")
    browser.run("document.querySelector('.bulk input[name=all]').checked = true")
    browser.press("Add", ".bulk", leaves=True)
    browser.says("Meant by model = W60B and tag = building7", "No, go back")
    browser.open("/")
    browser.says("100 000", "W60B")
