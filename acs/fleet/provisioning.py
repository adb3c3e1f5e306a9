"""The two files that a phone fetches, made from its desired configuration: the common one of its model, then
its own.

The common file has what the fleet's and the model's layer say, as far as it is the same for every phone. A
phone's own file has what its groups and the phone itself add or say otherwise, keys that the guide gives to
that file, and values with a template: it comes last and has the last word. The same layers give the same
bytes, because a phone skips a file that has not changed.

This server's own `managementserver.*` is added, so that a phone with TR-069 off finds its way here. Whoever
sets the URL sets the login too: ours is never sent to another server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from msgspec import Struct

from acs.datamodel import cfg_encryption, cfg_files, key_values
from acs.datamodel.cfg_encryption import EncryptionError
from acs.datamodel.key_values import BLANKS, Severity
from acs.datamodel.keys import Catalogue, FileKind
from acs.fleet.desired import Check, Desired, NamedLayer, effective
from acs.fleet.layers import FLEET, IsSecret, blanked, model_layer

#: The keys a file is encrypted with: they are the phone's own, of these names.
COMMON_KEY = "auto_provision.aes_key_16.com"
OWN_KEY = "auto_provision.aes_key_16.mac"

#: The switch is the key of the parameter X_001565_TR069Enable.
ENABLE = "managementserver.enable"
URL = "managementserver.url"
USERNAME = "managementserver.username"
PASSWORD = "managementserver.password"

#: Hex digits of an entity tag.
_TAG_LENGTH = 32


class AcsAccount(Struct, frozen=True):
    """How phones reach this server by CWMP; no name where they need not log in."""

    url: str
    username: str = ""
    password: str = ""

    def values(self) -> dict[str, str]:
        login = {USERNAME: self.username, PASSWORD: self.password} if self.username else {}
        return {ENABLE: "1", URL: self.url, **login}


class PhoneFile(Struct, frozen=True):
    """One file. `content` is what goes to the phone, `text` the same before it was encrypted."""

    values: dict[str, str]
    text: bytes
    content: bytes
    encrypted: bool
    #: quoted, as it stands in an ETag field
    etag: bytes


class Files:
    """What one phone gets, or any phone of its model.

    :param layers: its layers, the weakest first.
    :param attributes: its own, to fill templates with; None for no phone in particular.
    :param account: None where this server's `managementserver.*` is not wanted.
    :param shared: the files of no phone in particular, of the same model, layers and account, where they are
        at hand: the half of the work that is the same for each phone.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        model: str,
        layers: Sequence[NamedLayer],
        attributes: Mapping[str, str] | None,
        account: AcsAccount | None,
        shared: Files | None = None,
    ) -> None:
        self._catalogue = catalogue.for_phone(model)
        self._shared_names = {FLEET, model_layer(model)}
        self._account = account
        self._shared = shared
        self._common: PhoneFile | None = None
        check = checked_by(self._catalogue)
        self.desired: Desired = effective(layers, attributes or {}, check)
        self.common_values: dict[str, str] = (
            self._common_values([layer for layer in layers if layer.name in self._shared_names], check)
            if shared is None
            else shared.common_values
        )
        self.own_values = self._own_values()

    def common(self) -> PhoneFile:
        """The model's file, encrypted with the phone's key for it.

        Raises EncryptionError where that key depends on the phone and no phone is known, or is no key.
        """
        if any(one.key == COMMON_KEY for one in self.desired.unresolved):
            raise EncryptionError(
                f"{COMMON_KEY} is different on each phone, and which phone asks is not known"
            )
        key = self.desired.effective.get(COMMON_KEY)
        if self._shared is not None and key == self._shared.desired.effective.get(COMMON_KEY):
            return self._shared.common()
        if self._common is None:
            self._common = self._file(self.common_values, COMMON_KEY)
        return self._common

    def own(self) -> PhoneFile:
        """The phone's file, encrypted with the phone's key for it. Raises EncryptionError."""
        unresolved = next((one for one in self.desired.unresolved if one.key == OWN_KEY), None)
        if unresolved is not None:
            raise EncryptionError(f"{OWN_KEY} of {unresolved.layer} cannot be filled: {unresolved.why}")
        return self._file(self.own_values, OWN_KEY)

    def effective_values(self) -> dict[str, str]:
        """What the phone has once it has taken both files."""
        return {**self.common_values, **self.own_values}

    def shown(self, values: Mapping[str, str], secret: IsSecret) -> bytes:
        """A file's text for somebody who may not see secrets."""
        return cfg_files.write(cfg_files.writable(blanked(values, secret)), self._catalogue)

    def _common_values(self, shared: Sequence[NamedLayer], check: Check) -> dict[str, str]:
        named = {key for layer in shared for key in layer.layer.values}
        for_all = effective(shared, {}, check)
        values = {key: one.value for key, one in for_all.effective.items() if self._in_common(key)}
        if not values.get(COMMON_KEY):
            values.pop(OWN_KEY, None)  # in the clear it would open every phone's file
        return {**self._lead_here(named, values), **values}

    def _lead_here(self, named: set[str], values: Mapping[str, str]) -> dict[str, str]:
        """This server's `managementserver.*`, as far as the shared layers leave them to it."""
        account = self._account
        if (
            account is None
            or not _left(named, values, ENABLE, "1")
            or not _left(named, values, URL, account.url)
        ):
            return {}
        ours = account.values()
        if not named.isdisjoint((USERNAME, PASSWORD)):
            ours.pop(USERNAME, None)
            ours.pop(PASSWORD, None)
        return ours

    def _own_values(self) -> dict[str, str]:
        common = self.common_values
        values = {
            key: one.value
            for key, one in self.desired.effective.items()
            if one.layer not in self._shared_names or common.get(key) != one.value
        }
        if self._account is not None and values.get(URL, self._account.url) != self._account.url:
            for key, ours in ((USERNAME, self._account.username), (PASSWORD, self._account.password)):
                if ours and common.get(key) == ours and key not in values:
                    values[key] = ""
        return values

    def _in_common(self, key: str) -> bool:
        use = self._catalogue.get(key)
        return use is None or use.key.file is not FileKind.MAC

    def _file(self, values: dict[str, str], key_name: str) -> PhoneFile:
        text = cfg_files.write(cfg_files.writable(values), self._catalogue)
        key = self.desired.effective.get(key_name)
        encrypted = key is not None and bool(key.value)
        content = cfg_encryption.encrypt(text, key.value) if key is not None and encrypted else text
        etag = b'"%b"' % sha256(content).hexdigest()[:_TAG_LENGTH].encode()
        return PhoneFile(values, text, content, encrypted, etag)


def _left(named: set[str], values: Mapping[str, str], key: str, ours: str) -> bool:
    """Whether the shared layers leave this key to us, or say the same."""
    return key not in named or values.get(key) == ours


def checked_by(catalogue: Catalogue) -> Check:
    """Says what is wrong with a filled value: for the key, or for a line of a file."""

    def wrong(key: str, value: str) -> str:
        if cfg_files.LINE_BREAK.search(value) or value != value.strip(BLANKS):
            return "the value has a line break, or a space at an end, which no line of a file can keep"
        use = catalogue.get(key)
        found: Iterable[key_values.Finding] = key_values.check(use, value) if use is not None else ()
        return next((one.message for one in found if one.severity is Severity.ERROR), "")

    return wrong
