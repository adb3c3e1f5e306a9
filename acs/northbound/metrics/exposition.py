"""Figures as the text that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family

from acs.fleet.metrics import CATALOGUE, SUM, Key, Kind, Metric
from acs.northbound.metrics import gauges
from acs.operations.metrics import Figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(figures: Figures, version: str) -> bytes:
    # anything that collects will do as a registry
    registry: Any = _Collected([*gauges.families(figures, version), *counted(figures.counts)])
    return generate_latest(registry)


def counted(counts: dict[Key, float]) -> Iterator[Family]:
    """Every metric of the catalogue, with what was counted of it; one without labels begins at 0."""
    by_name: dict[str, dict[Key, float]] = {name: {} for name in CATALOGUE}
    for (name, *rest), amount in counts.items():
        by_name[str(name)][tuple(rest)] = amount
    for name, metric in CATALOGUE.items():
        if metric.kind is Kind.HISTOGRAM:
            yield _histogram(metric, by_name[name])
        else:
            yield _counter(metric, by_name[name])


def _counter(metric: Metric, counts: dict[Key, float]) -> Family:
    family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, amount in sorted((counts or ({} if metric.labels else {(): 0})).items()):
        family.add_metric([str(label) for label in labels], amount)
    return family


def _histogram(metric: Metric, counts: dict[Key, float]) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    found = {key[:-1] for key in counts} or (set() if metric.labels else {()})
    for labels in sorted(found):
        buckets, below = [], 0.0
        for number, end in enumerate((*metric.buckets, "+Inf")):
            below += counts.get((*labels, number), 0)
            buckets.append((str(end), below))
        total = counts.get((*labels, SUM), 0)
        family.add_metric([str(label) for label in labels], buckets, total)
    return family


class _Collected:
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> list[Family]:
        return self._families
