"""Room on a line is given in the order in which it was asked for, whoever asks."""

from __future__ import annotations

import pytest

from acs.store import bandwidth, keyspace

from .conftest import Store  # isort: skip


def test_each_taker_waits_for_those_before(store: Store) -> None:
    waits = [store.run(bandwidth.take("", 1_000_000, 100_000)) for _ in range(3)]
    assert waits[0] == 0
    assert waits[1] == pytest.approx(10, abs=2)
    assert waits[2] == pytest.approx(20, abs=2)


def test_lines_are_apart_and_forget_themselves(store: Store) -> None:
    store.run(bandwidth.take("", 1_000_000, 100_000))
    assert store.run(bandwidth.take("july", 1_000_000, 100_000)) == 0
    assert 60 < store.raw.ttl(keyspace.line("july")) < 120
