"""Many dependent calls at once: each does its steps, and all their steps share the round trips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from acs.store.calls import Call, Steps

T = TypeVar("T")


def together(many: Sequence[Steps[T]]) -> Steps[list[T]]:
    """The results of all, in order, in as many round trips as the longest needs. One that raises ends it."""
    results: dict[int, T] = {}
    pending: dict[int, Sequence[Call[Any]]] = {}

    def go_on(place: int, answers: list[Any] | None) -> None:
        try:
            pending[place] = next(many[place]) if answers is None else many[place].send(answers)
        except StopIteration as end:
            pending.pop(place, None)
            results[place] = end.value

    for place in range(len(many)):
        go_on(place, None)
    while pending:
        asked = list(pending.items())
        answers = yield [call for _, calls in asked for call in calls]
        start = 0
        for place, calls in asked:
            go_on(place, answers[start : start + len(calls)])
            start += len(calls)
    return [results[place] for place in range(len(many))]
