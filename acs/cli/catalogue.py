"""The catalogue of keys for commands that work on files and without a server."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from acs import key_directory
from acs.cli.outcomes import WrongUsage
from acs.datamodel.keys import Catalogue

Command = Callable[..., Any]


def catalogue_options(command: Command) -> Command:
    """Adds --keys-dir and --model; the command gets the `Catalogue` they choose first."""

    @wraps(command)
    def with_catalogue(keys_dir: str, model: str, **arguments: Any) -> Any:
        return command(_chosen(keys_dir, model), **arguments)

    for option in reversed(_OPTIONS):
        with_catalogue = option(with_catalogue)
    return with_catalogue


def _chosen(keys_dir: str, model: str) -> Catalogue:
    try:
        catalogue = key_directory.load(keys_dir)
    except key_directory.KeyDirectoryError as error:
        raise WrongUsage(str(error)) from None
    if not model:
        return catalogue
    chosen = catalogue.for_model(model)
    if not len(chosen):
        raise WrongUsage(
            f"--model {model}: no keys are known of this model; there are: {', '.join(catalogue.models)}"
        )
    return chosen


_OPTIONS = (
    click.option(
        "--keys-dir",
        envvar="ACS_KEYS_DIR",
        default="",
        metavar="DIR",
        help="Directory with further files of keys. [env: ACS_KEYS_DIR]",
    ),
    click.option("--model", default="", metavar="MODEL", help="Only the keys of this model."),
)
