"""Phones that fetch contacts, dial rules and the like at addresses that stay the same."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from acs.fleet.device import Device
from acs.fleet.identity import device_key
from acs.southbound.files_endpoint import FilesEndpoint
from acs.southbound.files_port import FilesPort
from acs.southbound.http import HttpFactory
from acs.southbound.provisioning_access import Doorkeeper
from acs.southbound.resource_files import ResourceFiles
from acs.store import awaited, codec, devices, files, keyspace, refusals, timeline
from acs.store.calls import Call
from acs.store.files import StoredFile
from acs.store.redis_server import find_redis_server
from acs.store.runner_blocking import BlockingRunner
from acs.store.runner_reactor import ReactorRunner

from .conftest import Client  # isort: skip

CONTENT = b'<DialNow>\n  <Data DialNowRule="1234"/>\n</DialNow>\n'
SHA = "ab" * 32
ETAG = b'"%b"' % SHA.encode()
NOW = 1_750_000_000.0
PHONE = "001565-CP860-00156500aabb"
USER_AGENT = b"User-Agent: Yealink CP860 37.72.0.5 00:15:65:00:aa:bb\r\n"
LOGIN = b"Authorization: Basic %b\r\n" % base64.b64encode(b"fleet:secret")


class NoLinks:
    """A `TransferBook` for links that are all forged."""

    def refused(self, peer: str, path: str, reason: str) -> None:
        """Another test looks at what is kept of it."""

    lookup = begins = record = None


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("redis") / "r.sock"
    command = [find_redis_server().path, "--port", "0", "--unixsocket", path, "--save", ""]
    process = subprocess.Popen(command, cwd=path.parent, stdout=subprocess.DEVNULL)
    for _ in range(500):
        try:
            Redis(unix_socket_path=str(path)).ping()
            break
        except RedisConnectionError:
            time.sleep(0.01)
    yield f"unix://{path}"
    process.kill()
    process.wait()


@pytest.fixture
def store(redis_url: str) -> Iterator[BlockingRunner]:
    runner = BlockingRunner(redis_url)
    with Redis(unix_socket_path=redis_url.removeprefix("unix://")) as redis:
        redis.flushall()
    runner.run(files.put(StoredFile("dialnow.xml", SHA, len(CONTENT), resource="dial-now")))
    runner.run(files.put(StoredFile("secret.cfg", SHA, len(CONTENT), "3 Vendor Configuration File")))
    yield runner
    runner.close()


@pytest.fixture
def fetch(
    store: BlockingRunner,
    redis_url: str,
    tmp_path: Path,
    on_reactor: Callable[..., Any],
    serve: Callable[..., int],
    connect: Callable[..., Client],
) -> Iterator[Callable[..., Any]]:
    """`fetch(b"/r/dialnow.xml", LOGIN)` gives the answer."""
    (tmp_path / SHA).write_bytes(CONTENT)
    runner = on_reactor(lambda: ReactorRunner(redis_url))
    on_reactor(runner.start)
    ports: dict[str, int] = {}

    def ask(path: bytes, fields: bytes = b"", *, method: bytes = b"GET", policy: str = "login") -> Any:
        if policy not in ports:
            doorkeeper = Doorkeeper(policy, "fleet", "secret", b"k" * 32)
            resources = ResourceFiles(runner, doorkeeper, tmp_path, now=lambda: NOW)
            endpoint = FilesEndpoint(b"s" * 32, NoLinks(), files=tmp_path, incoming=tmp_path, file_limit=1)
            port = FilesPort(resources, endpoint)
            ports[policy] = serve(HttpFactory(port.handle, begin=port.begin))
        client = connect(ports[policy])
        client.send(b"%b %b HTTP/1.1\r\nHost: acs\r\n%b\r\n" % (method, path, fields))
        return client.answer(head_only=method == b"HEAD")

    yield ask
    on_reactor(runner.stop)


def know_the_phone(store: BlockingRunner) -> None:
    device = Device(
        id=PHONE,
        manufacturer="Yealink",
        oui="001565",
        product_class="CP860",
        serial_number="00156500aabb",
        software_version="37.72.0.5",
    )
    key = keyspace.device_prefix(device_key(PHONE)) + keyspace.DEVICE
    store.run_all([devices.register(PHONE), Call(("SET", key, codec.encode(device)), bool)])
    store.drive(awaited.meet("00156500aabb", PHONE))


def lines(store: BlockingRunner) -> list[str]:
    return [entry.text for entry in store.run(timeline.read(device_key(PHONE)))]


def test_a_phone_that_logs_in_fetches_a_resource_file(fetch):
    answer = fetch(b"/r/dialnow.xml", LOGIN)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer[b"content-type"] == b"application/xml"
    assert answer[b"etag"] == ETAG


def test_who_does_not_log_in_is_asked_to_and_gets_nothing(fetch, store):
    answer = fetch(b"/r/dialnow.xml")
    assert answer.status == 401
    assert CONTENT not in answer.body
    assert answer[b"www-authenticate"] is not None
    assert store.run(refusals.read(limit=5)) == []
    wrong = b"Authorization: Basic %b\r\n" % base64.b64encode(b"fleet:guess")
    assert fetch(b"/r/dialnow.xml", wrong).status == 401
    fetch(b"/r/dialnow.xml", LOGIN)  # its calls go to the store behind the one that keeps the refusal
    assert [refusal.reason for refusal in store.run(refusals.read(limit=5))] == ["wrong password"]


def test_where_nothing_is_asked_for_anybody_may_fetch(fetch):
    assert fetch(b"/r/dialnow.xml", policy="none").status == 200


def test_an_unchanged_file_is_not_sent_again(fetch):
    answer = fetch(b"/r/dialnow.xml", LOGIN + b"If-None-Match: %b\r\n" % ETAG)
    assert (answer.status, answer.body) == (304, b"")
    other = fetch(b"/r/dialnow.xml", LOGIN + b'If-None-Match: "other"\r\n')
    assert other.status == 200


def test_the_address_stays_when_the_file_is_replaced(fetch, store, tmp_path):
    changed = "cd" * 32
    (tmp_path / changed).write_bytes(b"<DialNow/>")
    store.run(files.put(StoredFile("dialnow.xml", changed, 10, resource="dial-now")))
    answer = fetch(b"/r/dialnow.xml", LOGIN + b"If-None-Match: %b\r\n" % ETAG)
    assert (answer.status, answer.body) == (200, b"<DialNow/>")


@pytest.mark.parametrize("path", [b"/r/secret.cfg", b"/r/nothing.xml", b"/files/r/gone.xml"])
def test_what_is_no_resource_file_is_not_served(fetch, path):
    answer = fetch(path, LOGIN)
    assert answer.status == 404
    assert answer[b"content-type"].startswith(b"text/plain")


@pytest.mark.parametrize("path", [b"/r/", b"/r/../secret.cfg", b"/r/%2e%2e", b"/r/.hidden", b"/r"])
def test_what_is_no_name_is_not_looked_for(fetch, path):
    assert fetch(path, LOGIN).status == 404


def test_an_address_below_a_prefix_is_the_same(fetch):
    assert fetch(b"/phones/r/dialnow.xml", LOGIN).status == 200


def test_a_file_whose_bytes_are_gone_is_404(fetch, tmp_path):
    (tmp_path / SHA).unlink()
    assert fetch(b"/r/dialnow.xml", LOGIN).status == 404


def test_head_tells_the_size_alone(fetch):
    answer = fetch(b"/r/dialnow.xml", LOGIN, method=b"HEAD")
    assert (answer.status, answer[b"content-length"]) == (200, b"%d" % len(CONTENT))


@pytest.mark.parametrize("method", [b"PUT", b"POST", b"DELETE"])
def test_nobody_writes_here(fetch, method):
    answer = fetch(b"/r/dialnow.xml", LOGIN + b"Content-Length: 0\r\n", method=method)
    assert (answer.status, answer[b"allow"]) == (405, b"GET, HEAD")


def test_links_of_tasks_are_still_for_the_link_server(fetch):
    assert fetch(b"/d/forged/dialnow.xml", LOGIN).status == 403


def test_a_fetch_is_on_the_timeline_of_a_known_phone(fetch, store):
    fetch(b"/r/dialnow.xml", LOGIN + USER_AGENT)
    assert lines(store) == []
    know_the_phone(store)
    fetch(b"/r/dialnow.xml", LOGIN + USER_AGENT)
    fetch(b"/r/dialnow.xml", LOGIN + USER_AGENT + b"If-None-Match: %b\r\n" % ETAG)
    assert lines(store) == [
        "Asked for dialnow.xml: unchanged",
        f"Fetched dialnow.xml ({len(CONTENT)} bytes)",
    ]
