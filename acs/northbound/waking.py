"""Connection requests, as callers of any of the interfaces send them."""

from __future__ import annotations

from acs.northbound.rest.routing import Services
from acs.operations import wake
from acs.operations.wake import WakeView


async def send_wake(services: Services, device_id: str, *, patience: float, by: str, now: float) -> WakeView:
    """Its outcome as far as it is known within `patience` seconds."""
    return await wake.send(
        services.runner, services.wake, services.reactor, device_id, patience=patience, by=by, now=now
    )
