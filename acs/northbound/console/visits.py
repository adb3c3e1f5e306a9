"""One request of a browser on its way through a page: who asks, what is asked, what was filled in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from msgspec import Struct
from twisted.web.resource import Resource
from twisted.web.server import Request

from acs.northbound.browser_session import Seat
from acs.northbound.rest.bodies import Body
from acs.northbound.rest.routing import Services
from acs.operations.actors import Actor, Role
from acs.operations.errors import Invalid
from acs.operations.ports import Runner

#: Largest filled-in form, in bytes; a dial plan pasted into one has some hundred KB.
FORM_LIMIT = 1 << 20


class Answer(Struct, frozen=True):
    """What goes to the browser."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


def redirect(place: str, *headers: tuple[str, str]) -> Answer:
    """On to another page of this console, by GET."""
    return Answer(status=303, headers=(("Location", place), *headers))


class Record(Struct, frozen=True):
    """One change for the audit."""

    on: str
    old: Any = None
    new: Any = None


class Form:
    """What was filled in. Fields of one name may be given several times."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        self._last = dict(pairs)

    def __contains__(self, name: str) -> bool:
        return name in self._last

    def text(self, name: str) -> str:
        """What stands in this field, without blanks around it; "" where it is missing."""
        return self._last.get(name, "").strip()

    def raw(self, name: str) -> str:
        return self._last.get(name, "")

    def every(self, name: str) -> list[str]:
        return [value for field, value in self.pairs if field == name]

    def beginning(self, prefix: str) -> dict[str, str]:
        """The fields whose names begin so, by what follows."""
        return {field.removeprefix(prefix): value for field, value in self.pairs if field.startswith(prefix)}


class Visit:
    """A request with all that a page may use."""

    def __init__(self, services: Services, request: Request, path: dict[str, str], seat: Seat | None) -> None:
        #: for whoever is signed in: within the phones that they may see
        self.services = seat.services if seat is not None else services
        self.request: Any = request  # twisted.web is not typed throughout
        self.seat = seat
        #: what the audit is told of a change: on what, how it was, how it becomes
        self.record: Record | None = None
        self._path = path
        _, _, text = request.uri.partition(b"?")
        self.query = Form(parse_qsl(text.decode("ascii", "replace"), keep_blank_values=True))
        self._form: Form | None = None

    @property
    def actor(self) -> Actor:
        """Who is signed in. Only the pages before that have nobody."""
        assert self.seat is not None
        return self.seat.actor

    @property
    def runner(self) -> Runner:
        return self.services.runner

    @property
    def now(self) -> float:
        return self.services.now()

    @property
    def here(self) -> str:
        """The path and query of this request."""
        return str(self.request.uri.decode("ascii", "replace"))

    @property
    def path(self) -> str:
        return str(self.request.path.decode("ascii", "replace"))

    @property
    def part(self) -> str:
        """The part of the page that is asked for alone; "" for all of it."""
        return self.query.text("part")

    def may(self, role: str) -> bool:
        """Whether the visitor's role covers this one."""
        return self.seat is not None and self.seat.actor.role.covers(Role(role))

    def segment(self, name: str) -> str:
        return unquote(self._path[name])

    def spellings(self, name: str) -> tuple[str, ...]:
        """A device id has percent signs; people paste it into an address as it is."""
        return tuple(dict.fromkeys((self.segment(name), self._path[name])))

    @property
    def body(self) -> Body:
        content: Any = self.request.content
        assert isinstance(content, Body)
        return content

    @property
    def is_form(self) -> bool:
        """Whether the body is a filled-in form, and not a file."""
        kind = self.request.getHeader("content-type") or ""
        return bool(kind.startswith("application/x-www-form-urlencoded"))

    def form(self) -> Form:
        """Raises Invalid where the form is no text, TooLarge beyond `FORM_LIMIT`."""
        if self._form is None:
            raw = self.body.whole(FORM_LIMIT)
            try:
                text = raw.decode()
                self._form = Form(parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict"))
            except ValueError:
                raise Invalid.field("form", "is no filled-in form", allowed="UTF-8 text") from None
        return self._form

    def tell(self, on: str, *, old: Any = None, new: Any = None) -> None:
        """Say what the audit is to have of this change; else it has the path and what was filled in."""
        self.record = Record(on, old, new)


class Page(Struct, frozen=True):
    """A page as a value: where it is, who may see it, what makes it. A role of None needs no signing in.

    `deed` is what the audit calls a change, as REST does: `groups.create`.
    """

    method: str
    path: str
    handle: Callable[[Visit], Awaitable[Answer | Resource]]
    role: Role | None = Role.VIEWER
    deed: str = ""
    #: whether somebody who sees only the phones of a selector may use it
    limited: bool = False


def phone_path(device_id: str, *more: str) -> str:
    """Where the page of a phone is."""
    return "/".join(["/phones", quote(device_id, safe=""), *more])
