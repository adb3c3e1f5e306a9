"""Operations without a reactor: a store of canned answers, and coroutines run to their end on the spot."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


class CannedRunner:
    """Hands back the scripted answers in order, and remembers what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[Any, ...]] = []

    async def run(self, call: Any) -> Any:
        self.asked.append(call.parts)
        return self.answers.pop(0)

    async def run_all(self, calls: Any) -> list[Any]:
        return [await self.run(call) for call in calls]


@pytest.fixture
def canned() -> type[CannedRunner]:
    return CannedRunner


@pytest.fixture
def finish():
    """`finish(coroutine)` is its result; it must not wait for anything."""

    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value
        raise AssertionError("it waits")

    return run
