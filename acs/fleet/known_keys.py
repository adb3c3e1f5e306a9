"""What is known of the keys on a phone: each value, since when, and what proves it.

Of a secret only a salted hash is kept: enough to see that the phone has the value it ought to have.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b

from msgspec import Struct

from acs.fleet.layers import IsSecret
from acs.fleet.task import DownloadWork, Task, TaskState

_DIGEST_SIZE = 16


class Proof(StrEnum):
    """Why the phone is believed to have the value."""

    #: sent in a configuration file by Download, and the transfer is done
    PUSHED = "pushed"
    #: read from the configuration that the phone uploaded
    UPLOADED = "uploaded"
    #: stood in a provisioning file that the phone fetched
    FETCHED = "fetched"
    #: taken by SetParameterValues, and reads back as nothing because it is a secret
    SENT = "sent"


class KnownKey(Struct, frozen=True, array_like=True):
    """`value` is the value itself or, with a `salt`, a hash of it."""

    value: str
    at: float
    proof: Proof
    salt: str = ""

    def holds(self, value: str) -> bool:
        """Whether the phone has exactly this value."""
        own = _hashed(value, self.salt) if self.salt else value
        return hmac.compare_digest(own.encode(), self.value.encode())


def proved(
    values: Mapping[str, str], secret: IsSecret, *, at: float, proof: Proof, salt: str
) -> dict[str, KnownKey]:
    """These values as known from now on. `salt`: fresh random letters and digits."""
    return {
        key: KnownKey(_hashed(value, salt), at, proof, salt) if secret(key) else KnownKey(value, at, proof)
        for key, value in values.items()
    }


def pushed(task: Task) -> dict[str, KnownKey]:
    """What is known once this task is done: the keys of the configuration file that it brought."""
    work = task.work
    if task.state is not TaskState.DONE or not isinstance(work, DownloadWork) or not work.values:
        return {}
    secrets = frozenset(work.secrets)
    return proved(work.values, secrets.__contains__, at=task.finished_at, proof=Proof.PUSHED, salt=task.id)


def _hashed(value: str, salt: str) -> str:
    return blake2b(value.encode(), key=salt.encode()[:64], digest_size=_DIGEST_SIZE).hexdigest()
