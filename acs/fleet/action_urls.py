"""Action URLs: a phone calls one when something happens to it, with what it knows in the query.

The events are the keys `action_url.*` of the guide's section Action URL, the variables its table of variable
values. What a phone does in calls, and how its user forwards them, is kept only where that is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from acs.fleet.fleet_event import FleetEvent, Kind, event

#: What every key begins with.
PREFIX = "action_url."

#: Events of the phone itself, with what they say.
OF_THE_PHONE = {
    "setup_completed": "It has started up",
    "registered": "An account is registered",
    "unregistered": "An account is no longer registered",
    "register_failed": "An account could not be registered",
    "ip_change": "Its address has changed",
}

#: Events of calls and of their users.
OF_CALLS = (
    "off_hook",
    "on_hook",
    "incoming_call",
    "outgoing_call",
    "call_established",
    "call_terminated",
    "dnd_on",
    "dnd_off",
    "always_fwd_on",
    "always_fwd_off",
    "busy_fwd_on",
    "busy_fwd_off",
    "no_answer_fwd_on",
    "no_answer_fwd_off",
    "transfer_call",
    "blind_transfer_call",
    "attended_transfer_call",
    "transfer_finished",
    "transfer_failed",
    "hold",
    "unhold",
    "mute",
    "unmute",
    "missed_call",
    "busy_to_idle",
    "idle_to_busy",
    "forward_incoming_call",
    "reject_incoming_call",
    "answer_new_incoming_call",
)

EVENTS = (*OF_THE_PHONE, *OF_CALLS)

#: What a phone can put into the query; the last ones are about a call.
OF_PHONE_VARIABLES = ("mac", "ip", "model", "firmware", "active_user", "active_host")
OF_CALL_VARIABLES = ("active_url", "local", "remote", "display_local", "display_remote", "call_id")
VARIABLES = (*OF_PHONE_VARIABLES, *OF_CALL_VARIABLES)

#: Longer values are cut.
LONGEST = 200

_REGISTRATION = {
    "registered": Kind.REGISTERED,
    "unregistered": Kind.REGISTRATION_LOST,
    "register_failed": Kind.REGISTRATION_LOST,
}


class ActionUrl(Struct, frozen=True):
    """The event that a phone tells, and what it says of it."""

    name: str
    told: dict[str, str]


def url(base: str, token: str, name: str) -> str:
    """The value of the key of this event: `base` is the files port, the phone puts in what begins with $."""
    asked = VARIABLES if name in OF_CALLS else OF_PHONE_VARIABLES
    query = "&".join(f"{variable}=${variable}" for variable in asked)
    return f"{base}/a/{token}/{name}?{query}"


def values(base: str, token: str, *, calls: bool) -> dict[str, str]:
    """Key to URL, of all events or of those that are the phone's own."""
    names = EVENTS if calls else tuple(OF_THE_PHONE)
    return {PREFIX + name: url(base, token, name) for name in names}


def read(name: str, query: Mapping[str, str]) -> ActionUrl:
    """What was told; a variable that the phone left as it was, or empty, is not."""
    asked = VARIABLES if name in OF_CALLS else OF_PHONE_VARIABLES
    given = {variable: _printable(query.get(variable, "")) for variable in asked}
    told = {
        variable: value[:LONGEST] for variable, value in given.items() if value and value != f"${variable}"
    }
    return ActionUrl(name, told)


def _printable(value: str) -> str:
    return "".join(filter(str.isprintable, value)).strip()


def told_event(action: ActionUrl, device_id: str, now: float) -> FleetEvent:
    """What the fleet hears of it."""
    kind = _REGISTRATION.get(action.name, f"action_url_{action.name}")
    data = {"told_by": PREFIX + action.name, **action.told}
    return event(kind, now, sentence(action), data, device=device_id)


def sentence(action: ActionUrl) -> str:
    said = OF_THE_PHONE.get(action.name) or action.name.replace("_", " ").capitalize()
    user = action.told.get("active_user", "")
    return f"{said}: {user}" if user else said
