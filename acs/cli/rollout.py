"""`acs rollout`: changes to many phones, wave by wave. Its subcommands have files of their own."""

from __future__ import annotations

import click

from acs.cli.rollout_looking import devices, list_rollouts, show
from acs.cli.rollout_making import create, plan
from acs.cli.rollout_report import report
from acs.cli.rollout_steering import abort, approve, pause, resume, retry, rollback, start
from acs.cli.rollout_watching import watch


@click.group()
def rollout() -> None:
    """Firmware, configuration and tasks to many phones: wave by wave, proved, stopped before it hurts.

    A ROLLOUT is an id, the beginning of one, or a name that only one rollout has.
    """


_MAKING = (plan, create)
_STEERING = (start, pause, resume, retry, abort, rollback, approve)
_LOOKING = (list_rollouts, show, devices, watch, report)

for _command in (*_MAKING, *_STEERING, *_LOOKING):
    rollout.add_command(_command)
