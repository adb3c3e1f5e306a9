"""The table of commands. Each is imported when it is used: `acs task show` need not load the server."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword
from typing import Any

import click
from click.shell_completion import CompletionItem

from acs.cli.outcomes import INTERRUPTED, MEANINGS

#: command to (module, attribute)
COMMANDS = {
    "up": "up",
    "device": "device",
    "task": "task",
    "file": "file",
    "keys": "keys",
    "config": "config",
    "rollout": "rollout",
    "group": "group",
    "selector": "selector",
    "schedule": "schedule",
    "wake": "wake",
    "events": "events",
    "alert": "alert",
    "presence": "presence",
    "rule": "rule",
    "webhook": "webhook",
    "resource": "resource",
    "dialplan": "dialplan",
    "token": "token",
    "user": "user",
    "login": "login",
    "logout": "login",
    "audit": "audit",
    "import": "tables",
    "export": "tables",
    "backup": "backup",
    "restore": "restore",
    "refusals": "refusals",
    "simulate": "simulate",
    "lint": "lint",
    "wsdl": "wsdl",
    "bench": "bench",
    "completion": "completion",
}

_EPILOG = "\n".join(["\b", "Exit codes:", *(f"  {code}  {meaning}" for code, meaning in MEANINGS.items())])


class _Commands(click.Group):
    """Finds a command in the module of its name, in this package, under its own name, with an
    underscore behind it where Python keeps the name for itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = getattr(import_module(f"acs.cli.{COMMANDS[cmd_name]}"), name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(err=True)  # behind the ^C
            ctx.exit(INTERRUPTED)
        except click.Abort as aborted:  # at a question
            if isinstance(aborted.__context__, KeyboardInterrupt):
                ctx.exit(INTERRUPTED)
            raise

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names without a word about them, which would load every command."""
        found = [CompletionItem(name) for name in COMMANDS if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)


@click.command(cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="acs")
def main() -> None:
    """A TR-069 fleet server for SIP phones: the server, and everything an operator does with it.

    \b
    acs up                         start the server
    acs simulate --phones 50       phones that are not there
    acs device list                the fleet
    acs device get 0015651A2B3C Device.DeviceInfo.SoftwareVersion

    A DEVICE is a full id or any fragment that fits one device only, such as its serial number or MAC address.
    """
