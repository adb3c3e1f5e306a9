"""A phone that fetches its configuration files by HTTP when it starts, and so learns where its ACS is.

It asks for its model's common file, then its own. Nothing is applied before both are down; a file that is
missing is done without; one whose MD5 is that of the last time is not applied again. Encrypted files are
read with the AES keys that the phone has.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import md5

from acs.datamodel import cfg_encryption, model_files
from acs.datamodel.cfg_encryption import EncryptionError
from acs.simulator import config_files
from acs.simulator.http_client import HttpResponse
from acs.simulator.state import PhoneState
from acs.simulator.tally import Tally
from acs.simulator.transfers import FileLine, TransferFailed

#: How often a file is asked for in all, and the seconds in between.
TRIES = 3
PAUSE = 5.0

#: Keys for the files, in their order.
_AES_KEYS = ("auto_provision.aes_key_16.com", "auto_provision.aes_key_16.mac")


class ProvisioningFailed(Exception):
    """A file did not come, or could not be read; nothing was applied."""


def file_names(phone: PhoneState) -> tuple[str, str]:
    """What this phone asks for, in order."""
    persona = phone.persona
    number = model_files.with_own("").number_of(persona.product_class)
    if number is None:
        first = phone.software_version.partition(".")[0]
        number = int(first) if first.isdecimal() else 0
    return model_files.common_name(number), model_files.mac_name(phone.identity.mac)


async def provision(phone: PhoneState, files: FileLine, tally: Tally) -> int:
    """Fetch and apply the files; how many had news. Raises ProvisioningFailed."""
    surroundings = phone.surroundings
    base = surroundings.provisioning_url.rstrip("/")
    found: list[tuple[str, str, bytes]] = []
    for name, key_name in zip(file_names(phone), _AES_KEYS, strict=True):
        content = bytearray()
        try:
            response: HttpResponse = await files.get(
                f"{base}/{name}", surroundings.username, surroundings.password, content.extend
            )
        except TransferFailed as failed:
            raise ProvisioningFailed(f"{name}: {failed.fault.fault_string}") from failed
        if response.status == 404:
            continue
        if response.status != 200:
            raise ProvisioningFailed(f"{name}: HTTP {response.status}")
        tally.count("files fetched")
        found.append((name, key_name, bytes(content)))
    return sum(_apply(phone, *one) for one in list(_read(phone, found)))


def _read(phone: PhoneState, found: list[tuple[str, str, bytes]]) -> Iterator[tuple[str, str, bytes]]:
    """Name, MD5 and text of each file that is not the one of the last time."""
    for name, key_name, content in found:
        digest = md5(content, usedforsecurity=False).hexdigest()
        if phone.file_digests.get(name) == digest:
            continue
        key = phone.config_lines.get(key_name, "")
        if key and not content.startswith(b"#!"):
            try:
                content = cfg_encryption.decrypt(content, key)
            except EncryptionError as error:
                raise ProvisioningFailed(f"{name}: {error}") from error
        elif not content.startswith(b"#!"):
            raise ProvisioningFailed(f"{name}: it is encrypted, and this phone has no key for it")
        yield name, digest, content


def _apply(phone: PhoneState, name: str, digest: str, text: bytes) -> bool:
    config_files.apply(phone, text)
    phone.file_digests[name] = digest
    return True
