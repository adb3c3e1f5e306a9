"""`acs bench`: the benchmarks of the source tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from acs.cli.outcomes import NotFound

_FOLDER = Path(__file__).parents[2] / "tests" / "benchmarks"

#: What may be measured, by the word after `bench`; sessions without one.
_SCRIPTS = {
    "sessions": "sessions.py",
    "select": "selection.py",
    "console": "console.py",
    "plan": "plans.py",
    "rollout": "rollout.py",
    "rollout-step": "rollout_step.py",
}


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
)
@click.pass_context
def bench(ctx: click.Context) -> None:
    """Measure on this machine: sessions per second, CPU per session and memory per phone; and more.

    \b
    acs bench [sessions]   see `acs bench --help`
    acs bench select       how fast selectors find phones among 100,000
    acs bench console      how long the console's pages take with 100,000 phones
    acs bench rollout      rollouts among 2,000 phones, some of which go wrong, whatever is killed
    acs bench rollout-step what one step of a rollout costs among 100,000 phones
    acs bench plan         how long a plan for 10,000 phones' configuration takes

    Each has its own `--help`. They start servers of their own, on free ports or sockets; the running one is
    left alone.
    """
    words = list(ctx.args)
    name = words.pop(0) if words and words[0] in _SCRIPTS else "sessions"
    script = _FOLDER / _SCRIPTS[name]
    if not script.exists():
        raise NotFound(f"the benchmarks are part of the source tree, and {script} is not there")
    sys.exit(subprocess.run([sys.executable, str(script), *words], check=False).returncode)
