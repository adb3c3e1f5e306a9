"""One rollout: how far it is, what went wrong and why, and who has to approve of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from msgspec import Struct

from acs.fleet.rollout import approval as approval_rule
from acs.fleet.rollout.approval import Approval
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.rollout import OVER, State
from acs.northbound.console import pages, rollout_words
from acs.northbound.console.rollout_steering import RESUME, START, fitting, touched
from acs.northbound.console.rollouts import meant, progress_of
from acs.northbound.console.visits import Answer, Page, Visit
from acs.northbound.rollout_desk import desk_for
from acs.operations import events, rollout_approvals, rollout_plans, rollouts
from acs.operations.errors import Invalid
from acs.operations.events import EventView
from acs.operations.rollout_approvals import ApprovalView
from acs.operations.rollouts import MemberView, RolloutView

#: Phones of one outcome whose reasons are counted, events that are looked through and shown.
_COUNTED = 500
_LOOKED_AT = 200
_EVENTS = 15

#: Phones named where a rollout halted, and phones on one page.
_NAMED = 10
_PAGE = 50

#: Outcomes whose reasons are told.
TOLD = (Outcome.FAILED, Outcome.UNCONFIRMED, Outcome.SKIPPED)

pages.part("rollout-live", "rollout-phones")


class Cause(Struct, frozen=True):
    """Why so many phones have this outcome, in the words that the first of them has."""

    outcome: Outcome
    reason: str
    phones: int


class Second(Struct, frozen=True):
    """The second person: whether one is needed and lacking, who approved, and why the visitor cannot."""

    needed: bool
    lacking: bool
    phones: int
    given: list[ApprovalView]
    fault: str


async def find(visit: Visit) -> RolloutView:
    return await rollouts.show(visit.runner, visit.segment("rollout"), now=visit.now)


async def _show(visit: Visit) -> Answer:
    one = await find(visit)
    asked = rollout_words.definition(one.definition)
    causes, named, partly = await _wrong(visit, one)
    second = await _second(visit, one)
    deeds = fitting(visit, one)
    if second is not None and second.lacking:
        deeds = [deed for deed in deeds if deed not in (START, RESUME)]
    context: dict[str, Any] = {
        "one": one,
        "asked": asked,
        "words": rollout_words,
        "whole": progress_of(one),
        "waves": [
            (number + 1, wave, rollout_words.progress(wave.outcomes, wave.phones))
            for number, wave in enumerate(one.waves)
        ],
        "outcomes": rollout_words.OUTCOMES,
        "causes": causes,
        "partly": partly,
        "named": named if one.state is State.HALTED else [],
        "deeds": deeds,
        "second": second,
        "over": one.state in OVER,
        "base": f"/rollouts/{one.id}",
        "events": await _events(visit, one),
    }
    return pages.show(visit, "rollout.html", **context)


async def _wrong(visit: Visit, one: RolloutView) -> tuple[list[Cause], list[MemberView], bool]:
    """The causes, most frequent first; the first phones in trouble; whether there are more than counted."""
    causes: list[Cause] = []
    named: list[MemberView] = []
    partly = False
    for outcome in TOLD:
        if not one.outcomes.get(outcome):
            continue
        page = await rollouts.members(visit.runner, one.id, outcome=outcome, cursor="", limit=_COUNTED)
        first = {rollout_words.cause(member.reason): member.reason for member in page.items[::-1]}
        counted = Counter(rollout_words.cause(member.reason) for member in page.items)
        causes += [Cause(outcome, first[cause], number) for cause, number in counted.most_common()]
        partly = partly or page.next is not None
        if outcome is not Outcome.SKIPPED:
            named += page.items[: _NAMED - len(named)]
    return causes, named, partly


async def _events(visit: Visit, one: RolloutView) -> list[EventView]:
    """What was told of it, newest first."""
    page = await events.page(visit.runner, since="", kind="rollout_*", device="", limit=_LOOKED_AT)
    return [event for event in page.items[::-1] if event.data.get("rollout") == one.id][:_EVENTS]


# --- the second person ----------------------------------------------------------------------------------


async def _second(visit: Visit, one: RolloutView) -> Second | None:
    """None where no second person plays a part."""
    most_alone = visit.services.rollout_approval
    if not most_alone or one.rollback_of:
        return None
    given = (await rollout_approvals.list_all(visit.runner, one.id)).items
    if one.state is State.RUNNING or one.state in OVER:
        return Second(False, False, one.total, given, "") if given else None
    phones = await meant(visit, one)
    needed = approval_rule.needed(phones, most_alone)
    known = [Approval(each.by, 0.0, phones=each.phones) for each in given]
    fault = approval_rule.fault_of_approver(visit.actor.user, one.created_by, known, phones)
    starts = one.created_by if touched(one) else visit.actor.name
    lacking = needed and bool(approval_rule.missing(phones, starts, one.created_by, known))
    return Second(needed, lacking, phones, given, fault)


async def _plan(visit: Visit) -> Answer:
    """What it would do, of one that has not begun."""
    one = await find(visit)
    plan = await rollout_plans.of_stored(desk_for(visit.services, visit.actor), one.id)
    return pages.show(visit, "rollout-foreseen.html", one=one, base=f"/rollouts/{one.id}", plan=plan)


# --- its phones -----------------------------------------------------------------------------------------


async def _phones(visit: Visit) -> Answer:
    one = await find(visit)
    query = visit.query
    outcome, reason = _outcome(query.text("outcome")), query.text("reason")
    members, following = await _members(visit, one, outcome, reason, query.text("cursor"))
    context: dict[str, Any] = {
        "one": one,
        "base": f"/rollouts/{one.id}",
        "outcome": outcome,
        "reason": reason,
        "outcomes": rollout_words.OUTCOMES,
        "members": members,
        "following": following,
        "cursor": query.text("cursor"),
    }
    return pages.show(visit, "rollout-phones.html", **context)


async def _members(
    visit: Visit, one: RolloutView, outcome: Outcome | None, reason: str, cursor: str
) -> tuple[list[MemberView], str | None]:
    """A page of them; for one cause, those of the phones that are looked through for it."""
    limit = _COUNTED if reason else _PAGE
    page = await rollouts.members(visit.runner, one.id, outcome=outcome, cursor=cursor, limit=limit)
    if reason:
        wanted = rollout_words.cause(reason)
        return [one for one in page.items if rollout_words.cause(one.reason) == wanted], page.next
    return page.items, page.next


def _outcome(text: str) -> Outcome | None:
    if not text:
        return None
    try:
        return Outcome(text)
    except ValueError:
        raise Invalid.field("outcome", "is none", value=text, allowed=[str(one) for one in Outcome]) from None


PAGES = (
    Page(method="GET", path="/rollouts/{rollout}", handle=_show, limited=True),
    Page(method="GET", path="/rollouts/{rollout}/plan", handle=_plan, limited=True),
    Page(method="GET", path="/rollouts/{rollout}/phones", handle=_phones, limited=True),
)
