"""What the audit gets of a change that was made on a page."""

from __future__ import annotations

from typing import Any

from acs.datamodel.paths import is_secret
from acs.northbound.browser_session import CSRF_FIELD
from acs.northbound.console.visits import Record, Visit
from acs.operations import audit
from acs.operations.audit import Origin

#: What fields that hold the value of a configuration key begin with.
KEY_FIELD = "key:"

#: Fields that are of the form, not of the deed.
_OF_THE_FORM = (CSRF_FIELD, "confirmed")

#: A list of phones is told by its length beyond this many.
_LISTED = 20


async def record(visit: Visit, deed: str, identifier: str, *, outcome: str = "done") -> None:
    """One entry: what the handler said of the change, else the path and what was filled in."""
    services = visit.services
    told = visit.record or Record(visit.path.strip("/"), None, _filled_in(visit))

    def secret(name: str) -> bool:
        key = name.removeprefix(KEY_FIELD)
        return is_secret(name) or (key != name and services.catalogue.secret(key))

    await audit.record(
        services.runner,
        visit.actor,
        Origin(services.web.address(visit.request), identifier),
        deed or f"console {visit.path}",
        told.on,
        now=visit.now,
        old=told.old,
        new=told.new,
        outcome=outcome,
        secret=secret,
    )


def _filled_in(visit: Visit) -> dict[str, Any]:
    if not visit.is_form:
        return dict(visit.query.pairs)
    fields: dict[str, Any] = {}
    for name, _ in visit.form().pairs:
        if name not in _OF_THE_FORM:
            values = visit.form().every(name)
            fields[name] = values[0] if len(values) == 1 else values
            if len(values) > _LISTED:
                fields[name] = f"{len(values)} of them"
    return fields
