"""An operation from what was asked to what is answered: read, admitted, done, and written into the audit."""

from __future__ import annotations

from typing import Any

import structlog

from acs.northbound.rest import audit_trail
from acs.northbound.rest.authentication import admit
from acs.northbound.soap.operations import Asking, Operation
from acs.operations import audit, validation
from acs.operations.errors import OperationError

log = structlog.get_logger("soap")


async def perform(operation: Operation, asking: Asking, given: dict[str, Any]) -> Any:
    """The record that is answered. Raises what `faults.detail_of` knows."""
    asked = validation.read(operation.request, given)
    try:
        admit(operation.rule_for(asked), asking.actor)
    except OperationError as refusal:
        await _write(operation, asking, asked, None, new=_told(given), outcome=str(refusal))
        raise
    before = operation.change.before if operation.change is not None else None
    old = await before(asking, asked) if before is not None else None
    answer = await operation.perform(asking, asked)
    if operation.change is not None:
        was, becomes = audit.difference(old, answer) if old is not None else (None, _told(given))
        await _write(operation, asking, asked, answer, old=was, new=becomes)
        log.info("change", operation=operation.name, by=asking.by, request=asking.origin.request)
    return answer


def _told(given: dict[str, Any]) -> dict[str, Any]:
    """Without the bytes of files."""
    return {name: value for name, value in given.items() if not isinstance(value, bytes)}


async def _write(operation: Operation, asking: Asking, asked: Any, answer: Any, **said: Any) -> None:
    change = operation.change
    if change is not None:
        on = change.on(asked, answer)
        await audit_trail.append(asking.services, asking.actor, asking.origin, change.operation, on, **said)
