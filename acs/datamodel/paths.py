"""Parameter names as paths: roots, parents, instances, and what a name alone tells.

A full name is dotted; the name of an object (a partial path) ends in a dot; a component made of digits is an
instance number, and the path before it is a table (TR-106, section "Parameter notation"). Instance numbers
are whatever the phone says, never 1..n (quirk 62).
"""

from __future__ import annotations

from collections.abc import Iterable

#: Both roots in use, in the order in which they are tried where a phone's own is not known (quirk 61).
ROOTS = ("Device.", "InternetGatewayDevice.")

_LOWER_ROOTS = {root.lower() for root in ROOTS}

#: What marks a leaf as a secret, wherever it stands in the leaf's name.
_SECRET_MARKS = ("password", "passphrase", "presharedkey", "wepkey", "secret")


def root_of(name: str) -> str:
    """The root that this name stands under, in the phone's own spelling; "" when it is under neither."""
    first = name[: name.find(".") + 1]
    return first if first.lower() in _LOWER_ROOTS else ""


def is_object(name: str) -> bool:
    return name.endswith(".")


def leaf_of(name: str) -> str:
    """The last component, without a dot: `URL` of `Device.ManagementServer.URL`, `1` of `Device.X.1.`."""
    return name.rstrip(".").rpartition(".")[2]


def parent_of(name: str) -> str:
    """The object that holds this one, with its final dot; "" above a root."""
    head = name.rstrip(".").rpartition(".")[0]
    return head + "." if head else ""


def tables_of(name: str) -> tuple[str, ...]:
    """The tables on the way to this name, outermost first: the prefixes that an instance number follows."""
    parts = name.split(".")
    return tuple(".".join(parts[:i]) + "." for i, part in enumerate(parts) if part.isdigit() and i)


def is_vendor(name: str) -> bool:
    """Whether the name leaves the standard: a component such as `X_001565_Label`."""
    return name.startswith("X_") or ".X_" in name


def is_secret(name: str) -> bool:
    """Whether the leaf is one that phones read back as empty (quirk 59)."""
    leaf = leaf_of(name).lower()
    return any(mark in leaf for mark in _SECRET_MARKS)


def instances(names: Iterable[str], table: str) -> frozenset[int]:
    """The instance numbers that occur right below `table` (which ends in a dot) among these names."""
    length = len(table)
    found = set()
    for name in names:
        if name.startswith(table):
            part = name[length:].partition(".")[0]
            if part.isdecimal() and part.isascii():
                found.add(int(part))
    return frozenset(found)
