"""What the rules decided in one step of a session, on top of what is stored.

Each rule looks at a `Situation` and returns `Changes`; the next rule has to see them, and the store has
to get them all in one call. A `Draft` is that: it starts from the session's stored state, takes changes
in order and gives them back as one. When the store refuses because the tasks changed meanwhile, the draft
is thrown away and the rules are asked again. Only the tree is shared by all drafts of a session: what
goes into it is what the phone said, which stays true whatever becomes of the draft."""

from __future__ import annotations

from msgspec import structs

from acs.datamodel.tree import ParameterTree
from acs.fleet import events
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.merging import merge
from acs.fleet.situation import Situation

NO_CHANGES = Changes()


class Draft:
    __slots__ = ("changes", "situation")

    def __init__(self, situation: Situation, pending: Changes = NO_CHANGES) -> None:
        self.situation = situation
        #: everything decided so far, as one; begins with what an earlier step left unwritten
        self.changes = pending

    def apply(self, changes: Changes) -> None:
        """Take what one rule decided."""
        if changes.device is not None or changes.tasks:
            situation = self.situation
            more = events.of_changes(situation.device, situation.tasks, changes, situation.now)
            changes = changes if more is None else changes.then(more)
        if changes.parameters and self.situation.tree is not None:
            merge(self.situation.tree, changes.parameters, self.situation.now)
        self.changes = changes if self.changes is NO_CHANGES else self.changes.then(changes)
        self.situation = self.situation.after(changes)

    def note(self, kind: str, text: str) -> None:
        """One more line of the device's timeline."""
        self.apply(Changes(timeline=(TimelineEntry(self.situation.now, kind, text),), urgent=True))

    def take_tree(self, tree: ParameterTree) -> None:
        """The device's stored tree, read in mid-draft; what was decided of parameters so far goes into it."""
        merge(tree, self.changes.parameters, self.situation.now)
        self.situation = structs.replace(self.situation, tree=tree)

    @property
    def lacks_tree(self) -> bool:
        """Parameters changed, and the tree they belong to is not at hand."""
        return bool(self.changes.parameters) and self.situation.tree is None


def can_wait(changes: Changes) -> bool:
    """Whether losing all of this would lose nothing but a line or a heartbeat."""
    return not (
        changes.urgent or changes.tasks or changes.parameters or changes.learning or changes.learning_over
    )
