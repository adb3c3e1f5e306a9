"""Faults: what goes wrong in an operation as a typed detail of a SOAP 1.1 fault.

`faultcode` says whose fault it is (Client or Server), `faultstring` is the sentence for people, and `detail`
has one of these records, by which a program tells what to do. They are the same reasons that REST answers.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import structlog
from lxml import etree
from msgspec import UNSET, Struct

from acs.northbound.rest.problems import Unauthenticated
from acs.northbound.soap.shapes import NAMESPACE, text
from acs.operations.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    OutOfReach,
    PreconditionFailed,
    TooLarge,
    TooMany,
    Unavailable,
)
from acs.store.errors import StoreConflict, StoreError

log = structlog.get_logger("soap")

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


class FieldFault(Struct, frozen=True):
    """One thing wrong: where, what was given, why not, what is allowed instead."""

    field: str
    message: str
    value: str | None = None
    allowed: list[str] = []
    #: of a configuration value: its key and the guide's section
    key: str | None = None
    section: str | None = None
    #: of a selector: the character, counted from 0
    position: int | None = None


class InvalidFault(Struct, frozen=True):
    """What was asked is wrong in itself; every error found is listed."""

    message: str
    errors: list[FieldFault]


class MalformedFault(Struct, frozen=True):
    """What came is no SOAP 1.1 request that this service takes."""

    message: str


class UnauthenticatedFault(Struct, frozen=True):
    message: str


class ForbiddenFault(Struct, frozen=True):
    """The caller is known, but its role or the selector that limits it does not reach so far."""

    message: str


class NotFoundFault(Struct, frozen=True):
    message: str
    kind: str
    name: str


class ConflictFault(Struct, frozen=True):
    """It is right, but not in the present state of things."""

    message: str


class StaleFault(Struct, frozen=True):
    """Somebody else has written since the caller looked; `present` is the version that is stored."""

    message: str
    present: int


class TooLargeFault(Struct, frozen=True):
    message: str
    limit: int


class BusyFault(Struct, frozen=True):
    """The same call may work after so many seconds."""

    message: str
    retry_after: int


class InternalFault(Struct, frozen=True):
    """The server failed; its log has the reason under this id."""

    message: str
    id: str


Detail = (
    InvalidFault
    | MalformedFault
    | UnauthenticatedFault
    | ForbiddenFault
    | NotFoundFault
    | ConflictFault
    | StaleFault
    | TooLargeFault
    | BusyFault
    | InternalFault
)

EVERY: tuple[type[Struct], ...] = Detail.__args__  # what the WSDL declares

#: Those that are not the caller's doing.
_SERVER = (BusyFault, InternalFault)


class SoapFault(Exception):
    """A fault that is to be answered."""

    def __init__(self, detail: Detail) -> None:
        super().__init__(detail.message)
        self.detail = detail


def detail_of(exception: BaseException) -> Detail:
    """What is answered where an operation ended in this exception."""
    said = str(exception)
    match exception:
        case SoapFault(detail=detail):
            return detail
        case Invalid(errors=errors):
            return InvalidFault(said, [_field(error) for error in errors])
        case NotFound(kind=kind, name=name):
            return NotFoundFault(said, kind, name)
        case PreconditionFailed(present=present):
            return StaleFault(f"Version {present} is stored, not the expected one; read it again.", present)
        case Conflict() | StoreConflict():
            return ConflictFault(said)
        case Forbidden() | OutOfReach():
            return ForbiddenFault(said)
        case Unauthenticated():
            return UnauthenticatedFault(said)
        case TooLarge(limit=limit):
            return TooLargeFault(said, limit)
        case TooMany(retry_after=seconds) | Unavailable(retry_after=seconds):
            return BusyFault(said, seconds)
        case StoreError():
            log.warning("store unavailable", reason=said)
            return BusyFault("The store (Redis) does not take calls at the moment; try again shortly.", 5)
        case _:
            identifier = str(uuid.uuid4())
            log.error("unexpected error", id=identifier, exc_info=exception)
            sentence = f"The server failed at this; its log has the reason under {identifier}."
            return InternalFault(sentence, identifier)


def status_of(detail: Detail) -> int:
    """SOAP 1.1 wants a 500 for every fault; a caller who is not known is asked for a token by HTTP."""
    return 401 if isinstance(detail, UnauthenticatedFault) else 500


def element(detail: Detail) -> Any:
    """The fault as it stands in a body."""
    fault = etree.Element(f"{{{ENVELOPE}}}Fault", nsmap={"soap": ENVELOPE})
    code = "Server" if isinstance(detail, _SERVER) else "Client"
    etree.SubElement(fault, "faultcode").text = f"soap:{code}"
    etree.SubElement(fault, "faultstring").text = text(detail.message)
    _append(etree.SubElement(fault, "detail"), type(detail).__name__, detail)
    return fault


def envelope(detail: Detail) -> bytes:
    """A whole answer."""
    root = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE})
    etree.SubElement(root, f"{{{ENVELOPE}}}Body").append(element(detail))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _append(parent: Any, name: str, value: Any) -> None:
    """What the WSDL's types say of these records, which have nothing but texts, numbers and lists."""
    if value is None:
        return
    if isinstance(value, list):
        for member in value:
            _append(parent, name, member)
        return
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", nsmap={None: NAMESPACE})
    if isinstance(value, Struct):
        for field in value.__struct_fields__:
            _append(child, field, getattr(value, field))
    else:
        child.text = text(value)


def _field(error: FieldError) -> FieldFault:
    allowed = [error.allowed] if isinstance(error.allowed, str) else list(error.allowed or ())
    return FieldFault(
        field=error.field,
        message=error.message,
        value=None if error.value is UNSET else _shown(error.value),
        allowed=allowed,
        key=error.key or None,
        section=error.section or None,
        position=None if error.position is UNSET else error.position,
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
