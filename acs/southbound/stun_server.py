"""What the STUN server answers: a phone learns by it where its NAT has put it, and keeps the way open.

As Annex G of TR-069 has it: a binding request with CONNECTION-REQUEST-BINDING comes from the port that takes
connection requests, and one with BINDING-CHANGE too when that port has another address than before. Unsigned,
such news is answered with 401, and so is a request under a user name that this server gave out; then the
phone signs. From a signed one the server learns where the phone is to be reached, without waiting for an
Inform. Everybody else is told his address and no more.

Nothing here sends or stores.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from acs.southbound import stun_messages as stun
from acs.southbound.stun_messages import Address, Malformed, Message

#: The user names that this server gives to phones: device keys.
_OURS = re.compile(r"[0-9a-f]{16}")

#: The STUN password of a user name of ours.
PasswordOf = Callable[[str], str]


class Sort(StrEnum):
    """What becomes of a datagram; the names under which they are counted."""

    ANSWERED = "answered"
    #: a signed request that tells where a phone takes connection requests
    BINDING = "bindings"
    #: answered with 401: the phone signs the next one
    CHALLENGED = "challenged"
    REFUSED = "refused"
    #: STUN, but no binding request
    IGNORED = "ignored"
    MALFORMED = "malformed"


class Answer(Struct, frozen=True):
    """`datagram` is to be sent `to`; none where that is None. `user` is whose binding was learnt, `changed`
    whether the phone says that it is another than before."""

    sort: Sort
    datagram: bytes = b""
    to: Address | None = None
    user: str = ""
    changed: bool = False


def answer(datagram: bytes, source: Address, password_of: PasswordOf) -> Answer:
    """What to make of a datagram that came from this address."""
    try:
        message = stun.read(datagram)
        to = _answer_to(message, source)
    except Malformed:
        return Answer(Sort.MALFORMED)
    if message.type != stun.BINDING_REQUEST:
        return Answer(Sort.IGNORED)
    unknown = message.not_understood
    change = message.get(stun.CHANGE_REQUEST)
    if change is not None and any(change):
        unknown = (*unknown, stun.CHANGE_REQUEST)  # there is no other address to answer from
    if unknown:
        listed = struct.pack(f"!{len(unknown)}H", *unknown)
        # RFC 3489 fills an odd list up with one of its types
        listed += listed[-2:] if len(unknown) % 2 and not message.modern else b""
        return _refused(message, source, 420, "Unknown Attribute", (stun.UNKNOWN_ATTRIBUTES, listed))
    return _bound(message, source, to, password_of)


def _bound(message: Message, source: Address, to: Address, password_of: PasswordOf) -> Answer:
    user = (message.get(stun.USERNAME) or b"").rstrip(b"\0 ").decode("utf-8", "replace")
    ours = _OURS.fullmatch(user) is not None
    signed = message.get(stun.MESSAGE_INTEGRITY) is not None
    takes_requests = message.get(stun.CONNECTION_REQUEST_BINDING) is not None
    password: str | None = None
    if signed:
        if not user:
            return _refused(message, source, 432, "Missing Username")
        if not ours:
            return _refused(message, source, 401, "Unauthorized")
        password = password_of(user)
        if not message.signed_with(password):
            return _refused(message, source, 431, "Integrity Check Failure")
    elif takes_requests and (ours or (not user and message.get(stun.BINDING_CHANGE) is not None)):
        refused = _refused(message, source, 401, "Unauthorized")
        return Answer(Sort.CHALLENGED, refused.datagram, source)
    attributes = [(stun.MAPPED_ADDRESS, stun.address_value(source))]
    if message.modern:
        attributes.append((stun.XOR_MAPPED_ADDRESS, stun.xor_address_value(source, message.transaction)))
    reply = stun.write(stun.BINDING_RESPONSE, message.transaction, attributes, password=password)
    if password is not None and takes_requests and to == source:
        changed = message.get(stun.BINDING_CHANGE) is not None
        return Answer(Sort.BINDING, reply, to, user, changed)
    return Answer(Sort.ANSWERED, reply, to)


def _answer_to(message: Message, source: Address) -> Address:
    """Where the answer goes: a phone that finds out how long its gateway keeps a binding has it sent to its
    other port. Not to any other host: nobody shall be flooded through this server."""
    asked = message.get(stun.RESPONSE_ADDRESS)
    if asked is None:
        return source
    host, port = stun.read_address(asked)
    return (host, port) if host == source[0] and port else source


def _refused(message: Message, source: Address, code: int, reason: str, *more: tuple[int, bytes]) -> Answer:
    attributes = [(stun.ERROR_CODE, stun.error_value(code, reason)), *more]
    return Answer(Sort.REFUSED, stun.write(stun.BINDING_ERROR, message.transaction, attributes), source)
