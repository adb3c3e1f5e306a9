"""Errors as RFC 9457 problems: one shape for everything that goes wrong, whoever found it.

`type` is a URN that names the kind of problem; `errors` lists the fields of a 422. A 500 tells nothing of its
cause but an id, under which the log has the rest.
"""

from __future__ import annotations

import uuid

import msgspec
import structlog
from msgspec import Struct
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from acs.northbound.phrases import phrase
from acs.northbound.rest.replies import Reply
from acs.operations.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Forged,
    Invalid,
    NotFound,
    OutOfReach,
    PreconditionFailed,
    TooLarge,
    TooMany,
    Unavailable,
    WrongLogin,
)
from acs.store.errors import StoreConflict, StoreError

log = structlog.get_logger("api")

CONTENT_TYPE = "application/problem+json"


class Problem(Struct, frozen=True, omit_defaults=True):
    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    #: of a 500: the id that its line in the log has
    instance: str = ""


class Unauthenticated(Exception):
    """No token, or one that does not count. The text says which, and never repeats the token."""


class BadRequest(Exception):
    """What came is no JSON, or no request at all; the text says where it goes wrong."""


class NotAcceptable(Exception):
    """The caller takes no content type that the answer has."""


class UnsupportedEncoding(Exception):
    """A body in an encoding that is not read."""


class NotOffered(Exception):
    """Something of an interface that this server stands in for, and has not; the text says what to use."""


def problem(exception: BaseException, *, invalid: int = 422) -> Reply:
    """The answer to a request that ended in this exception; `invalid` is the status of what is wrong in
    itself."""
    match exception:
        case Invalid(errors=errors):
            return _reply(invalid, "invalid", str(exception), errors=errors)
        case NotOffered():
            return _reply(501, "not-offered", str(exception))
        case NotFound():
            return _reply(404, "not-found", str(exception))
        case Conflict():
            return _reply(409, "conflict", str(exception))
        case PreconditionFailed():
            return _reply(412, "precondition-failed", str(exception))
        case Forbidden() | OutOfReach() | Forged():
            return _reply(403, "forbidden", str(exception))
        case TooLarge():
            return _reply(413, "too-large", str(exception))
        case TooMany(retry_after=seconds):
            return _reply(429, "too-many", str(exception), headers=(("Retry-After", str(seconds)),))
        case WrongLogin():
            return _reply(401, "wrong-login", str(exception))
        case BadRequest():
            return _reply(400, "bad-request", str(exception))
        case Unauthenticated():
            challenge = (("WWW-Authenticate", 'Bearer realm="acs"'),)
            return _reply(401, "unauthenticated", str(exception), headers=challenge)
        case Unavailable(retry_after=seconds):
            return _reply(503, "unavailable", str(exception), headers=(("Retry-After", str(seconds)),))
        case StoreConflict():
            return _reply(409, "conflict", str(exception))
        case StoreError():
            log.warning("store unavailable", reason=str(exception))
            text = "The store (Redis) does not take calls at the moment; try again shortly."
            return _reply(503, "unavailable", text, headers=(("Retry-After", "5"),))
        case NotAcceptable():
            return _reply(406, "not-acceptable", str(exception))
        case UnsupportedEncoding():
            taken = (("Accept-Encoding", "identity"),)
            return _reply(415, "unsupported-encoding", str(exception), headers=taken)
        case MethodNotAllowed():
            listed = methods_of(exception)
            return _reply(
                405, "method-not-allowed", f"This path takes {listed}.", headers=(("Allow", listed),)
            )
        case HTTPException(code=404):
            return _reply(404, "not-found", "There is no such path; /api/openapi.json lists all there are.")
        case HTTPException(code=int(code)) if code < 500:
            return _reply(code, "bad-request", str(exception.description or "The request is not understood."))
        case _:
            return _unexpected(exception)


def methods_of(error: MethodNotAllowed) -> str:
    """What the path takes, as `Allow` has it."""
    return ", ".join(sorted(error.valid_methods or ()))


def uri_too_long(most: int) -> Reply:
    return _reply(414, "uri-too-long", f"The request's first line is longer than {most} bytes.")


def headers_too_large(most: int) -> Reply:
    return _reply(431, "headers-too-large", f"The headers are larger than {most} bytes.")


def too_many_headers(most: int) -> Reply:
    return _reply(431, "headers-too-large", f"There are more than {most} headers.")


def _unexpected(exception: BaseException) -> Reply:
    identifier = uuid.uuid4()
    log.error("unexpected error", id=str(identifier), exc_info=exception)
    text = f"The server failed at this; its log has the reason under {identifier}."
    return _reply(500, "internal", text, instance=f"urn:uuid:{identifier}")


def _reply(
    status: int,
    kind: str,
    detail: str,
    *,
    errors: list[FieldError] | None = None,
    instance: str = "",
    headers: tuple[tuple[str, str], ...] = (),
) -> Reply:
    body = Problem(
        type=f"urn:acs:problem:{kind}",
        title=phrase(status),
        status=status,
        detail=detail,
        errors=errors or [],
        instance=instance,
    )
    return Reply(status, msgspec.json.encode(body), headers, CONTENT_TYPE)
