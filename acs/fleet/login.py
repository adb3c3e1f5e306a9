"""Giving the phone credentials for its connection-request server: once, after its model is known.

The credentials are ours to choose only where nobody else did. A refusal is remembered and not repeated; when
the answer is lost, the user name is read back to see whether they were taken.
"""

from __future__ import annotations

from msgspec import structs

from acs.cwmp import messages as cwmp
from acs.cwmp.structures import ParameterValue
from acs.fleet import answers, facts
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.device import ConnectionRequestLogin, Learning
from acs.fleet.situation import Situation
from acs.fleet.step import Step

SET = "login"
CHECK = "login-check"

#: `ConnectionRequestLogin.origin` while it is not known whether the phone took ours.
UNSURE = "unsure"


def next_step(situation: Situation) -> Step | None:
    device, login = situation.device, situation.connection_login
    if login is None or device.learning is not Learning.COMPLETE:
        return None
    if device.connection_request.origin == UNSURE:
        return Step(cwmp.GetParameterValues((device.root + facts.CONNECTION_REQUEST_USERNAME,)), CHECK)
    if device.connection_request.origin or not _takes_credentials(situation):
        return None
    # The ParameterKey stays what it was: no task is done by this. Unsure from the moment it goes out, so that
    # a phone that reboots over every set is asked once what it has, and not set for ever.
    request = cwmp.SetParameterValues(_values(situation, login), device.parameter_key)
    return Step(request, SET, _ended(situation, login, UNSURE, ""))


def completed(situation: Situation, ref: str, answer: cwmp.CpeResponse) -> Changes:
    login = situation.connection_login
    if login is None:
        return Changes()
    if ref == CHECK:
        told = answer.parameter_list if isinstance(answer, cwmp.GetParameterValuesResponse) else ()
        taken = any(value.value == login.username for value in told)
        return _ended(situation, login, "acs" if taken else "refused", "it was asked and has others")
    if isinstance(answer, cwmp.SetParameterValuesResponse):
        return answers.values_taken(situation, _values(situation, login), "acs").then(Changes(urgent=True))
    code = answer.fault_code if isinstance(answer, cwmp.Fault) else 0
    return _ended(situation, login, "refused", f"fault {code}")


def unanswered(situation: Situation, ref: str, reason: str) -> Changes:
    login = situation.connection_login
    if login is None:
        return Changes()
    return _ended(situation, login, UNSURE if ref == SET else "refused", reason)


def _takes_credentials(situation: Situation) -> bool:
    """Whether the phone has both leaves and does not call either read-only."""
    return all(
        _writable(situation, situation.device.root + leaf)
        for leaf in (facts.CONNECTION_REQUEST_USERNAME, facts.CONNECTION_REQUEST_PASSWORD)
    )


def _writable(situation: Situation, name: str) -> bool:
    known = situation.tree.get(name) if situation.tree is not None else None
    if known is not None:
        return known.writable is not False
    return bool(situation.known_profile.names.get(name))


def _values(situation: Situation, login: ConnectionRequestLogin) -> tuple[ParameterValue, ...]:
    root = situation.device.root
    return (
        ParameterValue(root + facts.CONNECTION_REQUEST_USERNAME, login.username),
        ParameterValue(root + facts.CONNECTION_REQUEST_PASSWORD, login.password),
    )


def _ended(situation: Situation, login: ConnectionRequestLogin, origin: str, why: str) -> Changes:
    kept = (
        structs.replace(login, origin=origin)
        if origin != "refused"
        else ConnectionRequestLogin("", "", origin)
    )
    device = structs.replace(situation.device, connection_request=kept)
    timeline: tuple[TimelineEntry, ...] = ()
    if origin == "refused":
        text = f"It does not take our credentials for connection requests: {why}"
        timeline = (TimelineEntry(situation.now, "wake", text),)
    return Changes(device=device, timeline=timeline, urgent=True)
