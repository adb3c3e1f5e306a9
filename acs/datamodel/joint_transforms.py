"""From the values of one or more keys to the one parameter that holds them all, and back.

What a caller does not want changed is taken from the parameter's present value. As for single keys
(`acs.datamodel.transforms`), what has no place in the parameter is left to the file, with the reason, and a
value of a phone that says nothing intelligible says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from acs.datamodel import time_zones
from acs.datamodel.time_zones import Change, Summer, Zone, offset_of, offset_text
from acs.datamodel.transforms import TRANSFORMS, Options
from acs.datamodel.types import read_int

Values = Mapping[str, str]


class Written(Struct, frozen=True):
    """The parameter's new value, None where it is not to be written; `left` tells which keys have no part in
    it, and why."""

    value: str | None
    left: Mapping[str, str] = {}


class JointTransform(Struct, frozen=True):
    """`write(wanted, present value, keys of the rule, options)`, `read(value, keys of the rule, options)`."""

    write: Callable[[Values, str, tuple[str, ...], Options], Written]
    read: Callable[[str, tuple[str, ...], Options], dict[str, str]]


def _none(wanted: Values, why: str) -> Written:
    return Written(None, dict.fromkeys(wanted, why))


# --- one key ------------------------------------------------------------------------------------------------


def _single(name: str) -> JointTransform:
    transform = TRANSFORMS[name]

    def write(wanted: Values, present: str, keys: tuple[str, ...], options: Options) -> Written:
        (value,) = wanted.values()
        written = transform.to_parameter(value, options)
        return (
            _none(wanted, "the parameter has no word for this value") if written is None else Written(written)
        )

    def read(value: str, keys: tuple[str, ...], options: Options) -> dict[str, str]:
        heard = transform.to_key(value, options)
        return {} if heard is None else {keys[0]: heard}

    return JointTransform(write, read)


# --- two name servers in one list ---------------------------------------------------------------------------


def _write_pair(wanted: Values, present: str, keys: tuple[str, ...], options: Options) -> Written:
    known = _members(present)
    values = [wanted.get(key, known[i] if i < len(known) else "").strip() for i, key in enumerate(keys)]
    if any("," in value or " " in value for value in values):
        return _none(wanted, "a list of addresses has no place for this value")
    if values[1] and not values[0]:
        return _none(wanted, "a list cannot have its second address without the first")
    return Written(",".join(value for value in [*values, *known[2:]] if value))


def _read_pair(value: str, keys: tuple[str, ...], options: Options) -> dict[str, str]:
    members = [*_members(value), "", ""]
    return dict(zip(keys, members, strict=False))


def _members(text: str) -> list[str]:
    return text.replace(",", " ").split()


# --- a VLAN and its switch ----------------------------------------------------------------------------------

_UNTAGGED = -1
_HIGHEST_VLAN = 4094


def _write_vlan(wanted: Values, present: str, keys: tuple[str, ...], options: Options) -> Written:
    switch, number = keys
    known = _read_vlan(present, keys, options)
    on = wanted.get(switch, known.get(switch))
    if on == "0":
        why = "an untagged port has no place for a VLAN"
        if switch not in wanted:
            return _none(wanted, why)
        return Written(str(_UNTAGGED), {key: why for key in wanted if key == number})
    vlan = read_int(wanted.get(number, known.get(number, "")))
    if on != "1":
        return _none(wanted, f"it is not known whether {switch} is 1")
    if vlan is None or not 1 <= vlan <= _HIGHEST_VLAN:
        return _none(wanted, f"the number is not known without {number}")
    return Written(str(vlan))


def _read_vlan(value: str, keys: tuple[str, ...], options: Options) -> dict[str, str]:
    switch, number = keys
    vlan = read_int(value)
    if vlan == _UNTAGGED:
        return {switch: "0"}
    return {switch: "1", number: str(vlan)} if vlan and 1 <= vlan <= _HIGHEST_VLAN else {}


# --- time zones ---------------------------------------------------------------------------------------------

_OFF, _ON, _AUTOMATIC = "0", "1", "2"
_BY_DATE, _BY_WEEK = "0", "1"


def _write_zone(wanted: Values, present: str, keys: tuple[str, ...], options: Options) -> Written:
    """Keys: offset, switch of daylight saving time, its kind, start, end and shift."""
    offset_key, switch, *rules = keys
    value = {**_read_zone(present, keys, options), **wanted}
    offset = offset_of(value.get(offset_key, ""))
    if offset is None:
        return _none(wanted, "the phone's time zone is not known")
    if wanted.get(switch) == _AUTOMATIC:
        return _none(wanted, "a time zone in a parameter has no place for automatic daylight saving time")
    now = time_zones.parse(present)
    plain = now is not None and now.plain
    if value.get(switch, _OFF) != _ON:
        why = "a time zone without daylight saving time has no place for it"
        left = {key: why for key in wanted if key in rules or (plain and key == switch)}
        if len(left) == len(wanted):
            return Written(None, left)
        return Written(time_zones.write(Zone(offset, plain=plain)), left)
    summer = _summer(value, rules)
    written = None if summer is None else time_zones.write(Zone(offset, summer, plain))
    if written is None:
        return _none(wanted, "the parameter has no place for daylight saving time with this start and end")
    blank = {key: "the parameter has no place for a blank" for key in wanted if not wanted[key]}
    return Written(written, blank)


def _summer(value: Values, rules: list[str]) -> Summer | None:
    kind, start, end, shift = (value.get(key, "") for key in rules)
    by_week = kind == _BY_WEEK
    minutes = read_int(shift) if shift else 60
    starts, ends = _change(start, by_week), _change(end, by_week)
    if kind not in (_BY_DATE, _BY_WEEK) or minutes is None or starts is None or ends is None:
        return None
    return Summer(minutes, starts, ends)


def _change(text: str, by_week: bool) -> Change | None:
    parts = [int(part) for part in text.split("/") if part.isdecimal() and len(part) < 3]
    if by_week and len(parts) == 4:
        month, week, day, hour = parts
        return Change(month, day, hour, week)
    if not by_week and len(parts) == 3:
        return Change(*parts)
    return None


def _read_zone(value: str, keys: tuple[str, ...], options: Options) -> dict[str, str]:
    offset, switch, kind, start, end, shift = keys
    zone = time_zones.parse(value)
    if zone is None:
        return {}
    heard = {offset: offset_text(zone.offset)}
    if zone.plain:  # it has no place for daylight saving time, so it does not say that there is none
        return heard
    if zone.summer is None:
        return {**heard, switch: _OFF}
    heard |= {switch: _ON, shift: str(zone.summer.shift)}
    starts, ends = zone.summer.start, zone.summer.end
    if starts is not None and ends is not None and bool(starts.week) == bool(ends.week):
        heard |= {
            kind: _BY_WEEK if starts.week else _BY_DATE,
            start: _change_text(starts),
            end: _change_text(ends),
        }
    return heard


def _change_text(change: Change) -> str:
    week = (change.week,) if change.week else ()
    return "/".join(map(str, (change.month, *week, change.day, change.hour)))


def _write_zone_name(wanted: Values, present: str, keys: tuple[str, ...], options: Options) -> Written:
    (name,) = wanted.values()
    offset = offset_of(options.values.get(name, ""))
    if offset is None:
        return _none(wanted, "a time zone in a parameter does not tell this name from others of its offset")
    now = time_zones.parse(present)
    if now is not None and now.offset == offset:
        return Written(present)
    return Written(time_zones.write(Zone(offset, plain=now is not None and now.plain)))


def _read_zone_name(value: str, keys: tuple[str, ...], options: Options) -> dict[str, str]:
    zone = time_zones.parse(value)
    names = {offset_of(offset): name for name, offset in options.values.items()}
    return {keys[0]: names[zone.offset]} if zone is not None and zone.offset in names else {}


#: By the names that rules use.
JOINT_TRANSFORMS: Mapping[str, JointTransform] = {
    **{name: _single(name) for name in TRANSFORMS},
    "dns_pair": JointTransform(_write_pair, _read_pair),
    "vlan": JointTransform(_write_vlan, _read_vlan),
    "time_zone": JointTransform(_write_zone, _read_zone),
    "zone_name": JointTransform(_write_zone_name, _read_zone_name),
}
