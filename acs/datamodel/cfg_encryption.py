"""Encrypted configuration files: AES-128 in ECB mode over the whole file, without header or initial vector.

The key is `auto_provision.aes_key_16.com` or `.mac` of the phone: 16 characters, their ASCII codes. A file is
padded with newlines, at least ten of them: a newline is 10, so the last ten are also a valid PKCS #7 padding.
Who takes such a padding off and who leaves it on both get the text, with empty lines at its end.
"""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

_BLOCK = 16
_KEY = re.compile(r"[0-9A-Za-z]{16}")
_NEWLINE = b"\n"
#: control characters that no configuration file has
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class EncryptionError(ValueError):
    """Content that this key does not open. The text never has the key in it."""


class KeyFormError(EncryptionError):
    """The key itself cannot be one."""


def encrypt(content: bytes, key: str) -> bytes:
    """The file as a phone with this key reads it; the same content gives the same bytes."""
    least = _NEWLINE[0]
    padding = least + -(len(content) + least) % _BLOCK
    cipher = _cipher(key).encryptor()
    return cipher.update(content + _NEWLINE * padding) + cipher.finalize()


def decrypt(content: bytes, key: str) -> bytes:
    """The text of an encrypted file, ended by one newline, whether PKCS #7, newlines or zeros padded it.

    Raises EncryptionError when the length is no multiple of 16, or the outcome is no text: the wrong key.
    """
    cipher = _cipher(key).decryptor()
    if not content or len(content) % _BLOCK:
        raise EncryptionError(
            f"has {len(content)} bytes; expected a multiple of {_BLOCK}, as every encrypted file has"
        )
    text = _without_padding(cipher.update(content) + cipher.finalize())
    if _NO_TEXT.search(text) or not _is_utf8(text):
        raise EncryptionError("does not become text with this key; expected the key it was encrypted with")
    return text


def _cipher(key: str) -> Cipher[modes.ECB]:
    if not _KEY.fullmatch(key):
        raise KeyFormError(
            f"the key has {len(key)} characters or other ones than permitted; expected 16 of 0-9, A-Z and a-z"
        )
    return Cipher(AES(key.encode("ascii")), modes.ECB())


def _without_padding(text: bytes) -> bytes:
    last = text[-1]
    if 1 <= last <= _BLOCK and text.endswith(bytes([last]) * last):
        text = text[:-last]
    text = text.rstrip(b"\0").rstrip(_NEWLINE)
    return text + _NEWLINE if text else b""


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
