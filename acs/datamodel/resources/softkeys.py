"""Layouts of soft keys, one file a call state (guide, "Softkey Layout", "Softkey Layout Template").

Which keys a state knows stands in its schema. The guide parts some states (Talking into Talk, Hold and so on)
in its table, but shows one file only, of a state without parts: a layout is taken for the whole state or by
its parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lxml import etree

from acs.datamodel.key_values import Severity
from acs.datamodel.resources.documents import children, element, line
from acs.datamodel.resources.findings import Finding
from acs.datamodel.resources.kinds import Column, Kind, Row, Written

LISTS = ("Disable", "Enable", "Default")

#: A place without a key: the only one that may stand more than once.
EMPTY = "Empty"

#: file name of the kind, the state's element, its parts
_STATES = (
    ("call-failed", "CallFailed", ()),
    ("call-in", "CallIn", ()),
    ("connecting", "Connecting", ("Connecting", "SemiAttendTrans")),
    ("dialing", "Dialing", ()),
    ("ring-back", "RingBack", ("RingBack", "SemiAttendTransBack")),
    ("talking", "Talking", ("Talk", "Hold", "Held", "PreTrans", "Conferenced")),
)


def _rules(parts: tuple[str, ...], root: etree._Element) -> Iterator[Finding]:
    whole = [child for name in LISTS for child in children(root, name)]
    parted = [child for name in parts for child in children(root, name)]
    if whole and parted:
        message = f"has lists for the whole state and for its part {parted[0].tag!s} as well"
        yield Finding(line(whole[0]), Severity.ERROR, str(root.tag), message, "one of the two")
    for part in (root, *parted):
        yield from _contradictions(part)


def _contradictions(part: etree._Element) -> Iterator[Finding]:
    """A key that stands twice in a list, or is hidden and shown."""
    disabled = {_key(key) for listed in children(part, "Disable") for key in children(listed, "Key")}
    for name in LISTS:
        for listed in children(part, name):
            seen = set()
            for key in children(listed, "Key"):
                kind = _key(key)
                if kind in ("", EMPTY):
                    continue
                if kind in seen:
                    yield _error(key, f"{key.get('Type')!r} stands twice in {name}", f"only {EMPTY} may")
                if name == "Enable" and kind in disabled:
                    yield _error(key, f"{key.get('Type')!r} is in Disable and in Enable", "one of the two")
                seen.add(kind)


def _key(key: etree._Element) -> str:
    """The guide's table writes some types in two words; files may not."""
    return key.get("Type", "").replace(" ", "")


def _error(key: etree._Element, message: str, allowed: str) -> Finding:
    return Finding(line(key), Severity.ERROR, "Key Type", message, allowed)


def _write(state: str, parts: tuple[str, ...], rows: list[Row]) -> Written:
    root = element(state)
    made: list[etree._Element] = [root] * len(rows)
    for part in ("", *parts):
        inside = [number for number, row in enumerate(rows) if row.get("state", "") == part]
        parent = root if not part or not inside else _below(root, part)
        for name in LISTS:
            members = [number for number in inside if rows[number]["list"] == name]
            listed = _below(parent, name) if members else parent
            for number in members:
                made[number] = _below(listed, "Key", Type=rows[number]["type"])
    return Written([root], made)


def _below(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    child = element(name, **attributes)
    parent.append(child)
    return child


def _read(parts: tuple[str, ...], root: etree._Element) -> list[Row]:
    found: list[Row] = []
    for part in ("", *parts):
        for parent in children(root, part) if part else (root,):
            for name in LISTS:
                keys = [key for listed in children(parent, name) for key in children(listed, "Key")]
                state = {"state": part} if parts else {}
                found += [{**state, "list": name, "type": key.get("Type", "")} for key in keys]
    return found


def _kind(name: str, state: str, parts: tuple[str, ...]) -> Kind:
    columns: tuple[Column, ...] = (
        Column("list", "what the key is in: hidden, shown, or shown at first", required=True, values=LISTS),
        Column("type", "the soft key; Empty leaves a place free", required=True),
    )
    if parts:
        meaning = "part of the call state; blank for the whole of it"
        columns = (Column("state", meaning, values=("", *parts)), *columns)
    return Kind(
        name=f"softkeys-{name}",
        title=f"Soft keys, call state {state}",
        file_name=f"{state}.xml",
        roots=(state,),
        key=f"custom_softkey_{name.replace('-', '_')}.url",
        columns=columns,
        limits="the keys that the state knows; each but Empty once a list; not hidden and shown at once",
        rules=partial(_rules, parts),
        write=partial(_write, state, parts),
        read=partial(_read, parts),
    )


SOFTKEYS = tuple(_kind(*state) for state in _STATES)
