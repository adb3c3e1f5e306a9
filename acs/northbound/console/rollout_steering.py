"""What can be done to a rollout from its page: each deed says what it will do, to how many, and asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct

from acs.fleet.rollout.definition import Kind
from acs.fleet.rollout.member import SETTLED, TOUCHED, Outcome
from acs.fleet.rollout.rollout import OVER, RETRIED, State
from acs.northbound.console import notices, pages, rollout_words
from acs.northbound.console.rollouts import meant
from acs.northbound.console.templating import plural
from acs.northbound.console.visits import Answer, Form, Page, Visit
from acs.northbound.rollout_desk import desk_for
from acs.operations import rollout_approvals, rollouts, validation
from acs.operations.actors import Role
from acs.operations.rollout_approvals import ApprovalRequest
from acs.operations.rollout_desk import Desk
from acs.operations.rollouts import RetryRequest, RolloutView


class Deed(Struct, frozen=True):
    """`title` is what its button says; `effect` what it does, where it does the same to all rollouts."""

    name: str
    title: str
    states: frozenset[State]
    effect: str
    done: str
    dangerous: bool = False


_ALIVE = frozenset(State) - OVER

START = Deed(
    "start",
    "Start",
    frozenset({State.DRAFT, State.SCHEDULED}),
    "Its phones are found, and the first wave begins as soon as its hours allow.",
    "It runs.",
)
PAUSE = Deed(
    "pause",
    "Pause",
    frozenset({State.RUNNING}),
    "Nothing begins any more until it is resumed. What has begun on a phone ends by itself.",
    "It is paused.",
)
RESUME = Deed(
    "resume",
    "Resume",
    frozenset({State.PAUSED, State.HALTED}),
    "It goes on where it was. What went wrong so far is forgiven and does not count against its stop rules "
    "again.",
    "It runs again.",
)
ABORT = Deed(
    "abort",
    "Abort",
    frozenset(_ALIVE),
    "Nothing begins any more, for good. What has begun on a phone ends by itself; phones that were changed "
    "stay changed.",
    "It is aborted.",
    dangerous=True,
)
RETRY = Deed(
    "retry",
    "Try again",
    frozenset({State.RUNNING, State.PAUSED, State.HALTED, State.COMPLETED}),
    "They get another turn, under the same rules and hours. One whose task still goes on is left alone.",
    "They get another turn.",
)
ROLLBACK = Deed(
    "rollback",
    "Roll back",
    frozenset(State) - {State.RUNNING, State.DRAFT, State.SCHEDULED},
    "",
    "This rollout takes it back.",
    dangerous=True,
)

DEEDS = (START, RESUME, PAUSE, RETRY, ROLLBACK, ABORT)


def fitting(visit: Visit, one: RolloutView) -> list[Deed]:
    """What the visitor can do to it as it stands."""
    if not visit.may(Role.ENGINEER):
        return []
    return [deed for deed in DEEDS if one.state in deed.states and _of_use(deed, one)]


def _of_use(deed: Deed, one: RolloutView) -> bool:
    if deed is RETRY:
        return any(one.outcomes.get(outcome) for outcome in RETRIED)
    if deed is ROLLBACK:
        changes = one.kind is Kind.FIRMWARE or (one.kind is Kind.CONFIG and bool(one.definition["values"]))
        return changes and bool(touched(one))
    return True


def touched(one: RolloutView) -> int:
    """How many phones were changed, or may have been."""
    return sum(one.outcomes.get(outcome, 0) for outcome in TOUCHED)


def under_way(one: RolloutView) -> int:
    return sum(one.outcomes.get(outcome, 0) for outcome in TOUCHED - SETTLED)


def to_come(one: RolloutView) -> int:
    return one.outcomes.get(Outcome.WAITING, 0) + one.outcomes.get(Outcome.DEFERRED, 0)


# --- asking and doing -----------------------------------------------------------------------------------


def _page(deed: Deed) -> Page:
    async def handle(visit: Visit) -> Answer:
        one = await rollouts.show(visit.runner, visit.segment("rollout"), now=visit.now)
        if not pages.confirmed(visit):
            return await _ask(visit, deed, one)
        after = await _do(visit, deed, one)
        visit.tell(f"rollouts/{one.id}/{deed.name}", old={"state": one.state}, new={"state": after.state})
        return notices.done(f"/rollouts/{after.id}", deed.done)

    return Page(
        method="POST",
        path=f"/rollouts/{{rollout}}/{deed.name}",
        handle=handle,
        role=Role.ENGINEER,
        deed=f"rollouts.{deed.name}",
        limited=True,
    )


async def _ask(visit: Visit, deed: Deed, one: RolloutView) -> Answer:
    count, text = await _count(visit, deed, one), deed.effect
    if deed is ROLLBACK:
        text = _effect_of_rollback(one)
    facts = [("Rollout", one.name), ("What", rollout_words.what(rollout_words.definition(one.definition)))]
    facts.append(("State", str(one.state)))
    if deed is RETRY:
        facts.append(("Whose turn", " and ".join(_outcomes(visit.form()))))
    if deed is START:
        facts.append(("Phones meant now", str(count)))
        facts.append(("Waves", rollout_words.waves(rollout_words.definition(one.definition))))
    if deed in (PAUSE, ABORT, RESUME):
        facts.append(("Under way", plural(under_way(one), "phone")))
        facts.append(("Still to come", plural(to_come(one), "phone")))
    if deed in (ABORT, ROLLBACK):
        facts.append(("Changed, or perhaps", plural(touched(one), "phone")))
    return pages.ask(
        visit,
        title=f"{deed.title}: {one.name}",
        text=text,
        button=f"{deed.title}: {plural(count, 'phone')}",
        back=f"/rollouts/{one.id}",
        facts=facts,
        dangerous=deed.dangerous,
    )


def _effect_of_rollback(one: RolloutView) -> str:
    how = (
        "gets the stored image of the version that it had before"
        if one.kind is Kind.FIRMWARE
        else "gets back what its own configuration said of these keys"
    )
    return (
        f"A rollout of its own begins now, at the same pace and in the same hours: each changed phone {how}."
    )


async def _count(visit: Visit, deed: Deed, one: RolloutView) -> int:
    """How many phones the deed is about."""
    if deed is START:
        return await meant(visit, one)
    if deed is RETRY:
        return sum(one.outcomes.get(outcome, 0) for outcome in _outcomes(visit.form()))
    return touched(one) if deed is ROLLBACK else to_come(one)


def _outcomes(form: Form) -> list[str]:
    given = form.every("outcome")
    return given or [str(Outcome.FAILED), str(Outcome.UNCONFIRMED)]


_STEERED: dict[str, Callable[[Desk, str], Awaitable[RolloutView]]] = {
    START.name: rollouts.start,
    PAUSE.name: rollouts.pause,
    RESUME.name: rollouts.resume,
    ABORT.name: rollouts.abort,
    ROLLBACK.name: rollouts.rollback,
}


async def _do(visit: Visit, deed: Deed, one: RolloutView) -> RolloutView:
    desk = desk_for(visit.services, visit.actor)
    if deed is RETRY:
        asked = validation.read(RetryRequest, {"outcomes": _outcomes(visit.form())})
        return await rollouts.retry(desk, one.id, asked)
    return await _STEERED[deed.name](desk, one.id)


# --- the second person ----------------------------------------------------------------------------------


async def _approve(visit: Visit) -> Answer:
    one = await rollouts.show(visit.runner, visit.segment("rollout"), now=visit.now)
    asked = validation.read(ApprovalRequest, {"note": visit.form().text("note")})
    await rollout_approvals.approve(desk_for(visit.services, visit.actor), one.id, asked)
    visit.tell(f"rollouts/{one.id}/approve", new={"note": asked.note})
    return notices.done(f"/rollouts/{one.id}", "You have approved of it. It may be started now.")


PAGES = (
    *(_page(deed) for deed in DEEDS),
    Page(
        method="POST",
        path="/rollouts/{rollout}/approve",
        handle=_approve,
        role=Role.ENGINEER,
        deed="rollouts.approve",
        limited=True,
    ),
)
