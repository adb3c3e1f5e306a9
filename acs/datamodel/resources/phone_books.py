"""Remote phone books: the menu, and the entries of a department (guide, "Remote XML Phone Book")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from acs.datamodel.key_values import Severity
from acs.datamodel.resources.documents import children, element, line
from acs.datamodel.resources.findings import BadRows, Finding, RowFault, shown
from acs.datamodel.resources.kinds import NOTHING, Column, Kind, Row, Written

#: of all remote phone books of a phone together
MAX_ENTRIES = 5000

_URL = re.compile(r"(https?|ftp|tftp)://\S+")
_URLS = "http://…, https://…, ftp://… or tftp://…"
#: What a key's name may be: the guide's example is "#", and does not list the others.
_KEYS = frozenset("0123456789*#")
_ITEMS = {"department": "MenuItem", "key": "SoftKeyItem"}
_TELEPHONES = ("telephone", "telephone_2", "telephone_3")


def _menu_rules(root: etree._Element) -> Iterator[Finding]:
    seen: dict[tuple[str, str], int] = {}
    for item in root.iterchildren("MenuItem", "SoftKeyItem"):
        for name in children(item, "Name"):
            text = (name.text or "").strip()
            before = seen.setdefault((str(item.tag), text), line(name))
            if text and before != line(name):
                yield Finding(
                    line(name), Severity.WARNING, "Name", f"{shown(text)} stands on line {before} already"
                )
            if text and item.tag == "SoftKeyItem" and text not in _KEYS:
                message = f"{shown(text)} is no key of the dial pad, as in the guide's example"
                yield Finding(line(name), Severity.WARNING, "Name", message, "0 to 9, * or #")
        for url in children(item, "URL"):
            if not _URL.fullmatch((url.text or "").strip()):
                said = f"{shown(url.text)} is no address" if url.text else "is blank"
                yield Finding(line(url), Severity.ERROR, "URL", said, _URLS)


def _write_menu(rows: list[Row]) -> Written:
    titles = [number for number, row in enumerate(rows) if row["entry"] == "title"]
    faults = [RowFault(number + 1, "entry", "is a second title", "title", "one") for number in titles[1:]]
    if not titles:
        faults.append(RowFault(0, "entry", "no row is the book's title", "", "one row with the entry title"))
    faults += [
        RowFault(number + 1, "url", "is of no use to a title", rows[number]["url"], NOTHING)
        for number in titles
        if rows[number]["url"]
    ]
    if faults:
        raise BadRows(faults)
    root = element("YealinkIPPhoneMenu")
    made: list[etree._Element] = [root] * len(rows)
    for entry in ("title", *_ITEMS):
        for number, row in enumerate(rows):
            if row["entry"] == entry:
                made[number] = _menu_entry(row)
                root.append(made[number])
    return Written([root], made)


def _menu_entry(row: Row) -> etree._Element:
    if row["entry"] == "title":
        return element("Title", row["name"])
    item = element(_ITEMS[row["entry"]])
    item.extend((element("Name", row["name"]), element("URL", row["url"])))
    return item


def _read_menu(root: etree._Element) -> list[Row]:
    titles = [{"entry": "title", "name": title.text or "", "url": ""} for title in children(root, "Title")]
    return titles + [
        {"entry": entry, "name": _text(item, "Name"), "url": _text(item, "URL")}
        for entry, tag in _ITEMS.items()
        for item in children(root, tag)
    ]


def _department_rules(root: etree._Element) -> Iterator[Finding]:
    entries = list(children(root, "DirectoryEntry"))
    if len(entries) > MAX_ENTRIES:
        message = f"is one too many: a phone keeps {MAX_ENTRIES} entries of all remote phone books together"
        yield Finding(
            line(entries[MAX_ENTRIES]), Severity.ERROR, "DirectoryEntry", message, f"{MAX_ENTRIES} entries"
        )
    seen: dict[str, int] = {}
    for entry in entries:
        for name in children(entry, "Name"):
            text = (name.text or "").strip()
            if text and text in seen:
                message = f"{shown(text)} stands on line {seen[text]} already"
                yield Finding(line(name), Severity.WARNING, "Name", message)
            seen.setdefault(text, line(name))
        for telephone in list(children(entry, "Telephone"))[1:2]:
            message = "is a second number, which the guide does not know: the phone may pass over it"
            yield Finding(line(telephone), Severity.WARNING, "Telephone", message)


def _write_department(rows: list[Row]) -> Written:
    root = element("YealinkIPPhoneDirectory")
    for row in rows:
        entry = element("DirectoryEntry")
        entry.append(element("Name", row["name"]))
        first, *others = (row[column] for column in _TELEPHONES)
        entry.extend(element("Telephone", number) for number in (first, *filter(None, others)))
        root.append(entry)
    return Written([root], list(root))


def _read_department(root: etree._Element) -> list[Row]:
    rows = []
    for entry in children(root, "DirectoryEntry"):
        numbers = [number.text or "" for number in children(entry, "Telephone")]
        numbers += [""] * len(_TELEPHONES)
        rows.append({"name": _text(entry, "Name"), **dict(zip(_TELEPHONES, numbers, strict=False))})
    return rows


def _text(parent: etree._Element, name: str) -> str:
    return next((child.text or "" for child in children(parent, name)), "")


PHONE_BOOK_MENU = Kind(
    name="phone-book-menu",
    title="Remote phone book: its departments",
    file_name="Menu.xml",
    roots=("YealinkIPPhoneMenu",),
    key="remote_phonebook.data.X.url",
    columns=(
        Column(
            "entry",
            "what the row is: the book's title, a department, or what a key opens",
            default="department",
            values=("title", *_ITEMS),
        ),
        Column("name", "the title, the department's name, or the key, such as #", required=True),
        Column("url", "where the department's or the key's file is"),
    ),
    limits="one title; addresses of 511 characters; a phone takes 5 books",
    rules=_menu_rules,
    write=_write_menu,
    read=_read_menu,
)

PHONE_BOOK_DEPARTMENT = Kind(
    name="phone-book-department",
    title="Remote phone book: a department's entries",
    file_name="Department.xml",
    roots=("YealinkIPPhoneDirectory",),
    key="",
    columns=(
        Column("name", "of the contact", required=True),
        Column("telephone", "the contact's number", required=True),
        Column("telephone_2", "a second one; not in the guide of the CP860"),
        Column("telephone_3", "a third one; not in the guide of the CP860"),
    ),
    limits=f"{MAX_ENTRIES} entries, of all books together",
    rules=_department_rules,
    write=_write_department,
    read=_read_department,
)
