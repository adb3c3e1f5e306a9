"""The events of an Inform: their codes, what each means for the server, and how phones misspell them.

Codes and delivery rules: TR-069 table 8, and the pattern EventCodeType of cwmp-1-2.xsd.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

BOOTSTRAP: Final = "0 BOOTSTRAP"
BOOT: Final = "1 BOOT"
PERIODIC: Final = "2 PERIODIC"
SCHEDULED: Final = "3 SCHEDULED"
VALUE_CHANGE: Final = "4 VALUE CHANGE"
KICKED: Final = "5 KICKED"
CONNECTION_REQUEST: Final = "6 CONNECTION REQUEST"
TRANSFER_COMPLETE: Final = "7 TRANSFER COMPLETE"
DIAGNOSTICS_COMPLETE: Final = "8 DIAGNOSTICS COMPLETE"
REQUEST_DOWNLOAD: Final = "9 REQUEST DOWNLOAD"
AUTONOMOUS_TRANSFER_COMPLETE: Final = "10 AUTONOMOUS TRANSFER COMPLETE"
DU_STATE_CHANGE_COMPLETE: Final = "11 DU STATE CHANGE COMPLETE"
AUTONOMOUS_DU_STATE_CHANGE_COMPLETE: Final = "12 AUTONOMOUS DU STATE CHANGE COMPLETE"
WAKEUP: Final = "13 WAKEUP"

M_REBOOT: Final = "M Reboot"
M_SCHEDULE_INFORM: Final = "M ScheduleInform"
M_DOWNLOAD: Final = "M Download"
M_UPLOAD: Final = "M Upload"
M_SCHEDULE_DOWNLOAD: Final = "M ScheduleDownload"
M_CHANGE_DU_STATE: Final = "M ChangeDUState"

_MEANINGS: dict[str, str] = {
    BOOTSTRAP: "first contact with this server: new, factory reset, or a changed server URL",
    BOOT: "the phone has started",
    PERIODIC: "the regular sign of life",
    SCHEDULED: "the Inform that was asked for with ScheduleInform",
    VALUE_CHANGE: "a watched parameter has changed",
    KICKED: "a user was sent here by the phone's web pages",
    CONNECTION_REQUEST: "the phone was woken by a connection request",
    TRANSFER_COMPLETE: "a download or upload has ended",
    DIAGNOSTICS_COMPLETE: "a diagnostic test has ended",
    REQUEST_DOWNLOAD: "the phone asks for a file",
    AUTONOMOUS_TRANSFER_COMPLETE: "a file was transferred that this server did not order",
    DU_STATE_CHANGE_COMPLETE: "an ordered change of software modules has ended",
    AUTONOMOUS_DU_STATE_CHANGE_COMPLETE: "software modules were changed without this server's order",
    WAKEUP: "the phone woke from sleep",
    M_REBOOT: "the ordered reboot was done",
    M_SCHEDULE_INFORM: "answers a ScheduleInform",
    M_DOWNLOAD: "answers a Download",
    M_UPLOAD: "answers an Upload",
    M_SCHEDULE_DOWNLOAD: "answers a ScheduleDownload",
    M_CHANGE_DU_STATE: "answers a ChangeDUState",
}

_NUMBERED = re.compile(r"([0-9]{1,2})(?![0-9])")
_NOT_LETTERS = re.compile(r"[^a-z]+")

_BY_NUMBER = {int(code.split()[0]): code for code in _MEANINGS if code[0].isdigit()}
#: By letters alone, so that `1BOOT`, `1-Boot`, `m_reboot` and `BOOT` are known.
_BY_LETTERS = {_NOT_LETTERS.sub("", code.lower()): code for code in _MEANINGS}


def normalise(code: str) -> str:
    """The event code in its official spelling. Codes of vendors (`X …`, `M X_…`) and unknown ones are only
    trimmed, with single blanks."""
    if code in _MEANINGS:
        return code
    code = " ".join(code.split())
    if code in _MEANINGS or code[:2] in ("X ", "x ") or code[:4].upper() == "M X_":
        return code
    known = _BY_LETTERS.get(_NOT_LETTERS.sub("", code.lower()))
    if known is not None:
        return known
    numbered = _NUMBERED.match(code)
    if numbered and not any(letter.isalpha() for letter in code):
        return _BY_NUMBER.get(int(numbered[1]), code)
    return code


def describe(code: str) -> str:
    """What the event means, in a few words; the code itself where it is a vendor's own."""
    return _MEANINGS.get(normalise(code), f"an event of the vendor's own: {code}")


def routine(codes: Iterable[str]) -> bool:
    """Whether these events are nothing but the regular sign of life. An Inform without any event is not."""
    codes = tuple(codes)
    return bool(codes) and all(code == PERIODIC for code in codes)
