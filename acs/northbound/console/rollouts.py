"""The list of rollouts: what runs, what waits, what went how."""

from __future__ import annotations

from typing import Any

from acs.fleet.rollout.rollout import State
from acs.northbound.console import pages, rollout_words
from acs.northbound.console.rollout_words import Progress
from acs.northbound.console.visits import Answer, Page, Visit
from acs.operations import rollouts, selectors
from acs.operations.errors import Invalid, OperationError
from acs.operations.rollouts import RolloutView
from acs.operations.selectors import TryRequest

#: Rollouts on one page, and how many are looked through for those of one state.
_PAGE = 25
_CHUNK = 50
_CHUNKS = 20

#: What can be chosen: title and the states that it means.
FILTERS = {
    "": ("All", frozenset(State)),
    "running": ("Running", frozenset({State.RUNNING})),
    "waiting": ("Drafts and scheduled", frozenset({State.DRAFT, State.SCHEDULED})),
    "stopped": ("Paused and halted", frozenset({State.PAUSED, State.HALTED})),
    "completed": ("Completed", frozenset({State.COMPLETED})),
    "aborted": ("Aborted", frozenset({State.ABORTED})),
}

pages.part("rollouts-list")


async def _list(visit: Visit) -> Answer:
    chosen, cursor = visit.query.text("state"), visit.query.text("cursor")
    if chosen not in FILTERS:
        raise Invalid.field("state", "is none", value=chosen, allowed=[name for name in FILTERS if name])
    found, following = await of_states(visit, FILTERS[chosen][1], cursor=cursor, limit=_PAGE)
    context: dict[str, Any] = {
        "rows": [(one, progress_of(one)) for one in found],
        "following": following,
        "filters": FILTERS,
        "chosen": chosen,
        "cursor": cursor,
        "words": rollout_words,
    }
    return pages.show(visit, "rollouts.html", **context)


async def of_states(
    visit: Visit, states: frozenset[State], *, cursor: str = "", limit: int
) -> tuple[list[RolloutView], str | None]:
    """The newest rollouts in these states, and the cursor to go on with, None at the end."""
    found: list[RolloutView] = []
    following: str | None = cursor
    for _ in range(_CHUNKS):
        page = await rollouts.list_all(visit.runner, cursor=following or "", limit=_CHUNK, now=visit.now)
        for one in page.items:
            if one.state in states:
                found.append(one)
                if len(found) == limit:
                    return found, one.id
        following = page.next
        if following is None:
            break
    return found, following


def progress_of(one: RolloutView) -> Progress:
    return rollout_words.progress(one.outcomes, one.total)


async def meant(visit: Visit, one: RolloutView) -> int:
    """How many phones it would be for if it started now."""
    if one.total:
        return one.total
    services = visit.services
    select = str(one.definition.get("select") or "all")
    try:
        asked = TryRequest(select, 0)
        tried = await selectors.attempt(
            visit.runner, services.shapes, services.catalogue, asked, now=visit.now
        )
    except OperationError:
        return 0
    return tried.total


PAGES = (Page(method="GET", path="/rollouts", handle=_list, limited=True),)
