"""Phones found by a test: what is looked up of them, and how many may have to be looked at whole."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from acs.fleet.device import Device, OperatorNotes
from acs.operations import phone_search
from acs.operations.errors import Invalid
from acs.operations.phone_search import Phone, passing
from acs.store.devices import KnownDevice
from acs.store.shapes import Shapes


class Store:
    """Has a record of every phone but those that have gone, and no parameters; counts what is asked."""

    def __init__(self, *gone: str) -> None:
        self.records = self.trees = self.pauses = 0
        self.gone = gone
        self.asked: list[str] = []

    async def run_all(self, calls: Any) -> list[Any]:
        self.records += len(calls)
        known = [KnownDevice(Device(id="x"), OperatorNotes(), None, None) for _ in calls]
        return [None if number in self.gone else one for number, one in enumerate(known)]

    async def drive(self, steps: Any) -> list[Any]:
        calls = next(steps)
        self.trees += len(calls)
        try:
            steps.send([None] * len(calls))
        except StopIteration as done:
            return done.value
        raise AssertionError("one round trip is enough")

    async def sleep(self, seconds: float) -> None:
        self.pauses += 1


def found(store: Any, ids: list[str], test: Any, field: str = "query") -> list[str]:
    return asyncio.run(passing(store, Shapes(), ids, test, sleep=store.sleep, field=field))


IDS = [f"phone{number:05}" for number in range(1200)]


def test_what_the_id_decides_costs_nothing():
    store = Store()
    assert found(store, IDS, lambda phone: phone.id.endswith("0")) == IDS[::10]
    assert (store.records, store.trees) == (0, 0)
    assert store.pauses == 3


def test_records_are_read_for_those_that_are_open():
    store = Store(0)

    def test(phone: Phone) -> bool | None:
        if phone.id > "phone00002":
            return False
        return None if phone.known is None else True

    assert found(store, IDS, test) == IDS[1:3]  # the first has gone
    assert (store.records, store.trees) == (3, 0)


def test_parameters_are_read_last_and_of_so_many_at_most(monkeypatch):
    store = Store()

    def test(phone: Phone) -> bool | None:
        return None if phone.tree is None else True

    assert found(store, IDS[:60], test) == IDS[:60]
    assert (store.records, store.trees) == (60, 60)
    monkeypatch.setattr(phone_search, "MOST_TREES", 59)
    with pytest.raises(Invalid) as caught:
        found(store, IDS[:60], test, field="sort")
    [error] = caught.value.errors
    assert error.field == "sort"
    assert "59 phones" in error.message
