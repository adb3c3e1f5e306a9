"""Phones that vanish and come back, told to a webhook, while workers are killed; sites; action URLs."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

ACS = str(Path(sys.executable).with_name("acs"))
SECRET = "a secret of the customer"
LONER = "001565C00001"
FIRST_OF_CROWD = "001565D00001"
CROWD = 5


def eventually(what: Callable[[], Any], *, seconds: float = 150) -> Any:
    """What this gives once it is true."""
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, f"never came true: {what}"
        time.sleep(0.2)
    return found


class Noc:
    """The customer's own server: refuses every second call, keeps those it takes."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.seen = 0
        noc = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fields = dict(part.split("=") for part in self.headers["X-ACS-Signature"].split(","))
                digest = hmac.new(SECRET.encode(), f"{fields['t']}.".encode() + body, hashlib.sha256)
                noc.seen += 1
                status = 204
                if digest.hexdigest() != fields["v1"]:
                    status = 403
                elif noc.seen % 2:
                    status = 500
                else:
                    noc.taken.append(json.loads(body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the test says what came."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def heard(self, kind: str, device: str | None = None) -> list[str]:
        """The ids of the events of this kind, each as often as it came."""
        return [one["id"] for one in self.taken if one["kind"] == kind and device in (None, one["device"])]


@pytest.fixture
def noc() -> Iterator[Noc]:
    made = Noc()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def phones() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts simulated phones; stops those that are left."""
    running: list[subprocess.Popen[bytes]] = []

    def start(server: Any, first: str, number: int) -> subprocess.Popen[bytes]:
        arguments = [ACS, "simulate", "--data-dir", str(server.data_dir), "--quiet", "--interval", "60"]
        arguments += ["--phones", str(number), "--first-mac", first, "--ramp", "0"]
        running.append(subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.wait()


def kill_workers(server: Any) -> None:
    for pid in server.family():
        with suppress(OSError):
            if b"workers" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


def kinds(server: Any, **query: str) -> list[str]:
    return [item["kind"] for item in server.api.get("/api/v1/events", params=query).json()["items"]]


def device(server: Any, mac: str) -> dict[str, Any]:
    return server.api.get(f"/api/v1/devices/001565-CP860-{mac.lower()}").json()


def test_phones_that_vanish_are_told_of_once_whatever_dies(start_server, noc, phones):
    server = start_server("--cpe-auth", "none", "--inform-interval", "2", "--stun-port", "0")
    hook = {"name": "noc", "url": noc.url, "secret": SECRET}
    assert server.api.post("/api/v1/webhooks", json=hook).status_code == 201
    rule = {"name": "all", "on": ["device_*", "site_*"], "webhook": "noc", "select": ""}
    assert server.api.post("/api/v1/rules", json=rule).status_code == 201
    tagged = {"name": "mark", "on": ["device_offline"], "select": "model = CP860", "add_tags": ["was-lost"]}
    assert server.api.post("/api/v1/rules", json=tagged).status_code == 201

    phones(server, FIRST_OF_CROWD, CROWD)
    loner = phones(server, LONER, 1)
    name = f"001565-CP860-{LONER.lower()}"
    eventually(lambda: server.api.get("/api/v1/devices").json()["total"] == CROWD + 1)
    # the interval that was set is kept to, so that two missed Informs are seconds
    eventually(lambda: device(server, LONER)["inform_interval"] == 2)
    eventually(lambda: device(server, LONER)["informs"] > 2)
    assert device(server, LONER)["presence"]["state"] == "online"

    # one phone alone
    loner.kill()
    kill_workers(server)
    eventually(lambda: "device_offline" in kinds(server, device=name))
    kill_workers(server)
    # What a killed worker had taken is due again after its lease, a minute; the rules and the call may each
    # have been with one.
    eventually(lambda: noc.heard("device_offline", name), seconds=300)
    assert device(server, LONER)["online"] is False
    found = server.api.get("/api/v1/devices", params={"q": "offline"}).json()["items"]
    assert [item["id"] for item in found] == [name]
    eventually(lambda: device(server, LONER)["tags"] == ["was-lost"])
    assert server.api.get("/api/v1/alerts").json()["items"] == []

    phones(server, LONER, 1)
    eventually(lambda: device(server, LONER)["online"])
    eventually(lambda: noc.heard("device_back", name))
    texts = [item["text"] for item in server.api.get(f"/api/v1/devices/{name}/timeline").json()["items"]]
    assert {"It is offline", "It is back"} <= set(texts)
    for kind in ("device_offline", "device_back"):
        assert kinds(server, device=name).count(kind) == 1
        assert len(set(noc.heard(kind, name))) == 1
    assert not server.tracebacks()


def test_a_site_that_vanishes_is_one_alert(start_server, noc, phones):
    server = start_server("--cpe-auth", "none", "--inform-interval", "2", "--stun-port", "0")
    hook = {"name": "noc", "url": noc.url, "secret": SECRET}
    server.api.post("/api/v1/webhooks", json=hook)
    rule = {"name": "r", "on": ["site_*", "device_offline", "device_back"], "webhook": "noc"}
    assert server.api.post("/api/v1/rules", json=rule).status_code == 201
    crowd = phones(server, FIRST_OF_CROWD, CROWD)

    def steered() -> bool:
        items = server.api.get("/api/v1/devices").json()["items"]
        ids = [item["id"].rpartition("-")[2] for item in items]
        return len(ids) == CROWD and all(device(server, one)["informs"] > 2 for one in ids)

    eventually(steered)
    crowd.kill()
    [alert] = eventually(lambda: server.api.get("/api/v1/alerts").json()["items"])
    assert (alert["kind"], alert["site"]) == ("site_offline", "127.0.0.0/24")
    eventually(lambda: server.api.get("/api/v1/presence").json()["offline"] == CROWD)
    eventually(lambda: noc.heard("site_offline"))
    phones(server, FIRST_OF_CROWD, CROWD)
    eventually(lambda: not server.api.get("/api/v1/alerts").json()["items"])
    eventually(lambda: noc.heard("site_back"))
    told = kinds(server)
    assert (told.count("site_offline"), told.count("site_back")) == (1, 1)
    assert "device_offline" not in told
    assert "device_back" not in told


def test_action_urls_are_set_and_heard(start_server, phones):
    server = start_server("--cpe-auth", "none", "--stun-port", "0")
    phones(server, LONER, 1)
    name = f"001565-CP860-{LONER.lower()}"
    eventually(lambda: server.api.get(f"/api/v1/devices/{name}").status_code == 200)
    server.acs("config", "action-urls", "--fleet")
    effective = server.api.get(f"/api/v1/devices/{name}/config").json()["effective"]
    url = effective["action_url.unregistered"]["value"]
    assert "action_url.incoming_call" not in effective
    own = {"$mac": "00:15:65:C0:00:01", "$ip": "192.0.2.9", "$active_user": "1001"}
    for variable, value in own.items():
        url = url.replace(variable, value)
    assert httpx.get(url).status_code == 200
    [event] = server.api.get("/api/v1/events", params={"kind": "registration_lost"}).json()["items"]
    assert (event["device"], event["data"]["active_user"]) == (name, "1001")
    newest = server.api.get(f"/api/v1/devices/{name}/timeline").json()["items"]
    assert "An account is no longer registered: 1001" in [item["text"] for item in newest]

    before = len(kinds(server))
    assert httpx.get(url.replace("/unregistered?", "/incoming_call?")).status_code == 200
    assert httpx.get(url.replace("c0%3A", "").replace("00:15:65:C0:00:01", "001565FFFFFF")).status_code == 200
    assert httpx.get(url.replace("/a/", "/a/0")).status_code == 404
    assert httpx.get(url.replace("/unregistered?", "/none?")).status_code == 404
    token = url.split("/a/")[1][:32]
    assert httpx.get(url.replace(token, token[::-1])).status_code == 404
    assert httpx.post(url).status_code == 405
    assert len(kinds(server)) == before


def test_events_of_calls_are_kept_where_that_is_wanted(start_server, phones):
    server = start_server("--cpe-auth", "none", "--stun-port", "0", "--action-url-calls", "on")
    phones(server, LONER, 1)
    name = f"001565-CP860-{LONER.lower()}"
    eventually(lambda: server.api.get(f"/api/v1/devices/{name}").status_code == 200)
    printed = server.acs("config", "action-urls", "--calls").stdout
    url = next(line for line in printed.splitlines() if line.startswith("action_url.missed_call"))
    url = url.partition(" = ")[2].replace("$mac", LONER).replace("$remote", "sip:boss@example.com")
    assert httpx.get(url).status_code == 200
    [event] = server.api.get("/api/v1/events", params={"kind": "action_url_*"}).json()["items"]
    assert (event["kind"], event["data"]["remote"]) == ("action_url_missed_call", "sip:boss@example.com")
