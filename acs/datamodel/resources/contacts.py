"""Local contacts and their groups (guide, "Local Directory", "Local Contact File")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from acs.datamodel.key_values import Severity
from acs.datamodel.resources.documents import children, element, line
from acs.datamodel.resources.findings import BadRows, Finding, RowFault, shown
from acs.datamodel.resources.kinds import NOTHING, Column, Kind, Row, Written

MAX_CONTACTS = 1000
#: with the three that every phone has
MAX_GROUPS = 48
OWN_GROUPS = frozenset({"Company", "Family", "Friend"})
#: what a contact may name besides: the list of all of them (in the guide's example)
EVERYBODY = "All Contacts"

_RING = re.compile(r"|Auto|Resource:Ring[1-5]\.wav|Custom:[^:/\\]+\.wav")
_RINGS = "blank, Auto, Resource:Ring1.wav to Resource:Ring5.wav, or Custom:NAME.wav"
_NUMBERS = ("office_number", "mobile_number", "other_number")
_CONTACT = ("display_name", *_NUMBERS, "ring", "group_id_name")
_GROUP = ("display_name", "ring")


def _rules(root: etree._Element) -> Iterator[Finding]:
    groups = [group for top in children(root, "root_group") for group in children(top, "group")]
    contacts = [one for top in children(root, "root_contact") for one in children(top, "contact")]
    names = OWN_GROUPS | {group.get("display_name", "") for group in groups}
    yield from _names(groups)
    yield from _names(contacts)
    yield from _too_many_groups(groups)
    if len(contacts) > MAX_CONTACTS:
        message = f"is one too many: a phone keeps {MAX_CONTACTS} contacts"
        yield _error(contacts[MAX_CONTACTS], "", message, f"{MAX_CONTACTS} contacts")
    for entry in (*groups, *contacts):
        ring = entry.get("ring", "")
        if not _RING.fullmatch(ring):
            yield _error(entry, "ring", f"{shown(ring)} is no ring tone", _RINGS)
    for contact in contacts:
        group = contact.get("group_id_name", "")
        if group and group != EVERYBODY and group not in names:
            message = f"{shown(group)} is neither in this file nor one of the phone's own groups"
            yield _warning(contact, "group_id_name", message)
        if not any(contact.get(number, "").strip() for number in _NUMBERS):
            yield _warning(contact, "", "has no number")


def _names(entries: list[etree._Element]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for entry in entries:
        name = entry.get("display_name")
        if name is None:
            continue
        if not name.strip():
            yield _error(entry, "display_name", "is blank", "a name")
        elif name in seen:
            message = f"{shown(name)} stands on line {seen[name]} already"
            yield _error(entry, "display_name", message, "each name once")
        seen.setdefault(name, line(entry))


def _too_many_groups(groups: list[etree._Element]) -> Iterator[Finding]:
    names = set(OWN_GROUPS)
    for group in groups:
        names.add(group.get("display_name", ""))
        if len(names) > MAX_GROUPS:
            own = ", ".join(sorted(OWN_GROUPS))
            message = f"is one too many: a phone keeps {MAX_GROUPS} groups, with its own {own}"
            yield _error(group, "", message, f"{MAX_GROUPS} groups")
            return


def _error(entry: etree._Element, attribute: str, message: str, allowed: str = "") -> Finding:
    return Finding(line(entry), Severity.ERROR, _place(entry, attribute), message, allowed)


def _warning(entry: etree._Element, attribute: str, message: str) -> Finding:
    return Finding(line(entry), Severity.WARNING, _place(entry, attribute), message)


def _place(entry: etree._Element, attribute: str) -> str:
    return f"{entry.tag!s} {attribute}".strip()


def _write(rows: list[Row]) -> Written:
    faults = [
        RowFault(number, column, "is of no use to a group", row[column], NOTHING)
        for number, row in enumerate(rows, start=1)
        if row["entry"] == "group"
        for column in _CONTACT
        if column not in _GROUP and row[column]
    ]
    if faults:
        raise BadRows(faults)
    groups, contacts = element("root_group"), element("root_contact")
    made = []
    for row in rows:
        is_group = row["entry"] == "group"
        entry = element(row["entry"], **{name: row[name] for name in (_GROUP if is_group else _CONTACT)})
        (groups if is_group else contacts).append(entry)
        made.append(entry)
    return Written([groups, contacts], made)


def _read(root: etree._Element) -> list[Row]:
    return [
        {"entry": str(entry.tag), **{name: entry.get(name, "") for name in _CONTACT}}
        for top, name in (("root_group", "group"), ("root_contact", "contact"))
        for parent in children(root, top)
        for entry in children(parent, name)
    ]


LOCAL_CONTACTS = Kind(
    name="local-contacts",
    title="Local contacts and their groups",
    file_name="contact.xml",
    roots=("root_group", "root_contact"),
    key="local_contact.data.url",
    columns=(
        Column("entry", "what the row is", default="contact", values=("contact", "group")),
        Column("display_name", "name of the contact or group, once each", required=True),
        Column("office_number", "of a contact"),
        Column("mobile_number", "of a contact"),
        Column("other_number", "of a contact"),
        Column("ring", f"ring tone: {_RINGS}"),
        Column("group_id_name", f"the contact's group: one of this file, {EVERYBODY}, or a phone's own"),
    ),
    limits=f"{MAX_CONTACTS} contacts; {MAX_GROUPS} groups, the phone's own three included; each name once",
    rules=_rules,
    write=_write,
    read=_read,
    wrapper="local_contacts",
)
