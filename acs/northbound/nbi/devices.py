"""/nbi/devices: phones found, counted, forgotten, and their tags."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import msgspec
from twisted.web.resource import Resource

from acs.fleet.selector.parsing import Query
from acs.northbound.nbi import documents, listing, names
from acs.northbound.nbi.listing import Asked
from acs.northbound.nbi.matching import test_of
from acs.northbound.nbi.narrowing import narrowed
from acs.northbound.nbi.query import paths_of
from acs.northbound.nbi.streaming import JsonArray
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import AnyQuery, Call, Route
from acs.operations import devices, phone_search, tagging
from acs.operations.phone_search import TREES, Phone
from acs.operations.tokens import Role
from acs.store.devices import KnownDevice
from acs.store.selection import Selection

#: Ids asked for in one round trip of a page.
IDS = 2000

DONE = Reply(200, b"", (), "text/plain")


async def device_of(call: Call) -> KnownDevice:
    """The phone that the path names. Raises NotFound."""
    spellings = map(names.ours, call.spellings("device"))
    return await devices.find(call.services.runner, *dict.fromkeys(spellings))


# --- finding --------------------------------------------------------------------------------------------


async def _list(call: Call) -> Reply | Resource:
    asked = listing.read(call, documents.canonical)
    ids, total = await _found(call, asked)
    headers = listing.counted(total)
    if call.request.method == b"HEAD":
        return Reply(200, b"", headers)
    if len(ids) <= TREES:
        return Reply(200, [one async for one in _documents(call, asked, ids)], headers)
    return JsonArray(_documents(call, asked, ids), headers)


async def _found(call: Call, asked: Asked) -> tuple[Sequence[str], int]:
    """The ids of the page that is asked for, and how many match in all."""
    services, runner = call.services, call.services.runner
    candidates = narrowed(asked.condition)
    meant = Query("the query", candidates.expression, {})
    chosen = await phone_search.chosen(runner, services.shapes, meant, now=call.now)
    if candidates.exact and not asked.sort:
        if asked.limit is None:
            every = await runner.drive(chosen.every())
            return asked.page(every), len(every)
        return await _page(call, chosen, asked.skip, asked.limit), await runner.drive(chosen.count())
    keys: dict[str, list[Any]] = {}
    test = test_of(asked.condition)

    def passes(phone: Phone) -> bool | None:
        get = partial(documents.values_at, phone)
        answer = test(get)
        if not answer or not asked.sort:
            return answer
        if any(get(path) is msgspec.UNSET for path, _ in asked.sort):
            return None
        keys[phone.id] = asked.key_of(get)
        return True

    every = await runner.drive(chosen.every())
    by_parameters = any(map(documents.needs_parameters, paths_of(asked.condition)))
    every = await phone_search.passing(
        runner,
        services.shapes,
        every,
        passes,
        sleep=listing.sleep_of(call),
        field="query" if by_parameters else "sort",
    )
    return asked.page(asked.order(every, keys.__getitem__)), len(every)


async def _page(call: Call, chosen: Selection, skip: int, limit: int) -> list[str]:
    found: list[str] = []
    after: str | None = ""
    while after is not None and len(found) < skip + limit:
        some = await call.services.runner.drive(
            chosen.page(after=after, limit=min(IDS, skip + limit - len(found)))
        )
        found += some.ids
        after = some.next
    return found[skip:]


async def _documents(call: Call, asked: Asked, ids: Sequence[str]) -> AsyncIterator[dict[str, Any]]:
    services, projection = call.services, asked.projection
    for part in phone_search.batched(ids, TREES):
        phones = [Phone(one) for one in part]
        await phone_search.add_records(services.runner, phones)
        if projection.needs_parameters:
            await phone_search.add_trees(services.runner, services.shapes, phones)
        for phone in phones:
            if phone.known is not None:
                yield documents.document(phone, projection)


# --- changing -------------------------------------------------------------------------------------------


async def _forget(call: Call) -> Reply:
    known = await device_of(call)
    await devices.forget(call.services.runner, known.device.id)
    return DONE


async def _tag(call: Call) -> Reply:
    known = await device_of(call)
    tag = call.segment("tag")
    await tagging.tag(call.services.runner, known.device.id, tag, by=call.actor.name, now=call.now)
    return DONE


async def _untag(call: Call) -> Reply:
    known = await device_of(call)
    tag = call.segment("tag")
    await tagging.untag(call.services.runner, known.device.id, tag, by=call.actor.name, now=call.now)
    return DONE


_DEVICE = "/nbi/devices/{device}"

ROUTES = (
    Route(
        method="GET",
        path="/nbi/devices/",
        limited=True,
        handle=_list,
        summary="The devices that match query; how many in all is in the header total",
        query=AnyQuery,
        answers={200: list[dict[str, Any]]},
    ),
    Route(
        method="DELETE",
        path=_DEVICE,
        limited=True,
        handle=_forget,
        summary="Forget the device with its tasks and timeline",
        role=Role.ENGINEER,
        query=AnyQuery,
        answers={200: None},
    ),
    Route(
        method="POST",
        path=_DEVICE + "/tags/{tag}",
        limited=True,
        handle=_tag,
        summary="Give the device a tag",
        role=Role.OPERATOR,
        query=AnyQuery,
        answers={200: None},
    ),
    Route(
        method="DELETE",
        path=_DEVICE + "/tags/{tag}",
        limited=True,
        handle=_untag,
        summary="Take a tag from the device",
        role=Role.OPERATOR,
        query=AnyQuery,
        answers={200: None},
    ),
)
