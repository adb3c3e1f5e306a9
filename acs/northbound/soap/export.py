"""`python -m acs.northbound.soap.export`: write the WSDL and its types to cwmp_schemas/northbound/."""

from __future__ import annotations

from pathlib import Path

from acs.northbound.soap import wsgi_service
from cwmp_schemas.loader import NORTHBOUND


def documents() -> dict[str, bytes]:
    """The files by name, as the service is now."""
    wsgi = wsgi_service.make_wsgi()
    return {"acs.wsdl": wsgi_service.wsdl(wsgi), "acs.xsd": wsgi_service.xsd(wsgi)}


def main(directory: Path = NORTHBOUND) -> None:
    directory.mkdir(exist_ok=True)
    for name, content in documents().items():
        (directory / name).write_bytes(content)
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
