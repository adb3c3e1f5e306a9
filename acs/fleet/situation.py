"""Everything the planner may look at when it decides what one phone should do next."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, structs

from acs.datamodel.tree import ParameterTree
from acs.fleet import methods
from acs.fleet.changes import Changes, newest
from acs.fleet.convergence.wish import Wish
from acs.fleet.device import ConnectionRequestLogin, Device
from acs.fleet.learning import LearningState
from acs.fleet.profile import ModelProfile
from acs.fleet.task import Task

#: Makes the URL from which (or to which) the phone transfers a task's file.
TransferLink = Callable[[Task], str]


class StunOffer(Struct, frozen=True):
    """This server's own STUN server, as one phone is to know it."""

    address: str
    port: int
    username: str
    password: str


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
    #: the connection-request credentials this server would give the phone; None when it is to give none
    connection_login: ConnectionRequestLogin | None = None
    #: the STUN server this phone should keep a binding with; None for a phone that needs none
    stun: StunOffer | None = None
    #: seconds between the phone's Informs as they are to be from now on; 0 for as they are
    inform_interval: int = 0
    #: its desired configuration; None where there is nothing to look at (see `convergence.due`)
    wish: Wish | None = None
    #: when a process of this server was last known to be missing; 0 where nothing depends on it
    server_missing_at: float = 0
    #: seconds between the uploads of its configuration that it is asked for, 0 for none
    upload_every: int = 0

    def after(self, changes: Changes) -> Situation:
        """The situation once these changes are made. The tree is left alone: its holder merges them
        (`acs.fleet.merging`)."""
        learning = None if changes.learning_over else changes.learning or self.learning
        wish = self.wish
        if wish is not None and changes.known:
            wish = structs.replace(wish, known={**wish.known, **changes.known})
        return structs.replace(
            self,
            wish=wish,
            device=changes.device or self.device,
            tasks=tuple([task for task in newest(self.tasks, changes.tasks) if task.open]),
            learning=learning,
            profile=changes.profile or self.profile,
        )

    def task(self, task_id: str) -> Task | None:
        """The open task with this id."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def may_know(self, method: str) -> bool:
        """Whether the phone knows the method, as far as anybody said."""
        return methods.may_know(method, self.device, self.known_profile)

    @property
    def known_profile(self) -> ModelProfile:
        """The profile of the device's model as it is now. A phone whose SoftwareVersion was learnt a moment
        ago has changed its model since the profile was loaded."""
        key = self.device.model_key
        return self.profile if self.profile.key == key else ModelProfile(key=key)
