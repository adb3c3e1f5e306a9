"""Which methods a phone knows: those that it said itself, else those of its model and firmware.

The first phone of a model answers for all. One that says something else later, when it is asked itself, has
its own list from then on; the others keep theirs.
"""

from __future__ import annotations

from msgspec import structs

from acs.fleet.changes import Changes
from acs.fleet.device import Device
from acs.fleet.profile import ModelProfile

#: Names that are kept of one answer.
MOST = 200


def of_phone(device: Device, profile: ModelProfile) -> tuple[str, ...]:
    """Empty where neither the phone nor another of its model ever said."""
    return device.methods or profile.methods


def may_know(method: str, device: Device, profile: ModelProfile) -> bool:
    """Whether the phone knows the method, as far as anybody said; one that nobody said anything of may."""
    methods = of_phone(device, profile)
    return not methods or method in methods


def told(device: Device, profile: ModelProfile, listed: tuple[str, ...]) -> Changes:
    """The phone has listed its methods."""
    listed = listed[:MOST]
    if not profile.methods and listed:
        changed = structs.replace(profile, methods=listed, version=profile.version + 1)
        return Changes(device=structs.replace(device, methods=()), profile=changed)
    own = () if listed == profile.methods else listed
    return Changes(device=structs.replace(device, methods=own)) if own != device.methods else Changes()
