"""The fields of a selector: what may be compared with what. The manual's table is the same."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

EQUAL = ("=", "!=", "~")
ORDERED = ("=", "!=", "<", "<=", ">", ">=", "~")


class Kind(Enum):
    """How values of a field are written and compared."""

    #: text in either case
    TEXT = "text"
    #: text as it is written
    NAME = "name"
    #: numbers between dots
    VERSION = "version"
    #: an IP address; with `in` a network as well
    ADDRESS = "address"
    MAC = "mac"
    #: a point in time, or an age
    TIME = "time"
    #: online, late or offline
    STATE = "state"
    #: anything; ordered as numbers where both are, else as versions
    VALUE = "value"


class Field(Struct, frozen=True):
    name: str
    kind: Kind
    #: beside `in`
    operators: tuple[str, ...]
    what: str
    #: whether a name follows
    named: bool = False
    #: whether `in (…)` may follow
    listed: bool = True


_FIELDS = (
    Field("model", Kind.TEXT, EQUAL, "product class"),
    Field("firmware", Kind.VERSION, ORDERED, "software version"),
    Field("hardware", Kind.VERSION, ORDERED, "hardware version"),
    Field("tag", Kind.NAME, EQUAL, "any of its tags"),
    Field("group", Kind.NAME, EQUAL, "any of its groups"),
    Field("ip", Kind.ADDRESS, EQUAL, "address"),
    Field("state", Kind.STATE, ("=", "!="), "online, late or offline"),
    Field("last_seen", Kind.TIME, ("<", "<=", ">", ">="), "last Inform", listed=False),
    Field("first_seen", Kind.TIME, ("<", "<=", ">", ">="), "first Inform", listed=False),
    Field("last_boot", Kind.TIME, ("<", "<=", ">", ">="), "last boot", listed=False),
    Field("serial", Kind.TEXT, EQUAL, "serial number"),
    Field("mac", Kind.MAC, EQUAL, "MAC address"),
    Field("id", Kind.NAME, EQUAL, "device id"),
    Field("oui", Kind.TEXT, EQUAL, "manufacturer's OUI"),
    Field("manufacturer", Kind.TEXT, EQUAL, "manufacturer"),
    Field("label", Kind.TEXT, EQUAL, "label"),
    Field("attr", Kind.VALUE, ORDERED, "an attribute, attr.NAME", named=True),
    Field("key", Kind.VALUE, ORDERED, "a configuration key, key NAME", named=True),
    Field("parameter", Kind.VALUE, ORDERED, "a parameter, parameter NAME", named=True),
    Field("selector", Kind.NAME, ("=",), "a saved selector", listed=False),
)

FIELDS = {field.name: field for field in _FIELDS}

#: What stands before the name of an attribute, in one word with it.
ATTRIBUTE = "attr."

STATES = ("online", "late", "offline")

#: How a task may have ended, for `task failed`.
ENDED = ("failed", "expired")

#: Words that are a whole term.
TERMS = ("all", "drift", *STATES)

#: Words that join terms, and the first words of terms that are not fields.
JOINTS = ("and", "or", "not", "in")
KEYWORDS = frozenset((*JOINTS, *TERMS, "task", *FIELDS))
