"""A fleet of simulated phones is brought to its desired configuration, and stays there."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from acs.simulator.phone import Phone
from acs.simulator.state import Surroundings
from acs.simulator.swarm import Plan, Swarm

PHONES = 100
FIRST_MAC = "0015657a0000"
NEWCOMER = "0015657b0000"

#: No parameter carries the first; the second has one.
JITTER, NTP = "voice.jib.max", "local_time.ntp_server1"
NTP_BELOW_ROOT = "Time.NTPServer1"
WANTED = {JITTER: "250", NTP: "ntp.fleet.example"}
OWN = {JITTER: "180", NTP: "ntp.own.example"}


class RunningSwarm:
    """Simulated phones on an event loop of their own."""

    def __init__(self, plan: Plan) -> None:
        self.swarm = Swarm(plan)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        async def watch(_: Swarm) -> None:
            """Nothing to show."""

        self._loop.run_until_complete(self.swarm.run(self._stop, watch))
        self._loop.close()

    def do(self, change: Callable[[], None]) -> None:
        """Change a phone, on the loop on which it lives."""
        done = threading.Event()

        def act() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(act)
        assert done.wait(20)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from .conftest import Server

    one = Server(tmp_path_factory.mktemp("configuration") / "data", "--cpe-auth", "none", "--workers", "0")
    yield one
    assert one.stop() == 0
    assert not one.tracebacks()


@pytest.fixture(scope="module")
def fleet(server: Any) -> Iterator[RunningSwarm]:
    surroundings = Surroundings(acs_url=server.urls["cwmp"], interval=5, boot_seconds=0.3, retry_scale=0.1)
    plan = Plan(phones=PHONES, surroundings=surroundings, first_mac=FIRST_MAC, ramp=3, seed="configuration")
    running = RunningSwarm(plan)
    yield running
    running.stop()


def has(phone: Phone) -> dict[str, str]:
    """What the phone itself goes by, key by key."""
    state = phone.state
    return {JITTER: state.config_lines.get(JITTER, ""), NTP: state.setting(NTP_BELOW_ROOT)}


def eventually(what: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)
    return found


def count(api: httpx.Client, select: str) -> int:
    answer = api.get("/api/v1/devices", params={"q": select, "limit": 1})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])


def drift(api: httpx.Client, serial: str) -> dict[str, Any]:
    answer = api.get(f"/api/v1/devices/001565-CP860-{serial}/config/drift")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def told(api: httpx.Client, serial: str) -> str:
    path = f"/api/v1/devices/001565-CP860-{serial}/timeline"
    return "\n".join(entry["text"] for entry in api.get(path, params={"limit": 200}).json()["items"])


def patch(api: httpx.Client, where: str, values: dict[str, str]) -> None:
    answer = api.patch(f"/api/v1/{where}", json={"values": values})
    assert answer.status_code == 200, answer.text


def learnt(api: httpx.Client) -> bool:
    """By a plan: it counts the phones that are not known well enough."""
    found = api.post("/api/v1/config/plan", json={"fleet": True, "values": WANTED}).json()
    return bool(found["phones"] == PHONES and found["unknown"] == 0)


def test_the_fleet_converges_as_the_plan_said(server: Any, fleet: RunningSwarm) -> None:
    api = server.api
    eventually(lambda: learnt(api))
    serials = list(fleet.swarm.phones)
    special = serials[7]
    patch(api, f"devices/001565-CP860-{special}/config", OWN)
    eventually(lambda: has(fleet.swarm.phones[special]) == OWN)

    planned = api.post("/api/v1/config/plan", json={"fleet": True, "values": WANTED}).json()
    patch(api, "config", WANTED)
    eventually(lambda: count(api, "drift") == 0)

    assert has(fleet.swarm.phones[special]) == OWN
    others = [serial for serial in serials if serial != special]
    assert all(has(fleet.swarm.phones[serial]) == WANTED for serial in others)
    for serial in serials:
        assert drift(api, serial) | {"checked_at": None} == {
            "state": "converged",
            "desired": 2,
            "items": [],
            "checked_at": None,
            "uploaded_at": None,
            "reboots_at": None,
        }
    lines = {serial: told(api, serial) for serial in others}
    by_parameter = sum(f"Configuration set: {NTP} = {WANTED[NTP]}" in text for text in lines.values())
    by_file = sum(f"Configuration file offered: {JITTER} = 250" in text for text in lines.values())
    assert (planned["phones"], planned["accepted"], planned["overridden"]) == (PHONES, True, 1)
    assert (planned["by_parameter"], planned["by_file"]) == (by_parameter, by_file) == (99, 99)
    assert (planned["changing"], planned["rebooting"], planned["unchanged"]) == (99, 0, 1)
    assert api.get("/api/v1/config/drift").json()["items"] == []
    # once each: what has arrived is not sent again
    assert all(text.count("Configuration set:") == 1 for text in lines.values())
    assert all(text.count("Configuration file offered:") == 1 for text in lines.values())


def test_a_phone_that_was_altered_is_brought_back(server: Any, fleet: RunningSwarm) -> None:
    api = server.api
    eventually(lambda: count(api, "drift") == 0)
    serial, phone = list(fleet.swarm.phones.items())[20]

    def alter() -> None:
        phone.state.put(phone.state.path(NTP_BELOW_ROOT), "ntp.by.hand", by_acs=False)
        phone.state.note("4 VALUE CHANGE")

    fleet.do(alter)
    eventually(lambda: has(phone) == WANTED)
    eventually(lambda: drift(api, serial)["state"] == "converged")


def test_what_has_no_parameter_is_seen_by_the_uploaded_file(server: Any, fleet: RunningSwarm) -> None:
    api = server.api
    serial, phone = list(fleet.swarm.phones.items())[30]
    fleet.do(lambda: phone.state.config_lines.update({JITTER: "77"}))
    done = server.acs("config", "verify", serial, "--timeout", "90", check=False)
    eventually(lambda: has(phone) == WANTED)
    eventually(lambda: drift(api, serial)["state"] == "converged")
    assert drift(api, serial)["uploaded_at"] is not None
    assert done.returncode in (0, 1), done.stderr  # by then it may have been brought back
    assert "The uploaded configuration was read" in told(api, serial)


def test_a_phone_with_tr069_off_comes_in_by_provisioning(server: Any, fleet: RunningSwarm) -> None:
    api = server.api
    surroundings = Surroundings(
        acs_url="", provisioning_url=server.urls["files"], interval=5, boot_seconds=0.3, retry_scale=0.1
    )
    newcomers = RunningSwarm(Plan(phones=1, surroundings=surroundings, first_mac=NEWCOMER))
    try:
        eventually(lambda: newcomers.swarm.phones)
        [(serial, phone)] = newcomers.swarm.phones.items()
        eventually(lambda: count(api, f"serial = {serial} and not drift") == 1)
        assert has(phone) == WANTED
        assert drift(api, serial)["state"] == "converged"
        # it had all from its files: nothing of it was sent again
        assert "Configuration file offered" not in told(api, serial)
        assert "Configuration set" not in told(api, serial)
    finally:
        newcomers.stop()


def test_what_makes_phones_reboot_waits_for_a_word(server: Any, fleet: RunningSwarm) -> None:
    api, key = server.api, "sip.use_out_bound_in_dialog"
    serial, phone = list(fleet.swarm.phones.items())[40]
    device = f"001565-CP860-{serial}"
    patch(api, f"devices/{device}/config", {key: "0"})
    eventually(lambda: api.get(f"/api/v1/devices/{device}").json()["config"]["state"] == "deferred")
    [item] = drift(api, serial)["items"]
    assert (item["key"], item["state"], item["reboots"]) == (key, "waits", True)
    assert key not in phone.state.config_lines
    listed = api.get("/api/v1/config/drift").json()["items"]
    assert [one["id"] for one in listed] == [device]
    server.acs("config", "apply", serial, "--now")
    eventually(lambda: phone.state.config_lines.get(key) == "0")
    eventually(lambda: drift(api, serial)["state"] == "converged")
