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

#: Rollouts on one page.
_PAGE = 25

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
    found, following = await rollouts.in_states(
        visit.runner, FILTERS[chosen][1], cursor=cursor, limit=_PAGE, now=visit.now
    )
    context: dict[str, Any] = {
        "rows": [(one, progress_of(one)) for one in found],
        "following": following,
        "filters": FILTERS,
        "chosen": chosen,
        "cursor": cursor,
        "words": rollout_words,
    }
    return pages.show(visit, "rollouts.html", **context)


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
