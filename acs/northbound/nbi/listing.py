"""What every collection takes in its URL (query, projection, sort, limit, skip), and says in headers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from acs.northbound.nbi import query
from acs.northbound.nbi.documents import Projection, written
from acs.northbound.nbi.matching import Values, rank, test_of
from acs.northbound.nbi.query import Canonical, Condition, Every, Field, Pattern
from acs.northbound.rest.problems import BadRequest
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import Call
from acs.operations.ports import Sleep

T = TypeVar("T")

#: Fields that a list may be sorted by at once.
MOST_SORTED = 5


class Asked(Struct, frozen=True):
    """`limit` None is all. `sort`: paths, and whether each descends."""

    condition: Condition
    projection: Projection
    sort: tuple[tuple[str, bool], ...]
    skip: int
    limit: int | None

    def page(self, every: Sequence[T]) -> Sequence[T]:
        end = None if self.limit is None else self.skip + self.limit
        return every[self.skip : end]

    def order(self, every: Sequence[T], keys: Callable[[T], Sequence[Any]]) -> list[T]:
        """Sorted; `keys` gives what `key_of` gave for each."""
        found = list(every)
        for place in reversed(range(len(self.sort))):
            descending = self.sort[place][1]
            found.sort(key=lambda one: keys(one)[place], reverse=descending)  # used at once
        return found

    def key_of(self, get: Callable[[str], Values]) -> list[Any]:
        """For each field that is sorted by, what tells the order."""
        return [rank(get(path), descending=descending) for path, descending in self.sort]


def parameters(call: Call) -> dict[str, str]:
    """The parameters of the URL; unknown ones do no harm, of several of one name the first counts."""
    _, _, text = call.request.uri.partition(b"?")
    found: dict[str, str] = {}
    for name, value in parse_qsl(text.decode("ascii", "replace"), keep_blank_values=True):
        found.setdefault(name, value)
    return found


def sleep_of(call: Call) -> Sleep:
    """Lets others be served for so many seconds."""

    def sleep(seconds: float) -> Deferred[None]:
        return deferLater(call.services.reactor, seconds)

    return sleep


def read(call: Call, canonical: Canonical) -> Asked:
    """Raises BadRequest, which names the parameter."""
    given = parameters(call)
    limit = given.get("limit", "").strip()
    return Asked(
        condition=query.read(given.get("query", ""), canonical),
        projection=Projection(given.get("projection", "")),
        sort=_sort(given.get("sort", ""), canonical),
        skip=_number("skip", given.get("skip", "").strip() or "0"),
        # as in MongoDB, 0 is no limit
        limit=(_number("limit", limit) or None) if limit else None,
    )


def counted(total: int) -> tuple[tuple[str, str], ...]:
    """The headers that say how many there are in all."""
    return ("total", str(total)), ("X-Total-Count", str(total))


def answer(call: Call, asked: Asked, every: Sequence[dict[str, Any]]) -> Reply:
    """Those of these documents that match: of a collection small enough to be looked at as a whole."""
    test = test_of(asked.condition)

    def get_of(one: dict[str, Any]) -> Callable[[str], Values]:
        return lambda path: values_at(one, path)

    found = [one for one in every if test(get_of(one))]
    headers = counted(len(found))
    if call.request.method == b"HEAD":
        return Reply(200, b"", headers)
    page = asked.page(asked.order(found, lambda one: asked.key_of(get_of(one))))
    return Reply(200, [written(asked.projection.of(one)) for one in page], headers)


def named(condition: Condition, path: str) -> tuple[str, ...] | None:
    """The texts that this field must be one of, whatever else is asked; None where it may be others."""
    match condition:
        case Field(path=at, operator="$eq" | "$in", readings=readings) if at == path:
            if any(one is None or isinstance(one, Pattern) for one in readings):
                return None
            return tuple(one for one in readings if isinstance(one, str))
        case Every(parts=parts):
            return next((found for part in parts if (found := named(part, path)) is not None), None)
        case _:
            return None


def plain(path: str) -> str:
    """The canonical path where there is nothing to be said of it."""
    return path


def values_at(document: dict[str, Any], path: str) -> Values:
    """What a document has at a path, all of it known."""
    node: Any = document
    for part in path.split("."):
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    return tuple(node) if isinstance(node, list) else (node,)


def _sort(text: str, canonical: Canonical) -> tuple[tuple[str, bool], ...]:
    if not text.strip():
        return ()
    given = query.decoded(text, "sort")
    if not isinstance(given, dict) or not given:
        raise BadRequest('sort: must be an object of fields and 1 or -1, such as {"_lastInform": -1}.')
    if len(given) > MOST_SORTED:
        raise BadRequest(f"sort: has {len(given)} fields; at most {MOST_SORTED} are taken.")
    for name, way in given.items():
        if isinstance(way, bool) or way not in (1, -1):
            raise BadRequest(f"sort.{name}: is {way!r}; it must be 1 (ascending) or -1 (descending).")
    return tuple((canonical(name), way == -1) for name, way in given.items())


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise BadRequest(f"{name}: is {text!r}; it must be a whole number from 0 to 999999999.")
    return int(text)
