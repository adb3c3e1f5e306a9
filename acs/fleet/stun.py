"""Telling a phone behind NAT of the STUN server, so that it keeps a way open for UDP connection requests.

Once, after its model is known: it is asked whether it has a STUN server already, and told of ours where it
has none. What operators have set is left alone. As with credentials (`acs.fleet.login`), a refusal is
remembered, and after a lost answer the phone is asked what it has. The parameters are those of TR-106's
ManagementServer object; what the phone does with them is in Annex G of TR-069.
"""

from __future__ import annotations

from msgspec import structs

from acs.cwmp import messages as cwmp
from acs.cwmp.structures import ParameterValue
from acs.datamodel.types import read_boolean
from acs.fleet import answers
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.device import Learning, StunSetting
from acs.fleet.situation import Situation, StunOffer
from acs.fleet.step import Step

ASK = "stun-ask"
SET = "stun"

ENABLE = "ManagementServer.STUNEnable"
ADDRESS = "ManagementServer.STUNServerAddress"
PORT = "ManagementServer.STUNServerPort"
USERNAME = "ManagementServer.STUNUsername"
PASSWORD = "ManagementServer.STUNPassword"
LONGEST = "ManagementServer.STUNMaximumKeepAlivePeriod"
SHORTEST = "ManagementServer.STUNMinimumKeepAlivePeriod"

#: Seconds between the phone's binding requests. Many gateways forget a UDP binding that was not used for 30 s
#: and few keep one for less; between the two the phone finds out for itself what its gateway bears.
KEEP_ALIVE_SHORTEST, KEEP_ALIVE_LONGEST = 20, 50

#: Values of `StunSetting.origin` after which nothing is asked any more, as long as the server is the same.
_SETTLED = ("acs", "refused", "operator")


def next_step(situation: Situation) -> Step | None:
    device, offer = situation.device, situation.stun
    if offer is None or device.learning is not Learning.COMPLETE:
        return None
    known = device.stun
    if known.origin in _SETTLED and (known.address, known.port) == (offer.address, offer.port):
        return None
    if not all(_writable(situation, leaf) for leaf in (ENABLE, ADDRESS)):
        return None
    if known.origin != "wanted":
        root = device.root
        return Step(cwmp.GetParameterValues((root + ENABLE, root + ADDRESS)), ASK)
    # Unsure from the moment it goes out, for phones that reboot over every set; no task is done by it, so the
    # ParameterKey stays.
    request = cwmp.SetParameterValues(_values(situation, offer), device.parameter_key)
    return Step(request, SET, _ended(situation, offer, "unsure"))


def completed(situation: Situation, ref: str, answer: cwmp.CpeResponse) -> Changes:
    offer = situation.stun
    if offer is None:
        return Changes()
    if isinstance(answer, cwmp.Fault):
        return _ended(situation, offer, "refused", f"fault {answer.fault_code}")
    if ref == ASK and isinstance(answer, cwmp.GetParameterValuesResponse):
        return _told(situation, offer, answer.parameter_list)
    if ref == SET and isinstance(answer, cwmp.SetParameterValuesResponse):
        taken = answers.values_taken(situation, _values(situation, offer), "acs")
        return taken.then(_ended(situation.after(taken), offer, "acs"))
    return _ended(situation, offer, "refused", "it answered with something else")


def unanswered(situation: Situation, ref: str, reason: str) -> Changes:
    if situation.stun is None:
        return Changes()
    if ref == SET:
        return _ended(situation, situation.stun, "unsure", reason)
    once = situation.device.stun.origin == "lost"
    return _ended(situation, situation.stun, "refused" if once else "lost", reason)


def _told(situation: Situation, offer: StunOffer, told: tuple[ParameterValue, ...]) -> Changes:
    """What it means for us which server the phone has."""
    by_leaf = {value.name.rpartition(".")[2].lower(): value.value.strip() for value in told}
    on = read_boolean(by_leaf.get("stunenable", "")) is True
    address = by_leaf.get("stunserveraddress", "")
    known = situation.device.stun
    if known.origin == "unsure":
        taken = on and address == offer.address
        return _ended(situation, offer, "acs" if taken else "refused", "it was asked and has another")
    if on and address and address not in (offer.address, known.address):
        return _ended(situation, offer, "operator", f"it uses {address}")
    return _ended(situation, offer, "wanted")


def _writable(situation: Situation, leaf: str) -> bool:
    """Whether the phone has it and does not call it read-only."""
    name = situation.device.root + leaf
    known = situation.tree.get(name) if situation.tree is not None else None
    if known is not None:
        return known.writable is not False
    return bool(situation.known_profile.names.get(name))


def _values(situation: Situation, offer: StunOffer) -> tuple[ParameterValue, ...]:
    """Server and login, with what else of it the phone lets be set."""
    leaves = (
        (ENABLE, "1", "xsd:boolean"),
        (ADDRESS, offer.address, "xsd:string"),
        (PORT, str(offer.port), "xsd:unsignedInt"),
        (USERNAME, offer.username, "xsd:string"),
        (PASSWORD, offer.password, "xsd:string"),
        (LONGEST, str(KEEP_ALIVE_LONGEST), "xsd:int"),
        (SHORTEST, str(KEEP_ALIVE_SHORTEST), "xsd:unsignedInt"),
    )
    root = situation.device.root
    return tuple(
        ParameterValue(root + leaf, value, kind) for leaf, value, kind in leaves if _writable(situation, leaf)
    )


def _ended(situation: Situation, offer: StunOffer, origin: str, why: str = "") -> Changes:
    setting = StunSetting(offer.address, offer.port, origin)
    if origin == "wanted":  # what it had before still counts as ours, should the answer to the set be lost
        setting = StunSetting(situation.device.stun.address, situation.device.stun.port, origin)
    said = {
        "acs": f"Behind NAT: it keeps a binding with the STUN server {offer.address}:{offer.port}",
        "refused": f"Behind NAT, and it does not take our STUN server: {why}",
        "operator": f"Behind NAT, with a STUN server that is not ours: {why}",
    }.get(origin)
    timeline = (TimelineEntry(situation.now, "wake", said),) if said else ()
    device = structs.replace(situation.device, stun=setting)
    return Changes(device=device, timeline=timeline, urgent=True)
