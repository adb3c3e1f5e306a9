"""One job three ways: by REST, by a client made from the WSDL, and as a script of GenieACS's NBI would do it.

Each finds its phone, sets a parameter and reads it back, tags the phone, stores two firmware files, sees the
fault of the one that is none for this phone and the end of the other. Afterwards nothing tells which way
it was done.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests
import zeep

from acs.simulator.images import make_image

ACS = str(Path(sys.executable).with_name("acs"))
MANUAL = Path(__file__).parents[2] / "docs" / "soap.md"

FIRST = 0x001565C0FFEE
WAYS = ("rest", "soap", "nbi", "manual")
SERIALS = {way: f"{FIRST + number:012x}" for number, way in enumerate(WAYS)}

PARAMETER = "Device.Time.NTPServer1"
FIRMWARE = "1 Firmware Upgrade Image"
VERSION = "37.72.0.77"
GOOD = make_image(VERSION, model="CP860", size=100_000)
#: for another model: a phone finds it corrupt, which CWMP 1.0 has no code of its own for
BAD = make_image("37.72.0.78", model="T99", size=1000)


def eventually(what: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def server(module_server: Callable[..., Any]) -> Iterator[Any]:
    server = module_server()
    yield server
    assert not server.tracebacks()


@pytest.fixture(scope="module")
def phones(server) -> Iterator[None]:
    arguments = [ACS, "simulate", "--data-dir", str(server.data_dir), "--first-mac", SERIALS["rest"]]
    arguments += ["--phones", str(len(WAYS)), "--interval", "5", "--boot-time", "0.5"]
    arguments += ["--retry-scale", "0.1", "--ramp", "1", "--quiet"]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    found = server.api

    def learnt() -> bool:
        items = found.get("/api/v1/devices").json()["items"]
        states = [
            found.get(f"/api/v1/devices/{quote(one['id'])}").json()["learning"]["state"] for one in items
        ]
        return states == ["complete"] * len(WAYS)

    eventually(learnt)
    yield
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def token(server) -> str:
    return server.acs("token", "create", "--name", "somebody", "--role", "operator").stdout.strip()


class Rest:
    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=90, trust_env=False)

    def find(self, serial: str) -> str:
        [one] = self.http.get("/devices", params={"q": f"serial = {serial}"}).json()["items"]
        return str(one["id"])

    def set(self, device: str, name: str, value: str) -> None:
        wish = {"value": value, "type": "xsd:string"}
        assert self._run(device, {"type": "set_parameter_values", "values": {name: wish}})["state"] == "done"

    def read(self, device: str, name: str) -> str:
        assert self._run(device, {"type": "get_parameter_values", "names": [name]})["state"] == "done"
        known = self.http.get(f"/devices/{device}/parameters", params={"prefix": name}).json()
        return str(known[name]["value"])

    def tag(self, device: str, tag: str) -> None:
        tags = self.http.get(f"/devices/{device}").json()["tags"]
        assert self.http.patch(f"/devices/{device}", json={"tags": [*tags, tag]}).status_code == 200

    def store(self, name: str, content: bytes, version: str) -> None:
        about = {"file_type": FIRMWARE, "version": version}
        assert self.http.put(f"/files/{name}", params=about, content=content).status_code == 201

    def fault_of_download(self, device: str, file: str) -> tuple[str, str]:
        fault = self._run(device, {"type": "download", "file": file})["fault"]
        return f"cwmp.{fault['code']}", fault["text"]

    def download(self, device: str, file: str) -> None:
        assert self._run(device, {"type": "download", "file": file})["state"] == "done"

    def _run(self, device: str, body: dict[str, Any]) -> Any:
        task = self.http.post(f"/devices/{device}/tasks", params={"wake": "1"}, json=body).json()
        return self.http.get(f"/tasks/{task['id']}", params={"wait": 60}).json()


class Soap:
    def __init__(self, url: str, token: str) -> None:
        session = requests.Session()
        session.trust_env = False
        session.auth = ("oss", token)
        self.service: Any = zeep.Client(f"{url}/soap?wsdl", transport=zeep.Transport(session=session)).service

    def find(self, serial: str) -> str:
        [one] = self.service.ListDevices(select=f"serial = {serial}")["items"]
        return str(one.id)

    def set(self, device: str, name: str, value: str) -> None:
        values = [{"key": name, "value": value, "type": "xsd:string"}]
        self._done(self.service.CreateSetParameterValuesTask(device=device, values=values, wake=True))

    def read(self, device: str, name: str) -> str:
        self._done(self.service.CreateGetParameterValuesTask(device=device, names=[name], wake=True))
        [known] = self.service.GetParameters(device=device, prefix=name)
        return str(known.value)

    def tag(self, device: str, tag: str) -> None:
        assert tag in self.service.TagDevice(device=device, tag=tag).tags

    def store(self, name: str, content: bytes, version: str) -> None:
        stored = self.service.PutFile(name=name, content=content, file_type=FIRMWARE, version=version)
        assert stored.size == len(content)

    def fault_of_download(self, device: str, file: str) -> tuple[str, str]:
        task = self.service.CreateDownloadTask(device=device, file=file, wake=True)
        fault = self.service.WaitTask(task=task.id, seconds=60).fault
        return f"cwmp.{fault.code}", fault.text

    def download(self, device: str, file: str) -> None:
        self._done(self.service.CreateDownloadTask(device=device, file=file, wake=True))

    def _done(self, task: Any) -> None:
        assert self.service.WaitTask(task=task.id, seconds=60).state == "done"


class Nbi:
    """Speaks as GenieACS's API reference has it."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/nbi", auth=("panel", token), timeout=150, trust_env=False)

    def find(self, serial: str) -> str:
        [one] = self._found("devices", {"_deviceId._SerialNumber": serial}, projection="_id,_lastInform")
        assert one["_lastInform"]
        return str(one["_id"])

    def set(self, device: str, name: str, value: str) -> None:
        body = {"name": "setParameterValues", "parameterValues": [[name, value, "xsd:string"]]}
        assert self._put(device, body).status_code == 200

    def read(self, device: str, name: str) -> str:
        assert self._put(device, {"name": "getParameterValues", "parameterNames": [name]}).status_code == 200
        [node] = self._found("devices", {"_id": device}, projection=name)
        for part in name.split("."):
            node = node[part]
        return str(node["_value"])

    def tag(self, device: str, tag: str) -> None:
        assert self.http.post(f"/devices/{device}/tags/{tag}").status_code == 200

    def store(self, name: str, content: bytes, version: str) -> None:
        headers = {"fileType": FIRMWARE, "version": version}
        assert self.http.put(f"/files/{name}", content=content, headers=headers).status_code == 201
        assert self._found("files", {"filename": name})

    def fault_of_download(self, device: str, file: str) -> tuple[str, str]:
        assert self._put(device, {"name": "download", "file": file}).status_code in (200, 202)
        [fault] = eventually(lambda: self._found("faults", {"device": device}))
        return fault["code"], fault["message"]

    def download(self, device: str, file: str) -> None:
        answer = self._put(device, {"name": "download", "file": file})
        assert answer.status_code == 200
        task = answer.json()["_id"]
        eventually(lambda: not self._found("tasks", {"_id": task}))
        assert self._found("faults", {"device": device}) == []

    def _found(self, collection: str, query: Any, **parameters: str) -> Any:
        return self.http.get(f"/{collection}/", params={"query": json.dumps(query), **parameters}).json()

    def _put(self, device: str, body: Any) -> httpx.Response:
        path = f"/devices/{quote(device, safe='')}/tasks?timeout=20000&connection_request"
        return self.http.post(path, json=body)


CLIENTS: dict[str, type[Rest | Soap | Nbi]] = {"rest": Rest, "soap": Soap, "nbi": Nbi}


def job(client: Any, way: str) -> str:
    """The whole of it; the id of the phone."""
    device: str = client.find(SERIALS[way])
    client.set(device, PARAMETER, "ntp.three.example")
    assert client.read(device, PARAMETER) == "ntp.three.example"
    client.tag(device, "threefold")
    client.store(f"bad-{way}.rom", BAD, "37.72.0.78")
    client.store(f"good-{way}.rom", GOOD, VERSION)
    code, text = client.fault_of_download(device, f"bad-{way}.rom")
    assert code == "cwmp.9010"
    assert "the image is for T99" in text
    client.download(device, f"good-{way}.rom")
    return device


def state(api: httpx.Client, device: str, way: str) -> dict[str, Any]:
    """What there is afterwards, without what tells one phone or moment from another."""
    shown = api.get(f"/api/v1/devices/{device}").json()
    known = api.get(f"/api/v1/devices/{device}/parameters", params={"prefix": PARAMETER}).json()
    tasks = api.get(f"/api/v1/devices/{device}/tasks").json()["items"]
    files = [
        api.get(f"/api/v1/files/{name}-{way}.rom", headers={"Accept": "application/json"}).json()
        for name in ("bad", "good")
    ]
    return {
        "version": shown["software_version"],
        "tags": shown["tags"],
        "online": shown["online"],
        "parameter": (known[PARAMETER]["value"], known[PARAMETER]["type"]),
        "tasks": [
            (task["type"], task["state"], task["fault"] and task["fault"]["code"], task["created_by"])
            for task in tasks
        ],
        "requests": [without(task["request"], "file") for task in tasks],
        "files": [without(file, "name", "created_at") for file in files],
    }


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def test_three_clients_do_the_same_job(server, phones, token):
    states = {}
    for way, kind in CLIENTS.items():
        device = job(kind(server.urls["web"], token), way)
        states[way] = state(server.api, device, way)
    assert states["rest"]["version"] == VERSION
    assert states["rest"]["tags"] == ["threefold"]
    assert [one[:3] for one in states["rest"]["tasks"]] == [
        ("download", "done", None),
        ("download", "failed", 9010),
        ("get_parameter_values", "done", None),
        ("set_parameter_values", "done", None),
    ]
    assert states["soap"] == states["rest"]
    assert states["nbi"] == states["rest"]
    what = {
        kind: [
            entry["operation"].removeprefix("nbi.")
            for entry in server.api.get("/api/v1/audit", params={"limit": 1000}).json()["items"]
            if SERIALS[kind] in entry["object"] or f"-{kind}.rom" in entry["object"]
        ]
        for kind in CLIENTS
    }
    assert all(what[kind].count("files.put") == 2 for kind in CLIENTS)


def test_the_example_of_the_manual_does_what_it_says(server, phones, token):
    text = MANUAL.read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    said = re.search(r"prints\n\n```\n(.*?)```", text, re.DOTALL)
    assert code
    assert said
    program = code[1].replace(SERIALS["rest"], SERIALS["manual"])
    environ = {**os.environ, "ACS_URL": server.urls["web"], "ACS_TOKEN": token, "NO_PROXY": "*"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=120
    )
    assert done.stderr == ""
    assert done.stdout == said[1]
