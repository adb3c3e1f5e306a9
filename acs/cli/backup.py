"""`acs backup`: the whole server into one archive, which is checked when it is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from acs.cli import outcomes
from acs.cli.connection import Server, server_options
from acs.cli.printing import Printer, byte_size

if TYPE_CHECKING:
    from acs.operations.backup_archive import Checked

T = TypeVar("T")

#: Seconds for the server to take the snapshot, and between two pieces of the archive.
_PATIENCE = 300.0

_SPOKEN = {"open_tasks": "open tasks", "files": "stored files", "awaited": "awaited phones"}


@click.command()
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.tar.gz")
@click.option("--force", is_flag=True, help="Overwrite FILE.tar.gz where it exists.")
@server_options
def backup(server: Server, target: Path, force: bool) -> None:
    """Save the whole server, its state and its files, into one archive for `acs restore`.

    The server goes on meanwhile. The archive holds every secret; it is written with mode 0600, and gets its
    name only when it is whole and every part of it was checked.
    """
    if target.exists() and not force:
        raise outcomes.CommandError(f"{target} exists already; --force overwrites it")
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise outcomes.CommandError(f"{part}: {error.strerror}") from None
    try:
        with server.printer.transfer(target.name, None) as progress:
            size = server.api.download("/backup", part, progress, patience=_PATIENCE)
        checked = check(server.printer, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    warn(server.printer, checked)
    text = f"saved {target} ({byte_size(size)}), and checked: {spoken(checked.manifest.counts)}"
    server.printer.result({"file": str(target), "size": size, **described(checked)}, text)


def check(printer: Printer, path: Path) -> Checked:
    """What a sound archive has. Raises CommandError where it is not sound."""
    from acs.operations import backup_archive

    return reading(printer, path, lambda progress: backup_archive.read(path, progress=progress))


def reading(printer: Printer, path: Path, work: Callable[[Callable[[int, int], None]], T]) -> T:
    """Do work that reads an archive, with a progress bar. Raises CommandError where it fails at that."""
    from acs.operations.backup_archive import ArchiveError

    try:
        with printer.transfer(f"checking {path.name}", path.stat().st_size) as progress:
            return work(progress)
    except ArchiveError as error:
        raise outcomes.CommandError(str(error)) from None
    except OSError as error:
        raise outcomes.CommandError(f"{error.filename or path}: {error.strerror or error}") from None


def described(checked: Checked) -> dict[str, Any]:
    """An archive for scripts."""
    import msgspec

    manifest: dict[str, Any] = msgspec.to_builtins(checked.manifest)
    kept = ("made_at", "server_version", "redis_version", "counts", "parts")
    complete: dict[str, Any] = msgspec.to_builtins(checked.complete)
    return {name: manifest[name] for name in kept} | complete


def spoken(counts: dict[str, int]) -> str:
    """Such as `120 phones, 3 stored files, 1 user`; what there is none of is left out."""
    named = ((number, _SPOKEN.get(name, name)) for name, number in counts.items() if number)
    return ", ".join(f"{number} {name.removesuffix('s') if number == 1 else name}" for number, name in named)


def warn(printer: Printer, checked: Checked) -> None:
    damaged = checked.complete.damaged
    if damaged:
        printer.note(
            f"{len(damaged)} stored files are damaged on the server itself, and are kept as they are: "
            f"{', '.join(damaged[:3])}{' …' if len(damaged) > 3 else ''}"
        )
