"""All operations of the service, by name."""

from __future__ import annotations

from acs.northbound.soap import configuration, devices, events, groups, rollouts, tasks
from acs.northbound.soap.operations import Operation

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        *devices.OPERATIONS,
        *tasks.OPERATIONS,
        *configuration.OPERATIONS,
        *groups.OPERATIONS,
        *rollouts.OPERATIONS,
        *events.OPERATIONS,
    )
}
