"""Waking phones from outside: a real server, real sockets, and phones that are made by hand or simulated."""

from __future__ import annotations

import hmac
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

ACS = str(Path(sys.executable).with_name("acs"))
PATIENCE = 40
MS = "Device.ManagementServer."
ENVELOPE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:cwmp="urn:dslforum-org:cwmp-1-0"><soap:Body><cwmp:Inform><DeviceId>'
    "<Manufacturer>Hand</Manufacturer><OUI>001565</OUI><ProductClass>HAND</ProductClass>"
    "<SerialNumber>{serial}</SerialNumber></DeviceId><Event><EventStruct><EventCode>{event}</EventCode>"
    "<CommandKey/></EventStruct></Event><MaxEnvelopes>1</MaxEnvelopes>"
    "<CurrentTime>2026-01-01T00:00:00Z</CurrentTime><RetryCount>0</RetryCount><ParameterList>{list}"
    "</ParameterList></cwmp:Inform></soap:Body></soap:Envelope>"
)


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives once it is true."""
    give_up = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < give_up, "it does not come true"
        time.sleep(0.05)
    return found


class Phone:
    """Informs and hangs up; that is all a phone has to do here."""

    def __init__(self, server: Any, serial: str, **leaves: str) -> None:
        self.server = server
        self.serial = serial
        self.id = f"001565-HAND-{serial}"
        self.leaves = leaves

    def inform(self, event: str = "2 PERIODIC") -> Phone:
        listed = "".join(
            f'<ParameterValueStruct><Name>{MS}{name}</Name><Value xsi:type="xsd:string">{value}</Value>'
            "</ParameterValueStruct>"
            for name, value in self.leaves.items()
        )
        text = ENVELOPE.format(serial=self.serial, event=event, list=listed)
        assert httpx.post(self.server.urls["cwmp"], content=text.encode()).status_code == 200
        return self

    def called(self, method: str, path: str = "", **kwargs: Any) -> Any:
        answer = self.server.api.request(method, f"/api/v1/devices/{quote(self.id)}{path}", **kwargs)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wake(self) -> Any:
        return self.called("POST", "/wake")

    @property
    def history(self) -> Any:
        return self.called("GET", "/wake")


class Listener:
    """Takes connection requests for many phones by path. `answers` are statuses in turn; the last stays."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.answers = [204]
        self.then: Callable[[str], object] = lambda serial: None
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                serial = self.path.strip("/")
                listener.asked[serial] += 1
                status = listener.answers[0] if len(listener.answers) == 1 else listener.answers.pop(0)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if status == 204:
                    listener.then(serial)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def udp() -> Iterator[socket.socket]:
    """A phone's UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(PATIENCE)
        yield bound


def stun_address(server: Any) -> tuple[str, int]:
    parts = urlsplit(server.urls["stun"])
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


# --- STUN


def test_it_tells_everybody_his_address_and_counts_what_is_no_stun(start_server, udp) -> None:
    server = start_server("--stun-port", "0", "--processes", "2")
    host, port = udp.getsockname()
    for number in range(40):
        transaction = struct.pack("!IIII", 0x2112A442, 1, 2, number)
        udp.sendto(b"no STUN at all", stun_address(server))
        udp.sendto(struct.pack("!HH", 1, 0) + transaction, stun_address(server))
        answer, source = udp.recvfrom(2048)
        assert source == stun_address(server)
        assert answer[:2] == b"\x01\x01"
        assert answer[4:20] == transaction
        mapped = struct.pack("!HHBBH", 1, 8, 0, 1, port) + socket.inet_aton(host)
        assert mapped in answer
    counts = until(
        lambda: (
            (found := server.api.get("/api/v1/wake/queue").json()["stun"]).get("malformed") == 40 and found
        )
    )
    assert counts["answered"] == 40


def test_its_port_is_told_and_can_be_another_or_none(start_server, refused_start, tmp_path) -> None:
    server = start_server("--stun-port", "none", name="none")
    assert "stun" not in server.urls
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = str(other.getsockname()[1])
        done = refused_start("--data-dir", str(tmp_path / "refused"), "--stun-port", port)
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert port in done.stderr
    assert "--stun-port" in done.stderr
    done = refused_start("--data-dir", str(tmp_path / "refused"), "--stun-port", "often")
    assert "'often'" in done.stderr


# --- by UDP


def test_a_request_by_udp_leaves_the_stun_port_signed_and_in_equal_copies(start_server, udp) -> None:
    server = start_server("--cpe-auth", "none", "--stun-port", "0", "--processes", "3")
    here = "{}:{}".format(*udp.getsockname())
    phone = Phone(server, "u1", UDPConnectionRequestAddress=here).inform("1 BOOT")
    phone.called("PATCH", json={"connection_request": {"username": "wake up", "password": "secret"}})
    asking: list[Any] = []
    waiting = threading.Thread(target=lambda: asking.append(phone.wake()))
    waiting.start()
    first, source = udp.recvfrom(2048)
    second, _ = udp.recvfrom(2048)
    assert source == stun_address(server)
    assert first == second
    line, *rest = first.decode("ascii").split("\r\n")
    assert rest == [f"Host: {here}", "", ""]
    uri = line.removeprefix("GET ").removesuffix(" HTTP/1.1")
    assert (urlsplit(uri).netloc, urlsplit(uri).path) == (here, "")
    query = {name: value for name, [value] in parse_qs(urlsplit(uri).query, strict_parsing=True).items()}
    assert set(query) == {"ts", "id", "un", "cn", "sig"}
    assert query["un"] == "wake up"
    assert query["id"].isdecimal()
    assert abs(int(query["ts"]) - time.time()) < PATIENCE
    text = query["ts"] + query["id"] + query["un"] + query["cn"]
    assert query["sig"].lower() == hmac.new(b"secret", text.encode(), sha1).hexdigest()
    phone.inform("6 CONNECTION REQUEST")
    waiting.join()
    assert asking[0]["outcome"] == "came"
    item = until(lambda: phone.history["items"])[0]
    assert (item["way"], item["outcome"]) == ("udp", "came")
    assert item["came_after"] >= 0


def test_phones_behind_nat_are_told_of_stun_and_woken_by_udp(start_server) -> None:
    server = start_server("--stun-port", "0", "--processes", "2")
    command = [
        ACS,
        "simulate",
        "--data-dir",
        str(server.data_dir),
        "--phones",
        "3",
        "--persona",
        "behind-nat",
    ]
    command += ["--interval", "3000", "--listen", "127.0.0.1", "--ramp", "0", "--quiet", "--json"]
    phones = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:

        def bound() -> list[str]:
            ids = [one["id"] for one in server.api.get("/api/v1/devices").json()["items"]]
            ways = [server.api.get(f"/api/v1/devices/{quote(one)}/wake").json() for one in ids]
            fine = [way["udp_binding"] and way["udp_binding"] == way["udp_address"] for way in ways]
            return ids if len(ids) == 3 and all(fine) else []

        ids = until(bound)
        # one at once, and the others by the queue
        woken = server.api.post(f"/api/v1/devices/{quote(ids[0])}/wake").json()
        assert woken["outcome"] == "came"
        assert server.api.post("/api/v1/wake", json={"devices": ids[1:]}).json() == {
            "queued": 2,
            "waiting": 0,
            "unknown": [],
        }
        until(lambda: server.api.get("/api/v1/wake/queue").json()["total"] == 0)
        for one in ids:
            history = server.api.get(f"/api/v1/devices/{quote(one)}/wake").json()
            assert (history["stun"], history["ways"][0]) == ("acs", "udp")
            assert [(item["way"], item["outcome"]) for item in history["items"]] == [("udp", "came")]
            device = server.api.get(f"/api/v1/devices/{quote(one)}").json()
            assert "6 CONNECTION REQUEST" in device["events"]
    finally:
        phones.send_signal(signal.SIGINT)
        phones.wait(timeout=30)
    assert server.tracebacks() == []


# --- by HTTP, and when nothing helps


def test_a_busy_phone_is_asked_again_until_it_comes(start_server, listener) -> None:
    server = start_server("--cpe-auth", "none")
    listener.answers = [503, 204]
    phone = Phone(server, "b1", ConnectionRequestURL=listener.url + "b1").inform("1 BOOT")
    listener.then = lambda serial: phone.inform("6 CONNECTION REQUEST")
    first = phone.wake()
    assert first["outcome"] == "declined"
    assert first["again_at"]
    assert phone.history["waiting"]["attempts"] == 1
    until(lambda: phone.history["waiting"] is None)
    assert listener.asked["b1"] == 2
    outcomes = [(item["outcome"], item["came_after"] is not None) for item in phone.history["items"]]
    assert outcomes == [("accepted", True), ("declined", False)]
    told = [entry["text"] for entry in phone.called("GET", "/timeline")["items"] if entry["kind"] == "wake"]
    assert any("declined" in text and "asked again in" in text for text in told)


def test_when_nothing_can_reach_it_the_next_inform_is_told(start_server) -> None:
    server = start_server("--cpe-auth", "none")
    phone = Phone(server, "n1", PeriodicInformInterval="600").inform("1 BOOT")
    woken = phone.wake()
    assert woken["outcome"] == "malformed_url"
    assert re.search(r"its next Inform is due at .* \(every 600 s\)", woken["text"])
    history = phone.history
    assert woken["next_inform"] == history["next_inform"]
    assert history["waiting"] is None


def test_many_at_once_name_who_is_not_known(start_server, listener) -> None:
    server = start_server("--cpe-auth", "none")
    phone = Phone(server, "m1", ConnectionRequestURL=listener.url + "m1").inform("1 BOOT")
    answer = server.api.post("/api/v1/wake", json={"devices": [phone.id, phone.id, "00-no-one"]})
    assert answer.json() == {"queued": 1, "waiting": 0, "unknown": ["00-no-one"]}
    until(lambda: listener.asked["m1"])
    answer = server.api.post("/api/v1/wake", json={"devices": ["00-no-one"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "devices")


def test_the_queue_is_paced_and_survives_the_kill_of_any_process(start_server, listener) -> None:
    server = start_server("--cpe-auth", "none", "--processes", "2", "--wakes-per-second", "5")
    serials = [f"k{number:02}" for number in range(30)]
    phones = {
        serial: Phone(server, serial, ConnectionRequestURL=listener.url + serial).inform("1 BOOT")
        for serial in serials
    }
    listener.then = lambda serial: phones[serial].inform("6 CONNECTION REQUEST")
    began = time.time()
    asked = server.api.post("/api/v1/wake", json={"devices": [phone.id for phone in phones.values()]})
    assert asked.json()["queued"] == 30
    until(lambda: len(listener.asked) >= 8)
    assert len(listener.asked) <= 5 + 5 * (time.time() - began) + 1
    servers = [pid for pid in server.family()[1:] if "acs" in Path(f"/proc/{pid}/cmdline").read_text()]
    os.kill(servers[0], signal.SIGKILL)
    until(lambda: len(listener.asked) >= 15)
    server.kill_all()
    server.start()
    until(lambda: len(listener.asked) == 30)


def test_no_phone_is_asked_twice_by_several_processes(start_server, listener) -> None:
    server = start_server("--cpe-auth", "none", "--processes", "3")
    phones = {
        serial: Phone(server, serial, ConnectionRequestURL=listener.url + serial).inform("1 BOOT")
        for serial in (f"t{number:02}" for number in range(40))
    }
    listener.then = lambda serial: phones[serial].inform("6 CONNECTION REQUEST")
    server.api.post("/api/v1/wake", json={"devices": [phone.id for phone in phones.values()]})
    until(lambda: server.api.get("/api/v1/wake/queue").json()["total"] == 0)
    assert listener.asked == Counter(dict.fromkeys(phones, 1))


def test_a_selector_and_the_command_line_choose_phones_and_a_lost_one_is_an_event(start_server) -> None:
    server = start_server("--cpe-auth", "none")
    for serial in ("s1", "s2"):
        Phone(server, serial, PeriodicInformInterval="600").inform("1 BOOT")
    assert "2 queued" in server.acs("wake", "send", "--select", "model = HAND").stdout
    until(lambda: server.api.get("/api/v1/wake/queue").json()["total"] == 0)
    assert "malformed_url" in server.acs("wake", "history", "s1").stdout
    assert "0 phones" in server.acs("wake", "clear").stdout
    for body in ({}, {"devices": ["a"], "select": "model = HAND"}):
        assert server.api.post("/api/v1/wake", json=body).status_code == 422
    refused = server.api.post("/api/v1/wake", json={"select": "model = ("})
    assert "character 9" in refused.json()["errors"][0]["message"]
