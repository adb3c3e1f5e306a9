"""`acs bench`: the benchmarks of the source tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from acs.cli.outcomes import NotFound

_SCRIPT = Path(__file__).parents[2] / "tests" / "benchmarks" / "sessions.py"


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
)
@click.pass_context
def bench(ctx: click.Context) -> None:
    """Measure sessions per second, CPU per session and memory per phone on this machine.

    Starts servers of its own on free ports; the running one is left alone. See `acs bench --help`.
    """
    if not _SCRIPT.exists():
        raise NotFound(f"the benchmarks are part of the source tree, and {_SCRIPT} is not there")
    sys.exit(subprocess.run([sys.executable, str(_SCRIPT), *ctx.args], check=False).returncode)
