"""The documented configuration keys as operators see them."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from msgspec import Struct

from acs.datamodel import key_values, mapping
from acs.datamodel.keys import Catalogue, Key, shape


class KeyView(Struct, frozen=True, kw_only=True):
    """One documented key, complete."""

    name: str
    #: index letter to the numbers it may stand for
    indexes: dict[str, list[int]]
    type: str
    #: permitted value to its meaning; of booleans and enumerations
    values: dict[str, str]
    minimum: int | float | None
    maximum: int | float | None
    min_length: int | None
    max_length: int | None
    pattern: str | None
    #: what is permitted: each value, or a phrase
    allowed: list[str] | str
    #: set where the value is a list
    separator: str | None
    max_items: int | None
    #: "" for blank, or a map by what `default_by` says
    default: str | dict[str, str]
    default_by: str | None
    reboot: bool
    secret: bool
    file: str
    depends_on: list[str]
    feature: str
    section: str
    description: str
    doubt: str | None
    doubtful_values: dict[str, str]
    models: list[str]
    source: str
    #: the parameter that carries it, None where it travels in a file only
    path: str | None


def find(catalogue: Catalogue, *, q: str = "", model: str = "") -> list[KeyView]:
    """The keys in the catalogue's order: of this model, and with every word of `q` in them. "" is for all."""
    keys = catalogue.for_model(model) if model else catalogue
    return [view(key) for key in matching(keys, q)]


def matching(keys: Iterable[Key], q: str) -> list[Key]:
    """The keys in whose name, feature or description every word of `q` stands.

    A word may be a written name, `account.1.transport`, and may have `*` for any characters.
    """
    words = q.split()
    return [key for key in keys if all(_has(key, word) for word in words)]


def _has(key: Key, word: str) -> bool:
    folded, name = word.casefold(), key.name.casefold()
    if "*" in folded:
        return fnmatchcase(name, folded) or fnmatchcase(shape(key.name), shape(word))
    if "." in word and shape(word) in shape(key.name):
        return True
    return any(folded in text for text in (name, key.feature.casefold(), key.description.casefold()))


def view(key: Key) -> KeyView:
    return KeyView(
        name=key.name,
        indexes={letter: sorted(allowed.numbers) for letter, allowed in key.indexes.items()},
        type=key.type.value,
        values=dict(key.values),
        minimum=key.minimum,
        maximum=key.maximum,
        min_length=key.min_length,
        max_length=key.max_length,
        pattern=key.pattern or None,
        allowed=key_values.allowed(key),
        separator=key.separator or None,
        max_items=key.max_items,
        default=key.default if isinstance(key.default, str) else dict(key.default),
        default_by=key.default_by or None,
        reboot=key.reboot,
        secret=key.secret,
        file=key.file.value,
        depends_on=[str(condition) for condition in key.depends_on],
        feature=key.feature,
        section=key.section,
        description=key.description,
        doubt=key.doubt or None,
        doubtful_values=dict(key.doubtful_values),
        models=list(key.models),
        source=key.source,
        path=mapping.path_of(key.name),
    )
