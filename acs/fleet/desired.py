"""What one phone ought to be configured to: its layers laid over each other, the templates filled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from acs.fleet import templates
from acs.fleet.layers import Group, Layer

#: Says what is wrong with the value of a key (and shows no secret), "" for nothing.
Check = Callable[[str, str], str]


class NamedLayer(Struct, frozen=True):
    name: str
    layer: Layer


class Effective(Struct, frozen=True):
    """What a key ought to be, and the layer that says so."""

    value: str
    layer: str
    #: the phone may reboot for it at once
    at_once: bool = False


class Unresolved(Struct, frozen=True):
    """A key that this phone cannot get: `why` names what it lacks."""

    key: str
    layer: str
    why: str


class Desired(Struct, frozen=True):
    """`effective` in order of the keys. An unresolved key is in no phone's file and sent to none."""

    effective: dict[str, Effective]
    unresolved: tuple[Unresolved, ...] = ()


NOTHING = Desired({})


def no_check(key: str, value: str) -> str:
    """For values that were checked before."""
    return ""


def in_order(groups: Iterable[Group]) -> list[Group]:
    """A phone's groups, the weakest first."""
    return sorted(groups, key=lambda group: (group.order, group.name))


def effective(
    layers: Iterable[NamedLayer], attributes: Mapping[str, str], check: Check = no_check
) -> Desired:
    """`layers`, the weakest first, for a phone with these attributes.

    A filled value is checked, because nobody could before; one that is wrong stays unresolved. It does not
    fall back to the layer below: what was meant for this phone is not known.
    """
    found: dict[str, Effective] = {}
    for named in layers:
        at_once = named.layer.at_once
        for key, value in named.layer.values.items():
            found[key] = Effective(value, named.name, key in at_once)
    resolved: dict[str, Effective] = {}
    unresolved: list[Unresolved] = []
    for key in sorted(found):
        one = found[key]
        if templates.is_template(one.value):
            value, why = _filled(key, one.value, attributes, check)
            if why:
                unresolved.append(Unresolved(key, one.layer, why))
                continue
            one = Effective(value, one.layer, one.at_once)
        resolved[key] = one
    return Desired(resolved, tuple(unresolved))


def _filled(key: str, template: str, attributes: Mapping[str, str], check: Check) -> tuple[str, str]:
    """The value, and why it cannot be."""
    try:
        value = templates.fill(template, attributes)
    except templates.MissingAttributes as missing:
        return "", str(missing)
    wrong = check(key, value)
    return value, f"once filled, {wrong}" if wrong else ""
