"""Desired against known, key by key: what is not on the phone, how it would get there, what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from acs.datamodel import carriers, key_values, mapping, types
from acs.datamodel.carriers import Carriage, Carrier, CarrierKind
from acs.datamodel.mapping import Write
from acs.datamodel.path_templates import PhonePaths
from acs.datamodel.paths import is_secret
from acs.datamodel.tree import Parameter, ParameterTree
from acs.fleet.convergence.state import ConfigState
from acs.fleet.convergence.wish import Wish
from acs.fleet.known_keys import KnownKey, Proof
from acs.fleet.profile import ModelProfile

#: The entry among the known keys that stands for the phone's last uploaded configuration as a whole.
UPLOAD = ""


class State(StrEnum):
    #: to be sent in the phone's next session
    DUE = "due"
    #: it would reboot the phone: waits for the window, or for an operator's word
    WAITS = "waits"
    #: sent, and it is not known yet what became of it
    UNDER_WAY = "under_way"
    #: the phone did not take it
    REFUSED = "refused"
    #: the phone lacks what its value is to be made of
    UNRESOLVED = "unresolved"


class Difference(Struct, frozen=True):
    """A key whose desired value is not known to be on the phone; `known` is None where nothing is known."""

    key: str
    desired: str
    known: str | None
    layer: str
    carrier: Carrier | None
    reboots: bool
    state: State
    why: str = ""


class Comparison(Struct, frozen=True):
    carriage: Carriage
    differences: tuple[Difference, ...]

    def in_state(self, state: State) -> list[Difference]:
        return [one for one in self.differences if one.state is state]

    def without_reboots(self) -> Comparison:
        """The same, but for what would reboot the phone."""
        return Comparison(self.carriage, tuple(one for one in self.differences if not one.reboots))

    def due(self, kind: CarrierKind) -> dict[str, str]:
        """The keys to be sent this way, and their values."""
        return {
            one.key: one.desired
            for one in self.in_state(State.DUE)
            if one.carrier is not None and one.carrier.kind is kind
        }


def compare(
    wish: Wish,
    tree: ParameterTree,
    profile: ModelProfile,
    state: ConfigState,
    *,
    now: float,
    under_way: Mapping[str, str],
) -> Comparison:
    """`under_way`: keys and values in configuration files that the phone was offered and may yet take."""
    phone = PhonePaths(tree)
    values = {key: one.value for key, one in wish.desired.effective.items()}
    refused = {*profile.refused_paths, *state.by_file}
    carriage = carriers.carry(values, phone, refused, values)
    known = _Known(wish, phone, carriage, state, values)
    found: list[Difference] = []
    for key, one in wish.desired.effective.items():
        if known.has(key, one.value):
            continue
        reboots = wish.reboots(key)
        verdict, why = State.DUE, ""
        if under_way.get(key) == one.value:
            verdict, why = State.UNDER_WAY, "a configuration file with it was offered"
        elif key in state.problems and not state.stale:
            verdict, why = State.REFUSED, state.problems[key]
        elif reboots and not _may_reboot(wish, now, at_once=one.at_once):
            verdict, why = State.WAITS, "a change makes the phone reboot"
        carrier = carriage.carriers[key]
        told = known.told(key)
        found.append(Difference(key, one.value, told, one.layer, carrier, reboots, verdict, why))
    for lacking in wish.desired.unresolved:
        reboots = wish.reboots(lacking.key)
        found.append(
            Difference(lacking.key, "", None, lacking.layer, None, reboots, State.UNRESOLVED, lacking.why)
        )
    return Comparison(carriage, tuple(found))


def _may_reboot(wish: Wish, now: float, *, at_once: bool) -> bool:
    return at_once or (wish.reboots_at is not None and wish.reboots_at <= now)


class _Known:
    """What is known of the desired keys, from parameters or from what was sent, fetched and uploaded."""

    def __init__(
        self, wish: Wish, phone: PhonePaths, carriage: Carriage, state: ConfigState, values: Mapping[str, str]
    ) -> None:
        self._wish = wish
        self._phone = phone
        self._carriage = carriage
        self._records = {key: one for key, one in wish.known.items() if _holds(one, state)}
        self._upload = self._records.get(UPLOAD)
        self._writes: dict[str, list[tuple[str, Write]]] = {}
        for path, write in carriage.writes.items():
            for key in write.keys:
                self._writes.setdefault(key, []).append((path, write))
        self._values = values

    def has(self, key: str, value: str) -> bool:
        if self._carriage.carriers[key].kind is CarrierKind.FILE:
            return self._has_by_file(key, value)
        for path, write in self._writes[key]:
            if is_secret(path) or self._wish.secret(key):
                record = self._records.get(key)
                if record is None or not record.holds(value):
                    return False
            elif not _alike(self._phone.get(path), write) and not self._says(key, value):
                return False
        return True

    def _says(self, key: str, value: str) -> bool:
        told = self._told(key)
        return told is not None and mapping.same(key, told, value, self._wish.catalogue)

    def _told(self, key: str) -> str | None:
        return mapping.told(key, self._phone, self._values)

    def _has_by_file(self, key: str, value: str) -> bool:
        record = self._record(key)
        if record is None:
            return False
        if record.salt:
            return record.holds(value)
        return mapping.same(key, record.value, value, self._wish.catalogue)

    def _record(self, key: str) -> KnownKey | None:
        """What was last proved of the key. An uploaded configuration leaves out what the factory set, and
        every secret may be blank in it."""
        record, upload = self._records.get(key), self._upload
        if upload is None or (record is not None and (record.salt or record.at >= upload.at)):
            return record
        use = self._wish.catalogue.get(key)
        default = key_values.default_of(use) if use is not None and not use.key.secret else None
        return KnownKey(default, upload.at, Proof.UPLOADED) if default is not None else record

    def told(self, key: str) -> str | None:
        """The known value, for people: of a secret nothing."""
        if self._wish.secret(key):
            return None
        if self._carriage.carriers[key].kind is CarrierKind.PARAMETER:
            return self._told(key)
        record = self._record(key)
        return None if record is None or record.salt else record.value


def _holds(one: KnownKey, state: ConfigState) -> bool:
    """Whether no reset came after this was proved."""
    return one.at >= (state.void_before if one.proof is Proof.FETCHED else state.reset_at)


def _alike(known: Parameter | None, write: Write) -> bool:
    """Whether the parameter has the value that would be written."""
    if known is None or known.value is None:
        return False
    if known.value == write.value:
        return True
    if write.type == types.BOOLEAN:
        meant = types.read_boolean(known.value)
        return meant is not None and meant is types.read_boolean(write.value)
    if types.is_number(write.type):
        number = types.read_int(known.value)
        return number is not None and number == types.read_int(write.value)
    return False
