"""`acs keys [PATTERN]`: the documented configuration keys. They are data: no server is asked."""

from __future__ import annotations

import click
import msgspec

from acs.cli.catalogue import catalogue_options
from acs.cli.coverage import coverage_options
from acs.cli.outcomes import NotFound
from acs.cli.printing import Printer
from acs.datamodel.keys import Catalogue
from acs.operations import keys as operation
from acs.operations.keys import KeyView


@click.command()
@click.argument("pattern", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Machine output: JSON on stdout and nothing else.")
@coverage_options
@catalogue_options
def keys(catalogue: Catalogue, pattern: tuple[str, ...], as_json: bool) -> None:
    """The documented configuration keys, or those that PATTERN fits.

    \b
    acs keys jitter                  what has this word in its name, feature or description
    acs keys 'account.*.port'        by name; * is for any characters
    acs keys account.1.transport     one key is shown whole
    acs keys --coverage CP860        which key goes by parameter, which by file, and why
    """
    found = operation.find(catalogue, q=" ".join(pattern))
    printer = Printer(as_json)
    if as_json:
        printer.json({"items": msgspec.to_builtins(found), "total": len(found)})
        return
    if not found:
        near = catalogue.near(pattern[0]) if pattern else ()
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise NotFound(f"no key fits {' '.join(pattern)!r}{hint}")
    if len(found) == 1:
        printer.facts(_whole(found[0]))
        return
    printer.table(("NAME", "DEFAULT", "ALLOWED", "FEATURE"), map(_row, found))
    printer.note(f"{len(found)} keys")


def _row(key: KeyView) -> tuple[str, str, str, str]:
    return key.name, _default(key), _listed(key.allowed), key.feature


def _listed(allowed: list[str] | str) -> str:
    return allowed if isinstance(allowed, str) else ", ".join(allowed)


def _default(key: KeyView) -> str:
    if isinstance(key.default, str):
        return key.default
    by = f"{key.default_by} = " if key.default_by in key.indexes else ""
    return "; ".join(f"{by}{index}: {value or 'blank'}" for index, value in key.default.items())


def _whole(key: KeyView) -> dict[str, object]:
    """Everything of one key, in the order in which people ask for it."""
    record: dict[str, object] = {
        "name": key.name,
        **{letter: ", ".join(map(str, numbers)) for letter, numbers in key.indexes.items()},
        "description": key.description,
        "type": key.type,
        "allowed": _listed(key.allowed),
        "default": _default(key) or "blank",
        "depends_on": "; ".join(key.depends_on),
        "reboot": key.reboot,
        "secret": key.secret,
        "file": key.file,
        "path": key.path,
        "doubt": key.doubt,
        "doubtful_values": "; ".join(f"{value}: {why}" for value, why in key.doubtful_values.items()),
        "feature": key.feature,
        "section": key.section,
        "source": key.source,
        "models": key.models,
    }
    return {name.replace("_", " "): value for name, value in record.items()}
