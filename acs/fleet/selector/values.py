"""Values in a selector: versions in their order, addresses, durations and points in time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from acs.fleet.selector.expressions import Age, Ago, Instant, Value

Network = IPv4Network | IPv6Network

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d{1,9})(s|min|m|h|d|w)", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d")
_RUNS = re.compile(r"[0-9]+|[^0-9]+")

_V = re.compile(r"^\s*(?:v|ver|version)[ .]?(?=[0-9])", re.IGNORECASE)

#: Parts of a version: numbers, and texts, which come before numbers.
VersionKey = tuple[tuple[int, int, str], ...]


@lru_cache(maxsize=4096)
def version_key(text: str) -> VersionKey:
    """For ordering: 37.72.0.5 < 37.72.0.12 < 37.80; the separator does not count, nor do leading zeros."""
    runs = _RUNS.findall(text.strip().lower())
    return tuple(
        (1, int(run), "") if run.isascii() and run.isdigit() else (0, 0, run)
        for run in runs
        if run not in (".", "-", "_", " ")
    )


def compare_versions(one: str, other: str) -> int:
    """Below 0, 0, above 0: as `one` is older, the same, newer."""
    first, second = version_key(one), version_key(other)
    return (first > second) - (first < second)


def same_version(one: str, other: str) -> bool:
    """Whether two spellings mean one version: `37.72.0.12`, `V37.72.00.12`, `37-72-0-12`."""
    return one == other or compare_versions(_bare(one), _bare(other)) == 0


def _bare(version: str) -> str:
    return _V.sub("", version)


def compare_values(one: str, other: str) -> int:
    """As numbers where both are some, else as versions."""
    try:
        first, second = float(one), float(other)
    except ValueError:
        return compare_versions(one, other)
    return (first > second) - (first < second)


def duration(text: str) -> int | None:
    """Seconds of `90s`, `30m`, `30min`, `2h`, `1d`, `2w`; None for anything else."""
    match = _DURATION.fullmatch(text)
    return int(match[1]) * _UNITS[match[2].lower()] if match else None


def instant(text: str) -> int | None:
    """Seconds since the epoch of an ISO 8601 date or time, UTC where it names no zone; None for none."""
    if not _TIME.match(text):
        return None
    try:
        read = datetime.fromisoformat(text)
        return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def network(text: str) -> Network | None:
    """An address or a network in CIDR; None for neither. Bits beyond the prefix do not count."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def written(value: Value) -> str:
    """The value as it is written; texts without quotation marks."""
    match value:
        case Ago(seconds=seconds):
            return f"{_span(seconds)} ago"
        case Age(seconds=seconds):
            return _span(seconds)
        case Instant(at=at):
            return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return value


def _span(seconds: int) -> str:
    for unit in ("w", "d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"


def site_of(address: str) -> str:
    """The small network that phones at one place share: /24, or /64 of IPv6; "" where this is no address."""
    head, dot, last = address.rpartition(".")
    if dot and last.isascii() and last.isdigit() and head.count(".") == 2 and ":" not in head:
        return f"{head}.0/24"
    try:
        around = ip_network(f"{address}/64", strict=False)
    except ValueError:
        return ""
    return str(around)
