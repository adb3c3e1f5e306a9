"""Configuration keys as operators know them, `account.X.sip_server.Y.address`; how a written name is found.

A name's index letters (whole components, one capital letter each) stand for numbers; which numbers is part of
the key. `Catalogue` finds the key behind a written name by its shape, the name with every number taken out:
two dictionary look-ups, however many keys there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

#: In a shape it stands where a number or an index letter stood.
_INDEX = "#"

#: How alike (1 is equal) a known name must be to be suggested, and how many are.
_LIKENESS = 0.75
_SUGGESTIONS = 3

#: For how many names the suggestions are remembered.
_REMEMBERED = 1000

#: In a list of models: the key is every model's.
ANY_MODEL = "*"


#: Stands between a key and whose value it is.
HOLDER = ":"


class KeyType(StrEnum):
    """What a value is; with a separator, what each member of the list is."""

    BOOLEAN = "boolean"
    ENUM = "enum"
    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"
    IP = "ip"
    HOST = "host"
    HOST_PORT = "host_port"
    URL = "url"


class FileKind(StrEnum):
    """The file that the guide gives a key to: the model's, the phone's own, or either."""

    COMMON = "common"
    MAC = "mac"
    BOTH = "both"


class Indexes(Struct, frozen=True):
    """The numbers that an index letter may stand for; `text` as it is written: `1-6, 9, 13`."""

    text: str
    numbers: frozenset[int]


class Condition(Struct, frozen=True):
    """`key` must have one of `values` for another key to have an effect. Indices are those of that key."""

    key: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.key} = {' or '.join(self.values)}"


class Key(Struct, frozen=True, kw_only=True):
    """One documented key. The fields are those of the catalogue's files, see docs/keys.md."""

    name: str
    type: KeyType
    description: str
    feature: str
    section: str = ""
    source: str
    models: tuple[str, ...]
    indexes: Mapping[str, Indexes] = {}
    #: of booleans and enumerations: every permitted value and what it means
    values: Mapping[str, str] = {}
    minimum: int | float | None = None
    maximum: int | float | None = None
    #: limits within those above, beyond which the guide itself is in doubt
    sure_minimum: int | float | None = None
    sure_maximum: int | float | None = None
    #: single values permitted beside the range
    special: tuple[str, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    #: what the pattern says, as a phrase
    allowed: str = ""
    separator: str = ""
    max_items: int | None = None
    default: str | Mapping[str, str] = ""
    #: with a table of defaults: the index letter its keys are numbers of, or in words what they are
    default_by: str = ""
    file: FileKind
    reboot: bool = False
    secret: bool = False
    depends_on: tuple[Condition, ...] = ()
    #: accepted, with this warning
    doubtful_values: Mapping[str, str] = {}
    doubt: str = ""
    #: where it is described: file and line
    origin: str = ""

    def use(self, indexes: Mapping[str, int]) -> KeyUse:
        """This key with numbers for its letters, which the caller vouches for."""
        parts = (str(indexes.get(part, part)) for part in self.name.split("."))
        return KeyUse(self, ".".join(parts), dict(indexes))

    @property
    def holders(self) -> tuple[str, ...]:
        """Whose value it may be, where the value itself begins with that: `user` and `admin`. A file has a
        line for each; elsewhere they are told apart as `security.user_password:admin`."""
        by_value = not isinstance(self.default, str) and self.default_by not in self.indexes
        return tuple(self.default) if by_value else ()

    def uses(self) -> Iterator[KeyUse]:
        """Every name this key can have, in the order of its numbers."""
        chosen: list[dict[str, int]] = [{}]
        for letter, allowed in self.indexes.items():
            chosen = [{**one, letter: number} for one in chosen for number in sorted(allowed.numbers)]
        return map(self.use, chosen)


class KeyUse(Struct, frozen=True):
    """A key under a written name: `account.2.transport` is `account.X.transport` with X = 2.

    `holder` is whose value it is, where the name says so: `admin` of `security.user_password:admin`."""

    key: Key
    name: str
    indexes: Mapping[str, int]
    holder: str = ""


class KeyNameError(LookupError):
    """A name that stands for no key; the text says why and names the way out."""


class UnknownKey(KeyNameError):
    """No key has this name; `near` are names that may have been meant."""

    def __init__(self, name: str, near: tuple[str, ...]) -> None:
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"there is no key {name!r}{hint}")
        self.name = name
        self.near = near


class IndexNotAllowed(KeyNameError):
    """The key exists, but not with this number. `placeholder`: a letter of the guide stands in its place."""

    def __init__(self, name: str, key: Key, letter: str, given: str) -> None:
        self.allowed = f"{letter} = {key.indexes[letter].text}"
        self.placeholder = given == letter
        said = "stands for a number" if self.placeholder else f"is {letter} of {key.name} and cannot be that"
        super().__init__(f"{name!r}: {given!r} {said}; permitted: {self.allowed}")
        self.name = name
        self.key = key
        self.letter = letter


class Catalogue:
    """All keys that are known, in the order of their files. Where models share a name, the first is found;
    `for_model` has each model's own."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys = tuple(keys)
        self._by_name: dict[str, Key] = {}
        self._by_shape: dict[str, Key] = {}
        self._order: dict[str, int] = {}
        self._near: dict[str, tuple[str, ...]] = {}
        self._of_models: dict[str, Catalogue] = {}
        self._of_phones: dict[str, Catalogue] = {}
        for number, key in enumerate(self.keys):
            self._by_name.setdefault(key.name, key)
            self._order.setdefault(key.name, number)
            if key.indexes:
                self._by_shape.setdefault(shape(key.name), key)

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self.keys)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that some key names, in the order of their files."""
        return tuple(dict.fromkeys(m for key in self.keys for m in key.models if m != ANY_MODEL))

    def for_model(self, model: str) -> Catalogue:
        """The keys of this model, in any case of letters, and those of all models."""
        wanted = model.casefold()
        if wanted not in self._of_models:
            self._of_models[wanted] = Catalogue(
                key for key in self.keys if any(m == ANY_MODEL or m.casefold() == wanted for m in key.models)
            )
        return self._of_models[wanted]

    def for_phone(self, model: str) -> Catalogue:
        """The keys of a phone of this model; all keys where none names the model."""
        wanted = model.casefold()
        if wanted not in self._of_phones:
            named = any(one.casefold() == wanted for one in self.models)
            self._of_phones[wanted] = self.for_model(model) if named else self
        return self._of_phones[wanted]

    def secret(self, name: str) -> bool:
        """Whether the value under a written name must not be shown; so it is where no key has the name."""
        use = self.get(name)
        return use is None or use.key.secret

    def key(self, name: str) -> Key:
        """The key of this name with its letters, `account.X.transport`. Raises UnknownKey."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownKey(name, self.near(name)) from None

    def find(self, name: str, *, suggest: bool = True) -> KeyUse:
        """The key behind a written name, `account.2.transport`. Raises UnknownKey or IndexNotAllowed.

        Without `suggest`, likely names are not looked for, which takes a thousand times as long as the rest.
        """
        plain = self._by_name.get(name)
        if plain is not None and not plain.indexes:
            return KeyUse(plain, name, {})
        key = plain or self._by_shape.get(shape(name))
        if key is None and HOLDER in name:
            return self._held(name)
        if key is None:
            raise UnknownKey(name, self.near(name) if suggest else ())
        numbers: dict[str, int] = {}
        for letter, given in zip(key.name.split("."), name.split("."), strict=True):
            if letter in key.indexes:
                number = int(given) if given.isdecimal() and len(given) < 10 else -1
                if number not in key.indexes[letter].numbers or str(number) != given:
                    raise IndexNotAllowed(name, key, letter, given)
                numbers[letter] = number
        return KeyUse(key, name, numbers)

    def _held(self, name: str) -> KeyUse:
        base, _, holder = name.partition(HOLDER)
        key = self._by_name.get(base)
        holders = key.holders if key is not None else ()
        if key is None or holder not in holders:
            raise UnknownKey(name, tuple(f"{base}{HOLDER}{one}" for one in holders))
        return KeyUse(key, name, {}, holder)

    def get(self, name: str) -> KeyUse | None:
        """The key behind a written name; None where `find` would raise."""
        try:
            return self.find(name, suggest=False)
        except KeyNameError:
            return None

    def order(self, use: KeyUse) -> tuple[int, ...]:
        """What names are sorted by: the key's place in the files, then its numbers."""
        return (self._order[use.key.name], *use.indexes.values())

    def near(self, name: str) -> tuple[str, ...]:
        """Names of known keys that look like this one, the likest first, with the numbers it was given."""
        wanted = shape(name)
        if wanted not in self._near:
            if len(self._near) >= _REMEMBERED:
                self._near.clear()
            known = {shape(key.name): key.name for key in reversed(self.keys)}
            found = get_close_matches(wanted, known, _SUGGESTIONS, _LIKENESS)
            self._near[wanted] = tuple(known[one] for one in found)
        numbers = [part for part in name.split(".") if part.isdecimal()]
        return tuple(_numbered(one, numbers) for one in self._near[wanted])


def in_file(name: str) -> str:
    """The name as a phone's file has it."""
    return name.partition(HOLDER)[0]


@lru_cache(maxsize=1 << 12)
def shape(name: str) -> str:
    """The name with `#` for each number and each index letter."""
    return ".".join(_INDEX if part.isdecimal() or is_letter(part) else part for part in name.split("."))


def is_letter(part: str) -> bool:
    """Whether this component of a name is an index letter."""
    return len(part) == 1 and "A" <= part <= "Z"


def _numbered(name: str, numbers: Iterable[str]) -> str:
    left = iter(numbers)
    return ".".join(next(left, part) if is_letter(part) else part for part in name.split("."))
