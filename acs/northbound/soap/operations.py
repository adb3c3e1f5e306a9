"""An operation of the service as a value: what it takes and gives, who may call it, what the audit says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from msgspec import Meta, Struct

from acs.northbound.rest.routing import Services
from acs.operations.actors import Actor, Role
from acs.operations.audit import Origin

#: How many items a page may have.
Limit = Annotated[int, Meta(ge=1, le=1000)]
Cursor = Annotated[str, Meta(description="the `next` of the answer before")]
Device = Annotated[
    str, Meta(min_length=1, max_length=512, description="the id of a device, or a MAC address")
]


class Rule(Struct, frozen=True):
    """`for_limited`: also for actors who are limited to some phones; it touches nothing of other phones."""

    role: Role = Role.VIEWER
    for_limited: bool = False


class Asking(Struct, frozen=True):
    """Who asks, and what an operation may use for them."""

    services: Services
    actor: Actor
    origin: Origin

    @property
    def by(self) -> str:
        return self.actor.name

    @property
    def now(self) -> float:
        return self.services.now()


class Change(Struct, frozen=True, kw_only=True):
    """What the audit says of an operation that changes something."""

    #: as REST names it: `devices.tasks.create`
    operation: str
    #: what is changed, from what was asked and what was answered (None where it was refused)
    on: Callable[[Any, Any], str]
    #: how that is before the change
    before: Callable[[Asking, Any], Awaitable[Any]] | None = None


class Operation(Struct, frozen=True, kw_only=True):
    """`request` has the fields of the request's element, `answer` those of the answer's."""

    name: str
    summary: str
    request: type[Struct]
    answer: type[Struct]
    perform: Callable[[Asking, Any], Awaitable[Any]]
    rule: Rule | Callable[[Any], Rule] = Rule()
    #: None for an operation that only looks
    change: Change | None = None
    #: it may take long although there is nothing to do: few of them are under way at once
    waits: bool = False

    def rule_for(self, asked: Any) -> Rule:
        return self.rule if isinstance(self.rule, Rule) else self.rule(asked)
