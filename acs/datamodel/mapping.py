"""Documented keys and the parameters that carry them: both directions, for one phone's tree.

Nothing here raises for what a phone says or an operator wants: what cannot travel by a parameter is named,
with the reason; what a phone says that no key can have comes back as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from acs.datamodel import key_values, parameter_models, types
from acs.datamodel.key_loading import shipped as shipped_keys
from acs.datamodel.keys import Catalogue
from acs.datamodel.mapping_rules import Rule, shipped
from acs.datamodel.path_templates import Codec, KnownParameters, NotThere, PhonePaths, resolve
from acs.datamodel.paths import is_secret

#: The key that says which codec a row of keys is about.
CODEC_KEY = "account.X.codec.Y.payload_type"

#: Between values of one key where the phone's accounts disagree.
DISAGREE = " / "

#: Says why a parameter cannot be set on this phone; "" where it can.
Objection = Callable[[str], str]


class Write(Struct, frozen=True):
    """A parameter to be set, and the keys that it sets."""

    value: str
    type: str
    keys: tuple[str, ...]


class Translation(Struct, frozen=True):
    """`writes` by full path; `left`: keys that no parameter carries with this value, and why."""

    writes: dict[str, Write]
    left: dict[str, str]
    #: the path that a key is read back from, where it is written
    paths: dict[str, str]
    #: of keys that are left: the instance that the phone lacks for them
    lacks: dict[str, str]


class _Left(Struct, frozen=True):
    """Why no parameter carries a key, and which instance the phone lacks, "" for none."""

    why: str
    row: str = ""


class _Wanted(Struct):
    """Values for the keys of one rule, with the same numbers."""

    rule: Rule
    numbers: dict[str, int]
    #: full names of the parameter that is read back, of several where the key stands for the whole phone
    paths: list[str]
    #: by the key's name in the catalogue
    values: dict[str, str]


def path_of(key: str) -> str | None:
    """Where this key is carried, for people: `Device.….VoiceProfile.X.SIP.RegistrarServer`; None for none.

    Takes the catalogue's name or one with numbers. `{i}` is an instance that is found on the phone, or all.
    """
    found = shipped().of(key)
    return found[0][0].display if found else None


def sureness_of(key: str) -> str | None:
    """How sure that path is: A, B or C."""
    found = shipped().of(key)
    return found[0][0].sure if found else None


def to_parameters(
    keys: Mapping[str, str],
    tree: KnownParameters | PhonePaths,
    objection: Objection = lambda path: "",
    known: Mapping[str, str] | None = None,
) -> Translation:
    """What to set on this phone for these keys (with numbers, as in a .cfg).

    `objection` may refuse paths; a key whose parameter is refused is left, with the objection as the reason.
    A parameter that only accompanies another (`also` of a rule) is left out where it is not to be had.
    `known`: further keys of this phone, which tell the codecs of rows.
    """
    phone = _paths_of(tree)
    codecs = {**(known or {}), **keys}
    result = Translation({}, {}, {}, {})
    wanted: dict[tuple[int, tuple[tuple[str, int], ...]], _Wanted] = {}
    for name, value in keys.items():
        chosen = _choose(name, phone, codecs, objection)
        if isinstance(chosen, _Left):
            result.left[name] = chosen.why
            if chosen.row:
                result.lacks[name] = chosen.row
            continue
        rule, key, numbers, paths = chosen
        place = (id(rule), tuple(numbers.items()))
        entry = wanted.setdefault(place, _Wanted(rule, numbers, paths, {}))
        entry.values[key] = value
    for entry in wanted.values():
        _write(entry, phone, codecs, objection, result)
    return result


def carrying_path(
    key: str,
    tree: KnownParameters | PhonePaths,
    objection: Objection = lambda path: "",
    known: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """The full path that this key (with its numbers) is read back from; or "" and why there is none."""
    chosen = _choose(key, _paths_of(tree), known or {}, objection)
    return ("", chosen.why) if isinstance(chosen, _Left) else (chosen[3][0], "")


def _paths_of(tree: KnownParameters | PhonePaths) -> PhonePaths:
    return tree if isinstance(tree, PhonePaths) else PhonePaths(tree)


def _choose(
    name: str, phone: PhonePaths, codecs: Mapping[str, str], objection: Objection
) -> tuple[Rule, str, dict[str, int], list[str]] | _Left:
    """The first rule of this key whose parameter the phone has and lets be set; else why there is none."""
    why, row = "no parameter is known for this key", ""
    for rule, key, numbers in shipped().of(name):
        if len(numbers) < len(rule.letters):
            return _Left(f"the key needs a number for {' and '.join(rule.letters)}")
        try:
            paths = resolve(rule.paths[0], phone, numbers, _codec(rule, numbers, codecs))
        except NotThere as missing:
            why, row = str(missing), missing.row
            continue
        row = ""
        why = next(filter(None, map(objection, paths)), "")
        if not why:
            return rule, key, numbers, paths
    return _Left(why, row)


def _write(
    entry: _Wanted, phone: PhonePaths, codecs: Mapping[str, str], objection: Objection, result: Translation
) -> None:
    """Adds to `result` what the keys of one rule come to."""
    rule, main = entry.rule, entry.paths
    present = phone.get(main[0])
    written = rule.how.write(entry.values, (present and present.value) or "", rule.keys, rule.options)
    names = {key: rule.name(key, entry.numbers) for key in entry.values}
    left = {names[key]: why for key, why in written.left.items()}
    served = tuple(name for name in names.values() if name not in left)
    if written.value is not None and served:
        writes = {path: _typed(path, written.value, phone, served) for path in main}
        why = next((why for path, write in writes.items() if (why := _refusal(path, write, result))), "")
        if why:
            left |= dict.fromkeys(served, why)
        else:
            for path in _companions(rule, entry.numbers, codecs, phone, objection):
                write = _typed(path, written.value, phone, served)
                if not _refusal(path, write, result):
                    writes[path] = write
            for path, write in writes.items():
                other = result.writes.get(path)
                together = (*(other.keys if other else ()), *served)
                result.writes[path] = Write(write.value, write.type, together)
            result.paths.update(dict.fromkeys(served, main[0]))
    result.left.update(left)


def _companions(
    rule: Rule,
    numbers: Mapping[str, int],
    codecs: Mapping[str, str],
    phone: PhonePaths,
    objection: Objection,
) -> Iterator[str]:
    """The names beside the first, where they are to be had."""
    for template in rule.paths[1:]:
        try:
            names = resolve(template, phone, numbers, _codec(rule, numbers, codecs))
        except NotThere:
            continue
        yield from (name for name in names if not objection(name))


def _codec(rule: Rule, numbers: Mapping[str, int], known: Mapping[str, str]) -> Codec | None:
    """The codec that a row of keys is about: as the phone's keys say, else as the factory made it."""
    if not rule.by_codec:
        return None
    name = known.get(rule.name(CODEC_KEY, numbers)) or _factory_codecs().get(str(numbers["Y"]), "")
    return shipped().codec(name)


def _factory_codecs() -> Mapping[str, str]:
    """Codec by number of row."""
    default = shipped_keys().key(CODEC_KEY).default
    return {} if isinstance(default, str) else default


def _typed(path: str, value: str, phone: PhonePaths, keys: tuple[str, ...]) -> Write:
    """The value in the parameter's type, and the phone's own way to write it."""
    known = phone.get(path)
    model = parameter_models.lookup(path)
    type_name = (known and types.known_type(known.type)) or (model.xsd_type if model else types.STRING)
    return Write(types.write(value, type_name, (known and known.value) or ""), type_name, keys)


def _refusal(path: str, write: Write, result: Translation) -> str:
    """Why this cannot be written; "" where it can."""
    other = result.writes.get(path)
    if other is not None and other.value != write.value:
        return f"{', '.join(other.keys)} sets {path} to another value"
    why = types.problem(write.value, write.type)
    model = parameter_models.lookup(path)
    if not why and model is not None and model.xsd_type == write.type:
        why = parameter_models.fault(model, write.value)
    return f"{path} cannot have this value: {why}" if why else ""


def from_tree(tree: KnownParameters | PhonePaths, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """The keys, with numbers, that this phone's parameters tell, and their values as in a .cfg.

    Of secrets that read back as empty nothing is told. Where a key stands for the whole phone and its
    accounts disagree, all their values are told, parted by DISAGREE. `known`: keys that tell the codecs of
    rows.
    """
    phone = _paths_of(tree)
    heard: dict[str, str] = {}
    for rule in shipped():
        for numbers in _numbers(rule, phone, known or {}):
            try:
                paths = resolve(rule.paths[0], phone, numbers, _codec(rule, numbers, known or {}))
            except NotThere:
                continue
            for key, value in _read(rule, paths, phone).items():
                heard.setdefault(rule.name(key, numbers), value)
    return heard


def told(key: str, tree: KnownParameters | PhonePaths, known: Mapping[str, str] | None = None) -> str | None:
    """What `from_tree` has for this one key (with its numbers); None where the phone tells nothing of it."""
    phone = _paths_of(tree)
    for rule, name, numbers in shipped().of(key):
        if len(numbers) < len(rule.letters):
            continue
        try:
            paths = resolve(rule.paths[0], phone, numbers, _codec(rule, numbers, known or {}))
        except NotThere:
            continue
        value = _read(rule, paths, phone).get(name)
        if value is not None:
            return value
    return None


def _numbers(rule: Rule, phone: PhonePaths, known: Mapping[str, str]) -> list[dict[str, int]]:
    """Every choice of numbers for the rule's letters that this phone may have a parameter for."""
    choices: list[dict[str, int]] = [{}]
    for letter in rule.letters:
        if letter in rule.only:
            found = [rule.only[letter]]
        elif f".{letter}." in rule.paths[0]:
            above = rule.paths[0].partition(f".{letter}.")[0] + "."
            found = _positions(above, phone)
        else:  # a row of keys
            found = [int(row) for row in _factory_codecs()]
        choices = [{**choice, letter: number} for choice in choices for number in found]
    return choices


def _positions(above: str, phone: PhonePaths) -> list[int]:
    """Which rows there are below this path, whose own components are numbers and names."""
    prefix = phone.root
    for part in above[:-1].split("."):
        try:
            prefix += f"{phone.instance(prefix, int(part))}." if part.isdecimal() else f"{part}."
        except NotThere:
            return []
    return phone.positions(prefix)


def _read(rule: Rule, paths: list[str], phone: PhonePaths) -> dict[str, str]:
    """What the parameters at these paths say, by the keys' names in the catalogue."""
    told: dict[str, list[str]] = {}
    for path in paths:
        parameter = phone.get(path)
        if parameter is None or parameter.value is None:
            return {}
        if parameter.value == "" and _is_secret(path):
            return {}
        for key, value in rule.how.read(parameter.value, rule.keys, rule.options).items():
            told.setdefault(key, []).append(value)
    return {
        key: DISAGREE.join(dict.fromkeys(values)) for key, values in told.items() if len(values) == len(paths)
    }


def _is_secret(path: str) -> bool:
    model = parameter_models.lookup(path)
    return is_secret(path) or (model is not None and model.secret)


def same(key: str, one: str, other: str, catalogue: Catalogue | None = None) -> bool:
    """Whether two values of a key (with numbers) mean the same to the phone."""
    if one == other or _numbers_of(one) == _numbers_of(other) != []:
        return True
    use = (catalogue or shipped_keys()).get(key)
    if use is not None and key_values.same(use, one, other):
        return True
    return any(_spoken_alike(rule, name, one, other) for rule, name, _ in shipped().of(key))


def _numbers_of(text: str) -> list[int]:
    """Of a day and an hour such as `3/5/7/02`, whose parts are numbers; none of anything else."""
    parts = text.split("/")
    return [int(part) for part in parts] if len(parts) > 1 and all(map(_is_short_number, parts)) else []


def _is_short_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 3


def _spoken_alike(rule: Rule, key: str, one: str, other: str) -> bool:
    """Whether a parameter has one word for both."""
    words = [rule.how.write({key: value}, "", rule.keys, rule.options).value for value in (one, other)]
    return words[0] is not None and words[0] == words[1]
