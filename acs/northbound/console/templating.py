"""The templates, and how times, sizes and numbers are written on a page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from acs.northbound.console.visits import phone_path

#: Steps of a time ago: below so many seconds, this many of them make one, and what it is called.
_AGES = ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h"), (5_184_000, 86_400, "days"))
#: Signs that turn the text after them about, wherever it comes from.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SIZES = ("bytes", "KB", "MB", "GB", "TB")


def ago(at: datetime | float | None, now: float) -> str:
    """How long before `now`: `42 s ago`, `in 3 min`, `never`."""
    if not at:
        return "never"
    seconds = now - (at.timestamp() if isinstance(at, datetime) else at)
    for below, unit, name in _AGES:
        if abs(seconds) < below:
            count = int(abs(seconds) // unit)
            return (
                f"in {count} {name}" if seconds < -1 else "just now" if seconds < 2 else f"{count} {name} ago"
            )
    return stamp(at)[:10]


def stamp(at: datetime | float | None) -> str:
    """The time itself: `2030-01-31 12:00:00 UTC`."""
    if not at:
        return "never"
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """`45 s`, `5 min`, `2 h`, `3 days`."""
    for below, unit, name in _AGES:
        if seconds < below:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86_400:.0f} days"


def size(count: int) -> str:
    value, step = float(count), 0
    while value >= 1024 and step < len(_SIZES) - 1:
        value, step = value / 1024, step + 1
    return f"{value:.0f} {_SIZES[step]}" if value >= 10 or not step else f"{value:.1f} {_SIZES[step]}"


def number(count: float) -> str:
    """With a thin space between thousands."""
    return f"{count:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def plural(count: int, one: str, many: str = "") -> str:
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def link(path: str, **query: Any) -> str:
    """A path with those of the fields that are not empty."""
    given = {name: value for name, value in query.items() if value not in ("", None)}
    return f"{path}?{urlencode(given)}" if given else path


def quoted(text: str) -> str:
    """Text as a string of a selector."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def time_tag(at: datetime | float | None, now: float) -> Markup:
    """How long ago, with the exact time under the pointer."""
    if not at:
        return Markup("<span class=faint>never</span>")
    exact = stamp(at)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact.replace(" UTC", "Z").replace(" ", "T"), exact, ago(at, now)
    )


@cache
def static_version() -> str:
    """Changes with any of the files that browsers keep."""
    digest = hashlib.blake2b(digest_size=6)
    for entry in sorted(files(__package__).joinpath("static").iterdir(), key=lambda one: one.name):
        digest.update(entry.read_bytes())
    return digest.hexdigest()


def straight(value: Any) -> Any:
    """What is written on a page; what phones say of themselves cannot turn the words after it about."""
    if isinstance(value, str) and _TURNING.search(value):
        return type(value)(_TURNING.sub("\N{REPLACEMENT CHARACTER}", value))
    return value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        finalize=straight,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        size=size, number=number, plural=plural, duration=duration, stamp=stamp, quoted=quoted
    )
    environment.globals.update(
        link=link,
        phone_path=phone_path,
        static_version=static_version,
        url_part=lambda text: quote(text, safe=""),
    )
    return environment


def render(template: str, context: Mapping[str, Any], *, now: float) -> bytes:
    """The template with this in it. `time(at)` writes a time as seen from `now`."""

    def time(at: datetime | float | None) -> Markup:
        return time_tag(at, now)

    return _environment().get_template(template).render(context, time=time, now=now).encode()


def lines(text: str) -> Markup:
    """Text with its line breaks kept."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())
