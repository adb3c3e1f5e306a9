"""`acs config`: desired configuration, and configuration files. Each group of subcommands has a file of its
own beside this one."""

from __future__ import annotations

import click

from acs.cli.config_actions import action_urls
from acs.cli.config_drift import apply, drift, verify
from acs.cli.config_files import check, decrypt, encrypt
from acs.cli.config_layers import effective, set_values, show, unset
from acs.cli.config_plan import plan
from acs.cli.config_render import render
from acs.cli.config_versions import diff, history, revert


@click.group()
def config() -> None:
    """Configuration of phones by the documented keys (`acs keys`): what it ought to be, and files of it."""


_LAYERS = (show, set_values, unset, effective, history, diff, revert)
_CONVERGENCE = (plan, drift, apply, verify)

for _command in (*_LAYERS, *_CONVERGENCE, action_urls, render, check, encrypt, decrypt):
    config.add_command(_command)
