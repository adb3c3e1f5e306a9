"""Events of the fleet since a cursor."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from acs.northbound.soap.devices import LOOK
from acs.northbound.soap.operations import Asking, Limit, Operation
from acs.operations import events
from acs.operations.events import EventPage


class GetEvents(Struct, frozen=True):
    since: Annotated[
        str, Meta(description="a time, or the `next` of an earlier answer; without it: the newest")
    ] = ""
    kinds: Annotated[list[str], Meta(max_length=100, description="only these; `device_*` for a family")] = []
    device: Annotated[str, Meta(max_length=512, description="only of this device")] = ""
    limit: Limit = 100


async def _get(asking: Asking, asked: GetEvents) -> EventPage:
    return await events.page(
        asking.services.runner,
        since=asked.since,
        kind=",".join(asked.kinds),
        device=asked.device,
        limit=asked.limit,
    )


OPERATIONS = (
    Operation(
        name="GetEvents",
        summary="What happened in the fleet behind a cursor, in order of time",
        request=GetEvents,
        answer=EventPage,
        perform=_get,
        rule=LOOK,
    ),
)
