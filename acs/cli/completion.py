"""`acs completion`: the script by which a shell completes commands, options and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

#: Where each shell looks for it.
_HOW = """\b
bash   echo 'eval "$(acs completion bash)"' >> ~/.bashrc
zsh    echo 'eval "$(acs completion zsh)"' >> ~/.zshrc
fish   acs completion fish > ~/.config/fish/completions/acs.fish
"""


@click.command(help=f"Print the script that makes a shell complete commands, options and names.\n\n{_HOW}")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    made = get_completion_class(shell)
    assert made is not None
    root = click.get_current_context().find_root()
    click.echo(made(root.command, {}, "acs", "_ACS_COMPLETE").source())
