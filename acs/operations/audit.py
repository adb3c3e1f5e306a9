"""The audit: who changed what, when, from where, and how it was before. Secrets never stand in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from acs.datamodel.paths import is_secret
from acs.operations import tables
from acs.operations.actors import Actor
from acs.operations.errors import Invalid
from acs.operations.ports import Runner, moment
from acs.store import audit as store
from acs.store.audit import AuditEntry, Kept

HIDDEN = "********"

#: Bytes of an entry's old or new side; what is larger is told by its size.
LARGEST = 16 << 10

#: Entries looked at in one round trip, and for one page.
CHUNK = 1000
BUDGET = 50_000

#: Names of fields, beside those of parameters and keys, whose value is a secret.
_SECRET_FIELDS = frozenset(("token", "link", "csrf", "authorization", "psk", "hmac_key", "cookie"))
_LOGIN_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_SECRET_IN_URL = re.compile(r"(?i)([?&][\w.-]*(?:token|secret|key|passw|sig|auth)[\w.-]*=)[^&#\s]+")

_PLACE = re.compile(r"\d{1,20}-\d{1,20}")


class Origin(Struct, frozen=True):
    """Where a call came from: the address, and the id of the request."""

    address: str
    request: str = ""


class AuditView(Struct, frozen=True):
    """`outcome` is `done`, else why it was refused. `old` and `new` have what changed, without secrets."""

    id: str
    at: datetime | None
    actor: str
    kind: str
    address: str
    operation: str
    object: str
    outcome: str
    old: Any
    new: Any
    request: str


class AuditPage(Struct, frozen=True):
    """Newest first. A page may be short while there is a `next`."""

    items: list[AuditView]
    next: str | None


class AuditQuery(Struct, frozen=True, forbid_unknown_fields=True):
    actor: Annotated[str, Meta(max_length=200, description="a name")] = ""
    object: Annotated[
        str, Meta(max_length=300, description="part of what was changed: an id, `groups/site7`, `config`")
    ] = ""
    operation: Annotated[
        str, Meta(max_length=100, description="such as `tokens.create`; `tokens.*` for all of them")
    ] = ""
    since: Annotated[str, Meta(max_length=40, description="a time, such as 2030-01-31T12:00:00Z")] = ""
    until: Annotated[str, Meta(max_length=40, description="a time")] = ""
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 100
    cursor: Annotated[str, Meta(max_length=50, description="the `next` of the page before")] = ""


async def record(
    runner: Runner,
    actor: Actor,
    origin: Origin,
    operation: str,
    on: str,
    *,
    now: float,
    old: Any = None,
    new: Any = None,
    outcome: str = "done",
    secret: Callable[[str], bool] = is_secret,
) -> None:
    """Append one entry. `old` and `new` may be any records; `secret` tells which of their fields are."""
    entry = AuditEntry(
        at=now,
        actor=actor.name,
        kind=actor.kind,
        address=origin.address,
        what=operation,
        on=on,
        outcome=outcome,
        old=_kept(old, secret),
        new=_kept(new, secret),
        request=origin.request,
    )
    await runner.run(store.append(entry))


async def page(runner: Runner, query: AuditQuery) -> AuditPage:
    """The entries that match, newest first. Raises Invalid for times and cursors that are none."""
    since, until = _time("since", query.since), _time("until", query.until)
    if query.cursor and not _PLACE.fullmatch(query.cursor):
        raise Invalid.field(
            "cursor", "is none of this server's", value=query.cursor, allowed="the `next` of an answer"
        )
    matches = _matcher(query)
    found: list[AuditView] = []
    place, looked = query.cursor, 0
    while looked < BUDGET:
        asked = CHUNK if query.actor or query.object or query.operation else min(CHUNK, query.limit)
        some = await runner.run(store.newest(before=place, since=since, until=until, limit=asked))
        for kept in some:
            if matches(kept.entry):
                found.append(_view(kept))
                if len(found) == query.limit:
                    return AuditPage(found, kept.place)
        looked += len(some)
        if len(some) < asked:
            return AuditPage(found, None)
        place = some[-1].place
    return AuditPage(found, place)


def as_csv(found: AuditPage, *, names: bool = True) -> bytes:
    """The page as CSV, with a line of names where it is the first; old and new as JSON."""
    fields = AuditView.__struct_fields__
    rows = [fields] if names else []
    for item in found.items:
        values: Mapping[str, Any] = msgspec.to_builtins(item)
        rows.append(tuple(_text(values[name]) for name in fields))
    return tables.lines(rows)


def difference(old: Any, new: Any) -> tuple[Any, Any]:
    """What of two records is not the same, field by field; of a field that only one has, nothing on the other
    side."""
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return (None, None) if before == after else (before, after)
    was: dict[str, Any] = {}
    becomes: dict[str, Any] = {}
    for name in dict.fromkeys((*before, *after)):
        if name in before and name in after:
            one, other = difference(before[name], after[name])
            if (one, other) != (None, None):
                was[name], becomes[name] = one, other
        elif name in before:
            was[name] = before[name]
        else:
            becomes[name] = after[name]
    return was or None, becomes or None


def blanked(value: Any, secret: Callable[[str], bool] = is_secret) -> Any:
    """The value without secrets: of fields whose names say so, and logins and secrets in URLs."""
    if isinstance(value, dict):
        return {
            name: HIDDEN
            if held not in (None, "", False, True)
            and not isinstance(held, list)
            and (str(name).lower() in _SECRET_FIELDS or secret(str(name)))
            else blanked(held, secret)
            for name, held in value.items()
        }
    if isinstance(value, list):
        return [blanked(one, secret) for one in value]
    if isinstance(value, str) and "://" in value:
        return _SECRET_IN_URL.sub(rf"\1{HIDDEN}", _LOGIN_IN_URL.sub(HIDDEN, value))
    return value


def _kept(value: Any, secret: Callable[[str], bool]) -> Any:
    if value is None:
        return None
    plain = blanked(msgspec.to_builtins(value), secret)
    size = len(msgspec.msgpack.encode(plain))
    return plain if size <= LARGEST else {"left out": f"{size} bytes"}


def _matcher(query: AuditQuery) -> Callable[[AuditEntry], bool]:
    actor, part, operation = query.actor.casefold(), query.object.casefold(), query.operation

    def matches(entry: AuditEntry) -> bool:
        if actor and entry.actor.casefold() != actor:
            return False
        if part and part not in entry.on.casefold():
            return False
        if operation.endswith("*"):
            return entry.what.startswith(operation[:-1])
        return not operation or entry.what == operation

    return matches


def _view(kept: Kept) -> AuditView:
    entry = kept.entry
    return AuditView(
        id=kept.place,
        at=moment(entry.at),
        actor=entry.actor,
        kind=entry.kind,
        address=entry.address,
        operation=entry.what,
        object=entry.on,
        outcome=entry.outcome,
        old=entry.old,
        new=entry.new,
        request=entry.request,
    )


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _time(field: str, text: str) -> float:
    if not text:
        return 0
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None or read.timestamp() < 0:
        allowed = "a time with its zone such as 2030-01-31T12:00:00Z"
        raise Invalid.field(field, "is no time", value=text, allowed=allowed)
    return read.timestamp()
