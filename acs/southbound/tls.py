"""TLS for the ports that phones reach, and for their connection-request servers.

The `modern` profile is TLS 1.2 and later with forward secrecy. `legacy` is for phones that know only TLS
1.0: it also allows old versions and old ciphers, so whoever can listen in may read along; use it on a
network of your own. A client certificate is asked for on the files port alone, where `authorities` are given;
who shows none may go on without.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator
from zope.interface import implementer  # type: ignore[import-untyped]  # it ships no types

#: Forward secrecy first. AES-CBC with SHA-1 stays for phones of the years before GCM.
_MODERN_CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:AES128-GCM-SHA256:AES256-GCM-SHA384"

#: Security level 0 admits TLS 1.0 with its SHA-1 signatures, and small keys.
_LEGACY_CIPHERS = b"ALL:!aNULL:!eNULL:!EXPORT:!RC4:!PSK:!SRP:@SECLEVEL=0"


class Profile(StrEnum):
    MODERN = "modern"
    LEGACY = "legacy"


class TlsError(Exception):
    """The certificate or key cannot be used; one line that names the file and what is wrong with it."""


@implementer(IOpenSSLServerConnectionCreator)
class ServerContext:
    """Makes the TLS side of each incoming connection; the first argument of Twisted's
    `TLSMemoryBIOFactory`."""

    def __init__(self, context: SSL.Context) -> None:
        self.context = context

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        return SSL.Connection(self.context, None)


@implementer(IOpenSSLClientConnectionCreator)
class ClientContext:
    """Makes the TLS side of connections to phones. Their certificates are self-signed, or for another name,
    so that checking them would only stop what it is meant to protect: a request without content, with a
    hashed login."""

    def __init__(self) -> None:
        self.context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self.context.set_min_proto_version(SSL.TLS1_VERSION)
        self.context.set_cipher_list(_LEGACY_CIPHERS)
        self.context.set_verify(SSL.VERIFY_NONE)

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        return SSL.Connection(self.context, None)


def server_context(
    certificate: Path,
    key: Path,
    profile: Profile | str = Profile.MODERN,
    *,
    authorities: Path | None = None,
) -> ServerContext:
    """A context from a PEM file with the certificate, followed by its chain, and one with the private key.

    :param authorities: PEM file of those who sign client certificates; another's certificate is refused.
    :raises TlsError: a file is missing or unreadable, or they do not belong together.
    """
    chain = _read(certificate, "certificate")
    key_text = _read(key, "key")
    legacy = Profile(profile) is Profile.LEGACY
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION if legacy else SSL.TLS1_2_VERSION)
    # Before the certificate, because the level decides which keys are large enough.
    context.set_cipher_list(_LEGACY_CIPHERS if legacy else _MODERN_CIPHERS)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION)
    context.set_session_id(b"acs")
    if b"-----BEGIN CERTIFICATE-----" not in chain:
        raise TlsError(f"TLS certificate {certificate}: no PEM certificate is in this file")
    try:
        context.use_certificate_chain_file(str(certificate))
    except SSL.Error as error:
        raise TlsError(f"TLS certificate {certificate}: {_told(error)}") from error
    try:
        private: Any = load_pem_private_key(key_text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        what = "the key is encrypted" if b"ENCRYPTED" in key_text else "no PEM private key is in this file"
        raise TlsError(f"TLS key {key}: {what}") from error
    try:
        context.use_privatekey(private)
        context.check_privatekey()
    except (SSL.Error, TypeError) as error:
        raise TlsError(f"TLS key {key} does not belong to the certificate {certificate}") from error
    if authorities is not None:
        _ask_for_certificates(context, authorities)
    return ServerContext(context)


def _ask_for_certificates(context: SSL.Context, authorities: Path) -> None:
    _read(authorities, "authorities of client certificates")
    try:
        context.load_verify_locations(str(authorities))
    except SSL.Error as error:
        raise TlsError(f"TLS authorities {authorities}: {_told(error)}") from error
    context.set_verify(SSL.VERIFY_PEER, lambda connection, shown, fault, depth, good: bool(good))


def _read(path: Path, what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TlsError(f"TLS {what} {path} cannot be read: {error.strerror}") from error


def _told(error: SSL.Error) -> str:
    """OpenSSL's own words: the last part of its first complaint."""
    complaints = error.args[0] if error.args else []
    return str(complaints[0][-1]) if complaints else "cannot be used"
