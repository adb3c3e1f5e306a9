"""The rules that say which parameter carries which key: read from `cwmp_schemas/mapping/*.toml`.

docs/data-model.md describes the form. One key may have several rules: the first whose parameter the phone has
counts. One rule may have several keys (a list of two name servers) and several parameters (`also`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache

from msgspec import Struct, convert, field

from acs.datamodel.joint_transforms import JOINT_TRANSFORMS, JointTransform
from acs.datamodel.keys import is_letter, shape
from acs.datamodel.parameter_models import pattern
from acs.datamodel.path_templates import Codec, display
from acs.datamodel.transforms import Options
from cwmp_schemas.loader import mapping_files


class _RuleEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `[[group.rule]]` as it is written: `key` or `keys`."""

    path: str
    sure: str
    key: str = ""
    keys: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    only: dict[str, int] = {}
    transform: str = ""
    values: dict[str, str] = {}
    factor: int = 1
    prefix: str = ""
    unset: tuple[str, ...] = ()


class _GroupEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    under: str
    rules: tuple[_RuleEntry, ...] = field(name="rule")


class _FileEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    group: tuple[_GroupEntry, ...]
    codecs: dict[str, Codec] = {}


class Rule(Struct, frozen=True, kw_only=True):
    """Keys as the catalogue names them, and templates of paths below the root, the first of which is read."""

    keys: tuple[str, ...]
    paths: tuple[str, ...]
    transform: str
    options: Options
    #: fixed values of index letters: the rule is for these alone
    only: Mapping[str, int]
    #: A, B or C, as docs/data-model.md explains
    sure: str

    @property
    def how(self) -> JointTransform:
        return JOINT_TRANSFORMS[self.transform]

    @property
    def letters(self) -> tuple[str, ...]:
        """Index letters of the keys, in order."""
        return tuple(part for part in self.keys[0].split(".") if is_letter(part))

    @property
    def by_codec(self) -> bool:
        """Whether the parameter stands in a row found by its codec."""
        return ".[codec]." in self.paths[0]

    @property
    def display(self) -> str:
        """The path that is read, for people."""
        return display(self.paths[0])

    def name(self, key: str, numbers: Mapping[str, int]) -> str:
        """The key with numbers for its letters."""
        return ".".join(str(numbers.get(part, part)) if is_letter(part) else part for part in key.split("."))


class Rules:
    """All rules, found by the name of a key with or without its numbers."""

    def __init__(self, rules: Iterable[Rule], codecs: Mapping[str, Codec]) -> None:
        self.rules = tuple(rules)
        self.codecs = codecs
        self._by_shape: dict[str, list[tuple[Rule, str]]] = {}
        self._by_path: dict[str, set[str]] = {}
        #: what `of` found, by name
        self._found: dict[str, list[tuple[Rule, str, dict[str, int]]]] = {}
        for rule in self.rules:
            for key in rule.keys:
                self._by_shape.setdefault(shape(key), []).append((rule, key))
                for path in rule.paths:
                    self._by_path.setdefault(display(path, any_instance=True), set()).add(key)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def of(self, name: str) -> list[tuple[Rule, str, dict[str, int]]]:
        """The rules for this key, with its name in the catalogue and the numbers of its letters. With letters
        in place of numbers (`account.X.label`) the numbers are empty."""
        known = self._found.get(name)
        if known is not None:
            return known
        found = []
        for rule, key in self._by_shape.get(shape(name), ()):
            parts = zip(key.split("."), name.split("."), strict=True)
            numbers = {part: int(given) for part, given in parts if is_letter(part) and given.isdecimal()}
            if all(numbers.get(letter, number) == number for letter, number in rule.only.items()):
                found.append((rule, key, numbers))
        if found:  # of names that no rule has there is no end
            self._found[name] = found
        return found

    def keys_at(self, name: str) -> Collection[str]:
        """The keys, as the catalogue names them, that the parameter of this full name may carry."""
        return self._by_path.get(pattern(name), ())

    def codec(self, name: str) -> Codec | None:
        """The codec that a key calls so."""
        known = self.codecs.get(name) or self.codecs.get(name.replace("_", "-"))
        return None if known is None else Codec(known.codec, known.rate, name)


@cache
def shipped() -> Rules:
    """The project's own rules, read once a process."""
    files = [convert(tomllib.loads(text), _FileEntry) for _, text in mapping_files()]
    codecs = {name: codec for file in files for name, codec in file.codecs.items()}
    return Rules((rule for file in files for group in file.group for rule in _read(group)), codecs)


def _read(group: _GroupEntry) -> Iterator[Rule]:
    for entry in group.rules:
        yield Rule(
            keys=entry.keys or (entry.key,),
            paths=tuple(group.under + path for path in (entry.path, *entry.also)),
            transform=entry.transform or ("choice" if entry.values else "text"),
            options=Options(entry.values, entry.factor, entry.prefix, entry.unset),
            only=entry.only,
            sure=entry.sure,
        )
