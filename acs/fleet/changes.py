"""What the fleet rules decide: a value that says what to store, made without storing anything.

Every rule that looks at a phone returns `Changes`; southbound hands them to the store, which writes them in
one atomic step before the next message leaves.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from acs.cwmp.structures import ParameterAttribute, ParameterInfo, ParameterValue
from acs.fleet.device import Device
from acs.fleet.fleet_event import FleetEvent
from acs.fleet.known_keys import KnownKey
from acs.fleet.learning import LearningState
from acs.fleet.profile import ModelProfile
from acs.fleet.task import Task


class TimelineEntry(Struct, frozen=True, omit_defaults=True):
    """One line of "what happened to this phone". `text` is a sentence for people, `data` its facts."""

    at: float
    kind: str  # inform, session, task, transfer, file, wake, fault, learning, device, auth
    text: str
    data: dict[str, Any] = {}


class ParameterChanges(Struct, frozen=True):
    """What was learnt of the parameter tree. Applied in this order: forget, names, values, attributes."""

    #: drop these: a full name, or a partial path ending in a dot with all below it; "" drops everything
    forget: tuple[str, ...] = ()
    names: tuple[ParameterInfo, ...] = ()
    values: tuple[ParameterValue, ...] = ()
    attributes: tuple[ParameterAttribute, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.forget or self.names or self.values or self.attributes)

    def then(self, later: ParameterChanges) -> tuple[ParameterChanges, ...]:
        """Both, in order, without the empty ones."""
        return tuple(change for change in (self, later) if change)


class Changes(Struct, frozen=True):
    """None or empty means: as it was."""

    device: Device | None = None
    #: tasks that changed or are new, each with its newest state
    tasks: tuple[Task, ...] = ()
    #: in order
    parameters: tuple[ParameterChanges, ...] = ()
    learning: LearningState | None = None
    #: the learning state is no longer needed
    learning_over: bool = False
    profile: ModelProfile | None = None
    timeline: tuple[TimelineEntry, ...] = ()
    #: what the fleet's operators may want to hear of
    events: tuple[FleetEvent, ...] = ()
    #: keys of the phone's configuration whose values were proved, over what was known of them
    known: dict[str, KnownKey] = {}
    #: worth a write before the next message leaves; False for what may wait for the session's end
    urgent: bool = False

    def then(self, later: Changes) -> Changes:
        """Both, in order: where both speak, the later one counts."""
        return Changes(
            device=later.device or self.device,
            tasks=newest(self.tasks, later.tasks),
            parameters=self.parameters + later.parameters,
            learning=later.learning or (None if later.learning_over else self.learning),
            learning_over=later.learning_over or (self.learning_over and later.learning is None),
            profile=later.profile or self.profile,
            timeline=self.timeline + later.timeline,
            events=self.events + later.events,
            known={**self.known, **later.known} if later.known else self.known,
            urgent=self.urgent or later.urgent,
        )


def newest(tasks: tuple[Task, ...], changed: tuple[Task, ...]) -> tuple[Task, ...]:
    """The tasks after these changed: each once, new ones at the end."""
    if not changed:
        return tasks
    by_id = {task.id: task for task in tasks}
    by_id.update((task.id, task) for task in changed)
    return tuple(by_id.values())
