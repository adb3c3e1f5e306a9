"""What a plan is asked for, and how its findings are counted and shown."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from msgspec import Meta, Struct

from acs.datamodel.carriers import CarrierKind
from acs.fleet.convergence.planning import Effect, KeyEffect
from acs.fleet.layers import BLANK, IsSecret
from acs.operations.configuration_values import Unread, Warned
from acs.operations.errors import FieldError
from acs.operations.selectors import Select

#: Phones that are shown key by key, unless the caller says how many, and at most.
SAMPLE = 10
MOST_SAMPLED = 100

#: Device ids in one request.
MOST_DEVICES = 1000

#: Different reasons that are listed.
MOST_REASONS = 50

#: What a phone is sent, and what of it may have to wait.
_SENT = frozenset({Effect.SENT, Effect.WAITS})


class PlanRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose configuration would be changed, and how: one of `fleet`, `model`, `group`, `devices`, `select`.

    `layer` is where the change would be made: fleet, model:NAME, group:NAME, or phone for each phone's own.
    Left out, it is what was named; for `devices` and `select` it is phone.
    """

    values: Annotated[dict[str, Unread], Meta(min_length=1, max_length=2000)]
    fleet: bool = False
    model: str = ""
    group: str = ""
    devices: Annotated[list[str], Meta(max_length=MOST_DEVICES)] = []
    select: Select = ""
    layer: str = ""
    now: Annotated[bool, Meta(description="phones may reboot for these keys, outside the window too")] = False
    sample: Annotated[int, Meta(ge=0, le=MOST_SAMPLED, description="phones shown key by key")] = SAMPLE


class KeyPlan(Struct):
    """Phones, by what becomes of one key there; `parameter` and `file` of those that are sent it."""

    value: str | None
    sent: int = 0
    parameter: int = 0
    file: int = 0
    reboots: int = 0
    waits: int = 0
    same: int = 0
    overridden: int = 0
    left: int = 0
    unresolved: int = 0
    unknown: int = 0
    unable: int = 0


class Reason(Struct, frozen=True):
    """Why a key does not get to some phones, or gets there by file."""

    key: str
    effect: str
    why: str
    phones: int


class PlannedKey(Struct, frozen=True):
    key: str
    desired: str
    known: str | None
    carrier: str | None
    path: str | None
    reboots: bool
    effect: str


class PlannedPhone(Struct, frozen=True):
    id: str
    online: bool
    keys: list[PlannedKey]


class PlanView(Struct, frozen=True, kw_only=True):
    """What a change would come to; no phone was touched. `accepted`: the write would be taken.

    All numbers count phones. `changing` ones are sent something: `by_parameter`, `by_file`, or both.
    `rebooting` ones reboot for it, `waiting` of them not before they may. `offline` are those of the changing
    ones that are not there now.
    """

    layer: str
    select: str
    accepted: bool
    refused: list[FieldError]
    warnings: list[Warned]
    #: that the layer holds for
    phones: int
    changing: int
    by_parameter: int
    by_file: int
    rebooting: int
    waiting: int
    offline: int
    unchanged: int
    overridden: int
    unresolved: int
    unknown: int
    unable: int
    keys: dict[str, KeyPlan]
    reasons: list[Reason]
    sample: list[PlannedPhone]


class Tally:
    """Counts phone after phone."""

    def __init__(self, values: dict[str, str | None], secret: IsSecret, sample: int) -> None:
        self._secret = secret
        self._room = sample
        self.keys = {key: KeyPlan(self._shown(key, value)) for key, value in values.items()}
        self.phones: Counter[str] = Counter()
        self.reasons: Counter[tuple[str, str, str]] = Counter()
        self.sample: list[PlannedPhone] = []

    def add(self, device_id: str, online: bool, effects: dict[str, KeyEffect]) -> None:
        seen: set[str] = {"phones"}
        for key, one in effects.items():
            seen.update(self._count(key, one))
        if "changing" in seen:
            if not online:
                seen.add("offline")
            if self._room > 0:
                self._room -= 1
                self.sample.append(PlannedPhone(device_id, online, self._planned(effects)))
        elif not seen & {"unresolved", "unknown", "unable"}:
            seen.add("unchanged")
        self.phones.update(seen)

    def counted(self) -> dict[str, Any]:
        """The fields of a view."""
        names = (
            "phones",
            "changing",
            "by_parameter",
            "by_file",
            "rebooting",
            "waiting",
            "offline",
            "unchanged",
            "overridden",
            "unresolved",
            "unknown",
            "unable",
        )
        reasons = self.reasons.most_common(MOST_REASONS)
        return {
            **{name: self.phones[name] for name in names},
            "keys": self.keys,
            "reasons": [Reason(*reason, count) for reason, count in reasons],
            "sample": self.sample,
        }

    def _count(self, key: str, one: KeyEffect) -> set[str]:
        """Count the key, and say what the phone is one of."""
        plan, effect, difference = self.keys[key], one.effect, one.difference
        setattr(plan, effect, getattr(plan, effect) + 1)
        if effect is Effect.WAITS:
            plan.sent += 1
        seen = {effect.value} & {"overridden", "unresolved", "unknown", "unable"}
        why = one.why
        if difference is not None and difference.carrier is not None:
            carrier = difference.carrier
            if effect in _SENT:
                by_file = carrier.kind is CarrierKind.FILE
                seen |= {"changing", "by_file" if by_file else "by_parameter"}
                plan.file += by_file
                plan.parameter += not by_file
                if difference.reboots:
                    plan.reboots += 1
                    seen.add("rebooting")
                if effect is Effect.WAITS:
                    seen.add("waiting")
            if carrier.kind is CarrierKind.FILE:
                why = why or carrier.why
        if why and (known := (key, effect.value, why)) and self._has_room(known):
            self.reasons[known] += 1
        return seen

    def _has_room(self, reason: tuple[str, str, str]) -> bool:
        return reason in self.reasons or len(self.reasons) < 20 * MOST_REASONS

    def _planned(self, effects: dict[str, KeyEffect]) -> list[PlannedKey]:
        found = []
        for key, one in effects.items():
            difference = one.difference
            if difference is None or one.effect not in _SENT or difference.carrier is None:
                continue
            carrier = difference.carrier
            found.append(
                PlannedKey(
                    key,
                    self._shown(key, difference.desired) or "",
                    self._shown(key, difference.known),
                    carrier.kind,
                    carrier.path or None,
                    difference.reboots,
                    one.effect,
                )
            )
        return found

    def _shown(self, key: str, value: str | None) -> str | None:
        return BLANK if value and self._secret(key) else value
