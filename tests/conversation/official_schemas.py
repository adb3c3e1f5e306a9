"""Validates whole envelopes against the Broadband Forum's schemas, where ../shared holds them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lxml import etree

XSD = Path(__file__).parents[3] / "shared" / "reference" / "xsd"

_LOCAL = {
    "http://schemas.xmlsoap.org/soap/envelope/": "soap-envelope-1.1.xsd",
    "http://schemas.xmlsoap.org/soap/encoding/": "soap-encoding-1.1.xsd",
}
_DRIVER = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:import namespace="http://schemas.xmlsoap.org/soap/envelope/" schemaLocation="soap-envelope-1.1.xsd"/>
<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/" schemaLocation="soap-encoding-1.1.xsd"/>
<xs:import namespace="urn:dslforum-org:cwmp-1-{minor}" schemaLocation="cwmp-1-{minor}.xsd"/>
</xs:schema>"""


class _Resolver(etree.Resolver):
    def resolve(self, url, public_id, context):
        name = _LOCAL.get(url)
        return self.resolve_filename(str(XSD / name), context) if name else None


@cache
def _schema(minor: int) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Resolver())
    root = etree.fromstring(_DRIVER.format(minor=minor).encode(), parser, base_url=str(XSD / "driver.xsd"))
    return etree.XMLSchema(root)


def problems(body: bytes) -> list[str]:
    """What the official schema of its version finds wrong with an envelope; nothing without a schema."""
    if not XSD.is_dir():
        return []
    # Versions 1.3 and 1.4 officially share the namespace of 1.2; phones that use others get them back.
    text = re.sub(rb"cwmp-1-[3-9]", b"cwmp-1-2", body)
    found = re.search(rb"urn:dslforum-org:cwmp-1-([0-2])", text)
    if found is None:
        return ["no CWMP namespace"]
    schema = _schema(int(found[1]))
    schema.validate(etree.fromstring(text))
    return [f"{error.line}: {error.message}" for error in schema.error_log]
