"""`acs wsdl`: the description of the SOAP service, for programs that are made from it. No server is asked."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import click

from acs.cli.connection import data_dir_option, running_server
from acs.cli.outcomes import WrongUsage
from cwmp_schemas.loader import SOAP_ADDRESS, northbound_text


@click.command()
@click.option(
    "--url",
    envvar="ACS_URL",
    help="The server's address, http://host:8080, that the WSDL is to name; else that of the server of this "
    "machine. [env: ACS_URL]",
)
@click.option("--xsd", is_flag=True, help="Its types alone, as an XML Schema.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file instead of stdout."
)
@data_dir_option
def wsdl(url: str | None, xsd: bool, output: Path | None, data_dir: Path) -> None:
    """The WSDL of the SOAP service.

    \b
    acs wsdl > acs.wsdl
    acs wsdl --url https://acs.example.net -o acs.wsdl
    acs wsdl --xsd                                      the types alone

    A running server gives it to everybody at /soap?wsdl.
    """
    text = northbound_text("acs.xsd" if xsd else "acs.wsdl")
    address = _address(url, data_dir)
    if address and not xsd:
        text = text.replace(SOAP_ADDRESS, escape(address, {'"': "&quot;"}))
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"cannot write {output}: {error.strerror}") from None


def _address(url: str | None, data_dir: Path) -> str:
    """Where the service is reached, "" where nobody knows."""
    if not url:
        local = running_server(data_dir)
        url = local.web_url if local is not None else ""
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise WrongUsage(f"--url {url}: an address such as http://acs.example.net:8080 is needed")
    return url.rstrip("/") + "/soap"
