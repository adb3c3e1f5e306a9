"""What all pages have in common: the frame, a part of one alone, and the question before a deed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from jinja2 import UndefinedError

from acs.northbound.browser_session import CSRF_FIELD
from acs.northbound.console import notices
from acs.northbound.console.templating import render
from acs.northbound.console.visits import Answer, Visit
from acs.operations.errors import Conflict, FieldError, Invalid, NotFound

_DAY = 86_400

log = structlog.get_logger("console")


class Entry(NamedTuple):
    """A line of the menu. `key` follows g on the keyboard."""

    path: str
    title: str
    icon: str
    key: str
    role: str = "viewer"
    #: whether it is for those as well who see only the phones of a selector
    limited: bool = False


MENU = (
    Entry("/", "Fleet", "fleet", "f", limited=True),
    Entry("/phones", "Phones", "phone", "p", limited=True),
    Entry("/configuration", "Configuration", "sliders", "c"),
    Entry("/rollouts", "Rollouts", "rocket", "r", limited=True),
    Entry("/files", "Files", "file", "l"),
    Entry("/groups", "Groups", "group", "o"),
    Entry("/alerts", "Alerts and rules", "bell", "a"),
    Entry("/users", "Users and tokens", "user", "u", "admin"),
    Entry("/audit", "Audit", "book", "d", "admin"),
    Entry("/settings", "Settings", "gear", "s"),
    Entry("/connect", "Connect a phone", "plug", "n", limited=True),
)


def frame(visit: Visit) -> dict[str, Any]:
    """What the frame around every page needs."""
    seat = visit.seat
    return {
        "actor": seat.actor if seat is not None else None,
        "csrf": seat.csrf if seat is not None else "",
        "csrf_field": CSRF_FIELD,
        "menu": _menu(visit),
        "path": visit.path,
        "may": visit.may,
        "version": visit.services.version,
    }


def _menu(visit: Visit) -> list[Entry]:
    if visit.seat is None:
        return []
    narrow = bool(visit.actor.select)
    return [entry for entry in MENU if visit.may(entry.role) and (entry.limited or not narrow)]


def show(visit: Visit, template: str, *, status: int = 200, **context: Any) -> Answer:
    """The page; where only a part of it is asked for, that alone, which is a template of its own."""
    whole = {**frame(visit), **context}
    if visit.part:
        name = f"parts/{visit.part}.html"
        if name in PARTS:
            return Answer(_part(visit, name, whole), status)
    said = notices.said(visit)
    return Answer(render(template, {**whole, "said": said}, now=visit.now), status)


def _part(visit: Visit, name: str, whole: Mapping[str, Any]) -> bytes:
    """Raises NotFound for a part of another page, which this one has nothing for."""
    try:
        return render(name, whole, now=visit.now)
    except UndefinedError as error:
        log.warning("a page has not what its part shows", part=visit.part, path=visit.path, reason=str(error))
        raise NotFound("part of this page", visit.part) from error


#: The parts of pages that can be asked for alone.
PARTS: set[str] = set()


def part(*names: str) -> None:
    """Say that these can be asked for alone."""
    PARTS.update(f"parts/{name}.html" for name in names)


def faults_of(error: Invalid | Conflict) -> list[FieldError]:
    """What is wrong with a form for something new; what is there already has its name."""
    taken = FieldError(field="name", message="is taken already")
    return error.errors if isinstance(error, Invalid) else [taken]


def seconds_of(days: str, field: str, *, most: float) -> float:
    """Days as a form has them. Raises Invalid."""
    if not (days.isascii() and days.isdecimal() and len(days) < 7 and 0 < int(days) * _DAY <= most):
        allowed = f"a whole number of days from 1 to {most / _DAY:.0f}"
        raise Invalid.field(field, "is no life of a token", value=days, allowed=allowed)
    return float(int(days) * _DAY)


def ask(
    visit: Visit,
    *,
    title: str,
    text: str,
    button: str,
    back: str,
    facts: Sequence[tuple[str, str]] = (),
    names: Sequence[str] = (),
    dangerous: bool = True,
    carry: Mapping[str, str] | None = None,
) -> Answer:
    """Say what is about to be done, to whom, and ask. The same form comes again with `confirmed` in it."""
    fields = [pair for pair in visit.form().pairs if pair[0] not in (CSRF_FIELD, "confirmed")]
    for name, value in (carry or {}).items():
        fields = [pair for pair in fields if pair[0] != name] + [(name, value)]
    return show(
        visit,
        "ask.html",
        title=title,
        text=text,
        button=button,
        back=back,
        facts=facts,
        names=names,
        dangerous=dangerous,
        fields=fields,
    )


def confirmed(visit: Visit) -> bool:
    return visit.form().text("confirmed") == "yes"
