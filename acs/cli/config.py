"""`acs config`: configuration files. Each group of subcommands has a file of its own beside this one."""

from __future__ import annotations

import click

from acs.cli.config_files import check, decrypt, encrypt


@click.group()
def config() -> None:
    """Configuration of phones: files by the documented keys (`acs keys`)."""


for _command in (check, encrypt, decrypt):
    config.add_command(_command)
