"""How far the learning of one phone's data model has come: a small record that survives any broken session.

What was found so far stands in the parameter tree; this record says only what is still to be asked. It serves
two purposes: learning a whole model (`Device.learning` is wanted or running), and reading again some branches
of a phone that is known (after AddObject, after diagnostics, for what an Inform left out). The rules are in
`acs.fleet.learner` (order and ends), `acs.fleet.walking` (names) and `acs.fleet.reading` (values).
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, structs

#: No phone's model is larger; one that lists more is broken or hostile.
MAX_NAMES = 20_000
#: Objects are not walked below this many components; TR-181 needs 13.
MAX_DEPTH = 24
#: Requests for one learning. A model of MAX_NAMES leaves in some 2,000 objects needs fewer.
MAX_REQUESTS = 4_000
#: So many sessions in a row that broke over a learning request, and the phone is left alone for a while:
#: a phone that hangs up when asked must still be able to hold its other sessions.
LOST_SESSIONS = 3
#: So many requests in a row without an answer end the learning even within one session.
LOST_REQUESTS = 10
#: So many refusals of values in a row before the first value, and the phone is taken to refuse all.
MAX_FAULTS = 64
#: How long a phone is left alone after learning failed, in seconds.
PAUSE = 86_400.0


class Stage(StrEnum):
    START = ""  # version and connection-request URL, where the Inform did not tell (quirk 60)
    METHODS = "methods"
    NAMES = "names"
    VALUES = "values"


class LearningState(Struct, frozen=True, array_like=True):
    stage: Stage = Stage.START
    #: the partial paths whose leaves are read in the VALUES stage; the root for a whole model
    branches: tuple[str, ...] = ()
    #: objects still to be walked, the next one last
    paths: tuple[str, ...] = ()
    #: tables whose instances are still to be compared with the model's, the next one first
    checks: tuple[str, ...] = ()
    #: what was compared already; in the START stage: what was asked already
    checked: tuple[str, ...] = ()
    #: reads that come before those after the cursor, the next one last; may hold partial paths
    batches: tuple[tuple[str, ...], ...] = ()
    #: leaves up to this name, in sorted order, have been read
    cursor: str = ""
    #: what the request that is out asks for; empty when none is out
    asked: tuple[str, ...] = ()
    #: the session in which it went out
    session: str = ""
    #: the last session that brought an answer
    answered: str = ""
    #: how often the present path was lost
    tries: int = 0
    #: sessions in a row without an answer
    lost: int = 0
    #: requests in a row without an answer
    silent: int = 0
    requests: int = 0
    #: the largest batch to try after one was lost; 0 for no limit
    limit: int = 0
    #: the largest batch that worked in this learning
    worked: int = 0
    #: the names come from this phone, not from another of its model
    walked: bool = False
    #: the phone leaves out the final dot of objects (quirk 52)
    undotted: bool = False
    #: roots the phone refused
    refused: tuple[str, ...] = ()
    #: how many values were read
    values: int = 0
    #: diagnostics objects that were started through a task and have not reported yet
    diagnostics: tuple[str, ...] = ()
    #: when learning may be tried again after it failed
    paused_until: float = 0
    #: refusals of values in a row
    faults: int = 0

    @property
    def active(self) -> bool:
        """Whether there is something to ask: always while a whole model is learnt (`Device.learning` says
        that), and for a known phone while branches are to be read again."""
        return bool(self.branches or self.paths or self.checks or self.batches)

    def asking(self, asked: tuple[str, ...], session: str) -> LearningState:
        return structs.replace(self, asked=asked, session=session, requests=self.requests + 1)

    def heard(self) -> LearningState:
        """An answer came, if only a fault."""
        return structs.replace(self, asked=(), answered=self.session, tries=0, lost=0, silent=0, faults=0)

    def unheard(self) -> LearningState:
        """The request that was out got no answer; `asked` is kept for whoever decides what to do about it."""
        lost = self.lost if self.answered == self.session else self.lost + 1
        return structs.replace(self, tries=self.tries + 1, lost=lost, silent=self.silent + 1)

    @property
    def hopeless(self) -> bool:
        return self.lost >= LOST_SESSIONS or self.silent >= LOST_REQUESTS


def reading_again(
    state: LearningState | None,
    *,
    branches: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    batches: tuple[tuple[str, ...], ...] = (),
    whole: bool = False,
) -> LearningState:
    """The state in which also these branches are walked and read, and these names or partial paths read:
    `names` each in a request of its own, `batches` together.

    `whole` says that a whole model is being learnt: then the branches belong to it already, and are only
    walked once more if the walk has passed them.
    """
    state = state or LearningState()
    if whole and state.stage in (Stage.START, Stage.METHODS):
        return state
    new = tuple(branch for branch in branches if branch not in state.branches)
    walk = tuple(branch for branch in branches if branch not in state.paths)
    wanted = (*((name,) for name in names), *batches)
    reads = tuple(batch for batch in wanted if batch not in state.batches)
    cursor = min((state.cursor, *walk)) if state.cursor and walk else state.cursor
    if not state.active or (walk and state.stage is not Stage.NAMES):
        state = structs.replace(state, stage=Stage.NAMES if walk or state.paths else Stage.VALUES)
    return structs.replace(
        state,
        branches=state.branches if whole else state.branches + new,
        paths=state.paths + walk,
        batches=state.batches + reads,
        cursor=cursor,
        walked=state.walked or not whole,
    )
