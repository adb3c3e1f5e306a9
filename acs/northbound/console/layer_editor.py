"""A layer of configuration as a form: its keys by feature, what each may be, what holds now, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from acs.datamodel import key_values
from acs.datamodel.keys import Catalogue, Key, KeyType, KeyUse
from acs.northbound.console.changes import KEY_FIELD
from acs.northbound.console.visits import Form
from acs.operations import keys as documented
from acs.operations.configuration_drift import DriftItem
from acs.operations.configuration_views import EffectiveView
from acs.operations.errors import FieldError

#: What is written into a field for a value that is blank; a field left empty sets nothing.
QUOTED_BLANK = '""'

#: Stands before the names of fields that say what a field had when the page was made.
WAS_FIELD = "was:"

#: The list of features begins with these two.
IN_USE = "in use"
FOUND = "found"


class Setting(Struct, frozen=True):
    """One key with its numbers: how its field looks and what holds at the moment."""

    name: str
    description: str
    #: select, number, secret or text
    control: str
    #: permitted value to its meaning, of a select
    choices: dict[str, str]
    max_length: int | None
    #: what is permitted, in words
    allowed: str
    default: str
    reboot: bool
    secret: bool
    section: str
    doubt: str
    depends_on: list[str]
    #: what stands in this layer, as a field has it: "" for nothing
    own: str
    effective: EffectiveView | None
    drift: DriftItem | None
    fault: FieldError | None


class Feature(Struct, frozen=True):
    """`in_use` is how many of its keys are set by some layer."""

    name: str
    keys: int
    in_use: int


class Editor(Struct, frozen=True):
    features: list[Feature]
    chosen: str
    settings: list[Setting]
    #: index letter to the numbers that can be chosen, and the chosen one
    indexes: dict[str, list[int]]
    numbers: dict[str, int]


class State(Struct, frozen=True, kw_only=True):
    """What is known of the layer and, of a phone's, of what its layers make together."""

    own: Mapping[str, str]
    effective: Mapping[str, EffectiveView] = {}
    drift: Mapping[str, DriftItem] = {}
    faults: Mapping[str, FieldError] = {}
    #: what was written into the fields, where it could not be taken
    given: Mapping[str, str] = {}


def editor(
    catalogue: Catalogue, state: State, *, feature: str, find: str, numbers: Mapping[str, str]
) -> Editor:
    """The form of one feature, of what is in use, or of what is found."""
    used = [name for name in {**state.effective, **state.own, **state.drift, **state.given}]
    uses = [use for use in map(catalogue.get, used) if use is not None]
    in_use: dict[str, set[str]] = {}
    for use in uses:
        in_use.setdefault(use.key.feature, set()).add(use.name)
    by_feature: dict[str, list[Key]] = {}
    for key in catalogue:
        by_feature.setdefault(key.feature, []).append(key)
    features = [
        Feature(name, len(keys), len(in_use.get(name, ()))) for name, keys in sorted(by_feature.items())
    ]
    chosen = FOUND if find else feature if feature in by_feature else IN_USE
    if chosen == IN_USE:
        shown = sorted(uses, key=lambda use: (use.key.feature, catalogue.order(use)))
        return Editor(features, chosen, [_setting(use, state) for use in shown], {}, {})
    wanted = documented.matching(catalogue, find) if find else by_feature[chosen]
    indexes = _indexes(wanted)
    picked = {letter: _picked(allowed, numbers.get(letter, "")) for letter, allowed in indexes.items()}
    found: dict[str, KeyUse] = {}
    for key in wanted:
        own = {letter: _nearest(key, letter, picked[letter]) for letter in key.indexes}
        found[key.name] = key.use(own)
    shown_names = {use.name for use in found.values()}
    keys = {key.name for key in wanted}
    extra = [use for use in uses if use.key.name in keys and use.name not in shown_names]
    every = sorted([*found.values(), *extra], key=catalogue.order)
    return Editor(features, chosen, [_setting(use, state) for use in every], indexes, picked)


def changes(form: Form) -> dict[str, str | None]:
    """The keys whose field is another than when the page was made; None for one that is to be unset."""
    was = form.beginning(WAS_FIELD)
    changed: dict[str, str | None] = {}
    for name, given in form.beginning(KEY_FIELD).items():
        if given != was.get(name, ""):
            changed[name] = None if given == "" else "" if given == QUOTED_BLANK else given
    for name in form.every("unset"):
        changed[name] = None
    return changed


def by_key(faults: Iterable[FieldError]) -> dict[str, FieldError]:
    return {fault.key or fault.field.removeprefix("values."): fault for fault in faults}


def _setting(use: KeyUse, state: State) -> Setting:
    key = use.key
    own = state.own.get(use.name)
    shown = "" if own is None else own or QUOTED_BLANK
    allowed = key_values.allowed(key)
    default = key_values.default_of(use)
    return Setting(
        name=use.name,
        description=key.description,
        control=_control(key, own),
        choices=dict(key.values),
        max_length=key.max_length if not key.separator else None,
        allowed=allowed if isinstance(allowed, str) else "",
        default="by the model" if default is None else default or "blank",
        reboot=key.reboot,
        secret=key.secret,
        section=key.section,
        doubt=key.doubt,
        depends_on=[str(condition) for condition in key.depends_on],
        own=state.given.get(use.name, shown),
        effective=state.effective.get(use.name),
        drift=state.drift.get(use.name),
        fault=state.faults.get(use.name),
    )


def _control(key: Key, own: str | None) -> str:
    """A template, a list, a special or a doubtful value has no place in a narrower field than text."""
    if key.secret:
        return "secret"
    if key.separator or (own is not None and "{" in own):
        return "text"
    if key.type in (KeyType.BOOLEAN, KeyType.ENUM) and (own is None or own in key.values):
        return "select"
    numeric = own is None or own.lstrip("-").isdecimal()
    return "number" if key.type is KeyType.INTEGER and not key.special and numeric else "text"


def _indexes(keys: Iterable[Key]) -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for key in keys:
        for letter, allowed in key.indexes.items():
            found.setdefault(letter, set()).update(allowed.numbers)
    return {letter: sorted(numbers) for letter, numbers in sorted(found.items())}


def _picked(allowed: list[int], asked: str) -> int:
    number = int(asked) if asked.isdecimal() and len(asked) < 10 else -1
    return number if number in allowed else allowed[0]


def _nearest(key: Key, letter: str, wanted: int) -> int:
    numbers = key.indexes[letter].numbers
    return wanted if wanted in numbers else min(numbers)
