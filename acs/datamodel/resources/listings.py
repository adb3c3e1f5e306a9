"""Which lists the Directory key opens, and which are searched while dialling (guide, "Directory Template",
"Super Search Template")."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lxml import etree

from acs.datamodel.key_values import Severity
from acs.datamodel.resources.documents import children, element, line
from acs.datamodel.resources.findings import Finding, shown
from acs.datamodel.resources.kinds import Column, Kind, Row, Written

_COLUMNS = ("id_name", "display_name", "priority", "enable")

#: list to the name that the guide advises to keep
_DIRECTORY = {
    "localdirectory": "Local Directory",
    "history": "History",
    "remotedirectory": "Remote Phone Book",
    "ldap": "LDAP",
}
_SUPER_SEARCH = {
    "local_directory_search": "Local Directory",
    "calllog_search": "History",
    "remote_directory_search": "Remote Phone Book",
    "ldap_search": "LDAP",
}


def _rules(names: dict[str, str], root: etree._Element) -> Iterator[Finding]:
    seen: set[str] = set()
    priorities: dict[str, str] = {}
    for item in children(root, "item"):
        identifier, title = item.get("id_name", ""), item.get("display_name", "")
        if identifier in seen and identifier in names:
            yield _finding(item, "id_name", Severity.ERROR, f"{identifier!r} stands twice", "each list once")
        seen.add(identifier)
        usual = names.get(identifier, title)
        if title.strip() and title != usual:
            message = f"{shown(title)} is not the usual name, which the guide advises to keep"
            yield _finding(item, "display_name", Severity.WARNING, message, usual)
        priority = item.get("priority", "")
        if item.get("enable") == "1" and priority in priorities:
            message = f"{priority} is the priority of {priorities[priority]} as well: their order is open"
            yield _finding(item, "priority", Severity.WARNING, message, "each number once")
        if item.get("enable") == "1":
            priorities.setdefault(priority, identifier)


def _finding(item: etree._Element, attribute: str, severity: Severity, message: str, allowed: str) -> Finding:
    return Finding(line(item), severity, f"item {attribute}", message, allowed)


def _write(root: str, rows: list[Row]) -> Written:
    top = element(root)
    top.extend(element("item", **row) for row in rows)
    return Written([top], list(top))


def _read(root: etree._Element) -> list[Row]:
    return [{column: item.get(column, "") for column in _COLUMNS} for item in children(root, "item")]


def _kind(name: str, title: str, file_name: str, root: str, key: str, names: dict[str, str]) -> Kind:
    return Kind(
        name=name,
        title=title,
        file_name=file_name,
        roots=(root,),
        key=key,
        columns=(
            Column("id_name", f"the list: {', '.join(names)}", required=True),
            Column("display_name", "what it is called on the phone", required=True),
            Column("priority", "1 to 4; 1 comes first", required=True),
            Column("enable", "1 shows or searches it, 0 does not", required=True),
        ),
        limits="each of the four lists once",
        rules=partial(_rules, names),
        write=partial(_write, root),
        read=_read,
    )


DIRECTORY = _kind(
    "directory",
    "Lists of the Directory key",
    "favorite_setting.xml",
    "root_favorite_set",
    "directory_setting.url",
    _DIRECTORY,
)
SUPER_SEARCH = _kind(
    "super-search",
    "Lists searched while dialling",
    "super_search.xml",
    "root_super_search",
    "super_search.url",
    _SUPER_SEARCH,
)
