"""A server of scripted answers, and the `acs` command as a user types it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from acs.cli.main import main

Answer = tuple[int, Any]


@dataclass
class Asked:
    """One request as the scripted server got it; `path` without /api/v1."""

    method: str
    path: str
    query: dict[str, str]
    token: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ScriptedServer:
    """Answers `METHOD /path` with what was scripted: in order, the last one for ever."""

    script: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def on(self, request: str, *answers: Any) -> None:
        """Each answer is a JSON value (200), bytes (200), or a pair of status and JSON value."""
        self.script[request] = [
            answer if isinstance(answer, tuple) and isinstance(answer[0], int) else (200, answer)
            for answer in answers
        ]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        answers = self.script.get(f"{asked.method} {asked.path}")
        if not answers:
            return 404, {"title": "Not Found", "detail": f"There is no {asked.path}.", "status": 404}
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def requests(self, method: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == method]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, value = scripted.answer(
                Asked(self.command, url.path.removeprefix("/api/v1"), query, token, body, dict(self.headers))
            )
            content = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *args: object) -> None:
            """Nothing: the test looks at what was asked."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scripted.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield scripted
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def data_dir(tmp_path: Path, server: ScriptedServer) -> Path:
    """The data directory of a running server: what `acs up` leaves in it for the command line."""
    (tmp_path / "run.json").write_text(json.dumps({"pid": 1, "web_url": server.url}))
    (tmp_path / "local-admin.token").write_text("acs_local_secret\n")
    return tmp_path


@pytest.fixture
def acs(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`acs("device", "list")` on the machine of the scripted server."""
    for name in ("ACS_URL", "ACS_TOKEN", "ACS_CA"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, **how: Any) -> Result:
        environment = {"ACS_DATA_DIR": str(data_dir), "COLUMNS": "200"}
        return CliRunner(env=environment).invoke(main, words, catch_exceptions=False, **how)

    return run


PHONE = {
    "id": "001565-CP860-0015651A2B3C",
    "serial_number": "0015651A2B3C",
    "software_version": "37.72.0.5",
    "ip": "192.0.2.7",
    "online": True,
    "last_inform": "2023-11-14T22:13:20Z",
    "tags": ["site7"],
}


@pytest.fixture
def phone(server: ScriptedServer) -> dict[str, Any]:
    """The fleet's only phone, found by its id and by any fragment."""
    server.on(f"GET /devices/{PHONE['id']}", PHONE)
    server.on("GET /devices", {"items": [PHONE], "next": None, "total": 1})
    return PHONE
