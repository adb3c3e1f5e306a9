"""From plain data (JSON, a query string) to typed records, with every fault found and named at once.

msgspec stops at the first fault and tells it in a sentence. Here each field is converted by itself, and where
a field fails its parts are, so that an operator sees all that is wrong: field, value, what is allowed.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from msgspec import Struct, ValidationError, convert, inspect, structs

from acs.operations.errors import FieldError, Invalid

T = TypeVar("T", bound=Struct)

#: Whole numbers up to here are exact as floats.
_EXACT = 2**53

#: What msgspec says of a text that is not as long as it may be.
_LENGTH = re.compile(r"Expected str of length (<=|>=) (\d+)")


class GivenTwice(ValueError):
    """Of two values under one name some readers take the first, others the last."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is given twice")
        self.name = name


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object (`object_pairs_hook`). Raises GivenTwice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise GivenTwice(name)
        found[name] = value
    return found


def read(kind: type[T], given: Any, *, strict: bool = True) -> T:
    """`given` as a record of this kind. With `strict` off, numbers and booleans may be written as text.

    Raises Invalid with one entry for each missing, unknown or wrong field.
    """
    faults: list[FieldError] = []
    record = _record(kind, given, "", strict, faults)
    if faults:
        raise Invalid(faults)
    return record


def allowed(kind: Any) -> list[str] | str:
    """What a value of this type may be: a list of texts where they can be counted, else a phrase."""
    phrases = _describe(inspect.type_info(kind))
    texts = [phrase.removeprefix("=") for phrase in phrases]
    return texts if all(phrase.startswith("=") for phrase in phrases) else " or ".join(texts)


def _record(kind: type[T], given: Any, at: str, strict: bool, faults: list[FieldError]) -> T:
    if not isinstance(given, Mapping):
        faults.append(FieldError(field=at or "body", message="must be a JSON object", value=given))
        return None  # type: ignore[return-value]  # the caller raises, because there are faults
    fields = {field.encode_name: field for field in structs.fields(kind)}
    tag = kind.__struct_config__.tag_field
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in given:
            values[field.name] = _value(field.type, given[name], _join(at, name), strict, faults)
        elif field.required:
            faults.append(
                FieldError(field=_join(at, name), message="is required", allowed=allowed(field.type))
            )
    for name in given:
        if name not in fields and name != tag:
            faults.append(
                FieldError(
                    field=_join(at, name),
                    message="is unknown here",
                    value=given[name],
                    allowed=sorted(fields),
                )
            )
    if faults:
        return None  # type: ignore[return-value]  # as above
    return kind(**values)


def _value(kind: Any, given: Any, at: str, strict: bool, faults: list[FieldError]) -> Any:
    try:
        return convert(given, kind, strict=strict)
    except ValidationError as error:
        whole = _whole(given)
        if whole is not given:
            return _value(kind, whole, at, strict, faults)
        before = len(faults)
        _parts(kind, given, at, strict, faults)
        if len(faults) == before:
            faults.append(FieldError(field=at, message=_sentence(error), value=given, allowed=allowed(kind)))
        return None


def _whole(given: Any, depth: int = 8) -> Any:
    """With 3 for 3.0, which JSON does not tell apart; the very same where there is no such number."""
    if isinstance(given, float) and given.is_integer() and abs(given) < _EXACT:
        return int(given)
    within: Any = given.values() if isinstance(given, Mapping) else given if isinstance(given, list) else ()
    parts = list(within) if depth else []
    changed = [_whole(part, depth - 1) for part in parts]
    if all(new is part for new, part in zip(changed, parts, strict=True)):
        return given
    return dict(zip(given, changed, strict=True)) if isinstance(given, Mapping) else changed


def _parts(kind: Any, given: Any, at: str, strict: bool, faults: list[FieldError]) -> None:
    """Look for the faults further in: in the members of an object, a list, or a record inside a union."""
    kind, arguments, origin = _plain(kind)
    if origin is dict and isinstance(given, Mapping):
        for name, member in given.items():
            _value(arguments[1], member, _join(at, str(name)), strict, faults)
    elif origin in (list, tuple) and isinstance(given, list):
        for number, member in enumerate(given):
            _value(arguments[0], member, f"{at}[{number}]", strict, faults)
    elif isinstance(kind, type) and issubclass(kind, Struct) and isinstance(given, Mapping):
        _record(kind, given, at, strict, faults)
    elif origin in (Union, types.UnionType):
        for member in arguments:
            inner, _, inner_origin = _plain(member)
            shape = Mapping if inner_origin is dict or _is_record(inner) else list
            if (_is_record(inner) or inner_origin in (dict, list, tuple)) and isinstance(given, shape):
                return _parts(member, given, at, strict, faults)


def _plain(kind: Any) -> tuple[Any, tuple[Any, ...], Any]:
    """The type without its annotations, its arguments, and what it is made from."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind, get_args(kind), get_origin(kind)


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _sentence(error: ValidationError) -> str:
    text = str(error).split(" - at `")[0].replace("`", "")
    if found := _LENGTH.fullmatch(text):
        return "is too long" if found[1] == "<=" else "is empty" if found[2] == "1" else "is too short"
    return text[:1].lower() + text[1:]


def _describe(kind: inspect.Type) -> list[str]:
    """Phrases for a type; one that begins with "=" stands for that very text."""
    match kind:
        case inspect.Metadata(type=inner):
            return _describe(inner)
        case inspect.UnionType(types=members):
            return [phrase for member in members for phrase in _describe(member)]
        case inspect.EnumType(cls=cls):
            return [f"={member.value}" for member in cls]
        case inspect.LiteralType(values=values):
            return [f"={value}" for value in values]
        case inspect.NoneType():
            return ["null"]
        case inspect.BoolType():
            return ["true or false"]
        case inspect.IntType() | inspect.FloatType():
            noun = "an integer" if isinstance(kind, inspect.IntType) else "a number"
            return [noun + _range(kind.ge, kind.le, kind.gt, kind.lt)]
        case inspect.StrType(min_length=least, max_length=most, pattern=pattern):
            if pattern:
                return [f"text that matches {pattern}"]
            if least and most:
                return [f"text of {least} to {most} characters"]
            return [f"text of at most {most} characters" if most else "text"]
        case inspect.DateTimeType():
            return ["a time such as 2030-01-31T12:00:00Z"]
        case inspect.ListType() | inspect.VarTupleType():
            return ["a list"]
        case _:
            return ["an object"]


def _range(ge: float | None, le: float | None, gt: float | None, lt: float | None) -> str:
    if ge is not None and le is not None:
        return f" from {ge} to {le}"
    words = ((" of at least {}", ge), (" above {}", gt), (" of at most {}", le), (" below {}", lt))
    return " and".join(word.format(limit) for word, limit in words if limit is not None)
