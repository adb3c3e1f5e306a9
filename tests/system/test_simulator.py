"""Every persona of the simulator against a real server: each is learnt and takes tasks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from acs.simulator.images import make_image
from acs.simulator.personas import PERSONAS

ACS = str(Path(sys.executable).with_name("acs"))
FIRST_MAC = 0x001565E00000
#: personas that cannot do one of the tasks, and whose failure is the right answer
CANNOT = {("snom-like", "upload"), ("forgets-names", "set_parameter_values")}


def serial_of(index: int, persona: str) -> str:
    prefix = PERSONAS[persona].mac_prefix
    mac = f"{FIRST_MAC + index:012x}"
    return prefix + mac[len(prefix) :]


@pytest.fixture
def server(start_server: Callable[..., object]) -> Iterator[object]:
    server = start_server()
    yield server
    assert not server.tracebacks()


@pytest.fixture
def swarm(server) -> Iterator[subprocess.Popen[str]]:
    """One phone of each persona."""
    arguments = [ACS, "simulate", "--data-dir", str(server.data_dir), "--phones", str(len(PERSONAS))]
    arguments += [
        "--persona",
        "all",
        "--first-mac",
        f"{FIRST_MAC:012x}",
        "--interval",
        "6",
        "--boot-time",
        "0.5",
    ]
    arguments += ["--retry-scale", "0.1", "--ramp", "1", "--json", "--quiet"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


def wait_for(what: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)


def devices(api: httpx.Client) -> dict[str, str]:
    """Serial number to device id."""
    items = api.get("/api/v1/devices", params={"limit": 100}).json()["items"]
    return {item["id"].rpartition("-")[2]: item["id"] for item in items}


def test_every_persona_is_learnt_and_takes_tasks(server, swarm: subprocess.Popen[str]) -> None:
    api = server.api
    image = make_image("37.72.0.77")
    added = api.put(
        "/api/v1/files/37.72.0.77.rom",
        params={"file_type": "1 Firmware Upgrade Image", "version": "37.72.0.77"},
        content=image,
    )
    assert added.status_code == 201, added.text
    serials = {serial_of(index, name): name for index, name in enumerate(PERSONAS)}
    wait_for(lambda: set(devices(api)) == set(serials))

    tasks: dict[tuple[str, str], str] = {}
    for serial, device in devices(api).items():
        name = serials[serial]
        root = PERSONAS[name].root
        for body in (
            {"type": "get_parameter_values", "names": [root + "DeviceInfo."]},
            {"type": "set_parameter_values", "values": {root + "Time.NTPServer1": "ntp.example"}},
            {"type": "add_object", "object": root + "LAN.DHCPOption."},
            {"type": "upload", "file_type": "2 Vendor Log File"},
            {"type": "download", "file": "37.72.0.77.rom"},
        ):
            if name == "no-transfer-complete" and body["type"] == "upload":
                continue  # proved only when its deadline passes
            answer = api.post(f"/api/v1/devices/{device}/tasks", params={"wake": 1}, json=body)
            assert answer.status_code == 201, answer.text
            tasks[name, str(body["type"])] = answer.json()["id"]

    ended: dict[tuple[str, str], dict[str, object]] = {}

    def all_ended() -> bool:
        for key, task in tasks.items():
            if key not in ended:
                found = api.get(f"/api/v1/tasks/{task}").json()
                if found["state"] in ("done", "failed", "expired", "cancelled"):
                    ended[key] = found
        return len(ended) == len(tasks)

    try:
        wait_for(all_ended, seconds=150)
    finally:
        unfinished = sorted(set(tasks) - set(ended))
        print("unfinished:", unfinished)
    wrong = {key: task["fault"] for key, task in ended.items() if task["state"] != "done"}
    assert set(wrong) == CANNOT, wrong

    swarm.send_signal(signal.SIGINT)
    output, _ = swarm.communicate(timeout=20)
    summary = json.loads(output)
    assert swarm.returncode == 0
    assert summary["completed_phones"] == len(PERSONAS)
    assert summary["downloads"] == len(PERSONAS)
