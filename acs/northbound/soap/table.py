"""All operations of the service, by name."""

from __future__ import annotations

from acs.northbound.soap import configuration, devices, events, files, groups, notes, rollouts, tasks
from acs.northbound.soap.operations import Operation

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        *devices.OPERATIONS,
        *notes.OPERATIONS,
        *tasks.OPERATIONS,
        *configuration.OPERATIONS,
        *groups.OPERATIONS,
        *files.OPERATIONS,
        *rollouts.OPERATIONS,
        *events.OPERATIONS,
    )
}
