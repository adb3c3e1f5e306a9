"""docs/monitoring.md names what there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.core import Metric

from acs.fleet.metrics import CATALOGUE, Kind
from acs.northbound.metrics import exposition, gauges
from acs.operations.metrics import Disk, Figures, RolloutFigures

MANUAL = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
QUEUES = (
    "wakes_waiting",
    "wakes_under_way",
    "deliveries_waiting",
    "deliveries_given_up",
    "alerts_open",
    "jobs_waiting",
    "jobs_running",
    "jobs_failed",
)


def everything() -> Figures:
    """Figures with something of each."""
    rollout = RolloutFigures("r1", "firmware", "firmware", "running", 1, 3, {"waiting": 5})
    redis = dict.fromkeys((theirs for _, theirs in gauges._REDIS.values()), "1")
    return Figures(
        Disk(2, 1),
        redis_up=True,
        queues=dict.fromkeys(QUEUES, 1),
        rollouts=[rollout],
        redis=redis,
    )


@pytest.mark.parametrize("family", list(gauges.families(everything(), "1")), ids=lambda family: family.name)
def test_every_figure_of_the_moment_is_in_the_manual(family: Metric):
    assert f"`{family.name}{'_total' if family.type == 'counter' else ''}`" in MANUAL


@pytest.mark.parametrize("metric", list(CATALOGUE.values()), ids=lambda metric: metric.name)
def test_every_count_is_in_the_manual_with_its_labels_and_meaning(metric):
    name = f"{metric.name}_total" if metric.kind is Kind.COUNTER else metric.name
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    assert f"| `{name}` | {metric.kind} | {labels} | {metric.help} |" in MANUAL


def test_a_rollout_under_way_is_told_by_outcome_and_wave():
    lines = exposition.text(everything(), "1").decode().splitlines()
    assert 'acs_rollout_phones{outcome="waiting",rollout="r1"} 5.0' in lines
    assert 'acs_rollout_waves{rollout="r1",which="present"} 1.0' in lines
    assert 'acs_rollout_waves{rollout="r1",which="all"} 3.0' in lines
    assert 'acs_rollout_info{kind="firmware",name="firmware",rollout="r1",state="running"} 1.0' in lines
