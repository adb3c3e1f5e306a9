"""Phones as CSV: as a list that can be imported again, or with the columns that somebody asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec import structs

from acs.datamodel.keys import Catalogue
from acs.fleet.attributes import mac_of
from acs.operations import attributes, limits, phone_table, tables
from acs.operations.errors import Invalid
from acs.operations.phone_lists import GROUP, LABEL, MAC, TAGS
from acs.operations.phone_table import PhoneRow
from acs.operations.ports import Runner
from acs.store import awaited, presence
from acs.store.awaited import AwaitedPhone
from acs.store.devices import KnownDevice
from acs.store.shapes import Shapes

#: What a list always has; the attributes that any phone has follow.
LIST = (MAC, GROUP, TAGS, LABEL)

#: What the phone itself tells, beside its attributes.
FACTS = tuple(field for field in PhoneRow.__struct_fields__ if field not in ("groups", "extension"))

#: The state of those that have not called yet.
AWAITED = "awaited"

_CHUNK = 500


class PhoneExport:
    """`q` is a selector or a fragment, "" for all phones, those that are awaited too. `now`: the time."""

    def __init__(self, runner: Runner, shapes: Shapes, catalogue: Catalogue, q: str, now: float) -> None:
        self._runner = runner
        self._everybody = not q.strip() and not limits.is_limited(runner)
        self._about: dict[str, Any] = {"shapes": shapes, "catalogue": catalogue, "q": q, "now": now}
        self._now = now

    async def columns(self, named: str) -> tuple[str, ...]:
        """The columns that are named with commas between; for "" those of a list that can be imported.
        Raises Invalid."""
        if named.strip():
            return _checked(named)
        found: set[str] = set()
        async for known in phone_table.every_known(self._runner, **self._about):
            found.update(*(one.notes.attributes for one in known))
        async for waiting in self._awaited():
            found.update(*(one.attributes for one in waiting))
        return (*LIST, *sorted(found))

    async def check(self) -> None:
        """Raises Invalid for a wrong `q`, and what the store raises, while that can still be told."""
        async for _ in phone_table.every_known(self._runner, **self._about):
            return

    async def lines(self, columns: Sequence[str]) -> AsyncIterator[bytes]:
        """The table. Where it begins with `mac`, phones of which none is known are left out: they could not
        be imported."""
        whole = columns[0] != MAC
        yield tables.lines([columns])
        up = await self._runner.run(presence.up())
        async for known in phone_table.every_known(self._runner, **self._about):
            rows = [_known(one, columns, self._now, up.since) for one in known if whole or mac_of(one.device)]
            yield tables.lines(rows)
        async for waiting in self._awaited():
            yield tables.lines([_waiting(one, columns) for one in waiting])

    async def _awaited(self) -> AsyncIterator[list[AwaitedPhone]]:
        place: str | None = ""
        while self._everybody and place is not None:
            page = await self._runner.drive(awaited.page(after=place, limit=_CHUNK))
            yield list(page.phones)
            place = page.next


def _checked(named: str) -> tuple[str, ...]:
    columns = tuple(name.strip().lower() for name in named.split(","))
    for place, name in enumerate(columns):
        wrong = "is there twice" if name in columns[:place] else ""
        if name not in (*LIST, *FACTS):
            wrong = wrong or attributes.name_fault(name)
        if wrong:
            allowed = f"{', '.join(dict.fromkeys((*LIST, *FACTS)))}, or the name of an attribute"
            raise Invalid.field("columns", wrong, value=name, allowed=allowed)
    return columns


def _known(known: KnownDevice, columns: Sequence[str], now: float, up_since: float) -> list[Any]:
    row = phone_table.row(known, now, up_since)
    facts: dict[str, Any] = {
        **attributes.shown(known.notes.attributes),
        **structs.asdict(row),
        GROUP: " ".join(row.groups),
        TAGS: " ".join(row.tags),
    }
    return [facts.get(name, "") for name in columns]


def _waiting(phone: AwaitedPhone, columns: Sequence[str]) -> list[Any]:
    facts: dict[str, Any] = {
        **attributes.shown(phone.attributes),
        MAC: phone.mac,
        GROUP: " ".join(phone.groups),
        TAGS: " ".join(phone.tags),
        LABEL: phone.label,
        "state": AWAITED,
    }
    return [facts.get(name, "") for name in columns]
