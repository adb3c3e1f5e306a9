"""Who may fetch which provisioning file.

The common file of a model is for every phone, a phone's own file for that phone alone. What a phone has to
show is the installation's policy; docs/provisioning.md tells what each of them protects from. Whatever the
policy, who shows the MAC address of one phone does not get the file of another.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import structlog
from cryptography.x509.oid import NameOID
from msgspec import Struct

from acs.fleet import user_agent
from acs.fleet.attributes import mac_from
from acs.fleet.user_agent import PhoneAgent
from acs.southbound.credentials import Accepted, Authenticator, Challenge, Mode
from acs.southbound.http_messages import RequestHead

log = structlog.get_logger("acs.files")


class Policy(StrEnum):
    """What opens the door to provisioning files."""

    #: the fleet's login by Digest or Basic, or a client certificate with a MAC address
    LOGIN = "login"
    #: a client certificate with a MAC address
    CERTIFICATE = "certificate"
    #: the MAC address in the User-Agent
    USER_AGENT = "user-agent"
    #: the address that the phone has called from, or fetched from first
    SOURCE = "source"
    #: nothing at all
    NONE = "none"


class Caller(Struct, frozen=True):
    """Who asks, as far as it told. MAC addresses are "" where there is none."""

    agent: PhoneAgent
    certified_mac: str = ""

    @property
    def mac(self) -> str:
        return self.certified_mac or self.agent.mac


class Denied(Struct, frozen=True):
    """Answer 403, or 401 where `headers` has a challenge. `reason` is for the record, "" for none."""

    reason: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Doorkeeper:
    """Checks requests against the policy.

    :param username: the fleet's, and its password.
    :param nonce_key: shared by all server processes.
    """

    def __init__(self, policy: Policy | str, username: str, password: str, nonce_key: bytes) -> None:
        self.policy = Policy(policy)
        self._digest = Authenticator(Mode.DIGEST, username, password, nonce_key)
        self._basic = Authenticator(Mode.BASIC, username, password, nonce_key)

    def admit(self, head: RequestHead, now: float) -> Caller | Denied:
        """Whether this caller may fetch anything."""
        caller = Caller(user_agent.read(head.headers.text(b"user-agent")), _certified_mac(head))
        if self.policy is Policy.CERTIFICATE and not caller.certified_mac:
            return Denied("no client certificate with a MAC address was shown")
        if self.policy is Policy.LOGIN and not caller.certified_mac:
            return self._logged_in(head, now) or caller
        return caller

    def own_file(self, caller: Caller, mac: str) -> str:
        """Why this caller does not get the file of the phone with this MAC address, "" where it may."""
        for shown, where in ((caller.certified_mac, "certificate"), (caller.agent.mac, "User-Agent")):
            if shown and shown != mac and self.policy is not Policy.NONE:
                return f"the {where} names another phone, {shown}"
        if self.policy is Policy.USER_AGENT and not caller.mac:
            return "the User-Agent names no MAC address"
        return ""

    def source(self, peer: str, known: str) -> str:
        """Why a phone does not get its file at this address, where `known` is the one it is known by ("":
        none yet), "" where it may."""
        if self.policy is Policy.SOURCE and known and peer != known:
            return f"the phone is known at {known}"
        return ""

    def _logged_in(self, head: RequestHead, now: float) -> Denied | None:
        field = head.headers.get(b"authorization")
        basic = field is not None and field.lstrip()[:6].lower() == b"basic "
        verdict = (self._basic if basic else self._digest).check(head.method, head.target, field, now)
        if isinstance(verdict, Accepted):
            return None
        # The stronger first: a client takes the first that it knows (RFC 7616, 3.7).
        digest = verdict if not basic else self._digest.check(head.method, head.target, None, now)
        offered = self._basic.check(head.method, head.target, None, now)
        assert isinstance(digest, Challenge)
        assert isinstance(offered, Challenge)
        told = verdict.reason if verdict.attempted and not verdict.stale else ""
        return Denied(told, (*digest.headers, *offered.headers))


def _certified_mac(head: RequestHead) -> str:
    """The MAC address in the subject of the client's certificate: its common name, else its serial number."""
    shown: Any = head.connection.certificate()
    if shown is None:
        return ""
    try:
        subject = shown.to_cryptography().subject
        for attribute in (NameOID.COMMON_NAME, NameOID.SERIAL_NUMBER):
            for one in subject.get_attributes_for_oid(attribute):
                mac = mac_from("", str(one.value), ())
                if mac:
                    return mac
    except ValueError as error:  # what cryptography says of a certificate that it cannot read
        log.info("a client certificate cannot be read", peer=head.peer, reason=str(error))
    return ""
