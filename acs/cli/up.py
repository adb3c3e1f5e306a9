"""`acs up`: flags into settings, settings into a running server. The flags are the fields of `Settings`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from acs.cli.outcomes import WrongUsage
from acs.settings import Settings, SettingsError, load


def _setting_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    for setting in reversed(fields(Settings)):
        choices = setting.metadata.get("choices")
        default = "" if setting.default == "" else f" [default: {setting.default}]"
        command = click.option(
            f"--{setting.name.replace('_', '-')}",
            metavar="|".join(choices) if choices else {"int": "N"}.get(str(setting.type), "TEXT"),
            help=f"{setting.metadata['help']}.{default}",
        )(command)
    return click.option(
        "--config", metavar="FILE", help="TOML file with settings by these names. [env: ACS_CONFIG]"
    )(command)


@click.command()
@_setting_flags
def up(**flags: str | None) -> None:
    """Start the server. It prints one line per listener, then `ready`; SIGTERM or Ctrl-C stops it.

    Every setting can also come from the environment (ACS_CWMP_PORT) or from the file named by --config.
    """
    try:
        settings = load(flags, os.environ)
    except SettingsError as error:
        raise WrongUsage(str(error)) from None
    from acs.app import run  # the server's libraries are loaded only where a server starts

    sys.exit(run(settings))
