"""Answers to a phone's requests that need no knowledge of the phone: for messages that belong to no session.

A phone repeats its TransferComplete until it is answered; so it is answered, and recorded, even where nobody
knows what it is about.
"""

from __future__ import annotations

from acs.cwmp import messages as cwmp
from acs.cwmp import versions
from acs.fleet.notices import METHODS

_BARE: dict[type[cwmp.Message], cwmp.AcsResponse] = {
    cwmp.TransferComplete: cwmp.TransferCompleteResponse(),
    cwmp.AutonomousTransferComplete: cwmp.AutonomousTransferCompleteResponse(),
    cwmp.RequestDownload: cwmp.RequestDownloadResponse(),
    cwmp.DUStateChangeComplete: cwmp.DUStateChangeCompleteResponse(),
    cwmp.AutonomousDUStateChangeComplete: cwmp.AutonomousDUStateChangeCompleteResponse(),
}


def plain_answer(request: cwmp.Message, namespace: str) -> cwmp.AcsResponse | None:
    """The response in the CWMP version of `namespace`; None for what a phone has no business to ask."""
    if isinstance(request, cwmp.GetRPCMethods):
        return cwmp.GetRPCMethodsResponse(
            tuple(method.__name__ for method in METHODS if versions.exists(method, namespace))
        )
    if isinstance(request, cwmp.Kicked):
        return cwmp.KickedResponse(request.next)
    return _BARE.get(type(request))
