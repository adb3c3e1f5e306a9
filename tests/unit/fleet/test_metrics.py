"""The catalogue of metrics, and a tally."""

from __future__ import annotations

import re

import pytest

from acs.fleet import metrics
from acs.fleet.metrics import CATALOGUE, SUM, Kind, Tally


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)
def test_names_and_labels_are_those_that_prometheus_takes(metric):
    assert re.fullmatch(r"acs_[a-z_]+[a-z]", metric.name)
    assert not metric.name.endswith(("_total", "_bucket", "_count", "_sum"))
    assert all(re.fullmatch(r"[a-z]+", label) for label in metric.labels)
    assert metric.help.endswith(".")
    assert bool(metric.buckets) is (metric.kind is Kind.HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))


def test_counts_add_up_and_are_taken_once():
    tally = Tally()
    tally.count(metrics.INFORMS, "1 BOOT")
    tally.count(metrics.INFORMS, "1 BOOT")
    tally.add(300, metrics.FILE_BYTES, "down", "task")
    assert tally.take() == {(metrics.INFORMS, "1 BOOT"): 2, (metrics.FILE_BYTES, "down", "task"): 300}
    assert tally.take() == {}


def test_an_observation_goes_into_the_first_bucket_that_holds_it():
    tally = Tally()
    buckets = CATALOGUE[metrics.JOB_SECONDS].buckets
    for value in (0, buckets[0], buckets[0] + 0.001, buckets[-1] + 1):
        tally.observe(value, metrics.JOB_SECONDS, "look")
    taken = tally.take()
    assert taken[metrics.JOB_SECONDS, "look", 0] == 2
    assert taken[metrics.JOB_SECONDS, "look", 1] == 1
    assert taken[metrics.JOB_SECONDS, "look", len(buckets)] == 1
    assert taken[metrics.JOB_SECONDS, "look", SUM] == pytest.approx(2 * buckets[0] + buckets[-1] + 1.001)


def test_what_could_not_be_kept_is_counted_with_the_next():
    tally = Tally()
    tally.count(metrics.REFUSALS, "cwmp")
    taken = tally.take()
    tally.count(metrics.REFUSALS, "cwmp")
    tally.give_back(taken)
    assert tally.take() == {(metrics.REFUSALS, "cwmp"): 2}
