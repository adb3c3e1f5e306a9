"""Opens the data of this package by name.

Configuration keys lie in `keys/`, a TOML file an area of features; an operator's own have the same form.
XML schemas of messages lie in `xsd/` and import each other by file name, so that nothing is ever fetched from
a network; those of resource files lie in `resources/`, one a kind. The WSDL of the SOAP service lies in
`northbound/`.
"""

from __future__ import annotations

import errno
from functools import cache
from pathlib import Path

from lxml import etree

_XSD = Path(__file__).parent / "xsd"
_KEYS = Path(__file__).parent / "keys"
_PROVISIONING = Path(__file__).parent / "provisioning"
_RESOURCES = Path(__file__).parent / "resources"

#: The WSDL of the SOAP service and its types; written by `python -m acs.northbound.soap.export`.
NORTHBOUND = Path(__file__).parent / "northbound"

#: Where the service is, as the shipped WSDL has it; a server says its own.
SOAP_ADDRESS = "http://localhost:8080/soap"


class UnknownSchema(LookupError):
    """There is no schema of this name; the message lists those there are."""


def schema_names() -> tuple[str, ...]:
    """The schemas that can be opened: `cwmp-1-0` and so on."""
    return tuple(
        sorted(
            path.stem
            for path in _XSD.glob("*.xsd")
            if "-from-" not in path.stem and "-until-" not in path.stem
        )
    )


@cache
def open_schema(name: str) -> etree.XMLSchema:
    """The compiled schema `name`, such as `cwmp-1-2`; it validates a whole SOAP envelope of that version.

    Compiled once per process (about 5 ms). A message is checked with `.validate(tree)`, the complaints with
    their lines are in `.error_log` afterwards. Raises UnknownSchema.
    """
    if name not in schema_names():
        raise UnknownSchema(f"no schema named {name!r}; there are: {', '.join(schema_names())}")
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    return etree.XMLSchema(etree.parse(str(_XSD / f"{name}.xsd"), parser))


def key_files(directory: Path = _KEYS) -> tuple[tuple[str, str], ...]:
    """Name and text of each file of configuration keys (`*.toml`): the shipped ones, or an operator's.

    Raises OSError, with the file's name in it, where one cannot be read or is no UTF-8 text.
    """
    if not directory.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "is no directory", str(directory))
    return tuple((path.name, _text(path)) for path in sorted(directory.glob("*.toml")))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "is no UTF-8 text", str(path)) from None


def model_text(name: str) -> str:
    """A file of `models/`: what parameters there are (docs/data-model.md)."""
    return (Path(__file__).parent / "models" / f"{name}.csv").read_text(encoding="utf-8")


def mapping_files() -> tuple[tuple[str, str], ...]:
    """Name and text of each file of `mapping/`: which parameter carries which key, in the order of names."""
    return tuple(
        (path.name, path.read_text(encoding="utf-8"))
        for path in sorted((Path(__file__).parent / "mapping").glob("*.toml"))
    )


@cache
def open_resource_schema(kind: str) -> etree.XMLSchema:
    """The compiled schema of a kind of resource file, such as `dial-now`. Raises UnknownSchema."""
    names = sorted(path.stem for path in _RESOURCES.glob("*.xsd"))
    if kind not in names:
        raise UnknownSchema(f"no kind of resource file named {kind!r}; there are: {', '.join(names)}")
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    return etree.XMLSchema(etree.parse(str(_RESOURCES / f"{kind}.xsd"), parser))


def provisioning_text(name: str) -> str:
    """A file of what is known about phones that fetch their files: `file-numbers.toml`."""
    return (_PROVISIONING / name).read_text(encoding="utf-8")


def northbound_text(name: str) -> str:
    """`acs.wsdl`, the description of the SOAP service, or `acs.xsd`, its types."""
    return (NORTHBOUND / name).read_text(encoding="utf-8")
