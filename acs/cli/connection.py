"""Where the server is, how to log in, and REST calls whose refusals become exit codes.

On the machine of the server nobody has to log in: `acs up` leaves its address in `run.json` and a token in
`local-admin.token`, both in its data directory. Elsewhere `acs login` keeps both (`acs.cli.profiles`), or
`--url` and `--token` say it, or ACS_URL and ACS_TOKEN.
"""

from __future__ import annotations

import errno
import json
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote

import click
import httpx

from acs.cli import outcomes, profiles
from acs.cli.printing import Printer
from acs.cli.profiles import Profile
from acs.fleet.selector.errors import SelectorError

#: Seconds for the server to take a connection, and to begin an answer to a call that does not wait.
CONNECT_PATIENCE = 10.0
ANSWER_PATIENCE = 60.0

_REFUSALS = {
    401: outcomes.NotAuthorised,
    403: outcomes.NotAuthorised,
    404: outcomes.NotFound,
    502: outcomes.Unreachable,
    503: outcomes.Unreachable,
    504: outcomes.Unreachable,
}


def segment(name: str) -> str:
    """A name as one segment of a URL's path; ids contain `%` themselves, so that is encoded once more."""
    return quote(name, safe="")


def problem_text(answer: httpx.Response) -> str:
    """An RFC 9457 problem as text: each of its errors as `field: value: message`, else its detail."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return f"the server answered {answer.status_code} {answer.reason_phrase}"
    errors = [error_text(error) for error in problem.get("errors", ()) if isinstance(error, dict)]
    if errors:
        return ("\n" if "line" in problem["errors"][0] else "; ").join(errors)
    return str(problem.get("detail") or problem.get("title") or f"status {answer.status_code}")


def error_text(error: Mapping[str, Any]) -> str:
    """One error of a problem as `field: value: message (allowed: …)`; of a selector with a mark below the
    character that is wrong."""
    said = str(error.get("message", ""))
    allowed = error.get("allowed")
    if allowed not in (None, "", []):
        listed = ", ".join(map(str, allowed)) if isinstance(allowed, list) else str(allowed)
        said = f"{said} (allowed: {listed})" if said else f"allowed: {listed}"
    if error.get("section"):
        said += f"; the guide's section {error['section']!r}"
    shown = [str(error.get("field", "?"))]
    place, text = error.get("position"), error.get("value")
    if isinstance(place, int) and isinstance(text, str):
        return f"{shown[0]}: {said}\n{SelectorError(text, place, said).pointed()}"
    if (value := error.get("value")) not in ("", None):
        shown.append(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return ": ".join([*shown, said])


class ServerEvent(NamedTuple):
    """One event of a stream; `id` is what the next one is asked for by."""

    id: str
    data: Any


class Api:
    """REST calls to one server. Refusals raise `outcomes.CommandError` with the matching exit code."""

    def __init__(self, url: str, token: str, *, verify: bool | str = True, origin: str = "--url") -> None:
        self.url = url.rstrip("/")
        self._origin = origin
        _check_address(url, origin)
        headers = {"User-Agent": "acs-cli", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            self._client = httpx.Client(
                base_url=self.url,
                headers=headers,
                verify=verify,
                timeout=httpx.Timeout(ANSWER_PATIENCE, connect=CONNECT_PATIENCE),
                trust_env=False,
            )
        except (OSError, ValueError, httpx.InvalidURL) as error:
            raise outcomes.WrongUsage(f"cannot use {url} with these TLS options: {error}") from None

    def call(
        self, method: str, path: str, *, patience: float = ANSWER_PATIENCE, **request: Any
    ) -> httpx.Response:
        """One call below /api/v1; `patience` in seconds. Returns any 2xx answer."""
        try:
            answer = self._client.request(
                method,
                f"/api/v1{path}",
                timeout=httpx.Timeout(patience, connect=min(patience, CONNECT_PATIENCE)),
                **request,
            )
        except httpx.HTTPError as error:
            raise self._no_answer(error) from None
        return self._checked(answer)

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of a GET."""
        return self.call("GET", path, params=parameters).json()

    def pages(self, path: str, *, limit: int | None, **parameters: Any) -> Iterator[dict[str, Any]]:
        """The pages of a list until `limit` items (None: all) were in them."""
        cursor: str | None = None
        missing = limit
        while missing is None or missing > 0:
            asked = {**parameters, "limit": 500 if missing is None else min(missing, 500)}
            if cursor:
                asked["cursor"] = cursor
            page: dict[str, Any] = self.get(path, **asked)
            yield page
            cursor = page.get("next")
            if not cursor:
                return
            if missing is not None:
                missing -= len(page["items"])

    def download(
        self,
        path: str,
        target: Path,
        progress: Callable[[int, int | None], None],
        *,
        patience: float = ANSWER_PATIENCE,
    ) -> int:
        """GET a file's content into `target`, return its size; `progress` hears (bytes so far, all bytes)."""
        done = 0
        times = httpx.Timeout(patience, connect=CONNECT_PATIENCE)
        try:
            with self._client.stream(
                "GET", f"/api/v1{path}", headers={"Accept": "*/*"}, timeout=times
            ) as answer:
                if not answer.is_success:
                    answer.read()
                    self._checked(answer)
                total = answer.headers.get("Content-Length")
                with _opened(target) as out:
                    for chunk in answer.iter_bytes():
                        out.write(chunk)
                        done += len(chunk)
                        progress(done, int(total) if total else None)
        except httpx.HTTPError as error:
            raise self._no_answer(error) from None
        except OSError as error:
            raise outcomes.CommandError(f"{target}: {error.strerror}") from None
        return done

    def follow(
        self, path: str, *, patience: float, last: str = "", **parameters: Any
    ) -> Iterator[ServerEvent]:
        """The events of a stream until it ends, from the one behind `last` on.

        `patience`: seconds in which something has to come, if only a sign of life.
        """
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        times = httpx.Timeout(patience, connect=CONNECT_PATIENCE)
        try:
            with self._client.stream(
                "GET", f"/api/v1{path}", params=parameters, headers=headers, timeout=times
            ) as answer:
                if not answer.is_success:
                    answer.read()
                    self._checked(answer)
                block: dict[str, str] = {}
                for line in answer.iter_lines():
                    name, _, value = line.partition(":")
                    if name:
                        block[name] = value.removeprefix(" ")
                    elif not line:
                        if "data" in block:
                            yield ServerEvent(block.get("id", ""), json.loads(block["data"]))
                        block = {}
        except httpx.HTTPError as error:
            raise self._no_answer(error) from None

    def close(self) -> None:
        self._client.close()

    def _no_answer(self, error: httpx.HTTPError) -> outcomes.Unreachable:
        if isinstance(error, httpx.TimeoutException):
            return outcomes.Unreachable(f"{self.url} does not answer ({self._origin})")
        return outcomes.Unreachable(
            f"cannot reach the server at {self.url} ({self._origin}): {error or type(error).__name__}; "
            "is `acs up` running?"
        )

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        text = problem_text(answer)
        if answer.status_code == 401 and not answer.request.url.path.endswith("/session"):
            text = text.rstrip(".") + "; give --token or ACS_TOKEN, or --data-dir on the server's own machine"
        raise _REFUSALS.get(answer.status_code, outcomes.CommandError)(text)


def _opened(target: Path) -> AbstractContextManager[BinaryIO]:
    """The file to write; - stands for standard output."""
    return nullcontext(sys.stdout.buffer) if str(target) == "-" else target.open("wb")


def _check_address(url: str, origin: str) -> None:
    """Raises WrongUsage for what is no address of a server."""
    try:
        read = httpx.URL(url)
        fine = read.scheme in ("http", "https") and bool(read.host)
    except httpx.InvalidURL:
        fine = False
    if not fine:
        raise outcomes.WrongUsage(
            f"{origin}: {url}: is no address of a server (allowed: http://HOST:PORT or https://HOST:PORT)"
        )


@dataclass(frozen=True)
class RunningServer:
    """What a running `acs up` leaves in its data directory."""

    web_url: str
    token: str


def running_server(data_dir: Path) -> RunningServer | None:
    """The server whose data directory this is; None where none left a run.json."""
    try:
        run = json.loads((data_dir / "run.json").read_text())
    except (OSError, ValueError):
        return None
    try:
        token = (data_dir / "local-admin.token").read_text().strip()
    except OSError:
        token = ""  # another user's: the answer 401 says what to do
    return RunningServer(run["web_url"], token)


def _is_this_machine(host: str) -> bool:
    """Whether this is an address of this machine: only those can be bound. A name other than localhost may
    lead anywhere."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except (ValueError, OSError):
        return False
    return True


@dataclass
class Server:
    """The options every REST command has, and what they lead to."""

    url: str | None
    token: str | None
    data_dir: Path
    ca: str | None
    insecure: bool
    printer: Printer
    profile: str | None = None
    _api: Api | None = None

    @property
    def api(self) -> Api:
        if self._api is None:
            self._api = self._find()
        return self._api

    def _find(self) -> Api:
        local = running_server(self.data_dir)
        verify: bool | str = False if self.insecure else (self.ca or True)
        if self.url:
            # the local token goes to the local server only, and that of a profile to the profile's
            token = self.token or (local.token if local and local.web_url == self.url.rstrip("/") else "")
            kept = None if token else profiles.load().of_url(self.url)
            return self._with(kept) if kept is not None else Api(self.url, token, verify=verify)
        if self.profile or local is None:
            known = profiles.load()
            if self.profile or known.current:
                return self._with(known.find(self.profile or known.current))
            raise outcomes.Unreachable(
                f"no server runs with {self.data_dir} (there is no run.json in it); "
                "log in to one with `acs login URL`, or give --url and --token, or --data-dir"
            )
        if not self.ca and _is_this_machine(httpx.URL(local.web_url).host):
            # the certificate names the public host, and nobody sits between this machine and itself
            verify = False
        return Api(
            local.web_url, self.token or local.token, verify=verify, origin=f"from {self.data_dir}/run.json"
        )

    def _with(self, profile: Profile) -> Api:
        """The server of a profile; what was given on the command line counts first."""
        verify: bool | str = self.ca or profile.ca or True
        if self.insecure or (profile.insecure and not self.ca):
            verify = False
        return Api(profile.url, self.token or profile.token, verify=verify, origin="of `acs login`")

    def close(self) -> None:
        if self._api is not None:
            self._api.close()


Command = Callable[..., Any]


def server_options(command: Command) -> Command:
    """Adds --url, --token, --profile, --data-dir, --ca, --insecure and --json; the command gets a `Server`
    first."""

    @wraps(command)
    def with_server(
        url: str | None,
        token: str | None,
        data_dir: Path,
        ca: str | None,
        insecure: bool,
        as_json: bool,
        profile: str | None,
        **arguments: Any,
    ) -> Any:
        server = Server(url, token, data_dir, ca, insecure, Printer(as_json), profile)
        try:
            return command(server, **arguments)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # a reader that has enough, such as head
            raise outcomes.CommandError(f"{error.filename or 'stdout'}: {error.strerror or error}") from None
        finally:
            server.close()

    for option in reversed(_OPTIONS):
        with_server = option(with_server)
    return with_server


data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="ACS_DATA_DIR",
    default=Path("acs-data"),
    show_default="$ACS_DATA_DIR or ./acs-data",
    help="Data directory of a server on this machine.",
)

#: how to reach a server
CONNECTION_OPTIONS = (
    click.option(
        "--url", envvar="ACS_URL", help="The server's REST address, http://host:8080. [env: ACS_URL]"
    ),
    click.option("--token", envvar="ACS_TOKEN", help="API token. [env: ACS_TOKEN]"),
    data_dir_option,
    click.option(
        "--ca",
        envvar="ACS_CA",
        type=click.Path(exists=True, dir_okay=False),
        help="PEM file of the authority that signed the server's certificate.",
    ),
    click.option("--insecure", is_flag=True, help="Do not check the server's certificate."),
)

_OPTIONS = (
    *CONNECTION_OPTIONS,
    click.option(
        "--profile", envvar="ACS_PROFILE", help="A server that `acs login` has kept. [env: ACS_PROFILE]"
    ),
    click.option("--json", "as_json", is_flag=True, help="Machine output: JSON on stdout and nothing else."),
)
