"""Fault codes: what each means, and what an operator can do about it.

The codes are those of TR-069 tables 64 and 65 and of the schemas' enumerations; the sentences are ours.
"""

from __future__ import annotations

from typing import Final, NamedTuple

# --- an ACS's own ---
METHOD_NOT_SUPPORTED: Final = 8000
REQUEST_DENIED: Final = 8001
INTERNAL_ERROR: Final = 8002
INVALID_ARGUMENTS: Final = 8003
RESOURCES_EXCEEDED: Final = 8004
RETRY_REQUEST: Final = 8005
VERSION_INCOMPATIBLE: Final = 8006

# --- a CPE's ---
CPE_METHOD_NOT_SUPPORTED: Final = 9000
CPE_REQUEST_DENIED: Final = 9001
CPE_INTERNAL_ERROR: Final = 9002
CPE_INVALID_ARGUMENTS: Final = 9003
CPE_RESOURCES_EXCEEDED: Final = 9004
INVALID_PARAMETER_NAME: Final = 9005
INVALID_PARAMETER_TYPE: Final = 9006
INVALID_PARAMETER_VALUE: Final = 9007
NOT_WRITABLE: Final = 9008
NOTIFICATION_REJECTED: Final = 9009
DOWNLOAD_FAILURE: Final = 9010
UPLOAD_FAILURE: Final = 9011
FILE_SERVER_AUTHENTICATION: Final = 9012
UNSUPPORTED_PROTOCOL: Final = 9013
MULTICAST_GROUP: Final = 9014
FILE_SERVER_UNREACHABLE: Final = 9015
FILE_UNREACHABLE: Final = 9016
DOWNLOAD_INCOMPLETE: Final = 9017
FILE_CORRUPTED: Final = 9018
FILE_AUTHENTICATION: Final = 9019
OUTSIDE_TIME_WINDOWS: Final = 9020
CANCEL_NOT_PERMITTED: Final = 9021
INVALID_UUID: Final = 9022
UNKNOWN_EXECUTION_ENVIRONMENT: Final = 9023
DISABLED_EXECUTION_ENVIRONMENT: Final = 9024
UNIT_ENVIRONMENT_MISMATCH: Final = 9025
DUPLICATE_DEPLOYMENT_UNIT: Final = 9026
SYSTEM_RESOURCES_EXCEEDED: Final = 9027
UNKNOWN_DEPLOYMENT_UNIT: Final = 9028
INVALID_UNIT_STATE: Final = 9029
UPDATE_DOWNGRADE: Final = 9030
UPDATE_WITHOUT_VERSION: Final = 9031
UPDATE_VERSION_EXISTS: Final = 9032


class Meaning(NamedTuple):
    """A fault in words: its short name, what happened, and what to do next."""

    name: str
    sentence: str


_MEANINGS: dict[int, Meaning] = {
    8000: Meaning(
        "method not supported", "The server does not know the request of the phone; nothing is to be done."
    ),
    8001: Meaning(
        "request denied", "The server refused the request of the phone; see the timeline for the reason."
    ),
    8002: Meaning(
        "internal error", "The server failed while it answered the phone; see its log and report it."
    ),
    8003: Meaning(
        "invalid arguments",
        "The phone's message could not be understood; `acs lint` tells what is wrong with a captured one.",
    ),
    8004: Meaning("resources exceeded", "The server is too busy to answer; the phone will try again."),
    8005: Meaning("retry request", "The server asked the phone to send its request once more."),
    8006: Meaning(
        "version incompatible",
        "Phone and server have no version of CWMP in common; update the phone's firmware.",
    ),
    9000: Meaning(
        "method not supported", "The phone does not know this request; choose another way to the same end."
    ),
    9001: Meaning(
        "request denied",
        "The phone refused without giving a reason; it may be in a call or in an update: try again later.",
    ),
    9002: Meaning(
        "internal error",
        "The phone failed inside; try again, with fewer parameters at once, or after a reboot.",
    ),
    9003: Meaning(
        "invalid arguments",
        "The phone objects to what was sent; where it names parameters, correct those and send again.",
    ),
    9004: Meaning(
        "resources exceeded", "That was too much for the phone at once; send smaller pieces, or wait."
    ),
    9005: Meaning(
        "invalid parameter name",
        "The phone has no parameter or object of this name; check the spelling against what it lists.",
    ),
    9006: Meaning(
        "invalid parameter type", "The value was sent with the wrong type; state the type the phone expects."
    ),
    9007: Meaning(
        "invalid parameter value", "The phone does not allow this value; see which ones the parameter takes."
    ),
    9008: Meaning("not writable", "The parameter is read-only on this phone; leave it out."),
    9009: Meaning(
        "notification rejected", "The phone does not watch this parameter; choose a weaker notification."
    ),
    9010: Meaning(
        "download failure",
        "The phone could not fetch or install the file; check that it is made for this model.",
    ),
    9011: Meaning(
        "upload failure", "The phone could not send its file; check that it reaches the file server."
    ),
    9012: Meaning(
        "file server authentication",
        "The file server did not accept the phone's login; order the transfer again to get a fresh link.",
    ),
    9013: Meaning(
        "unsupported protocol", "The phone cannot use the file URL's protocol; offer it over plain HTTP."
    ),
    9014: Meaning(
        "multicast group",
        "The phone could not join the multicast group of the download; offer the file by HTTP.",
    ),
    9015: Meaning(
        "file server unreachable",
        "The phone could not connect to the file server; check address, port and the firewall between.",
    ),
    9016: Meaning(
        "file not accessible",
        "The file server has no such file for the phone; check that the file is still stored.",
    ),
    9017: Meaning("download incomplete", "The download broke off; check the line and order it again."),
    9018: Meaning(
        "file corrupted", "The phone received a damaged file; check the stored file and order it again."
    ),
    9019: Meaning(
        "file not authentic", "The phone does not trust the file's signature; use the maker's original file."
    ),
    9020: Meaning(
        "outside the time windows",
        "The download could not end inside its windows; give it other or longer ones.",
    ),
    9021: Meaning("cancel not permitted", "The transfer is too far on to be cancelled; wait for its end."),
    9022: Meaning("invalid UUID", "The software module's UUID is malformed; correct it."),
    9023: Meaning(
        "unknown execution environment",
        "The phone has no such execution environment; name one that it lists.",
    ),
    9024: Meaning(
        "disabled execution environment", "The execution environment is switched off; enable it first."
    ),
    9025: Meaning(
        "module does not fit its environment", "The software module needs another execution environment."
    ),
    9026: Meaning(
        "module already installed", "This software module is on the phone already; update it instead."
    ),
    9027: Meaning(
        "system resources exceeded", "The phone lacks room for the software module; remove another one first."
    ),
    9028: Meaning("unknown module", "The phone has no such software module; list what is installed."),
    9029: Meaning(
        "module in the wrong state", "The software module is being changed already; wait and try again."
    ),
    9030: Meaning(
        "downgrade refused", "The phone does not go back to an older version; remove the module first."
    ),
    9031: Meaning(
        "version missing", "The software module does not tell its version; name the version in the request."
    ),
    9032: Meaning(
        "version already installed", "The phone has this very version of the module; nothing is to be done."
    ),
}

_RANGES = (
    (
        8000,
        8799,
        Meaning("unknown server fault", "The server gave a code that the standard does not define."),
    ),
    (8800, 8899, Meaning("vendor-defined server fault", "The code is the server maker's own; see its text.")),
    (
        9000,
        9799,
        Meaning("unknown phone fault", "The phone gave a code that is newer than this server; see its text."),
    ),
    (
        9800,
        9899,
        Meaning(
            "vendor-defined phone fault",
            "The code is the phone maker's own; see its text and the maker's manual.",
        ),
    ),
)
_NO_CWMP_CODE = Meaning(
    "no CWMP fault code", "The standard has no such code; see the text that came with it."
)

#: What a TransferComplete may carry beside 0 and the vendor codes (cwmp-1-2.xsd).
TRANSFER_FAULTS: Final = frozenset({9001, 9002, 9010, 9011, 9012, *range(9014, 9021)})


def meaning(code: int) -> Meaning:
    """Name and sentence of any code, the unknown ones too."""
    if code in _MEANINGS:
        return _MEANINGS[code]
    return next((found for first, last, found in _RANGES if first <= code <= last), _NO_CWMP_CODE)


def describe(code: int) -> str:
    """The fault in words for an operator: name, what it means, what to do next."""
    name, sentence = meaning(code)
    return f"{code} {name}: {sentence}"


def known_codes() -> tuple[int, ...]:
    """Every code that the standard defines, in order."""
    return tuple(sorted(_MEANINGS))


def is_vendor_code(code: int) -> bool:
    """Whether the code is one that a maker may define: 8800 to 8899 for an ACS, 9800 to 9899 for a CPE."""
    return 8800 <= code <= 8899 or 9800 <= code <= 9899
