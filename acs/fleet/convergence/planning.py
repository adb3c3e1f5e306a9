"""What a change to a layer would come to on one phone: the comparison that its next session would make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from acs.datamodel.carriers import CarrierKind
from acs.datamodel.keys import Catalogue
from acs.datamodel.tree import ParameterTree
from acs.fleet import methods
from acs.fleet.convergence.drift import Difference, State, compare
from acs.fleet.convergence.settling import NO_FILES
from acs.fleet.convergence.standing import anew
from acs.fleet.convergence.wishing import wish_of
from acs.fleet.daily_window import DailyWindow
from acs.fleet.desired import NamedLayer
from acs.fleet.device import Device, Learning, OperatorNotes
from acs.fleet.known_keys import KnownKey
from acs.fleet.profile import ModelProfile

DOWNLOAD = "Download"


class Effect(StrEnum):
    """What becomes of one key on one phone."""

    #: it is sent in the next session
    SENT = "sent"
    #: it is sent once the phone may reboot
    WAITS = "waits"
    #: the phone has it already
    SAME = "same"
    #: a stronger layer says what this phone gets
    OVERRIDDEN = "overridden"
    #: no layer says anything of it any more: the phone keeps what it has
    LEFT = "left"
    #: the phone lacks what its template is to be filled with
    UNRESOLVED = "unresolved"
    #: the phone's parameters are not known yet
    UNKNOWN = "unknown"
    #: it goes by file only, and the phone takes none by CWMP
    UNABLE = "unable"


class KeyEffect(Struct, frozen=True):
    """`difference` where the phone does not have it."""

    effect: Effect
    difference: Difference | None = None
    why: str = ""


class Facts(Struct, frozen=True):
    """All that is known of one phone. `tree`: its parameters with what its last Inform said."""

    device: Device
    notes: OperatorNotes
    known: dict[str, KnownKey]
    tree: ParameterTree
    profile: ModelProfile


def effects(
    keys: Iterable[str],
    layer: str,
    before: Sequence[NamedLayer],
    after: Sequence[NamedLayer],
    facts: Facts,
    *,
    catalogue: Catalogue,
    window: DailyWindow | None,
    now: float,
) -> dict[str, KeyEffect]:
    """What these keys come to, whose `layer` is one of the phone's."""
    device, notes = facts.device, facts.notes
    open_ones, found = _decided(keys, layer, before, after)
    if not open_ones:
        return found
    if device.learning is not Learning.COMPLETE:
        return found | dict.fromkeys(open_ones, KeyEffect(Effect.UNKNOWN))
    wish = wish_of(after, device, notes, facts.known, catalogue=catalogue, window=window, now=now)
    state = anew(device.config, wish.mark)
    compared = compare(wish, facts.tree, facts.profile, state, now=now, under_way={})
    different = {one.key: one for one in compared.differences}
    by_file = methods.may_know(DOWNLOAD, device, facts.profile)
    for key in open_ones:
        found[key] = _effect(different.get(key), by_file=by_file)
    return found


def _decided(
    keys: Iterable[str], layer: str, before: Sequence[NamedLayer], after: Sequence[NamedLayer]
) -> tuple[list[str], dict[str, KeyEffect]]:
    """The keys for which the phone has to be looked at, and what the layers alone say of the others."""
    open_ones: list[str] = []
    found: dict[str, KeyEffect] = {}
    owners = {key: named.name for named in after for key in named.layer.values}
    was = {key: named.name for named in before for key in named.layer.values}
    for key in keys:
        owner = owners.get(key)
        if owner is None:
            found[key] = KeyEffect(Effect.LEFT)
        elif owner != layer and was.get(key) == owner:
            found[key] = KeyEffect(Effect.OVERRIDDEN, why=owner)
        else:
            open_ones.append(key)
    return open_ones, found


def _effect(one: Difference | None, *, by_file: bool) -> KeyEffect:
    if one is None:
        return KeyEffect(Effect.SAME)
    if one.state is State.UNRESOLVED:
        return KeyEffect(Effect.UNRESOLVED, one, one.why)
    if one.carrier is not None and one.carrier.kind is CarrierKind.FILE and not by_file:
        return KeyEffect(Effect.UNABLE, one, NO_FILES)
    return KeyEffect(Effect.WAITS if one.state is State.WAITS else Effect.SENT, one)
