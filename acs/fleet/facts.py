"""What single parameters say about the device itself, whoever brought them: an Inform, a task, learning.

Names are matched without regard to case and below either root, because phones spell them oddly (quirks 60,
61).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec import structs

from acs.cwmp.structures import ParameterValue
from acs.datamodel.paths import root_of
from acs.datamodel.types import read_boolean, read_int
from acs.fleet.changes import TimelineEntry
from acs.fleet.device import Device, Learning

SOFTWARE_VERSION = "DeviceInfo.SoftwareVersion"
HARDWARE_VERSION = "DeviceInfo.HardwareVersion"
CONNECTION_REQUEST_URL = "ManagementServer.ConnectionRequestURL"
CONNECTION_REQUEST_USERNAME = "ManagementServer.ConnectionRequestUsername"
CONNECTION_REQUEST_PASSWORD = "ManagementServer.ConnectionRequestPassword"
PARAMETER_KEY = "ManagementServer.ParameterKey"
PERIODIC_INFORM_INTERVAL = "ManagementServer.PeriodicInformInterval"
UDP_ADDRESS = "ManagementServer.UDPConnectionRequestAddress"
NAT_DETECTED = "ManagementServer.NATDetected"

_FIELD_OF = {
    SOFTWARE_VERSION.lower(): "software_version",
    HARDWARE_VERSION.lower(): "hardware_version",
    CONNECTION_REQUEST_URL.lower(): "connection_request_url",
    PARAMETER_KEY.lower(): "parameter_key",
    PERIODIC_INFORM_INTERVAL.lower(): "inform_interval",
    UDP_ADDRESS.lower(): "udp_address",
    NAT_DETECTED.lower(): "nat_detected",
}

#: What a line says of itself (TR-104): whether it is registered, or neither for a moment.
UP = "Up"
_PASSING = frozenset({"Initializing", "Registering", "Testing"})
_LINE_STATUS = re.compile(r"(?:.*\.)?Line\.\d+\.Status", re.IGNORECASE)

_LINE = re.compile(r"VoiceProfile\.(\d+)\.Line\.(\d+)$", re.IGNORECASE)

#: So many lines of a phone are remembered.
MAX_LINES = 64

#: PeriodicInformInterval is an unsignedInt: what is beyond was never set.
_LONGEST_INTERVAL = 2**32 - 1

#: Longer texts in these places are no versions and no URLs.
_LONGEST = 512


def told(device: Device, values: Iterable[ParameterValue]) -> Device:
    """The device after hearing these values; the same object when they say nothing new of it.

    A version or URL that comes empty is taken as not told: what was known stays. The first name under a
    known root settles the device's root.
    """
    news: dict[str, object] = {}
    for parameter in values:
        name = parameter.name
        root = root_of(name)
        if not root:
            continue
        if not device.root and "root" not in news:
            news["root"] = root
        field = _FIELD_OF.get(name[len(root) :].lower())
        if field is None:
            if name[-7:] == ".Status" and _LINE_STATUS.fullmatch(name):
                lines: Any = news.get("lines", device.lines)
                news["lines"] = _with_line(lines, name[:-7], parameter.value.strip())
            continue
        value = parameter.value.strip()
        if field == "inform_interval":
            seconds = read_int(value)
            if seconds is not None and 0 < seconds <= _LONGEST_INTERVAL:
                news[field] = seconds
        elif field == "nat_detected":
            news[field] = read_boolean(value) is True
        elif len(value) <= _LONGEST and (value or field in ("parameter_key", "udp_address")):
            news[field] = value
    news = {field: value for field, value in news.items() if getattr(device, field) != value}
    return structs.replace(device, **news) if news else device


def _with_line(lines: dict[str, str], line: str, status: str) -> dict[str, str]:
    """The lines with what one of them says; a status that passes by itself says nothing."""
    if not status or status in _PASSING or len(status) > _LONGEST:
        return lines
    if line not in lines and len(lines) >= MAX_LINES:
        return lines
    return {**lines, line: status}


def firmware_change(before: Device, after: Device, now: float) -> tuple[Device, tuple[TimelineEntry, ...]]:
    """What a new SoftwareVersion means: it is told, and the names and values of the new firmware are
    wanted.
    """
    old, new = before.software_version, after.software_version
    if old == new or not old:
        return after, ()
    entry = TimelineEntry(
        at=now,
        kind="device",
        text=f"Firmware changed from {old} to {new}",
        data={"before": old, "after": new},
    )
    after = structs.replace(after, learning=Learning.WANTED, missing=(), methods=(), learning_failures=0)
    return after, (entry,)


def line_name(line: str) -> str:
    """A line's path for sentences. `VoiceProfile.2.Line.1` is another line than `VoiceProfile.1.Line.1`: many
    phones have one in each."""
    found = _LINE.search(line)
    if found is None:
        return f"line {line.rpartition('.')[2]}"
    profile, number = found.groups()
    return f"line {number}" if profile == "1" else f"line {number} of voice profile {profile}"
