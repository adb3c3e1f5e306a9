"""A typed message to bytes: exact, valid against the schema of its version, in the CPE's own namespace.

One element builder writes everything: `_leaf` and `_element` are the only places where markup is made, and
`escape` the only one where text becomes XML. There is no XML declaration, since some phones fail on one
(quirk 64); the bytes are UTF-8, as XML has it without one.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any

from acs.cwmp import scalars
from acs.cwmp.layout import LAYOUTS, OPERATIONS, PARAMETER_FAULT, Field, Kind, Layout
from acs.cwmp.messages import Fault, Message
from acs.cwmp.structures import AttributeChange, ParameterValue
from acs.cwmp.versions import CWMP_1_0

#: What XML 1.0 cannot hold, not even as a reference: it is left out of what is sent.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')

_OPERATION_TYPES = {layout.made: name for name, layout in OPERATIONS.items()}


def write(
    message: Message,
    *,
    cwmp_id: str,
    namespace: str,
    hold_requests: bool | None = None,
    session_timeout: int | None = None,
    use_cwmp_version: str | None = None,
    supported_versions: str | None = None,
) -> bytes:
    """The SOAP envelope of a message of either side.

    `namespace` is the CPE's, echoed as it is ("" means cwmp-1-0); `cwmp_id` "" writes no ID, for a phone that
    sent none. The other headers are written unless None; `session_timeout` is in seconds.
    """
    header = _leaf("cwmp:ID", cwmp_id, _MUST_UNDERSTAND) if cwmp_id else ""
    if hold_requests is not None:
        header += _leaf("cwmp:HoldRequests", "1" if hold_requests else "0", _MUST_UNDERSTAND)
    if session_timeout is not None:
        header += _leaf("cwmp:SessionTimeout", str(session_timeout), _MAY_IGNORE)
    if supported_versions is not None:
        header += _leaf("cwmp:SupportedCWMPVersions", supported_versions, _MAY_IGNORE)
    if use_cwmp_version is not None:
        header += _leaf("cwmp:UseCWMPVersion", use_cwmp_version, _MUST_UNDERSTAND)
    opening, closing = _envelope(namespace or CWMP_1_0)
    parts = [opening, _element("SOAP-ENV:Header", header) if header else "", "<SOAP-ENV:Body>"]
    if isinstance(message, Fault):
        parts.append(_fault(message))
    else:
        name = type(message).__name__
        parts.append(_element(f"cwmp:{name}", _fields(LAYOUTS[name], message)))
    parts.append(closing)
    return "".join(parts).encode("utf-8")


def escape(text: str) -> str:
    """Text as XML content or attribute value: specials as references, what XML cannot hold left out."""
    if _SPECIAL.search(text) is None:
        return text
    text = _FORBIDDEN.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("\r", "&#13;")


_MUST_UNDERSTAND = ' SOAP-ENV:mustUnderstand="1"'
_MAY_IGNORE = ' SOAP-ENV:mustUnderstand="0"'


@lru_cache(maxsize=64)
def _envelope(namespace: str) -> tuple[str, str]:
    """What stands before the header and after the body. A handful of namespaces serve a whole fleet."""
    declarations = {
        "SOAP-ENV": "http://schemas.xmlsoap.org/soap/envelope/",
        "SOAP-ENC": "http://schemas.xmlsoap.org/soap/encoding/",
        "xsd": "http://www.w3.org/2001/XMLSchema",
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "cwmp": namespace,
    }
    attributes = "".join(f' xmlns:{prefix}="{escape(uri)}"' for prefix, uri in declarations.items())
    return f"<SOAP-ENV:Envelope{attributes}>", "</SOAP-ENV:Body></SOAP-ENV:Envelope>"


def _leaf(name: str, text: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{escape(text)}</{name}>"


def _element(name: str, content: str, attributes: str = "") -> str:
    """An element round content that is XML already."""
    return f"<{name}{attributes}>{content}</{name}>"


def _soap_array(element: str, item_type: str, items: list[str]) -> str:
    return _element(element, "".join(items), f' SOAP-ENC:arrayType="{item_type}[{len(items)}]"')


def _fields(layout: Layout, value: Any) -> str:
    return "".join([_field(field, getattr(value, field.attribute)) for field in layout.fields])


def _field(field: Field, value: Any) -> str:
    if field.optional and value == "":
        return ""
    kind, element, layout = field.kind, field.element, field.layout
    if kind is Kind.NAME or kind is Kind.LABEL or kind is Kind.TEXT:
        return _leaf(element, value)
    if kind is Kind.NUMBER:
        return _leaf(element, str(value))
    if kind is Kind.FLAG:
        return _leaf(element, "1" if value else "0")
    if kind is Kind.NAMES:
        return _soap_array(element, "xsd:string", [_leaf("string", text) for text in value])
    if kind is Kind.BINARIES:
        items = [_leaf("base64", base64.b64encode(data).decode("ascii")) for data in value]
        return _soap_array(element, "SOAP-ENC:base64", items)
    if kind is Kind.REPEATED:
        return "".join([_repeated(element, layout, item) for item in value])
    assert layout is not None, f"{element} needs a layout"
    if kind is Kind.STRUCT:
        return _element(element, _fields(layout, value))
    return _soap_array(element, f"cwmp:{layout.item}", [_item(layout, item) for item in value])


def _item(layout: Layout, item: Any) -> str:
    if isinstance(item, ParameterValue):
        return _element(layout.item, _parameter_value(item))
    if isinstance(item, AttributeChange):
        return _element(layout.item, _attribute_change(item))
    return _element(layout.item, _fields(layout, item))


def _parameter_value(parameter: ParameterValue) -> str:
    kind = scalars.schema_type(parameter.type)
    return _leaf("Name", parameter.name) + _leaf("Value", parameter.value, f' xsi:type="{kind}"')


def _attribute_change(change: AttributeChange) -> str:
    """The schema wants both attributes always; the flags say which of them count."""
    access_list = [_leaf("string", entry) for entry in change.access_list or ()]
    return (
        _leaf("Name", change.name)
        + _leaf("NotificationChange", "0" if change.notification is None else "1")
        + _leaf("Notification", str(change.notification or 0))
        + _leaf("AccessListChange", "0" if change.access_list is None else "1")
        + _soap_array("AccessList", "xsd:string", access_list)
    )


def _repeated(element: str, layout: Layout | None, item: Any) -> str:
    operation = _OPERATION_TYPES.get(type(item))
    if operation is not None:
        return _element(element, _fields(OPERATIONS[operation], item), f' xsi:type="cwmp:{operation}"')
    assert layout is not None, f"{element} needs a layout"
    return _element(element, _fields(layout, item))


def _fault(fault: Fault) -> str:
    """SOAP 1.1, 4.4: its own elements are unqualified; CWMP's Fault is the detail (TR-069, 3.4.7)."""
    detail = _leaf("FaultCode", str(fault.fault_code))
    if fault.fault_string:
        detail += _leaf("FaultString", fault.fault_string)
    for parameter_fault in fault.parameter_faults:
        detail += _element("SetParameterValuesFault", _fields(PARAMETER_FAULT, parameter_fault))
    return _element(
        "SOAP-ENV:Fault",
        _leaf("faultcode", fault.faultcode)
        + _leaf("faultstring", "CWMP fault")
        + _element("detail", _element("cwmp:Fault", detail)),
    )
