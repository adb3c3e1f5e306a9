"""What a selector may ask of one phone, as far as it was looked up.

`UNSET` stands for what was not looked up yet. What was, and is not known of the phone, is "" (texts), 0
(times) or empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from msgspec import UNSET, Struct, UnsetType

from acs.fleet.attributes import EXTENSION, attributes_of, mac_of, read_mac
from acs.fleet.device import Device, OperatorNotes


class Facts(Struct, gc=False):
    """Filled step by step by whoever looks things up; nobody else changes it."""

    id: str
    oui: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    serial: str | UnsetType = UNSET
    mac: str | UnsetType = UNSET
    manufacturer: str | UnsetType = UNSET
    firmware: str | UnsetType = UNSET
    hardware: str | UnsetType = UNSET
    ip: str | UnsetType = UNSET
    label: str | UnsetType = UNSET
    extension: str | UnsetType = UNSET
    tags: Sequence[str] | UnsetType = UNSET
    groups: Sequence[str] | UnsetType = UNSET
    attributes: Mapping[str, str] | UnsetType = UNSET
    #: how the last task of some type ended: of failed and expired
    ended: frozenset[str] | UnsetType = UNSET
    first_seen: float | UnsetType = UNSET
    last_seen: float | UnsetType = UNSET
    last_boot: float | UnsetType = UNSET
    #: online, late or offline
    state: str | UnsetType = UNSET
    parameters: Mapping[str, str] | UnsetType = UNSET
    #: by configuration key: what the phone has, else what it ought to have
    keys: Mapping[str, str] | UnsetType = UNSET
    drift: bool | UnsetType = UNSET


def from_id(device_id: str) -> Facts:
    """What the id itself says."""
    oui, model, serial = (
        unquote(part, errors="surrogateescape") if "%" in part else part
        for part in (*device_id.split("-", 2), "", "")[:3]
    )
    facts = Facts(device_id, oui, model, serial)
    mac = read_mac(serial)
    if mac:
        facts.mac = mac  # a serial number that is a MAC address counts before all other places
    return facts


def add_record(facts: Facts, device: Device, notes: OperatorNotes, *, last_seen: float, state: str) -> None:
    """What the phone's record and the operators' notes say."""
    facts.oui, facts.model, facts.serial = device.oui, device.product_class, device.serial_number
    facts.manufacturer, facts.mac = device.manufacturer, mac_of(device)
    facts.firmware, facts.hardware, facts.ip = device.software_version, device.hardware_version, device.ip
    facts.label, facts.tags, facts.groups = notes.label, notes.tags, notes.groups
    facts.extension = notes.attributes.get(EXTENSION, "")
    facts.attributes = attributes_of(device, notes)
    facts.first_seen, facts.last_seen, facts.last_boot = device.first_seen, last_seen, device.last_boot
    facts.state = state
