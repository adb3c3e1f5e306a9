"""What an actor who is limited by a selector gets to see: the one place where that is held.

A limited actor's operations run on a `LimitedRunner`, which carries the limit to wherever phones are found or
selected: `devices.find`, `selectors.prepared` and their like ask here. For everybody else the runner is the
plain one, and nothing here costs anything.

    runner = limited(runner, actor, shapes, clock)                 # once a request
    await require(runner, device_id)                               # NotFound for another's phone

Phones are judged as they are now: one that lost the tag by which it was meant is out of sight at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.expressions import And, Expression, OneOf, Subject
from acs.fleet.selector.parsing import Query, parse
from acs.operations.actors import Actor
from acs.operations.errors import NotFound, OutOfReach
from acs.operations.ports import Runner
from acs.store import selection
from acs.store.calls import Call, Steps
from acs.store.selection import Selection
from acs.store.shapes import Shapes

T = TypeVar("T")


class Limit(Struct, frozen=True):
    """The phones that an actor may see."""

    query: Query
    shapes: Shapes
    now: Callable[[], float]


class LimitedRunner:
    """A runner that knows whose calls it runs."""

    def __init__(self, runner: Runner, limit: Limit) -> None:
        self._runner = runner
        self.limit = limit

    @property
    def whole(self) -> Runner:
        return self._runner

    def run(self, call: Call[T]) -> Awaitable[T]:
        return self._runner.run(call)

    def run_all(self, calls: Sequence[Call[Any]]) -> Awaitable[list[Any]]:
        return self._runner.run_all(calls)

    def drive(self, steps: Steps[T]) -> Awaitable[T]:
        return self._runner.drive(steps)


def limited(runner: Runner, actor: Actor, shapes: Shapes, now: Callable[[], float]) -> Runner:
    """The runner for what this actor does. Raises OutOfReach where its selector cannot be read any more."""
    if not actor.select:
        return runner
    try:
        query = parse(actor.select)
    except SelectorError as error:
        raise OutOfReach(f"The selector that limits {actor.name} cannot be used: {error}.") from None
    return LimitedRunner(runner, Limit(query, shapes, now))


def everything(runner: Runner) -> Query | None:
    """What stands for all phones that the actor may see; None for simply all."""
    return runner.limit.query if isinstance(runner, LimitedRunner) else None


def is_limited(runner: Runner) -> bool:
    return isinstance(runner, LimitedRunner)


def whole(runner: Runner) -> Runner:
    """The runner without the limit: for what a process does once for everybody."""
    return runner.whole if isinstance(runner, LimitedRunner) else runner


def refuse_fleet_wide(runner: Runner, what: str = "This") -> None:
    """Raises OutOfReach for a limited actor: `what` belongs to more phones than it may touch."""
    if is_limited(runner):
        raise OutOfReach(
            f"{what} concerns phones beyond those of the selector that you are limited to; "
            "somebody without such a limit has to do it."
        )


def narrowed(runner: Runner, query: Query) -> Query:
    """The query for this actor: with the limit, where there is one."""
    if not isinstance(runner, LimitedRunner):
        return query
    limit = runner.limit.query
    both: Expression = And((limit.expression, query.expression))
    return Query(query.text, both, {**limit.references, **query.references})


def narrowed_text(runner: Runner, select: str) -> str:
    """A selector as it has to be kept, where it is used later: in a rollout, say."""
    if not isinstance(runner, LimitedRunner):
        return select
    return f"({runner.limit.query.text}) and ({select})"


def made_within(runner: Runner, limit: str) -> bool:
    """Whether the actor sees what was made, for many phones at once, by somebody who was limited so."""
    return not isinstance(runner, LimitedRunner) or runner.limit.query.text == limit


def limit_of(runner: Runner) -> str:
    """The selector that the actor is limited to, "" for none."""
    return runner.limit.query.text if isinstance(runner, LimitedRunner) else ""


async def visible(runner: Runner, device_ids: Iterable[str]) -> set[str]:
    """Those of these known phones that the actor may see."""
    ids = tuple(dict.fromkeys(device_ids))
    if not isinstance(runner, LimitedRunner) or not ids:
        return set(ids)
    limit = runner.limit
    both: Expression = And((OneOf(Subject("id"), ids), limit.query.expression))
    query = Query(limit.query.text, both, limit.query.references)
    try:
        chosen = await runner.drive(selection.prepare(query, limit.shapes, now=limit.now()))
    except SelectorError:
        return set()  # a saved selector that it uses is gone: nobody knows whom it meant
    # the ids of a selector are compared in any case, those of phones are not
    return set(await runner.drive(chosen.every())).intersection(ids)


async def count(runner: Runner, query: Query) -> int:
    """How many of a limited actor's phones a selector means now. Raises OutOfReach where the selector that
    limits it cannot be used any more."""
    return await runner.drive((await _selection(runner, query)).count())


async def every(runner: Runner) -> tuple[str, ...]:
    """All phones that a limited actor may see, by their ids. Raises OutOfReach as `count` does."""
    return tuple(await runner.drive((await _selection(runner, parse("all"))).every()))


async def _selection(runner: Runner, query: Query) -> Selection:
    assert isinstance(runner, LimitedRunner)
    limit = runner.limit
    try:
        return await runner.drive(selection.prepare(narrowed(runner, query), limit.shapes, now=limit.now()))
    except SelectorError as error:
        raise OutOfReach(f"The selector that limits you cannot be used: {error}.") from None


async def require(runner: Runner, device_id: str, *, kind: str = "device", name: str = "") -> None:
    """Raises NotFound, for this kind of thing and its name, where the phone is out of sight."""
    if isinstance(runner, LimitedRunner) and device_id not in await visible(runner, [device_id]):
        raise NotFound(kind, name or device_id)
