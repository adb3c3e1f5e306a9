"""The record of one phone: who it is, when it spoke, what its last Inform said.

A plain value. The parameter tree is kept apart (`acs.datamodel.tree`), because most sessions do not need it.
Times are seconds since the epoch, 0 for never. Records are stored as arrays: add new fields at the end, with
a default, and never change the order of the old ones.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from acs.fleet.convergence.state import ConfigState

#: An Inform interval for phones whose own is not known, in seconds.
DEFAULT_INFORM_INTERVAL = 3600


class Learning(StrEnum):
    """How far the device's data model is known."""

    WANTED = "wanted"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


class ConnectionRequestLogin(Struct, frozen=True, array_like=True):
    """The credentials this phone takes on its connection-request server."""

    username: str = ""
    password: str = ""
    #: who chose them: "" nobody, "acs" this server, "operator" a task or the API, "refused" the phone would
    #: not take ours, "unsure" this server, but the phone never said whether it took them
    origin: str = ""


class TraceOrder(Struct, frozen=True, array_like=True):
    """The phone's next sessions are to be recorded (`acs.fleet.trace`)."""

    #: how many are still to come
    sessions: int
    #: recorded no more from then on
    until: float
    by: str = ""
    at: float = 0
    #: logins that were refused and recorded meanwhile
    refused: int = 0


class OperatorNotes(Struct, frozen=True, array_like=True):
    """What operators say of the phone. Kept apart from `Device`, so that a session never overwrites it."""

    tags: tuple[str, ...] = ()
    label: str = ""
    connection_request: ConnectionRequestLogin = ConnectionRequestLogin()
    #: names of the groups it is in, sorted
    groups: tuple[str, ...] = ()
    #: what operators know of it by name, to fill templates with (`acs.fleet.attributes`)
    attributes: dict[str, str] = {}
    #: seconds between Informs while something is done to the phone, until `inform_until`
    inform_interval: int = 0
    #: when an operator last asked for its configuration to be applied, and whether it may reboot for it
    apply_at: float = 0
    apply_now: bool = False
    #: None while no session of it is to be recorded
    trace: TraceOrder | None = None
    #: until when `inform_interval` holds, and the rollout that asked for it
    inform_until: float = 0
    inform_by: str = ""


class WakeRecord(Struct, frozen=True, array_like=True):
    """How the last connection request went."""

    at: float = 0
    outcome: str = ""
    text: str = ""
    #: when it is sent again by itself, 0 for not
    again_at: float = 0
    #: when the phone's next Inform is due, where nothing else is left to wait for; 0 when unknown
    next_inform: float = 0


class InformTiming(Struct, frozen=True, array_like=True):
    """What the phone was told of when to inform (`acs.fleet.steering`)."""

    #: seconds, 0 for never told
    interval: int = 0
    #: "" nobody, "acs" it took it, "unsure" the answer was lost, "refused" it does not take it
    origin: str = ""
    at: float = 0
    #: the interval that it had before, 0 when unknown
    before: int = 0


class StunSetting(Struct, frozen=True, array_like=True):
    """What the phone was told of the STUN server that keeps its way through NAT open."""

    #: the address that was told or found
    address: str = ""
    port: int = 0
    #: "" nobody knows, "lost" the phone was asked and never answered, "wanted" it was asked and has none,
    #: "acs" set by this server, "unsure" set, but the answer was lost, "refused" the phone does not take it,
    #: "operator" it has another server's
    origin: str = ""


class Device(Struct, frozen=True, array_like=True):
    id: str
    manufacturer: str = ""
    oui: str = ""
    product_class: str = ""
    serial_number: str = ""
    #: "Device." or "InternetGatewayDevice.", once known
    root: str = ""
    #: the CWMP namespace URI of its last Inform
    namespace: str = ""
    software_version: str = ""
    hardware_version: str = ""
    #: the address its last request came from
    ip: str = ""
    user_agent: str = ""
    connection_request_url: str = ""
    first_seen: float = 0
    last_inform: float = 0
    last_boot: float = 0
    last_bootstrap: float = 0
    #: event codes of the last Inform
    events: tuple[str, ...] = ()
    #: parameters of the last Inform, name to (value, type); they overlay the stored tree
    inform_parameters: dict[str, tuple[str, str]] = {}
    informs: int = 0
    #: how many Informs in a row had nothing to tell, and since when: the timeline's newest, unwritten entry
    routine_informs: int = 0
    routine_since: float = 0
    #: PeriodicInformInterval in seconds, 0 when unknown
    inform_interval: int = 0
    learning: Learning = Learning.WANTED
    learnt_at: float = 0
    learning_failures: int = 0
    connection_request: ConnectionRequestLogin = ConnectionRequestLogin()
    parameter_key: str = ""
    #: the host part of the URL by which the phone reaches this server
    server_host: str = ""
    #: names that this device answered with 9005 although its model has them
    missing: tuple[str, ...] = ()
    #: where it says that it takes connection requests by UDP: host:port
    udp_address: str = ""
    #: it says that its address is translated on the way here
    nat_detected: bool = False
    stun: StunSetting = StunSetting()
    #: how far it has come towards its desired configuration
    config: ConfigState = ConfigState()
    #: seconds between its regular Informs as they came, 0 while its own interval is known
    inform_habit: float = 0
    #: Status of its lines as last heard, by the path of the line
    lines: dict[str, str] = {}
    #: fault code of the last tasks of each type, and how often in a row
    faults: dict[str, tuple[int, int]] = {}
    timing: InformTiming = InformTiming()
    #: when it was last asked for its configuration on schedule
    upload_asked_at: float = 0
    #: the methods that it listed itself where they are not its model's
    methods: tuple[str, ...] = ()
    #: when its address changed lately, the oldest first
    moves: tuple[float, ...] = ()

    @property
    def model_key(self) -> str:
        """What is learnt of one phone serves all phones with this key: OUI, product class, firmware."""
        return key_of_model(self.oui, self.product_class, self.software_version)


def key_of_model(oui: str, product_class: str, software_version: str) -> str:
    """The key that all phones of this model with this firmware share."""
    return f"{oui}|{product_class}|{software_version}"
