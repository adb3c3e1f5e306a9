"""Real servers for the system tests: `acs up` as a process, on free ports, in a directory of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

ACS = str(Path(sys.executable).with_name("acs"))
LISTENER = re.compile(r"^(cwmp|files|web|stun)\s+((?:https?|udp)://\S+?:\d+)/?(?:\s|$)")


class Server:
    """One `acs up`. `lines` is what it printed until it was ready; `urls` has cwmp, files and web."""

    def __init__(self, data_dir: Path, *flags: str) -> None:
        self.data_dir = data_dir
        self.flags = flags
        self.lines: list[str] = []
        self.urls: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        """Start it (again); after the first time on the same ports, as an operator would."""
        ports = {name: url.rpartition(":")[2] for name, url in self.urls.items()}
        arguments = [ACS, "up", "--data-dir", str(self.data_dir), "--bind", "127.0.0.1"]
        for name in ("cwmp", "files", "web"):
            arguments += [f"--{name}-port", ports.get(name, "0")]
        log = (self.data_dir.parent / f"{self.data_dir.name}.log").open("ab")
        self.process = subprocess.Popen(
            [*arguments, *self.flags], stdout=subprocess.PIPE, stderr=log, text=True
        )
        log.close()
        self.lines = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if found := LISTENER.match(line):
                self.urls[found[1]] = found[2]
            if line == "ready\n":
                break
        assert self.lines[-1:] == ["ready"], f"it printed {self.lines}; log: {self.log()}"
        self._client: httpx.Client | None = None

    @property
    def api(self) -> httpx.Client:
        """A client with the local administrator's token."""
        if self._client is None:
            token = (self.data_dir / "local-admin.token").read_text().strip()
            self._client = httpx.Client(
                base_url=self.urls["web"],
                headers={"Authorization": f"Bearer {token}"},
                timeout=90,
                verify=False,
            )
        return self._client

    @property
    def login(self) -> dict[str, str]:
        return json.loads((self.data_dir / "fleet-credential.json").read_text())

    def log(self) -> str:
        return (self.data_dir.parent / f"{self.data_dir.name}.log").read_text()

    def tracebacks(self) -> list[str]:
        """Lines of the server processes with a traceback. A worker names its logger: when Redis is killed
        under a job, that job has failed, and RQ says so in its own way."""
        lines = self.log().splitlines()
        return [line for line in lines if "Traceback" in line and '"logger":' not in line]

    @property
    def pid(self) -> int:
        """The supervisor's."""
        return self.process.pid

    def family(self) -> list[int]:
        """The pids of the server's processes: the supervisor first, then its children and theirs."""
        pids = [self.process.pid]
        for pid in pids:
            tasks = Path(f"/proc/{pid}/task/{pid}/children")
            pids += [int(child) for child in tasks.read_text().split()] if tasks.exists() else []
        return pids

    def acs(self, *arguments: str, check: bool = True, **kwargs: object) -> subprocess.CompletedProcess[str]:
        """Run `acs` on this server's data directory."""
        environ = {**os.environ, "ACS_DATA_DIR": str(self.data_dir)}
        done = subprocess.run(
            [ACS, *arguments], env=environ, capture_output=True, text=True, timeout=120, **kwargs
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def kill_all(self) -> None:
        """`kill -9` of everything at once, as a power cut would."""
        for pid in self.family():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server without phone authentication, for all tests that do it no harm."""
    server = Server(tmp_path_factory.mktemp("shared") / "data", "--cpe-auth", "none")
    yield server
    assert server.stop() == 0


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers that the test may harm; stops those that are left."""
    servers: list[Server] = []

    def start(*flags: str, name: str = "data") -> Server:
        servers.append(Server(tmp_path / name, *flags))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts a server for all tests of a module; stops it after them."""
    servers: list[Server] = []

    def start(*flags: str) -> Server:
        servers.append(Server(tmp_path_factory.mktemp("module") / "data", *flags))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def refused_start() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `acs up` with flags that it must refuse; returns what it said."""

    def start(*flags: str) -> subprocess.CompletedProcess[str]:
        ports = ("--bind", "127.0.0.1", "--cwmp-port", "0", "--files-port", "0", "--web-port", "0")
        return subprocess.run([ACS, "up", *ports, *flags], capture_output=True, text=True, timeout=60)

    return start
