"""…/config of the fleet, of models, groups and phones: desired configuration, its versions, the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from acs.northbound.rest.devices import Limit
from acs.northbound.rest.replies import Reply, ok
from acs.northbound.rest.routing import Call, Handler, Route
from acs.operations import configuration, configuration_history, configuration_targets
from acs.operations.configuration import Expected
from acs.operations.configuration_targets import Target
from acs.operations.configuration_views import (
    ConfigRequest,
    DiffView,
    HistoryPage,
    LayerView,
    PhoneConfigView,
    RevertRequest,
    VersionView,
)
from acs.operations.errors import Invalid, NotFound
from acs.operations.tokens import Role

#: Finds whose configuration the path names.
Find = Callable[[Call], Awaitable[Target]]


class _HistoryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: Annotated[str, Meta(description="the `next` of the page before")] = ""


class _DiffQuery(Struct, frozen=True, forbid_unknown_fields=True):
    older: Annotated[int, Meta(ge=0, description="a version; default: the one before `to`")] | None = (
        msgspec.field(name="from", default=None)
    )
    to: Annotated[int, Meta(ge=0, description="a version; default: the present one")] | None = None


async def _fleet(call: Call) -> Target:
    return configuration_targets.fleet(call.services.catalogue)


async def _model(call: Call) -> Target:
    return configuration_targets.model(call.services.catalogue, call.segment("model"))


async def _group(call: Call) -> Target:
    services = call.services
    return await configuration_targets.group(services.runner, services.catalogue, call.segment("group"))


async def phone_of(call: Call, segment: str = "device") -> Target:
    """The phone that the path names, by id or by MAC address. Raises NotFound."""
    services = call.services
    return await configuration_targets.phone(services.runner, services.catalogue, *call.spellings(segment))


def _tagged(view: LayerView) -> Reply:
    return Reply(200, view, (("ETag", f'"{view.version}"'),))


def _has_it(call: Call, tag: str) -> bool:
    """Whether If-None-Match says that the caller has this version."""
    said = (call.request.getHeader(b"if-none-match") or b"").decode("latin-1")
    return tag in [one.strip().removeprefix("W/") for one in said.split(",")]


def _expected(call: Call) -> Expected:
    """What If-Match says: versions, as ETags show them, or `*` for any."""
    raw = call.request.getHeader(b"if-match")
    if raw is None or raw.strip() == b"*":
        return Expected()
    return _versions(raw.decode("latin-1").strip())


def _versions(raw: str) -> Expected:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in raw.split(",")]
    if not all(tag.isascii() and tag.isdecimal() and len(tag) < 19 for tag in tags):
        raise Invalid.field("If-Match", "names no version", value=raw, allowed='an ETag such as "3", or *')
    return Expected(frozenset(map(int, tags)))


def _show(find: Find) -> Handler:
    async def show(call: Call) -> Reply:
        shown = _tagged(await configuration.show(call.services.runner, await find(call)))
        return Reply(304, None, shown.headers) if _has_it(call, dict(shown.headers)["ETag"]) else shown

    return show


def _write(find: Find, *, replace: bool) -> Handler:
    async def write(call: Call) -> Reply:
        target = await find(call)
        view = await configuration.write(
            call.services.runner,
            target,
            call.read(ConfigRequest),
            replace=replace,
            expected=_expected(call),
            by=call.actor.name,
            now=call.now,
        )
        return _tagged(view)

    return write


def _revert(find: Find) -> Handler:
    async def revert(call: Call) -> Reply:
        target = await find(call)
        view = await configuration.revert(
            call.services.runner,
            target,
            call.read(RevertRequest),
            expected=_expected(call),
            by=call.actor.name,
            now=call.now,
        )
        return _tagged(view)

    return revert


def _history(find: Find) -> Handler:
    async def history(call: Call) -> Reply:
        query: _HistoryQuery = call.query
        target = await find(call)
        page = await configuration_history.page(
            call.services.runner, target, limit=query.limit, cursor=query.cursor
        )
        return ok(page)

    return history


def _version(find: Find) -> Handler:
    async def version(call: Call) -> Reply:
        target = await find(call)
        number = call.segment("version")
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            raise NotFound("version", number)
        return ok(await configuration_history.version(call.services.runner, target, int(number)))

    return version


def _diff(find: Find) -> Handler:
    async def diff(call: Call) -> Reply:
        query: _DiffQuery = call.query
        target = await find(call)
        view = await configuration_history.compare(
            call.services.runner, target, older=query.older, newer=query.to
        )
        return ok(view)

    return diff


def _routes(of: str, whose: str, find: Find, role: Role, view: Any) -> tuple[Route, ...]:
    """All calls of one kind of layer."""
    path = f"/api/v1{of}/config"
    write: dict[str, Any] = {
        "path": path,
        "role": role,
        "body": ConfigRequest,
        "answers": {200: view},
        "tagged": True,
    }
    return (
        Route(
            method="GET",
            path=path,
            handle=_show(find),
            summary=f"The desired configuration of {whose}; its ETag is its version",
            answers={200: view, 304: None},
            tagged=True,
        ),
        Route(
            method="PUT",
            handle=_write(find, replace=True),
            summary=f"Replace the desired configuration of {whose}; takes If-Match",
            problems=(409, 412),
            **write,
        ),
        Route(
            method="PATCH",
            handle=_write(find, replace=False),
            summary=f"Change keys in the desired configuration of {whose}; null removes; takes If-Match",
            problems=(409, 412),
            **write,
        ),
        Route(
            method="GET",
            path=f"{path}/history",
            handle=_history(find),
            summary="Who changed what, when and why, newest first",
            query=_HistoryQuery,
            answers={200: HistoryPage},
        ),
        Route(
            method="GET",
            path=f"{path}/versions/{{version}}",
            handle=_version(find),
            summary="One version and the values at that time",
            answers={200: VersionView},
            problems=(404,),
        ),
        Route(
            method="GET",
            path=f"{path}/diff",
            handle=_diff(find),
            summary="What changed between two versions",
            query=_DiffQuery,
            answers={200: DiffView},
        ),
        Route(
            method="POST",
            path=f"{path}/revert",
            handle=_revert(find),
            summary="Take the values of an earlier version, as a new one; takes If-Match",
            role=role,
            body=RevertRequest,
            answers={200: view},
            problems=(409, 412),
            tagged=True,
        ),
    )


ROUTES = (
    *_routes("", "the fleet", _fleet, Role.ENGINEER, LayerView),
    *_routes("/models/{model}", "a model", _model, Role.ENGINEER, LayerView),
    *_routes("/groups/{group}", "a group", _group, Role.ENGINEER, LayerView),
    *_routes("/devices/{device}", "one phone", phone_of, Role.OPERATOR, PhoneConfigView),
)
