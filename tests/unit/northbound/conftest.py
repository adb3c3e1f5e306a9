"""A real server over a real Redis, and phones that called once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis, RedisError

from acs.cwmp.structures import DeviceId
from acs.fleet.device import Device
from acs.fleet.identity import device_id_text, device_key
from acs.store import codec, devices, keyspace, tokens
from acs.store.calls import Call
from acs.store.runner_blocking import BlockingRunner
from acs.store.tokens import Token
from tests.unit.northbound.browser import PASSWORD, Browser

SERVER = Path(__file__).with_name("rest_server.py")


class RedisServer:
    """A private redis-server on a UNIX socket; what it holds survives `stop` and `start`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.socket = directory / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        where = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self._directory)]
        command = ["redis-server", *where, "--save", "", "--appendonly", "yes"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        redis = Redis(unix_socket_path=str(self.socket))
        while not _answers(redis):
            assert self._process.poll() is None
            time.sleep(0.01)
        redis.close()

    def stop(self) -> None:
        assert self._process is not None
        stop(self._process)

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)


def _answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def start_rest(
    redis_url: str, data_dir: Path, web: str = "{}", approval: int = 0
) -> tuple[subprocess.Popen[str], str]:
    """The process and its URL; `web` is what is set for the web port, `approval` is `rollout_approval`."""
    data_dir.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, str(SERVER), redis_url, str(data_dir), web, str(approval)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, f"http://127.0.0.1:{int(process.stdout.readline())}"


def stop(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    process.wait(20)
    if process.stdout is not None:
        process.stdout.close()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def base_url(redis_server: RedisServer, data_dir: Path) -> Iterator[str]:
    process, url = start_rest(redis_server.url, data_dir)
    yield url
    stop(process)


@pytest.fixture
def store(redis_server: RedisServer) -> BlockingRunner:
    """The store, emptied."""
    redis = Redis(unix_socket_path=str(redis_server.socket))
    redis.flushall()
    redis.close()
    return BlockingRunner(redis_server.url)


class Api:
    """REST calls below /api/v1 as one actor."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url
        self.token = token
        self.client = httpx.Client(base_url=url, headers=headers, timeout=90, trust_env=False, verify=False)

    def __call__(self, method: str, path: str, **how: Any) -> httpx.Response:
        path = path if path.startswith(("/healthz", "/readyz", "/metrics", "/api/")) else f"/api/v1{path}"
        return self.client.request(method, path, **how)


def keep_token(
    store: BlockingRunner, role: str, *, name: str = "", expires_at: float = 0, select: str = ""
) -> str:
    identifier = os.urandom(4).hex()
    store.run(
        tokens.create(
            Token(
                identifier,
                role,
                sha256(b"secret").hexdigest(),
                name=name or f"a {role}",
                created_at=1.0,
                expires_at=expires_at,
                select=select,
            )
        )
    )
    return f"acs_{identifier}_secret"


@pytest.fixture
def as_role(store: BlockingRunner, base_url: str) -> Iterator[Callable[..., Api]]:
    """`as_role("viewer")` calls with a new token of that role."""
    made: list[Api] = []

    def make(role: str, **how: Any) -> Api:
        made.append(Api(base_url, keep_token(store, role, **how)))
        return made[-1]

    yield make
    for api in made:
        api.client.close()


@pytest.fixture
def api(as_role: Callable[..., Api]) -> Api:
    """Calls as an admin."""
    return as_role("admin", name="Alice")


@pytest.fixture
def browser(api: Api, base_url: str) -> Iterator[Callable[..., Browser]]:
    """`browser("adam", "engineer")` is logged in on the console."""
    opened: list[Browser] = []

    def enter(name: str = "adam", role: str = "engineer", **more: str) -> Browser:
        made = api("POST", "/users", json={"name": name, "role": role, "password": PASSWORD, **more})
        assert made.status_code == 201, made.text
        opened.append(Browser(base_url).log_in(name))
        return opened[-1]

    yield enter
    for one in opened:
        one.client.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[tuple[RedisServer, Api]]:
    """A Redis that may be stopped, and an admin of a server over it."""
    redis = RedisServer(tmp_path)
    token = keep_token(BlockingRunner(redis.url), "admin")
    process, url = start_rest(redis.url, tmp_path / "data")
    api = Api(url, token)
    yield redis, api
    api.client.close()
    stop(process)
    redis.stop()


@pytest.fixture(scope="module")
def server_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Callable[..., Api]]]:
    """`server_with(web)` is a server for which this is set (JSON); gives what makes callers with a role of
    their own, "" for none."""
    ends: list[Callable[[], Any]] = []

    def start(web: str) -> Callable[..., Api]:
        folder = tmp_path_factory.mktemp("own")
        redis = RedisServer(folder)
        process, url = start_rest(redis.url, folder / "data", web)
        ends.extend((lambda: stop(process), redis.stop))
        runner = BlockingRunner(redis.url)

        def caller(role: str, **how: Any) -> Api:
            return Api(url, keep_token(runner, role, **how) if role else "")

        return caller

    yield start
    for end in ends:
        end()


@pytest.fixture
def anonymous(store: BlockingRunner, base_url: str) -> Iterator[Api]:
    api = Api(base_url, "")
    yield api
    api.client.close()


@pytest.fixture
def phone(store: BlockingRunner, a_phone: Callable[..., Device]) -> Callable[..., str]:
    """`phone(serial_number="1")` is known from now on; gives its id."""
    return lambda **facts: put_device(store, a_phone(**facts))


@pytest.fixture
def a_phone() -> Callable[..., Device]:
    """`a_phone(serial_number="1")` is the record of such a phone."""

    def make(**facts: Any) -> Device:
        known = {
            "manufacturer": "Yealink",
            "oui": "001565",
            "product_class": "CP860",
            "serial_number": "0015650001",
            "software_version": "37.72.0.5",
            "hardware_version": "37.0.0.0",
            "root": "Device.",
            "ip": "192.0.2.7",
            "first_seen": 1000.0,
            "last_inform": time.time() - 10,
            "events": ("2 PERIODIC",),
            "inform_interval": 3600,
            **facts,
        }
        names = ("manufacturer", "oui", "product_class", "serial_number")
        identifier = device_id_text(DeviceId(*(known[name] for name in names)))
        return Device(id=identifier, **known)

    return make


def put_device(store: BlockingRunner, device: Device) -> str:
    """Put the record there as a session would have left it."""
    key = keyspace.device_prefix(device_key(device.id)) + keyspace.DEVICE
    store.run_all([devices.register(device.id), Call(("SET", key, codec.encode(device)), bool)])
    return device.id


def log_in_engineer(api: Api, name: str) -> httpx.Client:
    """A user of this name with the role, made and logged in."""
    api("POST", "/users", json={"name": name, "role": "engineer", "password": PASSWORD})
    client = httpx.Client(base_url=f"{api.url}/api/v1", trust_env=False)
    csrf = client.post("/session", json={"name": name, "password": PASSWORD}).json()["csrf"]
    client.headers["X-CSRF-Token"] = csrf
    return client


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[tuple[Api, BlockingRunner]]:
    """A server where three phones need two persons, and its store."""
    redis = RedisServer(tmp_path)
    process, url = start_rest(redis.url, tmp_path / "data", approval=3)
    store = BlockingRunner(redis.url)
    yield Api(url, keep_token(store, "admin", name="robot")), store
    stop(process)
    redis.stop()


@pytest.fixture
def people(strict: tuple[Api, BlockingRunner]) -> Callable[[str], httpx.Client]:
    """`people("eve")` is logged in as an engineer at the strict server."""
    return lambda name: log_in_engineer(strict[0], name)
