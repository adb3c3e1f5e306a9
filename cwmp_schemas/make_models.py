"""Makes `models/device-1.csv` and `models/voice-service-1.csv` from the Broadband Forum's data models.

    python -m cwmp_schemas.make_models DIRECTORY

DIRECTORY holds tr-106-1-2-0-full.xml, tr-181-1-7-0-full.xml and tr-104-1-1-0-full.xml, as the Broadband Forum
publishes them (https://cwmp-data-models.broadband-forum.org). Only facts are taken: names, types, limits,
access, what is always in an Inform. To be run again only when those files change; the results are in the
repository. Where the two editions of Device:1 say different things of one parameter, the later one counts.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

HERE = Path(__file__).parent / "models"

HEAD = """\
# {title}
# Made by cwmp_schemas/make_models.py; docs/data-model.md explains the columns.
"""


class Row(NamedTuple):
    """One line of a file: an object (its full path), or a parameter of the object above (its last name)."""

    name: str
    access: str
    type: str
    limits: str
    marks: str


Models = dict[str, dict[str, Row]]


def read(path: Path, prefix: str = "") -> Models:
    """Objects by full path, with their own row under ""; each with its parameters by name."""
    document: Any = etree.parse(str(path), etree.XMLParser(no_network=True, resolve_entities=False))
    types = {t.get("name"): t for t in document.iter("dataType") if t.get("name")}
    found: Models = {}
    for thing in document.find(".//model").iter("object"):
        if thing.get("name") is None:  # a profile refers to it
            continue
        name = prefix + thing.get("name")
        found[name] = {"": Row(name, _access(thing), "object", "", "")}
        for parameter in thing.findall("parameter"):
            found[name][parameter.get("name")] = _parameter(parameter, types)
    return found


def _access(thing: Any) -> str:
    return "rw" if thing.get("access") == "readWrite" else "ro"


def _parameter(parameter: Any, types: dict[str, Any]) -> Row:
    syntax = parameter.find("syntax")
    kind = next(child for child in syntax if child.tag not in ("list", "default"))
    listed = syntax.find("list")
    shape = _base(kind, types)
    marks = [
        mark
        for mark, holds in (
            ("forced", parameter.get("forcedInform") == "true"),
            ("active", parameter.get("activeNotify") == "forceDefaultEnabled"),
            ("quiet", parameter.get("activeNotify") == "canDeny"),
            ("secret", syntax.get("hidden") == "true"),
            ("list", listed is not None),
        )
        if holds
    ]
    type_name = "string" if listed is not None else shape.tag
    limits = _limits(shape) or ("" if listed is None else _limits(listed))
    return Row(parameter.get("name"), _access(parameter), type_name, limits, " ".join(marks))


def _base(kind: Any, types: dict[str, Any]) -> Any:
    """The element with the limits: the named type's own, or that of the type it is based on."""
    while kind.tag == "dataType":
        named = types[kind.get("ref") or kind.get("base")]
        inner = [child for child in named if child.tag in ("string", "unsignedInt", "int", "boolean")]
        kind = inner[0] if inner else named
    return kind


def _limits(kind: Any) -> str:
    """`a|b`: one of these; `low:high`: a number; `64`: at most so many characters (base64: bytes)."""
    choices = [choice.get("value") for choice in kind.findall("enumeration")]
    if choices:
        return "|".join(choices)
    ranges = kind.findall("range")
    if ranges:
        low, high = ranges[0].get("minInclusive"), ranges[-1].get("maxInclusive")
        return f"{low or ''}:{high or ''}"
    sizes = [size.get("maxLength") for size in kind.findall("size")]
    return max((size for size in sizes if size), key=int, default="")


def since(models: Models, older: Models | Iterable[tuple[str, str]], version: str) -> Models:
    """Marks what `older` does not have with the version that it is known from."""
    known = (
        {(path, name) for path, rows in older.items() for name in rows}
        if isinstance(older, dict)
        else set(older)
    )
    return {
        path: {
            name: row
            if (path, name) in known
            else row._replace(marks=" ".join([*row.marks.split(), f"since-{version}"]))
            for name, row in rows.items()
        }
        for path, rows in models.items()
    }


def _before_amendment(models: Models) -> Iterator[tuple[str, str]]:
    """VoiceService:1.0: all of 1.1 without the aliases, which are all that its amendment added."""
    for path, rows in models.items():
        yield from ((path, name) for name in rows if name != "Alias")


def write(path: Path, title: str, models: Models) -> None:
    out = io.StringIO()
    out.write(HEAD.format(title=title))
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(Row._fields)
    for rows in models.values():
        lines.writerows(rows.values())
    path.write_text(out.getvalue(), encoding="utf-8")


def main(directory: str) -> None:
    source = Path(directory)
    first = read(source / "tr-106-1-2-0-full.xml")
    device = since(read(source / "tr-181-1-7-0-full.xml"), first, "1.14")
    voice = read(source / "tr-104-1-1-0-full.xml", "Device.Services.")
    write(HERE / "device-1.csv", "Device:1.2 (TR-106) and Device:1.14 (TR-181 issue 1)", device)
    write(
        HERE / "voice-service-1.csv",
        "VoiceService:1.0 and 1.1 (TR-104)",
        since(voice, _before_amendment(voice), "1.1"),
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m cwmp_schemas.make_models DIRECTORY")
    main(sys.argv[1])
