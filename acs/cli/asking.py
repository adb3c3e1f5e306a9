"""What a command has to be told by somebody at a terminal; scripts have an option for it."""

from __future__ import annotations

import getpass
import sys
import warnings

import click

from acs.cli import outcomes


def ask(what: str, instead: str, *, hidden: bool = False, twice: bool = False) -> str:
    """What somebody types. Raises WrongUsage, which names what to give `instead`, where nobody is there."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return str(click.prompt(what, hide_input=hidden, confirmation_prompt=twice, err=True))
        except getpass.GetPassWarning:
            pass
        except click.Abort as aborted:
            if isinstance(aborted.__context__, KeyboardInterrupt) or sys.stdin.isatty():
                raise
            click.echo(err=True)  # behind the question
    raise outcomes.WrongUsage(f"{what}: nobody can be asked here; give {instead}")
