"""Rollouts: made, shown, steered, taken back; and how far their phones are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, structs

from acs.fleet.rollout.definition import Definition, Gate, Pace
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.window import Window
from acs.northbound.rollout_desk import desk_for
from acs.northbound.soap.operations import Asking, Change, Cursor, Limit, Operation, Rule
from acs.northbound.soap.tasks import OWN, default, words
from acs.operations import rollout_plans, rollouts, validation
from acs.operations.actors import Role
from acs.operations.configuration_values import Given
from acs.operations.errors import Invalid
from acs.operations.rollout_desk import Desk
from acs.operations.rollout_plans import RolloutPlan
from acs.operations.rollouts import MemberList, RetryRequest, RolloutList, RolloutView
from acs.operations.task_requests import WORKS

RolloutId = Annotated[str, Meta(min_length=1, max_length=64, description="the id of a rollout")]
Start = Annotated[str, Meta(description="now, or a time; left out: when told to")]
Share = Annotated[str, Meta(description="a number of phones, or a share such as 2%")]


def _order(tag: str, work: type[Struct]) -> type[Struct]:
    fields: list[Any] = [
        (field.name, field.type, *default(field))
        for field in structs.fields(work)
        if not (tag == "download" and field.name in OWN)
    ]
    return defstruct(f"{words(tag)}Order", fields, frozen=True, kw_only=True, module=__name__)


#: What each phone of a rollout is to do: one of its elements, named as the type of the task.
RolloutTask: Any = defstruct(
    "RolloutTask",
    [(tag, _order(tag, work) | UnsetType, UNSET) for tag, work in WORKS.items()],
    frozen=True,
    module=__name__,
)


class StopRule(Struct, frozen=True):
    """At most so many; one more halts the rollout. What is left out has no limit."""

    failures: Share | None = None
    in_a_row: Annotated[int, Meta(ge=0)] | None = None
    unconfirmed: Share | None = None


def _definition_type(name: str) -> type[Struct]:
    """The fields of a definition, with those that XML says in another way."""
    own: dict[str, tuple[Any, Any]] = {
        "values": (dict[str, Given], msgspec.field(default_factory=dict)),
        "task": (RolloutTask | UnsetType, UNSET),
        "waves": (list[str], msgspec.field(default_factory=list)),
        "gate": (Gate | UnsetType, UNSET),
        "window": (list[Window], msgspec.field(default_factory=list)),
        "stop": (StopRule | UnsetType, UNSET),
        "pace": (Pace | UnsetType, UNSET),
        "start": (
            Annotated[str, Meta(description="now, or a time; left out: when told to")] | UnsetType,
            UNSET,
        ),
    }
    fields: list[Any] = []
    for field in structs.fields(Definition):
        if field.name in own:
            fields.append((field.name, *own[field.name]))
        else:
            fields.append((field.name, field.type, *default(field)))
    return defstruct(name, fields, frozen=True, kw_only=True, module=__name__)


CreateRollout = _definition_type("CreateRollout")
PlanRollout = _definition_type("PlanRollout")


class ListRollouts(Struct, frozen=True):
    limit: Limit = 50
    cursor: Cursor = ""


class GetRollout(Struct, frozen=True):
    rollout: RolloutId


class GetRolloutPlan(Struct, frozen=True):
    rollout: RolloutId


class ListRolloutDevices(Struct, frozen=True):
    rollout: RolloutId
    outcome: Outcome | None = None
    limit: Limit = 50
    cursor: Cursor = ""


class RetryRollout(Struct, frozen=True):
    rollout: RolloutId
    #: those that ended like this get another turn; left out: those that failed or are unconfirmed
    outcomes: list[Outcome] = []


def _definition(asked: Any) -> Definition:
    """As REST takes it. Raises Invalid."""
    given: dict[str, Any] = msgspec.to_builtins(asked)
    for name in ("values", "waves", "window"):
        if not given[name]:
            del given[name]
    if "waves" in given:
        given["waves"] = [_number(one) for one in given["waves"]]
    if "stop" in given:
        given["stop"] = {name: _number(one) for name, one in given["stop"].items()}
    if "task" in given:
        given["task"] = _task(given["task"])
    return validation.read(Definition, given)


def _number(given: Any) -> Any:
    return int(given) if isinstance(given, str) and given.isascii() and given.isdecimal() else given


def _task(given: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if len(given) != 1:
        raise Invalid.field("task", "must have one element", value=sorted(given), allowed=sorted(WORKS))
    [(tag, fields)] = given.items()
    return {"type": tag, **{name: value for name, value in fields.items() if value is not None}}


async def _create(asking: Asking, asked: Any) -> RolloutView:
    return await rollouts.create(_desk(asking), _definition(asked))


async def _plan(asking: Asking, asked: Any) -> RolloutPlan:
    return await rollout_plans.of_definition(_desk(asking), _definition(asked))


async def _plan_of(asking: Asking, asked: GetRolloutPlan) -> RolloutPlan:
    return await rollout_plans.of_stored(_desk(asking), asked.rollout)


async def _list(asking: Asking, asked: ListRollouts) -> RolloutList:
    runner = asking.services.runner
    return await rollouts.list_all(runner, cursor=asked.cursor, limit=asked.limit, now=asking.now)


async def _get(asking: Asking, asked: Any) -> RolloutView:
    return await rollouts.show(asking.services.runner, asked.rollout, now=asking.now)


async def _members(asking: Asking, asked: ListRolloutDevices) -> MemberList:
    return await rollouts.members(
        asking.services.runner,
        asked.rollout,
        outcome=asked.outcome,
        cursor=asked.cursor,
        limit=asked.limit,
    )


async def _retry(asking: Asking, asked: RetryRollout) -> RolloutView:
    wanted = RetryRequest(tuple(asked.outcomes)) if asked.outcomes else RetryRequest()
    return await rollouts.retry(_desk(asking), asked.rollout, wanted)


async def _rollback(asking: Asking, asked: Any) -> RolloutView:
    return await rollouts.rollback(_desk(asking), asked.rollout)


def _desk(asking: Asking) -> Desk:
    return desk_for(asking.services, asking.actor)


_Steer = Callable[[Asking, Any], Awaitable[RolloutView]]


def _steering(change: Callable[..., Awaitable[RolloutView]]) -> _Steer:
    async def steer(asking: Asking, asked: Any) -> RolloutView:
        return await change(_desk(asking), asked.rollout)

    return steer


def _steer(verb: str, perform: _Steer, summary: str, request: type[Struct] | None = None) -> Operation:
    name = f"{verb}Rollout"
    fields = [("rollout", RolloutId)]
    return Operation(
        name=name,
        summary=summary,
        request=request or defstruct(name, fields, frozen=True, module=__name__),
        answer=RolloutView,
        perform=perform,
        rule=Rule(Role.ENGINEER, for_limited=True),
        change=Change(
            operation=f"rollouts.{verb.lower()}",
            on=lambda asked, _: f"rollouts/{asked.rollout}/{verb.lower()}",
        ),
    )


OPERATIONS = (
    Operation(
        name="CreateRollout",
        summary="Make a rollout; with start it begins by itself",
        request=CreateRollout,
        answer=RolloutView,
        perform=_create,
        rule=Rule(Role.ENGINEER, for_limited=True),
        change=Change(
            operation="rollouts.create",
            on=lambda _, made: f"rollouts/{made.id}" if made else "rollouts",
        ),
    ),
    Operation(
        name="PlanRollout",
        summary="What a rollout would do, before it is made: waves, time, phones it is not for",
        request=PlanRollout,
        answer=RolloutPlan,
        perform=_plan,
        rule=Rule(for_limited=True),
    ),
    Operation(
        name="GetRolloutPlan",
        summary="The same of a rollout that has not begun",
        request=GetRolloutPlan,
        answer=RolloutPlan,
        perform=_plan_of,
        rule=Rule(for_limited=True),
    ),
    Operation(
        name="ListRollouts",
        summary="Rollouts, newest first",
        request=ListRollouts,
        answer=RolloutList,
        perform=_list,
        rule=Rule(for_limited=True),
    ),
    Operation(
        name="GetRollout",
        summary="One rollout: state, waves, forecast",
        request=GetRollout,
        answer=RolloutView,
        perform=_get,
        rule=Rule(for_limited=True),
    ),
    Operation(
        name="ListRolloutDevices",
        summary="The phones of a rollout with their outcome and evidence",
        request=ListRolloutDevices,
        answer=MemberList,
        perform=_members,
        rule=Rule(for_limited=True),
    ),
    _steer("Start", _steering(rollouts.start), "Start a rollout now"),
    _steer("Pause", _steering(rollouts.pause), "Let nothing begin for now"),
    _steer("Resume", _steering(rollouts.resume), "Go on; what went wrong so far is forgiven"),
    _steer("Retry", _retry, "Give those that failed another turn", RetryRollout),
    _steer("Abort", _steering(rollouts.abort), "End a rollout; what has begun ends by itself"),
    _steer("Rollback", _rollback, "Bring back what its changed phones had, as a rollout of its own"),
)
