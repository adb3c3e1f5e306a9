"""A layer of desired configuration and its versions: who set which keys, when and why.

The layers of a phone, the weakest first: `fleet`, `model:CP860`, its groups (`group:site7`) by their order
and name, `phone:ID`. Values are texts as they stand in a line of a `.cfg` file. Every write makes a version;
a version keeps what it changed, and what a layer was at any version is worked out backwards from what it is
now. Records are stored as arrays: new fields go to the end, with a default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

FLEET = "fleet"

#: What stands for a secret in every answer; sent back, it keeps what is stored.
BLANK = "******"

#: A key's value before and after, None where it had none.
Change = tuple[str | None, str | None]

#: Says whether the value of a key must not be shown.
IsSecret = Callable[[str], bool]


def model_layer(model: str) -> str:
    return f"model:{model}"


def group_layer(group: str) -> str:
    return f"group:{group}"


def phone_layer(device_id: str) -> str:
    return f"phone:{device_id}"


class Group(Struct, frozen=True, array_like=True):
    """Phones that share a layer. Of a phone's groups, the one of the highest `order` has the last word."""

    name: str
    order: int = 0
    description: str = ""
    created_at: float = 0
    created_by: str = ""
    #: seconds between the Informs of its phones for the time being, until when, and who said so
    inform_interval: int = 0
    inform_until: float = 0
    inform_by: str = ""


class Layer(Struct, frozen=True, array_like=True):
    """A layer as it stands; version 0 was never written."""

    version: int = 0
    at: float = 0
    by: str = ""
    reason: str = ""
    values: dict[str, str] = {}
    #: keys whose last write said that phones may reboot for them at once
    at_once: tuple[str, ...] = ()


class Version(Struct, frozen=True, array_like=True):
    """One write of a layer."""

    number: int
    at: float
    by: str
    reason: str
    changes: dict[str, Change]
    now: bool = False


EMPTY = Layer()


class NoSuchVersion(LookupError):
    """The layer never had this version, or its history does not go back so far."""

    def __init__(self, number: int, oldest: int, newest: int) -> None:
        super().__init__(f"there is no version {number}")
        self.number = number
        self.oldest = oldest
        self.newest = newest


def diff(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Change]:
    """What differs, by key."""
    keys = sorted({*before, *after})
    pairs = ((key, (before.get(key), after.get(key))) for key in keys)
    return {key: (old, new) for key, (old, new) in pairs if old != new}


def merged(layer: Layer, wanted: Mapping[str, str | None], *, replace: bool) -> dict[str, str]:
    """The layer's values after this edit: with `replace` these alone, else merged; None removes a key."""
    values = {} if replace else dict(layer.values)
    for key, value in wanted.items():
        if value is None:
            values.pop(key, None)
        else:
            values[key] = value
    return values


def kept_secrets(
    layer: Layer, wanted: Mapping[str, str | None], secret: IsSecret
) -> tuple[dict[str, str | None], list[str]]:
    """The edit with the stored secret wherever it has `BLANK`, and the keys that have none to keep."""
    kept: dict[str, str | None] = {}
    missing: list[str] = []
    for key, value in wanted.items():
        if value == BLANK and secret(key):
            stored = layer.values.get(key)
            if stored is None:
                missing.append(key)
                continue
            value = stored
        kept[key] = value
    return kept, missing


def written(
    layer: Layer,
    values: Mapping[str, str],
    *,
    touched: Iterable[str],
    now: bool,
    at: float,
    by: str,
    reason: str,
) -> tuple[Layer, Version] | None:
    """The layer with these values, and the version that made it so; None where nothing would change.

    `touched` are the keys the edit named: with `now`, phones may reboot at once for those that did not
    change either.
    """
    changes = diff(layer.values, values)
    at_once = set(layer.at_once).intersection(values).difference(changes)
    if now:
        at_once.update(key for key in (*touched, *changes) if key in values)
    if not changes and at_once == set(layer.at_once):
        return None
    number = layer.version + 1
    ordered = dict(sorted(values.items()))
    return (
        Layer(number, at, by, reason, ordered, tuple(sorted(at_once))),
        Version(number, at, by, reason, changes, now),
    )


def values_at(layer: Layer, history: Sequence[Version], number: int) -> dict[str, str]:
    """What the layer was at this version; `history` is newest first. Raises NoSuchVersion.

    Version 0 is the layer before its first write: empty.
    """
    oldest = history[-1].number - 1 if history else layer.version
    if not oldest <= number <= layer.version:
        raise NoSuchVersion(number, oldest, layer.version)
    values = dict(layer.values)
    for version in history:
        if version.number <= number:
            break
        if version.number > layer.version:
            continue  # written after the layer was read
        for key, (old, _) in version.changes.items():
            if old is None:
                values.pop(key, None)
            else:
                values[key] = old
    return dict(sorted(values.items()))


def blanked(values: Mapping[str, str], secret: IsSecret) -> dict[str, str]:
    """Values as they may be shown."""
    return {key: BLANK if value and secret(key) else value for key, value in values.items()}


def blanked_changes(changes: Mapping[str, Change], secret: IsSecret) -> dict[str, Change]:
    """Changes as they may be shown."""
    return {
        key: (BLANK if old and secret(key) else old, BLANK if new and secret(key) else new)
        for key, (old, new) in changes.items()
    }
