"""One tag more or less, whoever changes the others meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from acs.fleet.changes import TimelineEntry
from acs.fleet.device import OperatorNotes
from acs.fleet.identity import device_key
from acs.operations.devices import NotesRequest, check_notes
from acs.operations.errors import NotFound
from acs.operations.ports import Runner
from acs.store import notes as store
from acs.store import timeline

Change = Callable[[OperatorNotes], OperatorNotes]


async def tag(runner: Runner, device_id: str, name: str, *, by: str, now: float) -> None:
    """Raises Invalid for what is no tag, or one too many; nothing happens where the phone has it."""

    def tagged(notes: OperatorNotes) -> OperatorNotes:
        if name in notes.tags:
            return notes
        tags = (*notes.tags, name)
        check_notes(NotesRequest(tags=list(tags)))
        return structs.replace(notes, tags=tags)

    check_notes(NotesRequest(tags=[name]))
    await _change(runner, device_id, tagged, f"{by} tagged it {name}", by=by, now=now)


async def untag(runner: Runner, device_id: str, name: str, *, by: str, now: float) -> None:
    """Nothing happens where the phone does not have it."""

    def untagged(notes: OperatorNotes) -> OperatorNotes:
        return structs.replace(notes, tags=tuple(one for one in notes.tags if one != name))

    await _change(runner, device_id, untagged, f"{by} took the tag {name} from it", by=by, now=now)


async def _change(runner: Runner, device_id: str, change: Change, text: str, *, by: str, now: float) -> None:
    before: OperatorNotes | None = None

    def changed(notes: OperatorNotes) -> OperatorNotes:
        nonlocal before
        before = notes
        return change(notes)

    after = await runner.drive(store.change(device_id, changed))
    if after is None:
        raise NotFound("device", device_id)
    if after != before:
        entry = TimelineEntry(now, "device", text, {"by": by})
        await runner.run(timeline.push(device_key(device_id), [entry]))
