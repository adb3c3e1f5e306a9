"""Requests as XML: parsed without entities, and checked by the WSDL's own schema.

What the schema refuses becomes an InvalidFault as other wrong input does: the field's path below the
operation, its value, and what is allowed.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import Any, get_args

from lxml import etree
from msgspec import Struct, structs

from acs.northbound.soap.faults import ENVELOPE, FieldFault, InvalidFault, MalformedFault, SoapFault
from acs.northbound.soap.operations import Operation
from acs.northbound.soap.shapes import NAMESPACE
from acs.operations import validation

_IN_BRACES = re.compile(r"\{[^}]*\}")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)")

#: Errors of the schema that are told; one wrong value may have two of them.
_MOST = 20


def parse(document: bytes, charset: str | None = None) -> Any:
    """The root element; `charset` is what HTTP says of it. Raises MalformedFault for what is no XML, and for
    any document type."""
    try:
        parser = etree.XMLParser(
            encoding=charset,
            resolve_entities=False,
            load_dtd=False,
            dtd_validation=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise _malformed(f"The body is no XML: {error.msg}.") from None
    except (ValueError, LookupError) as error:
        raise _malformed(f"The body cannot be read: {error}.") from None
    if root.getroottree().docinfo.doctype:
        raise _malformed("A document type (DTD) is not taken, nor the entities it may define.")
    return root


def payload(root: Any) -> tuple[list[Any], Any]:
    """The elements of the header, and the only element of the body. Raises MalformedFault."""
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise _malformed(f"The root is {root.tag}; an Envelope of SOAP 1.1 ({ENVELOPE}) is needed.")
    bodies = root.findall(f"{{{ENVELOPE}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise _malformed("The envelope must have one Body with one element, that of the operation.")
    headers = [one for header in root.findall(f"{{{ENVELOPE}}}Header") for one in header]
    for one in headers:
        if one.get(f"{{{ENVELOPE}}}mustUnderstand") in ("1", "true"):
            raise _malformed(f"The header {one.tag} must be understood, and is not.")
    return headers, bodies[0][0]


class Checker:
    """The schema of all requests. One check at a time: its list of errors is shared by all threads."""

    def __init__(self, schema: etree.XMLSchema, operations: dict[str, Operation]) -> None:
        self._schema = schema
        self._operations = operations
        self._lock = Lock()

    def check(self, element: Any) -> None:
        """Raises InvalidFault with every error found."""
        name = etree.QName(element)
        operation = self._operations.get(name.localname)
        if operation is None:
            raise _refused("is no operation of this service", element.tag, sorted(self._operations))
        if name.namespace != NAMESPACE:
            raise _refused("is not in the namespace of this service", element.tag, [NAMESPACE])
        # validated by itself: paths then begin at the operation
        alone = etree.ElementTree(etree.fromstring(etree.tostring(element)))
        with self._lock:
            valid = self._schema.validate(alone)
            errors = [] if valid else list(self._schema.error_log)
        if valid:
            return _check_base64(alone.getroot(), operation)
        faults = _faults(errors, alone, operation)
        raise SoapFault(InvalidFault("; ".join(f"{one.field}: {one.message}" for one in faults), faults))


def _check_base64(root: Any, operation: Operation) -> None:
    """libxml2 passes over letters that are none of Base64's."""
    for field in structs.fields(operation.request):
        holds_bytes = bytes in (field.type, *get_args(field.type))
        text = root.findtext(f"{{{NAMESPACE}}}{field.name}") if holds_bytes else None
        if text is not None and not _BASE64.fullmatch("".join(text.split())):
            fault = FieldFault(
                field.name, "is no Base64", None, ["letters, digits, + and /, with = at the end"]
            )
            raise SoapFault(InvalidFault(f"{field.name}: {fault.message}", [fault]))


def _refused(said: str, value: str, allowed: list[str]) -> SoapFault:
    return SoapFault(InvalidFault(f"Body: {said}", [FieldFault("Body", said, value, allowed)]))


def _faults(errors: list[Any], document: Any, operation: Operation) -> list[FieldFault]:
    """One for each field, with the first that the schema says of it."""
    found: dict[str, FieldFault] = {}
    for error in errors[:_MOST]:
        found_at = document.xpath(_by_position(error.path)) if error.path else []
        at = found_at[0] if found_at else document.getroot()
        path, kind = _field(at, operation)
        message = _sentence(error.message)
        expected = _EXPECTED.search(error.message)
        value = (at.text or "").strip() if not len(at) else None
        if expected is not None:
            wanted = [_IN_BRACES.sub("", one).strip() for one in expected[1].split(",")]
            missing = "Missing child" in error.message
            field = ".".join(filter(None, (path, wanted[0]))) if missing else path
            said = "is required" if missing else "is not expected here"
            found.setdefault(field, FieldFault(field, said, None if missing else value, wanted))
        else:
            found.setdefault(path, FieldFault(path or "Body", message, value, _allowed(kind)))
    return list(found.values())


def _by_position(path: str) -> str:
    """The path without prefixes, which XPath would want to be told."""
    return re.sub(r"/(?:\w+:)?([\w*.-]+)", r"/*[local-name()='\1']", path).replace("[local-name()='*']", "")


def _field(at: Any, operation: Operation) -> tuple[str, Any]:
    """The element in the words of the request, such as `values[1].value`, and its type where it has one."""
    words: list[str] = []
    kind: Any = operation.request
    for element in [*reversed(list(at.iterancestors())), at][1:]:
        name = etree.QName(element).localname
        before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
        alone = not before and next(element.itersiblings(element.tag), None) is None
        words.append(name if alone else f"{name}[{before}]")
        fields = structs.fields(kind) if isinstance(kind, type) and issubclass(kind, Struct) else ()
        kind = next((field.type for field in fields if field.name == name), None)
    return ".".join(words), kind


def _allowed(kind: Any) -> list[str]:
    if kind is None:
        return []
    allowed = validation.allowed(kind)
    return [allowed] if isinstance(allowed, str) else allowed


def _sentence(message: str) -> str:
    """What the schema says, without the name of the element, which is told anyway."""
    said = _IN_BRACES.sub("", message).partition(": ")[2] or message
    said = re.sub(r"^\[facet '\w+'\] ", "", said).rstrip(".")
    return said[:1].lower() + said[1:]


def _malformed(said: str) -> SoapFault:
    return SoapFault(MalformedFault(said))
