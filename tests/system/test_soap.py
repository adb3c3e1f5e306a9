"""A client made from the WSDL does an operator's work on a simulated phone, through a real server."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import zeep

ACS = str(Path(sys.executable).with_name("acs"))
SERIAL = "001565c0ffee"
NS = "urn:acs:northbound:1"


@pytest.fixture
def server(start_server: Callable[..., Any]) -> Iterator[Any]:
    server = start_server()
    yield server
    assert not server.tracebacks()


@pytest.fixture
def phone(server) -> Iterator[str]:
    arguments = [ACS, "simulate", "--data-dir", str(server.data_dir), "--first-mac", SERIAL]
    arguments += ["--interval", "5", "--boot-time", "0.5", "--retry-scale", "0.1", "--quiet"]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    yield SERIAL
    process.terminate()
    process.wait()


@pytest.fixture
def token(server) -> str:
    return server.acs("token", "create", "--name", "oss", "--role", "engineer").stdout.strip()


@pytest.fixture
def soap(server, token) -> Any:
    session = requests.Session()
    session.trust_env = False
    session.auth = ("oss", token)
    return zeep.Client(server.urls["web"] + "/soap?wsdl", transport=zeep.Transport(session=session)).service


def eventually(what: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def test_an_oss_reads_changes_and_reboots_a_phone(soap, phone):
    def learnt() -> str:
        found = soap.ListDevices(select=f"serial = {phone}")["items"]
        known = found and soap.GetDevice(device=found[0].id)
        return known.id if known and known.learning.state == "complete" else ""

    device = eventually(learnt)

    asked = soap.CreateGetParameterValuesTask(device=device, names=["Device.DeviceInfo."], wake=True)
    read = soap.WaitTask(task=asked.id, seconds=30)
    assert read.state == "done"
    values = next(fact for fact in read.result if fact.name == "values").facts
    assert any(fact.name.endswith("DeviceInfo.SerialNumber") for fact in values)
    known = {one.key: one.value for one in soap.GetParameters(device=device, prefix="Device.DeviceInfo.")}
    assert known["Device.DeviceInfo.SerialNumber"] == phone

    key = "phone_setting.backlight_time"
    before = soap.GetEvents().next
    layer = soap.SetConfiguration(layer=f"phone:{device}", values=[{"key": key, "value": "60"}])
    assert layer.version == 1
    assert [one.key for one in soap.GetDrift(device=device)["items"]] == [key]
    soap.ApplyConfiguration(device=device, now=True, wake=True)
    eventually(lambda: soap.GetDrift(device=device).state == "converged")

    reboot = soap.CreateRebootTask(device=device, wake=True)
    assert eventually(lambda: soap.WaitTask(task=reboot.id, seconds=30).state != "waiting")
    assert soap.GetTask(task=reboot.id).state == "done"
    kinds = [entry.kind for entry in soap.GetTimeline(device=device)["items"]]
    assert "task" in kinds
    assert soap.GetEvents(since=before).more is False


def test_clients_that_hang_hurt_nobody(server, soap, token):
    """Requests that never end, and answers that nobody takes."""
    import socket
    from urllib.parse import urlsplit

    where = urlsplit(server.urls["web"])
    head = f"POST /soap HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: text/xml\r\n"
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<ListGroups xmlns="{NS}"/></e:Body></e:Envelope>'
    )
    hanging = []
    for _ in range(40):
        half = socket.create_connection((where.hostname, where.port))
        half.sendall(f"{head}Content-Length: 1000\r\n\r\n<half".encode())
        deaf = socket.create_connection((where.hostname, where.port))
        deaf.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode() * 5)
        hanging += [half, deaf]
    for _ in range(20):
        assert soap.ListGroups() == []
    for one in hanging:
        one.close()
    assert soap.ListGroups() == []


def test_the_server_stops_while_calls_are_waiting(start_server):
    """A call under way is answered by a fault, or not at all, and keeps nobody from stopping."""
    server = start_server()
    server.api.put("/api/v1/groups/none")  # it answers
    token = server.acs("token", "create", "--name", "oss", "--role", "operator").stdout.strip()
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<PlanConfiguration xmlns="{NS}"><values><key>local_time.time_format</key><value>1</value></values>'
        "<fleet>true</fleet></PlanConfiguration></e:Body></e:Envelope>"
    )

    def call() -> None:
        while server.process.poll() is None:
            try:
                httpx.post(
                    server.urls["web"] + "/soap",
                    content=envelope,
                    headers={"Authorization": f"Bearer {token}", "Content-Type": "text/xml"},
                    timeout=20,
                    trust_env=False,
                )
            except httpx.TransportError:
                return

    callers = [threading.Thread(target=call) for _ in range(6)]
    for one in callers:
        one.start()
    time.sleep(1)
    assert server.stop() == 0
    for one in callers:
        one.join()
    assert not server.tracebacks()
