"""From files of keys (TOML, see docs/keys.md) to the catalogue; what is wrong in one is told with its line.

The parser tells the line of what is no TOML. For all other faults `Places` finds it, by the headers
`[[feature]]` and `[[feature.key]]` and the assignments below them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NoReturn

from msgspec import Struct, ValidationError, convert

from acs.datamodel.key_rules import IndexText, faults, indexes
from acs.datamodel.keys import ANY_MODEL, Catalogue, Condition, FileKind, Indexes, Key, KeyType, shape
from cwmp_schemas.loader import key_files


class KeyFileError(ValueError):
    """A file of keys that cannot be used; one line, `file:line: what is wrong, what is expected`."""

    def __init__(self, origin: str, line: int, text: str) -> None:
        super().__init__(f"{origin}:{line}: {text}")
        self.origin = origin
        self.line = line


class _KeyEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `[[feature.key]]` as it is written."""

    name: str
    type: KeyType
    description: str
    file: FileKind
    default: str | dict[str, str]
    indexes: dict[str, str] = {}
    values: dict[str, str] = {}
    minimum: int | float | None = None
    maximum: int | float | None = None
    sure_minimum: int | float | None = None
    sure_maximum: int | float | None = None
    special: list[str] = []
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    allowed: str = ""
    separator: str = ""
    max_items: int | None = None
    default_by: str = ""
    reboot: bool = False
    secret: bool = False
    depends_on: list[str] = []
    doubtful_values: dict[str, str] = {}
    doubt: str = ""


class _FeatureEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `[[feature]]` without its keys, which are looked at one by one."""

    name: str
    section: str = ""
    key: list[Any] = []


class _FileEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    models: list[str]
    source: str
    feature: list[Any]


@cache
def shipped() -> Catalogue:
    """The keys that the project ships, read once a process. Raises KeyFileError."""
    return catalogue(())


def catalogue(extra: Iterable[tuple[str, str]]) -> Catalogue:
    """The shipped keys and those of further files, each given as its name and its text.

    Raises KeyFileError: a file cannot be used, a key is described twice for one model, or what a key depends
    on does not exist.
    """
    keys = [key for origin, text in (*key_files(), *extra) for key in read(text, origin)]
    _refuse_twice(keys)
    _refuse_loose_ends(keys)
    return Catalogue(keys)


def read(text: str, origin: str) -> list[Key]:
    """The keys of one file, in its order. Raises KeyFileError for the first fault."""
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, said = _place_of_parser(str(error), text)
        raise KeyFileError(origin, line, f"is no TOML: {said}") from None
    reader = _Reader(origin, Places(text))
    return list(reader.keys(parsed))


class _Reader:
    """Turns what the parser gives into keys; knows where in the file it is."""

    def __init__(self, origin: str, places: Places) -> None:
        self._origin = origin
        self._places = places
        self._feature: int | None = None
        self._key: int | None = None

    def keys(self, parsed: dict[str, Any]) -> Iterator[Key]:
        file = self._converted(parsed, _FileEntry)
        if not file.models:
            self._refuse("models", f'models is empty; name the models, or "{ANY_MODEL}" for all')
        if not file.source:
            self._refuse("source", "source is blank; say where these keys are from")
        for self._feature, raw in enumerate(file.feature):
            self._key = None
            feature = self._converted(raw, _FeatureEntry)
            for self._key, entry in enumerate(feature.key):
                yield self._read_key(file, feature, self._converted(entry, _KeyEntry))

    def _read_key(self, file: _FileEntry, feature: _FeatureEntry, entry: _KeyEntry) -> Key:
        fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
        key = Key(
            **{
                **fields,
                "indexes": self._indexes(entry),
                "depends_on": tuple(self._condition(text) for text in entry.depends_on),
                "special": tuple(entry.special),
            },
            feature=feature.name,
            section=feature.section,
            source=file.source,
            models=tuple(file.models),
            origin=f"{self._origin}:{self._places.line(self._feature, self._key, 'name')}",
        )
        for fault in faults(key):
            self._refuse(fault.field, f"{key.name}: {fault.text}")
        return key

    def _indexes(self, entry: _KeyEntry) -> dict[str, Indexes]:
        found = {}
        for letter, text in entry.indexes.items():
            try:
                found[letter] = indexes(text)
            except IndexText as error:
                self._refuse("indexes", f"{entry.name}: indexes: {letter} {error}")
        return found

    def _condition(self, text: str) -> Condition:
        key, equals, values = text.partition("=")
        parts = tuple(value.strip() for value in re.split(r"\bor\b|,", values))
        if not equals or not key.strip() or not all(parts):
            expected = "expected `key = value` or `key = value or value`"
            self._refuse("depends_on", f"depends_on has {text!r}; {expected}")
        return Condition(key.strip(), parts)

    def _converted(self, given: Any, kind: type[Any]) -> Any:
        try:
            return convert(given, kind)
        except ValidationError as error:
            text = str(error)
            named = re.search(r"unknown field `(\w+)`", text) or re.search(r"at `\$\.(\w+)", text)
            field = named[1] if named else ""
            where = f"{field}: " if field and f"`{field}`" not in text else ""
            said = text.split(" - at `")[0].replace("`", "'").replace("Object", "the table")
            hint = f"; there are: {', '.join(kind.__struct_fields__)}" if "unknown field" in said else ""
            self._refuse(field, f"{where}{said}{hint}")

    def _refuse(self, field: str, text: str) -> NoReturn:
        raise KeyFileError(self._origin, self._places.line(self._feature, self._key, field), text)


class Places:
    """The lines of a file's headers and assignments."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        #: lines (from 0) where blocks begin: the file itself, then for each feature, its own and its keys'
        self._features: list[list[int]] = []
        self._starts = [0]
        for number, line in enumerate(self._lines):
            header = re.match(r"\s*\[\[\s*(feature|feature\.key)\s*\]\]", line)
            if header is None:
                continue
            self._starts.append(number)
            if header[1] == "feature" or not self._features:
                self._features.append([number])
            else:
                self._features[-1].append(number)
        self._starts.append(len(self._lines))

    def line(self, feature: int | None, key: int | None, field: str = "") -> int:
        """The line (from 1) of this field's assignment; where it has none, the name's, else the block's."""
        start = self._start(feature, key)
        end = next((other for other in self._starts if other > start), len(self._lines))
        for name in (field, "name"):
            for number in range(start, end):
                if name and re.match(rf'\s*"?{re.escape(name)}"?\s*[.=]', self._lines[number]):
                    return number + 1
        return start + 1

    def _start(self, feature: int | None, key: int | None) -> int:
        if feature is None or feature >= len(self._features):
            return 0
        blocks = self._features[feature]
        number = 0 if key is None else key + 1
        return blocks[number] if number < len(blocks) else blocks[0]


def _place_of_parser(text: str, source: str) -> tuple[int, str]:
    """The line that the parser's sentence names, and the sentence without it."""
    said, _, place = text.rpartition(" (at ")
    line = re.match(r"line (\d+)", place)
    return (int(line[1]) if line else len(source.splitlines()) or 1), said or text


def _refuse_twice(keys: Iterable[Key]) -> None:
    seen: dict[str, list[Key]] = {}
    for key in keys:
        for other in seen.setdefault(shape(key.name), []):
            shared = [
                m for m in key.models if m in other.models or ANY_MODEL in other.models or m == ANY_MODEL
            ]
            if shared:
                _refuse_key(key, f"{key.name} is described already, for {shared[0]}, in {other.origin}")
        seen[shape(key.name)].append(key)


def _refuse_loose_ends(keys: Iterable[Key]) -> None:
    """What a key depends on must exist, with values that it can have."""
    known = {key.name: key for key in keys}
    shapes = {shape(name): key for name, key in known.items()}
    for key in known.values():
        for condition in key.depends_on:
            needed = known.get(condition.key) or shapes.get(shape(condition.key))
            if needed is None:
                _refuse_key(key, f"{key.name}: depends_on names {condition.key}, and there is no such key")
            wrong = [value for value in condition.values if needed.values and value not in needed.values]
            if wrong:
                _refuse_key(
                    key,
                    f"{key.name}: depends_on wants {condition.key} = {wrong[0]}; "
                    f"permitted: {', '.join(needed.values)}",
                )


def _refuse_key(key: Key, text: str) -> NoReturn:
    origin, _, line = key.origin.rpartition(":")
    raise KeyFileError(origin, int(line), text)
