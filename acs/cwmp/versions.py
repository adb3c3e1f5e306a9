"""Versions of CWMP: their namespaces, and which message each of them has.

Officially the protocols 1.2, 1.3 and 1.4 share one namespace; phones also use cwmp-1-3 and cwmp-1-4. A
session is always answered in the namespace that its Inform used.
"""

from __future__ import annotations

import re
from typing import Final

from acs.cwmp import messages as m

CWMP_1_0: Final = "urn:dslforum-org:cwmp-1-0"
CWMP_1_1: Final = "urn:dslforum-org:cwmp-1-1"
CWMP_1_2: Final = "urn:dslforum-org:cwmp-1-2"

#: The namespaces that the Broadband Forum published, oldest first.
OFFICIAL: Final = (CWMP_1_0, CWMP_1_1, CWMP_1_2)

_MINOR = re.compile(r"cwmp-1-([0-9]{1,2})$", re.IGNORECASE)

#: Messages younger than 1.0, by the minor version that brought them; each with its answer.
_SINCE: dict[type[m.Message], int] = {
    m.AutonomousTransferComplete: 1,
    m.AutonomousTransferCompleteResponse: 1,
    m.GetAllQueuedTransfers: 1,
    m.GetAllQueuedTransfersResponse: 1,
    m.ScheduleDownload: 2,
    m.ScheduleDownloadResponse: 2,
    m.CancelTransfer: 2,
    m.CancelTransferResponse: 2,
    m.ChangeDUState: 2,
    m.ChangeDUStateResponse: 2,
    m.DUStateChangeComplete: 2,
    m.DUStateChangeCompleteResponse: 2,
    m.AutonomousDUStateChangeComplete: 2,
    m.AutonomousDUStateChangeCompleteResponse: 2,
}


def minor_version(namespace: str) -> int:
    """The N of cwmp-1-N, official or not; 0 for any other namespace and for none."""
    found = _MINOR.search(namespace)
    return int(found[1]) if found else 0


def exists(message: type[m.Message], namespace: str) -> bool:
    """Whether the CWMP version of this namespace has this message."""
    return minor_version(namespace) >= _SINCE.get(message, 0)


def schema_of(namespace: str) -> str:
    """The official namespace whose schema speaks for this one: cwmp-1-3 and later extend cwmp-1-2."""
    return OFFICIAL[min(minor_version(namespace), 2)]
