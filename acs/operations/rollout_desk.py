"""What making, planning and steering rollouts takes, for one caller at one moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from acs.datamodel.keys import Catalogue
from acs.fleet.rollout.firmware_check import NumberOf
from acs.operations.actors import Actor
from acs.operations.ports import Runner
from acs.store.shapes import Shapes


class Desk(Struct, frozen=True, kw_only=True):
    """`runner` sees as much as `actor` may. `most_alone`: phones from which on a rollout needs a second
    person, 0 for never. `files`: where the bytes of stored files are, None where nobody can look."""

    runner: Runner
    actor: Actor
    catalogue: Catalogue
    shapes: Shapes
    number_of: NumberOf
    randomness: Callable[[int], bytes]
    now: float
    most_alone: int = 0
    files: Path | None = None

    @property
    def by(self) -> str:
        return self.actor.name
