"""The shared reference beside the repository, for tests that hold ours against it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

_SHARED = Path(__file__).parents[2].parent / "shared"

#: Where the official schemas say their imports are, and which of the local files that is.
_OFFICIAL_IMPORTS = {
    "http://schemas.xmlsoap.org/soap/envelope/": "soap-envelope-1.1.xsd",
    "http://schemas.xmlsoap.org/soap/encoding/": "soap-encoding-1.1.xsd",
    "http://www.broadband-forum.org/cwmp/cwmp-1-2.xsd": "cwmp-1-2.xsd",
    "http://www.broadband-forum.org/cwmp/cwmp-1-3.xsd": "cwmp-1-3.xsd",
}


class _LocalImports(etree.Resolver):
    def resolve(self, url, public_id, context):
        name = _OFFICIAL_IMPORTS.get(url)
        return self.resolve_filename(str(_SHARED / "reference" / "xsd" / name), context) if name else None


@cache
def _official_schema(name: str) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_LocalImports())
    return etree.XMLSchema(etree.parse(str(_SHARED / "reference" / "xsd" / f"{name}.xsd"), parser))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The directory with the captures and the official schemas."""
    if not _SHARED.is_dir():
        pytest.skip("the shared reference is not beside this repository")
    return _SHARED


@pytest.fixture(scope="session")
def official_schema(shared: Path) -> Callable[[str], etree.XMLSchema]:
    """The Broadband Forum's own schema by name, `cwmp-1-0` to `cwmp-1-4`."""
    return _official_schema
