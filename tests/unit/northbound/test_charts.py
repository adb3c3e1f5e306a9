"""Drawings of counts: what stands beside and below them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from acs.northbound.console.charts import Series, over_time

START = datetime(2030, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("counted", "beside"),
    [
        ([0, 0, 0], ["0", "1"]),
        ([0, 1, 1], ["0", "1"]),
        ([2, 3, 1], ["0", "1", "2", "3"]),
        ([7, 11, 3], ["0", "5", "10", "15"]),
        ([99_000, 100_000, None], ["0", "20,000", "40,000", "60,000", "80,000", "100,000"]),
    ],
)
def test_counts_are_whole_numbers_and_no_two_are_alike(counted: list[float | None], beside: list[str]):
    moments = [START + timedelta(minutes=number) for number in range(3)]
    drawn = over_time(moments, [Series("online", "--chart-1", counted)], stacked=False)
    written = [
        re.sub(r"<title>.*?</title>|<[^>]*>", "", one) for one in re.findall(r"<text.*?</text>", drawn)
    ]
    assert [one for one in written if one and ":" not in one] == beside
