"""The value types of CWMP parameters: tolerant on reading, exact on writing.

Phones write booleans in half a dozen ways, unsigned numbers below zero, times that are none (quirk 57), and
types that do not exist (quirk 41). Reading takes what has a clear meaning and answers None for the rest;
writing produces the forms of XML Schema.
"""

from __future__ import annotations

import re
from datetime import datetime

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

#: From and to, as XML Schema has it.
_NUMBERS = {
    INT: (-(2**31), 2**31 - 1),
    UNSIGNED_INT: (0, 2**32 - 1),
    "xsd:long": (-(2**63), 2**63 - 1),
    "xsd:unsignedLong": (0, 2**64 - 1),
}

_BASE64 = (
    re.compile(r"(?:(?:[A-Za-z0-9+/]\s*){4})*(?:(?:[A-Za-z0-9+/]\s*){2}==|(?:[A-Za-z0-9+/]\s*){3}=)?"),
    "base64, four characters for three bytes, is wanted",
)
#: The form of other values, and how a sentence calls it.
_FORMS = {
    "xsd:dateTime": (
        re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII),
        "a time such as 2026-03-01T12:00:00Z is wanted",
    ),
    "xsd:base64": _BASE64,
    "xsd:base64Binary": _BASE64,
    "xsd:hexBinary": (re.compile(r"(?:[0-9A-Fa-f]{2})*"), "hexadecimal digits, two a byte, are wanted"),
    "xsd:decimal": (re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII), "a decimal number is wanted"),
}

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
        least, most = _NUMBERS[type_name]
        if number < 0 and least == 0:
            return f"{leaf_of(type_name.replace(':', '.'))} cannot be below zero"
        if not least <= number <= most:
            return f"a number from {least} to {most} is wanted"
    form, wanted = _FORMS.get(type_name, (None, ""))
    if form is not None and not (form.fullmatch(str(value).strip()) and _is_real(str(value), type_name)):
        return wanted
    return ""


def _is_real(text: str, type_name: str) -> bool:
    """Whether what has the form of a time is one."""
    if type_name != "xsd:dateTime":
        return True
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True
