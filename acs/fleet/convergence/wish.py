"""What one phone ought to be configured to, with all that is needed to compare it with what is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from msgspec import Struct

from acs.datamodel.keys import Catalogue
from acs.fleet.desired import Desired, NamedLayer
from acs.fleet.known_keys import KnownKey


class Wish(Struct, frozen=True):
    """`mark` names this configuration: another mark, another configuration."""

    mark: str
    desired: Desired
    known: Mapping[str, KnownKey]
    catalogue: Catalogue
    #: when the phone may reboot for its configuration: a time, 0 for now, None for never
    reboots_at: float | None = None

    def secret(self, key: str) -> bool:
        """Whether a key is a secret; one that nobody knows may be."""
        return self.catalogue.secret(key)

    def reboots(self, key: str) -> bool:
        use = self.catalogue.get(key)
        return use is not None and use.key.reboot


def mark(layers: Iterable[NamedLayer], attributes: Mapping[str, str], asked: str = "") -> str:
    """A short name for what these layers and attributes come to; "" for no layers.

    `asked` is anything else that makes it another wish, such as an operator's word to apply it now.
    """
    said = [f"{named.name}={named.layer.version}@{named.layer.at}" for named in layers]
    if not said:
        return ""
    said += [f"{name}={value}" for name, value in sorted(attributes.items())]
    return blake2b("\n".join((*said, asked)).encode(), digest_size=8).hexdigest()
