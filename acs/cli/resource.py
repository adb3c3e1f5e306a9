"""`acs resource`: contacts, dial rules, soft keys and such: checked, built, read back, attached to phones."""

from __future__ import annotations

from pathlib import Path

import click

from acs.cli import completing, outcomes
from acs.cli.config_targets import Scope, scope_options
from acs.cli.connection import Server, segment, server_options
from acs.cli.printing import Printer
from acs.cli.resource_files import build, check, kind_of_file, read_file, rows
from acs.cli.sending import send_file
from acs.datamodel.resources import KINDS

#: How many remote phone books a phone takes.
BOOKS = 5


@click.group()
def resource() -> None:
    """Files that phones fetch beside their configuration: contacts, dial rules, soft keys, phone books.

    \b
    acs resource check dialplan.xml
    acs resource build replace-rules rules.csv -o dialplan.xml
    acs resource attach dialplan.xml --model CP860
    """


resource.add_command(check)
resource.add_command(build)
resource.add_command(rows)


@resource.command()
@click.argument("name", required=False, metavar="[KIND]")
@click.option("--json", "as_json", is_flag=True, help="Machine output: JSON on stdout and nothing else.")
def kinds(name: str | None, as_json: bool) -> None:
    """The kinds of files, or the columns of one kind's table."""
    printer = Printer(as_json)
    if name is not None and name not in KINDS:
        raise outcomes.NotFound(f"there is no kind {name!r}; there are: {', '.join(KINDS)}")
    chosen = [KINDS[name]] if name else list(KINDS.values())
    if as_json:
        facts = ("name", "title", "file_name", "key", "limits")
        columns = ("name", "meaning", "required", "default", "values")
        printer.json(
            {
                "items": [
                    {fact: getattr(kind, fact) for fact in facts}
                    | {"columns": [{fact: getattr(one, fact) for fact in columns} for one in kind.columns]}
                    for kind in chosen
                ]
            }
        )
    elif name:
        kind = chosen[0]
        printer.facts({"title": kind.title, "file": kind.file_name, "key": kind.key, "limits": kind.limits})
        printer.table(
            ("COLUMN", "NEEDED", "VALUES", "MEANING"),
            ((one.name, one.required, one.values, one.meaning) for one in kind.columns),
        )
    else:
        lines = ((kind.name, kind.file_name, kind.key, kind.title) for kind in chosen)
        printer.table(("KIND", "FILE", "KEY", "WHAT"), lines)


@resource.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("words", nargs=-1, metavar="[DEVICE]", shell_complete=completing.first_device)
@click.option("--kind", metavar="KIND", help="What the file is (default: by its first element).")
@click.option("--name", help="Its name on the server (default: its own).")
@click.option(
    "--book",
    type=click.IntRange(1, BOOKS),
    help="Which of the phone's remote phone books a menu is (default: the first).",
)
@click.option("--base-url", help="The files port as phones reach it (default: as the server announces it).")
@click.option("--reason", "-m", default="", help="Why; kept with the version.")
@scope_options
@server_options
def attach(
    server: Server,
    path: Path,
    words: tuple[str, ...],
    kind: str | None,
    name: str | None,
    book: int | None,
    base_url: str | None,
    reason: str,
    scope: Scope,
) -> None:
    """Store a file, and set the key by which phones find it: of DEVICE, --group, --model or --fleet.

    The address stays the same when the file is replaced later (`acs file add --resource KIND`).
    """
    known = kind_of_file(kind, read_file(str(path)), str(path))
    if not known.key:
        raise outcomes.WrongUsage(
            f"{path}: {known.title.lower()}: no key names it, its menu does; "
            f"store it by `acs file add --resource {known.name}`"
        )
    if book is not None and "X" not in known.key:
        raise outcomes.WrongUsage(f"--book is for a remote phone book's menu, not for {known.name}")
    key = known.key.replace("X", str(book or 1))
    device, rest = scope.split(words)
    if rest:
        raise outcomes.WrongUsage(f"what is {rest[0]!r}? Give one DEVICE at most")
    layer = scope.path(server.api, device)
    base = base_url or server.api.get("/resources")["base_url"]
    if not base:
        raise outcomes.WrongUsage("the server does not know its own address; give --base-url")
    stored = send_file(server, path, name or path.name, {"resource": known.name})
    url = f"{base.rstrip('/')}/r/{segment(stored['name'])}"
    answer = server.api.call("PATCH", layer, json={"values": {key: url}, "reason": reason}).json()
    for warning in answer.get("warnings", ()):
        server.printer.note(f"warning: {warning.get('message', '')}")
    result = {"name": stored["name"], "kind": known.name, "key": key, "url": url}
    server.printer.result({**result, "version": answer.get("version")}, f"{key} = {url}")
