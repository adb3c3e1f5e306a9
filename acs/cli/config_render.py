"""`acs config render`: the provisioning file that a phone would get now."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from acs.cli import completing, outcomes
from acs.cli.config_targets import phone
from acs.cli.connection import Server, segment, server_options

#: The two files, and which of them is shown when nothing says it.
FILES = ("common", "mac")


@click.command()
@click.argument("device", required=False, shell_complete=completing.devices)
@click.option("--model", metavar="MODEL", help="The common file of this model, instead of a phone's.")
@click.option("--file", "which", type=click.Choice(FILES), help="Which of a phone's two. [default: mac]")
@click.option("--encrypt", is_flag=True, help="As the phone gets it, where an AES key is set.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@server_options
def render(
    server: Server,
    device: str | None,
    model: str | None,
    which: str | None,
    encrypt: bool,
    out: Path | None,
) -> None:
    """The provisioning file of a DEVICE, or the common one of a model, as it is served now.

    Secrets are in it for the roles engineer and admin; others see ******.
    """
    if (device is None) == (model is None):
        raise outcomes.WrongUsage("give a DEVICE or --model M")
    if model is not None:
        if which == "mac":
            raise outcomes.WrongUsage("--file mac is a phone's: give a DEVICE instead of --model")
        path, query = f"/models/{segment(model)}/config/file", {}
    else:
        path = f"/devices/{segment(phone(server.api, device or ''))}/config/file"
        query = {"which": which or "mac"}
    if encrypt:
        query["encrypt"] = "true"
    answer = server.api.call("GET", path, params=query, headers={"Accept": "*/*"})
    name = answer.headers.get("Content-Disposition", "").partition('filename="')[2].rstrip('"')
    if server.printer.as_json:
        content = {"text": answer.text} if not encrypt else {"hex": answer.content.hex()}
        server.printer.json({"file": name, "etag": answer.headers.get("ETag"), **content})
    elif out is None:
        sys.stdout.buffer.write(answer.content)
    else:
        try:
            out.write_bytes(answer.content)
        except OSError as error:
            raise outcomes.WrongUsage(f"{out}: {error.strerror or error}") from None
        click.echo(f"{name} written to {out}", err=True)
