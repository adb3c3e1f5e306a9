"""How a command ends: the exit codes that scripts can use, and the errors that carry them.

Code 2 is also click's own for wrong usage. Every error is one clear line on stderr.
"""

from __future__ import annotations

from typing import Any, ClassVar

import click


class CommandError(click.ClickException):
    """The task failed, or the server refused the request."""

    exit_code: ClassVar[int] = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"acs: {self.format_message()}", err=True)


class WrongUsage(CommandError):
    """Wrong usage: an unknown option, or a name that fits several devices."""

    exit_code: ClassVar[int] = 2


class NotFound(CommandError):
    """There is no such device, task, file or token."""

    exit_code: ClassVar[int] = 3


class NotAuthorised(CommandError):
    """No token, a wrong one, or one that may not do this."""

    exit_code: ClassVar[int] = 4


class Unreachable(CommandError):
    """The server cannot be reached, or its store cannot."""

    exit_code: ClassVar[int] = 5


class TimedOut(CommandError):
    """Gave up waiting; the task goes on."""

    exit_code: ClassVar[int] = 6


class RolloutHalted(CommandError):
    """The rollout halted: a stop rule tripped, or a wave did not pass its gate."""

    exit_code: ClassVar[int] = 7


class RolloutAborted(CommandError):
    """The rollout was aborted."""

    exit_code: ClassVar[int] = 8


#: What the shell, too, says of a program that Ctrl-C ended.
INTERRUPTED = 130

#: exit code to what it means; `acs --help` and docs/cli.md show this table
MEANINGS = (
    {0: "It worked."}
    | {
        kind.exit_code: str(kind.__doc__)
        for kind in (
            *(CommandError, WrongUsage, NotFound, NotAuthorised, Unreachable, TimedOut),
            *(RolloutHalted, RolloutAborted),
        )
    }
    | {INTERRUPTED: "Ctrl-C."}
)
