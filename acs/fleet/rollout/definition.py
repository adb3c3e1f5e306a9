"""A rollout as an operator asks for it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from acs.fleet.rollout import firmware_check, shares, waves, window
from acs.fleet.rollout.window import Window

#: Field, its value, what is wrong with it, what is allowed.
Fault = tuple[str, Any, str, str]

#: A whole number of phones, or a share of them such as "2%".
Limit = int | str

LONGEST_NAME = 100

#: Bytes a second: with less no phone would wait for its image.
LEAST_BANDWIDTH = 1024


class Kind(StrEnum):
    FIRMWARE = "firmware"
    CONFIG = "config"
    REBOOT = "reboot"
    BACKUP = "backup"
    TASK = "task"


#: Seconds that one phone takes at most as a rule: a step does not begin when its window ends sooner.
STEP = {
    Kind.FIRMWARE: 900.0,
    Kind.CONFIG: 180.0,
    Kind.REBOOT: 300.0,
    Kind.BACKUP: 120.0,
    Kind.TASK: 120.0,
}

#: What is counted on for one phone before anything was seen, in seconds.
GUESS = {
    Kind.FIRMWARE: 300.0,
    Kind.CONFIG: 30.0,
    Kind.REBOOT: 120.0,
    Kind.BACKUP: 20.0,
    Kind.TASK: 15.0,
}


class Gate(Struct, frozen=True, forbid_unknown_fields=True):
    """What a wave must show before the next may begin."""

    #: the share of its tried phones that must have succeeded
    success: Annotated[float, Meta(ge=0, le=1)] = 0.95
    #: how many Informs an upgraded phone must send, still well; None for one after firmware, else none
    informs: Annotated[int, Meta(ge=0, le=100)] | None = None


class Stop(Struct, frozen=True, forbid_unknown_fields=True):
    """At most so many; one more halts the rollout. A share is one of all its phones. None for no limit."""

    failures: Limit | None = "10%"
    in_a_row: Annotated[int, Meta(ge=0, le=999_999_999)] | None = None
    unconfirmed: Limit | None = None


class Pace(Struct, frozen=True, forbid_unknown_fields=True):
    at_once: Annotated[int, Meta(ge=1, le=10_000)] = 50
    #: at one site (a tag such as site=7, else the /24 network), 0 for no limit
    per_site: Annotated[int, Meta(ge=0, le=10_000)] = 0
    #: bytes a second that the file server sends all phones of the rollout together, 0 for no limit; no more
    #: of them are let begin than that carries
    bandwidth: Annotated[int, Meta(ge=0, le=1_000_000_000_000)] = 0


class Essentials(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done to whom, and how carefully: all of a rollout but its name and its start."""

    kind: Kind
    #: firmware: the name of a stored file
    file: str = ""
    #: config: keys to values, null removes one from the phone's layer; None to apply what is desired now
    values: dict[str, str | int | float | bool | None] | None = None
    #: task: the body of a task request
    task: dict[str, Any] | None = None
    #: whom it is for, as docs/selectors.md has it
    select: str = ""
    #: a group whose members among these are the first wave
    canary: str = ""
    waves: tuple[int | str, ...] = ("rest",)
    #: seconds that a wave is watched after its last phone, before the next
    soak: Annotated[float, Meta(ge=0, le=31_622_400)] = 0
    gate: Gate = Gate()
    window: Window | tuple[Window, ...] | None = None
    stop: Stop | None = Stop()
    pace: Pace = Pace()
    #: between rollouts, higher first
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    #: seconds that a phone is waited for which is away or in a call, from its turn on
    patience: Annotated[float, Meta(gt=0, le=31_622_400)] = 86_400
    #: seconds from its request on after which a phone without proof counts as unconfirmed
    confirm: Annotated[float, Meta(gt=0, le=604_800)] = 3_600
    #: seconds until a phone that is in a call is asked again
    ask_again: Annotated[float, Meta(ge=1, le=86_400)] = 300
    #: seconds that one phone may take, 0 for what is usual for the kind
    step: Annotated[float, Meta(ge=0, le=86_400)] = 0
    #: seconds between the Informs of a phone while it has its turn and is watched, None for what it has
    inform_interval: Annotated[int, Meta(ge=5, le=86_400)] | None = None
    #: config: phones may reboot for it at once
    reboot: bool = False
    #: firmware: older than what a phone has is allowed
    downgrade: bool = False
    #: firmware: versions from which it may be installed, such as "37.72.0.5" or ">= 37.70"; none for any
    allowed_from: tuple[str, ...] = ()
    #: firmware: why an image is sent although its name or number is not its phones'
    override: Annotated[str, Meta(max_length=200)] = ""
    #: firmware: what the image must be, in hex
    sha256: str = ""
    md5: str = ""

    @property
    def windows(self) -> tuple[Window, ...]:
        if self.window is None:
            return ()
        return self.window if isinstance(self.window, tuple) else (self.window,)

    @property
    def seconds(self) -> float:
        """What a step is counted with at most."""
        return self.step or STEP[self.kind]

    @property
    def informs(self) -> int:
        if self.gate.informs is not None:
            return self.gate.informs
        return 1 if self.kind is Kind.FIRMWARE else 0


class Definition(Essentials, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
    #: "now", a time, or None for when it is told to
    start: str | float | None = None


def starts_at(definition: Definition) -> float | None:
    """When it is to start: 0 for now, None for when it is told to. Raises ValueError."""
    start = definition.start
    if start is None or isinstance(start, float | int):
        return None if start is None else float(start)
    if start == "now":
        return 0.0
    at = datetime.fromisoformat(start)
    if at.tzinfo is None:
        raise ValueError("a time needs its zone")
    return at.timestamp()


#: The last start that is taken: the end of the year 9998, whatever the zone.
_LAST_START = 253_370_764_800.0


def _can_start(definition: Definition) -> bool:
    try:
        begins = starts_at(definition)
    except (ValueError, OverflowError):
        return False
    return begins is None or 0 <= begins < _LAST_START


def faults(definition: Definition) -> list[Fault]:
    """All that is wrong in the definition itself, whatever phones and files there are."""
    return [*_of_kind(definition), *_of_course(definition)]


def _of_kind(definition: Definition) -> Iterator[Fault]:
    kind = definition.kind
    for field, wanted in (("file", Kind.FIRMWARE), ("values", Kind.CONFIG), ("task", Kind.TASK)):
        given = getattr(definition, field)
        if given not in ("", None) and kind is not wanted:
            yield field, given, f"is of no use in a rollout of kind {kind}", f"it in kind {wanted} only"
    if kind is Kind.FIRMWARE and not definition.file:
        yield "file", definition.file, "is required for kind firmware", "the name of a stored firmware file"
    if kind is Kind.TASK and not definition.task:
        yield "task", definition.task, "is required for kind task", "the body of a task, such as {'type': …}"
    if definition.values is not None and not definition.values:
        yield "values", {}, "is empty", "at least one key; leave it out to apply what is desired"
    for field, digits in (("sha256", 64), ("md5", 32)):
        given = getattr(definition, field)
        if given and not (len(given) == digits and all(c in "0123456789abcdefABCDEF" for c in given)):
            yield field, given, "is no such sum", f"{digits} hex digits"
    for number, version in enumerate(definition.allowed_from):
        if not firmware_check.is_condition(version):
            yield f"allowed_from[{number}]", version, "names no version", "`37.72.0.5` or `>= 37.70`"


def _of_course(definition: Definition) -> Iterator[Fault]:
    if not definition.override.isprintable():
        yield "override", definition.override, "has control characters", "printable text"
    if not definition.name.isprintable() or definition.name != definition.name.strip():
        yield "name", definition.name, "is no name", "printable text, without blanks around it"
    for number, size in enumerate(definition.waves):
        wrong = waves.fault(size, last=number == len(definition.waves) - 1)
        if wrong:
            yield f"waves[{number}]", size, *wrong
    if 0 < definition.pace.bandwidth < LEAST_BANDWIDTH:
        allowed = f"0 for no limit, or {LEAST_BANDWIDTH} bytes a second at least"
        yield "pace.bandwidth", definition.pace.bandwidth, "is too little for any phone", allowed
    if not definition.waves:
        yield "waves", [], "is empty", "sizes, such as `1%`, 50, `rest`"
    listed = isinstance(definition.window, tuple)
    for number, one in enumerate(definition.windows):
        at = f"window[{number}]" if listed else "window"
        for field, value, message, allowed in window.faults(one, definition.seconds):
            yield f"{at}.{field}", value, message, allowed
    if listed and not definition.window:
        yield "window", [], "is empty", "at least one window, or null for any time"
    if definition.stop is not None:
        for field in ("failures", "unconfirmed"):
            limit = getattr(definition.stop, field)
            if limit is not None and shares.fault(limit):
                yield f"stop.{field}", limit, "is no limit", "a number of phones, or a share such as `2%`"
    if not _can_start(definition):
        yield "start", definition.start, "is no start", "`now`, a time such as 2030-01-31T12:00:00Z, or null"
