"""`acs restore`: an archive of `acs backup` made a server again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from acs.cli import outcomes
from acs.cli.backup import check, described, reading, spoken, warn
from acs.cli.connection import data_dir_option
from acs.cli.printing import Printer, moment

if TYPE_CHECKING:
    from acs.restoring import Restored


@click.command()
@click.argument(
    "archive", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.tar.gz"
)
@data_dir_option
@click.option(
    "--redis-url",
    envvar="ACS_REDIS_URL",
    default="",
    help="An empty database of your own for the state, instead of the private Redis. [env: ACS_REDIS_URL]",
)
@click.option("--verify-only", is_flag=True, help="Check the archive, and restore nothing.")
@click.option("--json", "as_json", is_flag=True, help="Machine output: JSON on stdout and nothing else.")
def restore(archive: Path, data_dir: Path, redis_url: str, verify_only: bool, as_json: bool) -> None:
    """Make the server of an archive anew in --data-dir, which must be empty; `acs up` goes on from there.

    Every part is checked, and Redis has read the state, before anything has its place: it is restored whole,
    or not at all. No server may run on the directory.
    """
    printer = Printer(as_json)
    if verify_only:
        checked = check(printer, archive)
        warn(printer, checked)
        text = f"{archive} is sound; made {moment(str(described(checked)['made_at']))}: "
        printer.result({"file": str(archive), **described(checked)}, text + spoken(checked.manifest.counts))
        return
    restored = _restored(printer, archive, data_dir, redis_url)
    _tell(printer, archive, data_dir, redis_url, restored)


def _restored(printer: Printer, archive: Path, data_dir: Path, redis_url: str) -> Restored:
    from acs import restoring  # the store's libraries are loaded only where it is used
    from acs.processes import StartError
    from acs.store.errors import StoreError

    try:
        return reading(
            printer, archive, lambda progress: restoring.restore(archive, data_dir, redis_url, progress)
        )
    except StartError as error:
        raise outcomes.CommandError(str(error)) from None
    except (StoreError, ValueError) as error:
        raise outcomes.Unreachable(str(error)) from None


def _tell(printer: Printer, archive: Path, data_dir: Path, redis_url: str, restored: Restored) -> None:
    import msgspec

    from acs.store.errors import without_password

    if restored.missing:
        printer.note(f"the bytes of {restored.missing} stored files were not in the backup")
    for name, (said, found) in restored.differing.items():
        printer.note(f"{name}: {found} were restored, and the backup says {said}")
    if restored.has_keys:
        printer.note(f"your own keys: start the server with --keys-dir {data_dir / 'keys'}")
    made = str(msgspec.to_builtins(restored.manifest.made_at))
    start = f"acs up --data-dir {data_dir}" + (
        f" --redis-url {without_password(redis_url)}" if redis_url else ""
    )
    answer = {
        "file": str(archive),
        "data_dir": str(data_dir),
        "made_at": made,
        "counts": restored.counts,
        "differing": {name: {"backup": a, "restored": b} for name, (a, b) in restored.differing.items()},
        "files": restored.files,
        "missing": restored.missing,
        "damaged": restored.damaged,
    }
    printer.result(
        answer,
        f"restored into {data_dir}, as of {moment(made)}: {spoken(restored.counts)}\nstart it: {start}",
    )
