"""An XML tree to a typed message: the tolerant reader of everything a phone sends.

Names are matched by their local part in any namespace, and in any case as a last resort; arrays are taken
whatever their attributes say; what is missing gets a sensible default. What had to be mended is told in
`Envelope.repairs`. The layout of each message is in `acs.cwmp.layout`, the odd forms of single values in
`acs.cwmp.scalars`, SOAP faults in `acs.cwmp.fault_reading`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lxml import etree
from msgspec import Struct

from acs.cwmp import scalars
from acs.cwmp.fault_reading import read_fault
from acs.cwmp.known_informs import KnownInforms
from acs.cwmp.layout import LAYOUTS
from acs.cwmp.leaves import local_name
from acs.cwmp.messages import AddObjectResponse, Inform, Message
from acs.cwmp.parsing import NotSoap, parse
from acs.cwmp.plans import DEVICE_ID_PLAN, Plan, build

__all__ = ["Envelope", "MalformedMessage", "NotSoap", "UnknownMessage", "read"]


class UnknownMessage(Struct, frozen=True, tag=True):
    """SOAP, but no message of CWMP; `name` is the body's element, "" for an empty body. Answer: 8000."""

    name: str


class Envelope(Struct, frozen=True):
    """One message and what its SOAP header said.

    `cwmp_id` and `namespace` are "" when missing. `repairs` are sentences on what had to be mended.
    """

    message: Message | UnknownMessage
    cwmp_id: str = ""
    namespace: str = ""
    hold_requests: bool = False
    session_timeout: int | None = None
    supported_versions: str = ""
    use_cwmp_version: str = ""
    repairs: tuple[str, ...] = ()


class MalformedMessage(Exception):
    """A known message that cannot be understood; `reason` says why in one line. Answer: fault 8003."""

    def __init__(self, name: str, reason: str, cwmp_id: str = "", namespace: str = "") -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason
        self.cwmp_id = cwmp_id
        self.namespace = namespace


def read(body: bytes, charset: str | None = None) -> Envelope:
    """The message in an HTTP body. `charset` is that of the Content-Type, as written there, or None.

    Raises NotSoap for what is no SOAP at all and MalformedMessage for a known message without what makes it
    one (an Inform without a device); nothing else, whatever the bytes are.
    """
    return _KNOWN_INFORMS.read(body) or _read(body, charset)


def _read(body: bytes, charset: str | None = None) -> Envelope:
    root, repairs = parse(body, charset)
    header, found = _parts(root, repairs)
    method = _method(found, repairs)
    header_values = _NO_HEADER if header is None else _header(header)
    if method is None:
        return _envelope(UnknownMessage(""), header_values, _namespace(root, None, header), repairs)
    name, element = method
    namespace = _namespace(root, element, header)
    plan = _PLANS.get(name)
    if plan is not None:
        message = _checked(build(plan, element, repairs), element, repairs, header_values.cwmp_id, namespace)
        return _envelope(message, header_values, namespace, repairs)
    if name == "Fault":
        return _envelope(read_fault(element, repairs), header_values, namespace, repairs)
    return _envelope(UnknownMessage(name), header_values, namespace, repairs)


class _Header(NamedTuple):
    cwmp_id: str = ""
    hold_requests: bool = False
    session_timeout: int | None = None
    supported_versions: str = ""
    use_cwmp_version: str = ""


_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_ENVELOPE, _HEADER, _BODY = f"{_SOAP}Envelope", f"{_SOAP}Header", f"{_SOAP}Body"
_NO_HEADER = _Header()
_PLANS = {name: Plan.of(layout) for name, layout in LAYOUTS.items()}
_BY_LOWER_NAME = {name.lower(): name for name in (*_PLANS, "Fault")}


def _envelope(
    message: Message | UnknownMessage, header: _Header, namespace: str, repairs: list[str]
) -> Envelope:
    return Envelope(
        message,
        header.cwmp_id,
        namespace,
        header.hold_requests,
        header.session_timeout,
        header.supported_versions,
        header.use_cwmp_version,
        tuple(repairs),
    )


def _parts(
    root: etree._Element, repairs: list[str]
) -> tuple[etree._Element | None, Iterable[etree._Element]]:
    """The header, and the elements among which the message is looked for."""
    if root.tag == _ENVELOPE and len(root) == 2:
        first, second = root
        if first.tag == _HEADER and second.tag == _BODY:
            return first, second
    name = local_name(root.tag)
    if name.lower() == "envelope":
        header = body = None
        for child in root:
            part = local_name(child.tag).lower()
            if part == "body" and body is None:
                body = child
            elif part == "header" and header is None:
                header = child
        if body is None:
            repairs.append("the Envelope has no Body")
        return header, root if body is None else body
    if name.lower() == "body":
        repairs.append("the document has no Envelope")
        return None, root
    if name.lower() in _BY_LOWER_NAME:
        repairs.append("the document has no Envelope")
        return None, (root,)
    raise NotSoap(f"the document is XML, but its root is <{name[:60]}> and no SOAP Envelope")


def _method(elements: Iterable[etree._Element], repairs: list[str]) -> tuple[str, etree._Element] | None:
    """The name and element of the message: the first one known, else the first one there."""
    first: tuple[str, etree._Element] | None = None
    for element in elements:
        name = local_name(element.tag)
        if name in _PLANS or name == "Fault":
            return name, element
        known = _BY_LOWER_NAME.get(name.lower())
        if known is not None:
            repairs.append(f"<{name}> was taken as <{known}>")
            return known, element
        if first is None and name.lower() not in ("header", "body"):
            first = name, element
    return first


def _header(header: etree._Element) -> _Header:
    """The header elements of CWMP, in any namespace (quirk 37)."""
    if len(header) == 1 and local_name(header[0].tag) == "ID":
        return _Header(scalars.name(header[0].text))
    texts = {local_name(child.tag).lower(): child.text for child in header}
    timeout = texts.get("sessiontimeout")
    return _Header(
        scalars.name(texts.get("id")),
        scalars.flag(texts.get("holdrequests")),
        max(0, scalars.number(timeout)) if timeout else None,
        scalars.label(texts.get("supportedcwmpversions")),
        scalars.label(texts.get("usecwmpversion")),
    )


def _namespace(root: etree._Element, method: etree._Element | None, header: etree._Element | None) -> str:
    """The CWMP namespace of this message: the method's own, else one declared round it or in its fault."""
    if method is not None:
        own = str(method.tag)[1:].partition("}")[0]
        if "cwmp" in own and str(method.tag)[0] == "{":
            return own
    scopes = [root.nsmap]
    if method is not None:
        scopes.insert(0, method.nsmap)
        scopes += [child.nsmap for child in method.iter("{*}Fault")]
    if header is not None:
        scopes += [child.nsmap for child in header]
    return next((uri for scope in scopes for uri in scope.values() if "cwmp" in uri.lower()), "")


def _checked(
    message: Message, element: etree._Element, repairs: list[str], cwmp_id: str, namespace: str
) -> Message:
    """The message, unless it lacks what makes it one: an Inform's device, the instance that was added."""
    if isinstance(message, Inform):
        if not message.device_id.serial_number:
            # Some put the parts of DeviceId straight into the Inform.
            device_id = build(DEVICE_ID_PLAN, element, [])
            if not device_id.serial_number:
                raise MalformedMessage("Inform", "it names no SerialNumber", cwmp_id, namespace)
            repairs.append("the Inform has no DeviceId; its parts were found beside it")
            return Inform(
                device_id,
                message.event,
                message.max_envelopes,
                message.current_time,
                message.retry_count,
                message.parameter_list,
            )
    elif isinstance(message, AddObjectResponse) and message.instance_number < 1:
        raise MalformedMessage("AddObjectResponse", "it names no InstanceNumber", cwmp_id, namespace)
    return message


_KNOWN_INFORMS = KnownInforms(_read)
