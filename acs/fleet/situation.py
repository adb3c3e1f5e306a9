"""Everything the planner may look at when it decides what one phone should do next."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from acs.datamodel.tree import ParameterTree
from acs.fleet.device import Device
from acs.fleet.learning import LearningState
from acs.fleet.profile import ModelProfile
from acs.fleet.task import Task

#: Makes the URL from which (or to which) the phone transfers a task's file.
TransferLink = Callable[[Task], str]


class Situation(Struct, frozen=True):
    device: Device
    #: the open tasks, in no particular order
    tasks: tuple[Task, ...]
    learning: LearningState | None
    profile: ModelProfile
    #: seconds since the epoch
    now: float
    #: the session that asks; a running task of another session has lost its answer
    session: str
    link: TransferLink
    #: the known parameters; None where they were not loaded (see `planner.wants_tree`)
    tree: ParameterTree | None = None
