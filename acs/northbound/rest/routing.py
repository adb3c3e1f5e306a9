"""A route as a value: what is answered, what the OpenAPI document says, who may call, all in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

import msgspec
from msgspec import Struct
from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import Resource
from twisted.web.server import Request

from acs.datamodel.keys import Catalogue
from acs.datamodel.model_files import ModelFiles
from acs.fleet.daily_window import DailyWindow
from acs.fleet.metrics import Tally
from acs.northbound import json_text
from acs.northbound.rest.bodies import Body
from acs.northbound.rest.problems import BadRequest
from acs.northbound.rest.replies import JSON, Reply
from acs.northbound.web import Web
from acs.operations import backups, validation
from acs.operations.ports import Replay, Runner, Wake
from acs.operations.provisioning_files import Account
from acs.operations.tokens import Actor, Role
from acs.store.shapes import Shapes

#: Largest JSON body, in bytes; a set_parameter_values of 5,000 parameters has about 500 KB.
JSON_LIMIT = 4 << 20


class Services(Struct, frozen=True, kw_only=True):
    """All that handlers may use. Nothing else is reachable from a request."""

    runner: Runner
    #: the process's cache of models' shapes, against which parameter trees are stored
    shapes: Shapes
    #: sends connection requests
    wake: Wake
    #: plays recorded sessions again
    replay: Replay
    #: stored files by their SHA-256, and where bodies lie while they come in (same file system)
    files: Path
    incoming: Path
    #: timers: the reactor, or a test's clock
    reactor: IReactorTime
    #: seconds since the epoch
    now: Callable[[], float]
    #: so many random bytes
    randomness: Callable[[int], bytes]
    #: the documented configuration keys, the operators' own among them
    catalogue: Catalogue
    #: the models whose common file's number is known, and what leads phones to this server
    models: ModelFiles
    account: Account
    #: largest stored file, in bytes
    file_limit: int
    version: str
    #: when phones may reboot for their configuration, None for never
    config_window: DailyWindow | None = None
    #: phones from which on a rollout needs a second person, 0 for never
    rollout_approval: int = 0
    #: what is set for the web port
    web: Web = Web()
    #: the address of the files port for phones, "" where it is not known
    files_url: Callable[[], str] = str
    #: who may read the metrics without an API token: everybody, or who shows this token ("" for nobody)
    metrics_open: bool = False
    metrics_token: str = ""
    #: the names of ports that this process should serve and does not
    closed_ports: Callable[[], tuple[str, ...]] = tuple
    #: counts requests
    tally: Tally = msgspec.field(default_factory=Tally)
    #: stands in the action URLs of phones, and whether their events of calls are kept
    action_token: str = ""
    keeps_calls: bool = False
    #: where there is what a backup has
    backup: backups.Source | None = None
    #: how the server is set: name, value, what it means; secrets blanked
    settings: tuple[tuple[str, str, str], ...] = ()


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """For routes that take no query parameters."""


class AnyQuery(Struct, frozen=True):
    """For routes to which others lead, with what they like in the query; read it with `Call.said`."""


class Call:
    """One request on its way through a handler."""

    def __init__(
        self,
        services: Services,
        request: Request,
        path: dict[str, str],
        actor: Actor | None,
        query: Any,
        identifier: str = "",
    ) -> None:
        self.services = services
        self.request = request
        #: the id of the request, as the log, the audit and the answer have it
        self.id = identifier
        self.query = query
        self._path = path
        self._actor = actor

    @property
    def actor(self) -> Actor:
        """Who calls. Only routes that need no token have nobody."""
        assert self._actor is not None
        return self._actor

    @property
    def address(self) -> str:
        """Where the request comes from."""
        return self.services.web.address(self.request)

    def looking(self, query: Any) -> Call:
        """The same object, only looked at, with this query."""
        return Call(self.services, self.request, self._path, self._actor, query, self.id)

    @property
    def now(self) -> float:
        return self.services.now()

    def segment(self, name: str) -> str:
        """A part of the path, percent-decoded once."""
        return unquote(self._path[name])

    def spellings(self, name: str) -> tuple[str, ...]:
        """What a part of the path may mean: decoded once, as is right, or taken as it was written.

        Device ids contain percent signs. A client that quotes writes `%25` for them; one that pastes an id
        into a URL does not, and means the text itself.
        """
        return tuple(dict.fromkeys((self.segment(name), self._path[name])))

    def said(self, name: str) -> str:
        """The first of the query's values of this name, "" for none."""
        _, _, text = self.request.uri.partition(b"?")
        return parse_qs(text.decode("ascii", "replace")).get(name, [""])[0]

    @property
    def body(self) -> Body:
        content: Any = self.request.content
        assert isinstance(content, Body)
        return content

    def json(self) -> Any:
        """The body's JSON, whatever its Content-Type says. Raises BadRequest with the place of the fault."""
        raw = self.body.whole(JSON_LIMIT)
        if not raw.strip():
            raise BadRequest("The body is empty; a JSON object is needed.")
        return json_text.decoded(raw, "The body")

    def read(self, kind: type[validation.T]) -> validation.T:
        """The body as a record of this kind."""
        return validation.read(kind, self.json())

    def read_if_given(self, kind: type[validation.T]) -> validation.T:
        """The body as such a record, of its defaults where there is no body."""
        return self.read(kind) if self.body.size else kind()


def contents(answer: Any) -> dict[str, Any]:
    """Of one of a route's answers: content type to the type of the content."""
    if answer is None:
        return {}
    return answer if isinstance(answer, dict) else {JSON: answer}


class Handler(Protocol):
    def __call__(self, call: Call, /) -> Awaitable[Reply | Resource]: ...


class Route(Struct, frozen=True, kw_only=True):
    """`path` is an OpenAPI path template.

    `answers` has the true statuses: the type of the JSON body, or the type for each content type, or None for
    no body. `bytes` stands for content that is nothing but bytes.
    """

    method: str
    path: str
    handle: Handler
    summary: str
    answers: dict[int, Any]
    #: the least role that may call it; None for everybody, without a token
    role: Role | None = Role.VIEWER
    query: type[Struct] = NoQuery
    #: the type of the JSON body, or bytes for a raw one, None for none
    body: Any = None
    #: whether it may be left out, which says what its defaults say
    body_optional: bool = False
    #: the content type of a raw body
    body_type: str = "application/octet-stream"
    #: lets some callers in without an API token
    admits: Callable[[Services, Request], bool] | None = None
    #: problem statuses beyond those that every route may answer
    problems: tuple[int, ...] = ()
    #: for actors who are limited to some phones too: it shows and changes nothing of other phones
    limited: bool = False
    #: whether it changes anything, and so stands in the audit; by default what is no GET and not for viewers
    changes: bool | None = None
    #: its name in the audit, where the path does not say it
    operation: str = ""
    #: what the audit has of the JSON that was sent, where that is not the JSON itself
    told: Callable[[Any], Any] | None = None
    #: what the audit has of how it was, where no GET of the same path tells; raises NotFound for nothing
    was: Callable[[Call], Awaitable[Any]] | None = None
    #: its answer has an ETag; where it changes what it shows, it takes If-Match
    tagged: bool = False
    #: its answer has a secret that is shown this once
    shows_secret: bool = False
    #: whether the OpenAPI document has it: not the ways of browsers
    documented: bool = True

    @property
    def is_change(self) -> bool:
        if self.changes is not None:
            return self.changes
        return self.method != "GET" and self.role not in (None, Role.VIEWER)

    @property
    def for_limited(self) -> bool:
        """One phone by its id is looked for in sight only (`acs.operations.limits`)."""
        return self.limited or self.path.startswith("/api/v1/devices/{device}")

    @property
    def creates(self) -> bool:
        return self.method == "POST" and 201 in self.answers
