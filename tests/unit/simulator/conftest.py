"""Puts this directory's tiny ACS and the conversations' official schemas within reach of the tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "conversation")]

from acs.simulator.faults import Faults  # noqa: E402 - after the path
from acs.simulator.identity import identities  # noqa: E402 - after the path
from acs.simulator.personas import PERSONAS  # noqa: E402 - after the path
from acs.simulator.state import PhoneState, Surroundings  # noqa: E402 - after the path


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_phone(clock: Clock) -> Callable[..., PhoneState]:
    """A phone's state, switched on and known to its ACS."""

    def make(persona: str = "cp860", *faults: str, known: bool = True) -> PhoneState:
        state = PhoneState(
            identities("0015658a3786", 1)[0],
            PERSONAS[persona],
            Faults(frozenset(faults)),
            Surroundings(acs_url="http://acs.example/", connection_request_base="http://192.0.2.1:7/"),
            clock,
        )
        state.power_on()
        if known:
            state.informed(state.inform())
        return state

    return make
