"""What a configuration rollout writes for one phone: its own layer, and the word to apply it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from acs.fleet import layers as rules
from acs.fleet.device import OperatorNotes
from acs.fleet.layers import Layer, Version
from acs.store import layers, notes
from acs.store.calls import Steps

#: A key's text, None to remove it.
Values = Mapping[str, str | None]


def before(device_id: str, keys: Sequence[str]) -> Steps[dict[str, str | None]]:
    """What the phone's own layer says of these keys."""
    [named] = yield [layers.get(layers.of_phone(device_id))]
    own: dict[str, str] = named.layer.values
    return {key: own.get(key) for key in keys}


def write(
    device_id: str, values: Values, *, over: Values | None, by: str, reason: str, reboot: bool, at: float
) -> Steps[bool]:
    """Write these into the phone's own layer; False where there is no such phone. May be repeated.

    With `over` a key is written only where the layer says of it what `over` says: what somebody changed since
    then is theirs.
    """

    def changed(layer: Layer, _: Sequence[Version]) -> tuple[Layer, Version] | None:
        own = layer.values
        meant = {
            key: text for key, text in values.items() if over is None or own.get(key) == over.get(key, text)
        }
        wanted = rules.merged(layer, meant, replace=False)
        return rules.written(layer, wanted, touched=meant, now=reboot, at=at, by=by, reason=reason)

    written = yield from layers.edit(layers.of_phone(device_id), changed)
    return written is not None


def apply(device_id: str, *, at: float, reboot: bool) -> Steps[OperatorNotes | None]:
    """Have the phone's configuration looked at in its next session."""
    return (
        yield from notes.change(
            device_id, lambda before: structs.replace(before, apply_at=at, apply_now=reboot)
        )
    )
