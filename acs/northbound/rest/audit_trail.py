"""The audit of everything that changes by REST, written in this one place.

What was before is what the GET of the same path answered before; what is now is in the answer, or else what
was asked for. Of an answer only those fields are told that were asked to change, because others, such as the
time of the last Inform, change by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
import structlog
from msgspec import NODEFAULT, structs
from twisted.web.resource import Resource

from acs.datamodel.paths import is_secret
from acs.northbound.rest.bodies import IN_MEMORY
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import Call, Route, Services
from acs.operations import audit
from acs.operations.actors import Actor
from acs.operations.audit import Origin
from acs.operations.errors import OperationError
from acs.store.errors import StoreError

log = structlog.get_logger("api")

_VERBS = {"PUT": "put", "PATCH": "change", "DELETE": "delete"}


def operation_name(route: Route) -> str:
    """Such as `devices.tasks.create`, `config.change`, `devices.wake`."""
    if route.operation:
        return route.operation
    parts = [part for part in route.path.removeprefix("/api/v1").split("/") if part and part[0] != "{"]
    if route.method == "POST":
        return ".".join([*parts, "create"] if 201 in route.answers else parts)
    return ".".join([*parts, _VERBS.get(route.method, route.method.lower())])


def reads_of(routes: Mapping[str, Route]) -> dict[str, Route]:
    """By path, the routes that tell how things are: those whose GET answers JSON and needs no query."""
    return {path: route for path, route in routes.items() if _tells(route)}


def _tells(route: Route) -> bool:
    plain = all(not isinstance(answer, dict) for answer in route.answers.values())
    needs = (field.default is NODEFAULT and field.default_factory is NODEFAULT for field in _fields(route))
    return plain and not any(needs)


def _fields(route: Route) -> tuple[Any, ...]:
    return structs.fields(route.query)


async def before(call: Call, route: Route, read: Route | None) -> Any:
    """How the object is now; None where there is none yet, or nothing tells."""
    if route.method not in _VERBS or (read is None and route.was is None):
        return None
    try:
        if route.was is not None:
            return msgspec.to_builtins(await route.was(call))
        assert read is not None
        looking = call.looking(read.query())
        answer = await read.handle(looking)
    except OperationError:
        return None
    return msgspec.to_builtins(answer.body) if isinstance(answer, Reply) and answer.status == 200 else None


async def write(call: Call, route: Route, old: Any, answer: Reply | Resource) -> None:
    """Append what was done. The change itself stands, so that a failure here is logged and no more."""
    asked, body = _asked(call, route), None
    if isinstance(answer, Reply) and answer.status in (200, 201) and not isinstance(answer.body, bytes):
        body = msgspec.to_builtins(answer.body)
    if route.method == "DELETE":
        was, becomes = old, None
    elif route.method in ("PUT", "PATCH"):
        was, becomes = _changed(old, body, asked)
    else:
        was, becomes = None, (body if 201 in route.answers and body is not None else asked)
    await _record(call, route, _object(call, answer), old=was, new=becomes)


async def write_refusal(call: Call, route: Route, reason: Exception) -> None:
    """Append that somebody wanted what they may not."""
    await _record(call, route, _object(call, None), new=_asked(call, route), outcome=str(reason))


async def _record(call: Call, route: Route, on: str, **said: Any) -> None:
    origin = Origin(call.address, call.id)
    await append(call.services, call.actor, origin, operation_name(route), on, **said)


async def append(
    services: Services, actor: Actor, origin: Origin, operation: str, on: str, **said: Any
) -> None:
    """One entry, secret keys and parameters blanked; `said` is what `audit.record` takes beside these."""
    use = services.catalogue.get

    def secret(name: str) -> bool:
        known = use(name) if "." in name else None
        return known.key.secret if known is not None else is_secret(name)

    now = services.now()
    try:
        await audit.record(services.runner, actor, origin, operation, on, now=now, secret=secret, **said)
    except StoreError as error:
        log.error("a change is missing in the audit", operation=operation, reason=str(error))


def _asked(call: Call, route: Route) -> Any:
    """What the caller sent, where it is JSON of a sensible size."""
    if route.body in (None, bytes) or call.body.size > IN_MEMORY:
        return None
    try:
        asked = msgspec.json.decode(call.body.whole(IN_MEMORY))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return asked if route.told is None else route.told(asked)


def _changed(old: Any, new: Any, asked: Any) -> tuple[Any, Any]:
    if new is None or old is None:
        return old, new if new is not None else asked
    was, becomes = audit.difference(old, new)
    if isinstance(asked, dict):
        if asked.keys() & {*(was or {}), *(becomes or {})}:
            was, becomes = _only(was, asked), _only(becomes, asked)
        elif not asked.keys() & {*old, *new}:
            return None, asked  # such as a new password, which nothing shows
        else:
            return None, None
    return was, becomes


def _only(record: Any, names: dict[str, Any]) -> Any:
    return {name: value for name, value in record.items() if name in names} if record else None


def _object(call: Call, answer: Reply | Resource | None) -> str:
    location = dict(answer.headers).get("Location") if isinstance(answer, Reply) else None
    path = location or call.request.path.decode("ascii", "replace")
    return unquote(re.sub(r"^/(?:api/v1|nbi)/", "", path))
