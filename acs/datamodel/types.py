"""The value types of CWMP parameters: tolerant on reading, exact on writing.

Phones write booleans in half a dozen ways, unsigned numbers below zero, times that are none (quirk 57), and
types that do not exist (quirk 41). Reading takes what has a clear meaning and answers None for the rest;
writing produces the forms of XML Schema.
"""

from __future__ import annotations

from acs.datamodel.paths import leaf_of

STRING = "xsd:string"
BOOLEAN = "xsd:boolean"
INT = "xsd:int"
UNSIGNED_INT = "xsd:unsignedInt"

#: The types that TR-106 lets a parameter have, as they stand in xsi:type.
TYPES = (
    STRING,
    INT,
    UNSIGNED_INT,
    "xsd:long",
    "xsd:unsignedLong",
    BOOLEAN,
    "xsd:dateTime",
    "xsd:base64",
    "xsd:base64Binary",
    "xsd:hexBinary",
    "xsd:decimal",
    "xsd:anySimpleType",
)

_BY_LOWER_NAME = {name.partition(":")[2].lower(): name for name in TYPES}

_NUMBERS = frozenset({INT, UNSIGNED_INT, "xsd:long", "xsd:unsignedLong"})

_TRUE = frozenset({"1", "true", "enable", "enabled", "on", "yes"})
_FALSE = frozenset({"0", "false", "disable", "disabled", "off", "no"})


def known_type(text: str) -> str:
    """The type meant by `boolean`, `xsd:boolean` or `xs:Boolean`, with its prefix; "" for an invented one."""
    return _BY_LOWER_NAME.get(text.strip().rpartition(":")[2].lower(), "")


def is_number(type_name: str) -> bool:
    return type_name in _NUMBERS


def read_boolean(text: str) -> bool | None:
    word = text.strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


def read_int(text: str) -> int | None:
    """A whole number with an optional sign; None for anything else."""
    digits = text.strip()
    body = digits[1:] if digits[:1] in ("+", "-") else digits
    return int(digits) if body.isascii() and body.isdecimal() and len(body) <= 20 else None


def write_boolean(value: bool, habit: str = "") -> str:
    """`1`/`0`, or `true`/`false` where the phone's own last value (`habit`) was a word."""
    if habit.strip().lower() in ("true", "false"):
        return "true" if value else "false"
    return "1" if value else "0"


def type_of(value: str | int | float | bool) -> str:
    """The type of a value of ours where nobody knows the parameter's."""
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int):
        return INT if value < 0 else UNSIGNED_INT
    return STRING


def write(value: str | int | float | bool, type_name: str, habit: str = "") -> str:
    """The lexical form of `value` in this type; `habit` is the parameter's last known value."""
    if type_name == BOOLEAN:
        meant = value if isinstance(value, bool) else read_boolean(str(value))
        return str(value) if meant is None else write_boolean(meant, habit)
    if isinstance(value, bool):
        return write_boolean(value, habit or "true") if type_name == STRING else write_boolean(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def problem(value: str | int | float | bool, type_name: str) -> str:
    """Why `value` cannot be written in this type; "" when it can."""
    if type_name == BOOLEAN and not isinstance(value, bool) and read_boolean(str(value)) is None:
        return "a boolean is true or false, 1 or 0"
    if type_name in _NUMBERS:
        if isinstance(value, bool):
            return "a number is wanted, not a boolean"
        number = read_int(str(int(value) if isinstance(value, float) and value.is_integer() else value))
        if number is None:
            return "a whole number is wanted"
        if number < 0 and type_name.startswith("xsd:unsigned"):
            return f"{leaf_of(type_name.replace(':', '.'))} cannot be below zero"
    return ""
