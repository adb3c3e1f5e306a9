"""Phones that inform more often for a while, and what they are set to afterwards: with real processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.rollout_phones import Phones, eventually

#: The `Server` of this directory's conftest, which cannot be imported by name.
Server = Any

OWN = 20
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"


@pytest.fixture
def server(start_server: Any) -> Server:
    return start_server("--cpe-auth", "none")


@pytest.fixture
def ids(server: Server) -> Iterator[list[str]]:
    phones = Phones(server.urls["cwmp"], interval=OWN)
    serials = phones.start("001565710000", 2)
    devices = [f"001565-CP860-{serial}" for serial in serials]
    eventually(lambda: all(interval(server, one) == OWN for one in devices))
    yield devices
    phones.stop()


def interval(server: Server, device: str) -> int:
    """As the phone was last known to have it."""
    answer = server.api.get(f"/api/v1/devices/{device}")
    return int(answer.json()["inform_interval"]) if answer.status_code == 200 else 0


def test_a_group_for_a_while_and_a_phone_for_its_turn(server: Server, ids: list[str]) -> None:
    api, (grouped, other) = server.api, ids
    api.post("/api/v1/groups", json={"name": "lobby"})
    assert api.put(f"/api/v1/groups/lobby/members/{grouped}").status_code == 204
    said = api.put("/api/v1/groups/lobby/informs", json={"interval": 5, "for": 25})
    assert said.status_code == 200, said.text
    eventually(lambda: interval(server, grouped) == 5)
    assert interval(server, other) == OWN
    eventually(lambda: interval(server, grouped) == OWN)

    asked = {
        "name": "one",
        "kind": "task",
        "task": {"type": "get_rpc_methods"},
        "select": f'id = "{other}"',
        "inform_interval": 6,
        "start": "now",
    }
    made = api.post("/api/v1/rollouts", json=asked).json()
    path = f"/api/v1/rollouts/{made['id']}"
    eventually(lambda: api.get(path).json()["state"] == "completed")
    eventually(lambda: interval(server, other) == OWN)
    lines = api.get(f"/api/v1/devices/{other}/timeline?limit=100").json()["items"]
    told = [line["text"] for line in lines if line["text"].startswith("It informs every")]
    assert told == [f"It informs every {OWN} s from now on", "It informs every 6 s from now on"]
    assert interval(server, grouped) == OWN
    assert not server.tracebacks()
