"""All that one phone knows: its parameters, what it has to tell, what it has still to do. No wire, no
waiting.

`acs.simulator.rpc` changes it as the ACS asks, `acs.simulator.phone` as time passes. Times are seconds
since the epoch; `clock` reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from acs.cwmp import events as ev
from acs.cwmp.messages import Download, Inform, TransferComplete, Upload
from acs.cwmp.structures import DeviceId, Event, ParameterValue, TransferFault
from acs.cwmp.versions import CWMP_1_0
from acs.datamodel import mapping_rules
from acs.datamodel.keys import shape
from acs.simulator.events import EventQueue
from acs.simulator.factory import factory_of
from acs.simulator.faults import Faults
from acs.simulator.identity import Identity
from acs.simulator.personas import Persona
from acs.simulator.tree import PhoneTree


class Surroundings(Struct, kw_only=True):
    """What all phones of a swarm share. `connection_request_base` ends in a slash; seconds throughout.

    With a `provisioning_url` the phones have TR-069 off and know no ACS: they fetch their files from there,
    with this login and the AES key that they have.
    """

    acs_url: str
    username: str = ""
    password: str = ""
    interval: int = 60
    boot_seconds: float = 2.0
    retry_scale: float = 1.0
    connection_request_base: str = ""
    provisioning_url: str = ""
    aes_key: str = ""
    #: takes what happens to a phone, as `PhoneState.write_down` has it
    diary: Callable[[dict[str, Any]], None] | None = None


class Transfer(Struct, frozen=True):
    """A download or upload to be done at `due`. `silent`: no TransferComplete will follow it."""

    request: Download | Upload
    due: float
    silent: bool = False

    @property
    def event(self) -> str:
        return ev.M_DOWNLOAD if isinstance(self.request, Download) else ev.M_UPLOAD


class Report(Struct, frozen=True):
    """A finished transfer whose TransferComplete was not answered yet."""

    event: str
    message: TransferComplete


#: below the root: whether the phone speaks TR-069
_SWITCH = "ManagementServer.X_001565_TR069Enable"
_AES_KEYS = ("auto_provision.aes_key_16.com", "auto_provision.aes_key_16.mac")


def time_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class PhoneState:
    __slots__ = (
        "booted_at",
        "call_until",
        "clock",
        "config_lines",
        "events",
        "faults",
        "file_digests",
        "first_use",
        "identity",
        "installed_version",
        "later",
        "next_periodic",
        "next_provisioning",
        "persona",
        "reboot",
        "reports",
        "reset_wanted",
        "retry_at",
        "retry_count",
        "scheduled",
        "software_version",
        "surroundings",
        "told",
        "transfers",
        "tree",
    )

    def __init__(
        self,
        identity: Identity,
        persona: Persona,
        faults: Faults,
        surroundings: Surroundings,
        clock: Callable[[], float],
    ) -> None:
        self.identity = identity
        self.persona = persona
        self.faults = faults
        self.surroundings = surroundings
        self.clock = clock
        self.software_version = persona.software_version
        #: firmware that the next boot starts, "" for the same
        self.installed_version = ""
        factory = factory_of(persona.name)
        self.tree = PhoneTree(factory.model, factory.image, factory.numbering, self._tell)
        self.events = EventQueue()
        self.transfers: list[Transfer] = []
        self.reports: list[Report] = []
        #: when an Inform was asked for, and its CommandKey
        self.scheduled: list[tuple[float, str]] = []
        #: values of this session that take effect at its end (SetParameterValues, Status 1)
        self.later: dict[str, str] = {}
        #: the lines of configuration files whose key no parameter keeps
        self.config_lines: dict[str, str] = {}
        #: the MD5 of each provisioning file that it applied last
        self.file_digests: dict[str, str] = {}
        #: watched parameter to the value the ACS last heard or set
        self.told: dict[str, str] = {}
        #: a wanted reboot and the event that will tell of it: ("M Reboot", key), ("", "") for none
        self.reboot: tuple[str, str] | None = None
        self.reset_wanted = False
        self.first_use = self.booted_at = clock()
        #: a call is up until then
        self.call_until = self.first_use + faults.call_seconds
        self.retry_count = 0
        self.retry_at = 0.0
        self.next_periodic = float("inf")
        self.next_provisioning = float("inf")

    @property
    def user_agent(self) -> str:
        """As the phone writes it: `Yealink CP860 37.72.0.5 00:15:65:8a:37:86`."""
        persona = self.persona
        own = f"{persona.manufacturer} {persona.product_class} {self.software_version}"
        return persona.user_agent or f"{own} {self.identity.mac_with_colons}"

    @property
    def in_call(self) -> bool:
        return self.clock() < self.call_until

    def write_down(self, did: str, **facts: Any) -> None:
        """Into the diary, where one is kept: the ACS `asked` for a method, a transfer was `transferred`, the
        phone `booted`."""
        if self.surroundings.diary is not None:
            who = {"at": self.clock(), "phone": self.identity.serial, "did": did, "in_call": self.in_call}
            self.surroundings.diary({**who, **facts})

    # --- what its parameters say ----------------------------------------------------------------------------

    def path(self, below_root: str) -> str:
        return self.persona.root + below_root

    def setting(self, below_root: str) -> str:
        """A parameter's true value (secrets too)."""
        return self.tree.value(self.path(below_root))

    def flag(self, below_root: str) -> bool:
        return self.setting(below_root) in ("1", "true")

    def _tell(self, word: str, name: str) -> str:
        match word:
            case "manufacturer" | "oui" | "product_class" | "hardware_version":
                return str(getattr(self.persona, word))
            case "software_version":
                return self.software_version
            case "serial":
                return self.identity.serial
            case "mac":
                return self.identity.mac_with_colons
            case "ip":
                return self.identity.ip
            case "uptime":
                return str(int(self.clock() - self.booted_at))
            case "now":
                return time_text(self.clock())
            case "first_use":
                return time_text(self.first_use)
            case "acs_url" | "acs_username" | "acs_password" if self.surroundings.provisioning_url:
                return ""
            case "acs_url":
                return self.surroundings.acs_url
            case "acs_username":
                return self.surroundings.username
            case "acs_password":
                return self.surroundings.password
            case "interval":
                return str(self.surroundings.interval)
            case "connection_request_url":
                if self.persona.behind_nat:
                    return f"http://{self.identity.ip}:7547/{self.identity.serial}"
                return f"{self.surroundings.connection_request_base}{self.identity.serial}"
            case "registration":
                return self._registration(name)
            case "call_state":
                return "InCall" if self.in_call else "Idle"
            case _:
                raise LookupError(f"the model marks {name} with the unknown word ${word}")

    def _registration(self, status: str) -> str:
        """The Status of a line: Up once it is enabled and knows its registrar and its user."""
        line = status.removesuffix("Status")
        profile = line[: line.index(".Line.") + 1]
        if self.tree.value(line + "Enable") != "Enabled" or self.tree.value(profile + "Enable") != "Enabled":
            return "Disabled"
        needed = (profile + "SIP.RegistrarServer", line + "SIP.AuthUserName")
        known = all(self.tree.value(name) for name in needed)
        return "Up" if known and "never-registers" not in self.faults else "Error"

    def put(self, name: str, value: str, *, by_acs: bool) -> None:
        """Set a parameter and do what follows from it. What the ACS set itself is no change to tell it."""
        below_root = name.removeprefix(self.persona.root)
        moved = below_root == "ManagementServer.URL" and value != self.tree.value(name)
        self.tree.put(name, value)
        if self.config_lines:
            self._forget_lines(name)
        if by_acs and name in self.told:
            self.told[name] = value
        if moved:  # a new ACS: it has to hear everything anew
            self.note(ev.BOOTSTRAP)
        if below_root.startswith("ManagementServer.PeriodicInform"):
            self.plan_periodic()

    def _forget_lines(self, name: str) -> None:
        """A parameter that was set counts for more than a line that an earlier file had for its key."""
        shapes = {shape(key) for key in mapping_rules.shipped().keys_at(name)}
        for key in [key for key in self.config_lines if shapes and shape(key) in shapes]:
            del self.config_lines[key]

    # --- what it has to tell --------------------------------------------------------------------------------

    def note(self, code: str, command_key: str = "") -> None:
        """A new event: it starts a session at once, whatever retry was being waited for."""
        self.events.add(code, command_key)
        self.retry_at = 0

    def changed(self, *, least_notification: int) -> list[str]:
        """Watched parameters whose value is another than the ACS last heard."""
        return [
            name
            for name in self.tree.watched()
            if self.tree.attributes(name).notification >= least_notification
            and self.tree.value(name) != self.told.get(name)
        ]

    def notice_changes(self) -> None:
        """`4 VALUE CHANGE` when a parameter with active notification changed by itself."""
        if self.changed(least_notification=2) and ev.VALUE_CHANGE not in self.events:
            self.note(ev.VALUE_CHANGE)

    def watch(self, name: str) -> None:
        """From now on tell changes of this parameter, if its attributes say so."""
        if self.tree.attributes(name).notification:
            self.told[name] = self.tree.value(name)
        else:
            self.told.pop(name, None)

    def inform(self) -> Inform:
        persona = self.persona
        names = dict.fromkeys([*self.tree.forced(), *self.changed(least_notification=1)])
        return Inform(
            device_id=DeviceId(
                persona.manufacturer, persona.oui, persona.product_class, self.identity.serial
            ),
            event=self.events.due() + self._transfer_events(),
            current_time=time_text(self.clock()),
            retry_count=self.retry_count,
            parameter_list=tuple(self.tree.reading(name) for name in names),
        )

    def _transfer_events(self) -> tuple[Event, ...]:
        if not self.reports:
            return ()
        method_events = (Event(report.event, report.message.command_key) for report in self.reports)
        return (Event(ev.TRANSFER_COMPLETE), *dict.fromkeys(method_events))

    def informed(self, inform: Inform) -> None:
        """The ACS answered this Inform: its events and values are told."""
        self.events.delivered(inform.event)
        self.retry_count = 0
        self.retry_at = 0
        for parameter in inform.parameter_list:
            if parameter.name in self.told:
                self.told[parameter.name] = self._untold_value(parameter)

    def _untold_value(self, parameter: ParameterValue) -> str:
        leaf = self.tree.leaf(parameter.name)
        return self.tree.value(parameter.name) if leaf and leaf.secret else parameter.value

    def session_failed(self, inform: Inform, retry_wait: Callable[[int], float]) -> None:
        """What may be told again waits for the next try; `retry_wait(n)` gives the seconds before retry n."""
        self.events.undelivered(inform.event)
        if self.events or self.reports:
            self.retry_count += 1
            self.retry_at = self.clock() + retry_wait(self.retry_count)
        else:
            self.retry_count = 0

    # --- what it has still to do ----------------------------------------------------------------------------

    def plan_periodic(self) -> None:
        if not self.flag("ManagementServer.PeriodicInformEnable"):
            self.next_periodic = float("inf")
            return
        self.next_periodic = self.clock() + int(self.setting("ManagementServer.PeriodicInformInterval"))

    def plan_provisioning(self) -> None:
        """When the files are fetched again without a boot: as `auto_provision.repeat.*` says."""
        lines = self.config_lines
        minutes = lines.get("auto_provision.repeat.minutes", "1440")
        repeats = lines.get("auto_provision.repeat.enable") == "1" and minutes.isdecimal()
        self.next_provisioning = self.clock() + 60 * int(minutes) if repeats else float("inf")

    def tick(self) -> None:
        """Events that have come due."""
        now = self.clock()
        if self.next_periodic <= now:
            self.plan_periodic()
            if ev.PERIODIC not in self.events:
                self.note(ev.PERIODIC)
        for due, command_key in [entry for entry in self.scheduled if entry[0] <= now]:
            self.scheduled.remove((due, command_key))
            self.note(ev.SCHEDULED)
            self.note(ev.M_SCHEDULE_INFORM, command_key)

    @property
    def managed(self) -> bool:
        """Whether it speaks TR-069: of phones that are provisioned, only those that were told to."""
        if not self.surroundings.provisioning_url:
            return True
        switch = self.path(_SWITCH)
        on = switch not in self.tree or self.flag(_SWITCH)
        return on and bool(self.setting("ManagementServer.URL"))

    def session_due(self) -> bool:
        return self.managed and bool(self.events or self.reports) and self.retry_at <= self.clock()

    def due_transfer(self) -> Transfer | None:
        now = self.clock()
        return next((transfer for transfer in self.transfers if transfer.due <= now), None)

    def next_due(self) -> float:
        """When something will have to be done, as far as is known now."""
        if not self.managed:
            return self.next_provisioning
        times = [
            self.next_periodic,
            self.next_provisioning,
            *(due for due, _ in self.scheduled),
            *(t.due for t in self.transfers),
        ]
        if self.events or self.reports:
            times.append(self.retry_at)
        return min(times)

    def finished(self, transfer: Transfer, fault: TransferFault, started: float) -> None:
        """A transfer ended: its TransferComplete waits to be sent, if this phone sends any."""
        if transfer in self.transfers:
            self.transfers.remove(transfer)
        never = self.persona.transfer_complete == "never" or "no-transfer-complete" in self.faults
        if transfer.silent or never:
            return
        message = TransferComplete(
            command_key=transfer.request.command_key,
            fault_struct=self._speakable(fault),
            start_time=time_text(started),
            complete_time=time_text(self.clock()),
        )
        self.reports.append(Report(transfer.event, message))
        self.retry_at = 0

    def _speakable(self, fault: TransferFault) -> TransferFault:
        """CWMP 1.0 has no transfer faults above 9012; 1.1 brought them (cwmp-1-0.xsd, cwmp-1-1.xsd)."""
        if self.persona.namespace == CWMP_1_0 and fault.fault_code > 9012:
            return TransferFault(9010, fault.fault_string)
        return fault

    def end_of_session(self) -> None:
        for name, value in self.later.items():
            if name in self.tree:  # its object may have been deleted meanwhile
                self.put(name, value, by_acs=True)
        self.later.clear()
        self.notice_changes()

    # --- boots ----------------------------------------------------------------------------------------------

    def power_on(self) -> None:
        """The very first boot."""
        if self.surroundings.provisioning_url:
            if (switch := self.path(_SWITCH)) in self.tree:
                self.tree.put(switch, "0")
            self.file_digests.clear()
            if self.surroundings.aes_key:
                self.config_lines.update(dict.fromkeys(_AES_KEYS, self.surroundings.aes_key))
        self.note(ev.BOOTSTRAP)
        self.booted()

    def booted(self) -> None:
        """`1 BOOT`, with what led to it."""
        reason, self.reboot = self.reboot, None
        self.software_version = self.installed_version or self.software_version
        self.installed_version = ""
        self.booted_at = self.clock()
        self.events.booted()
        self.note(ev.BOOT)
        if reason and reason[0]:
            self.note(*reason)
        self.plan_periodic()
        for name in self.tree.watched():
            self.told.setdefault(name, self.tree.value(name))
        self.notice_changes()

    def factory_reset(self) -> None:
        """Back to the factory's values; the firmware stays. What is owed to the ACS is forgotten."""
        self.tree.reset()
        self.events.clear()
        self.transfers.clear()
        self.reports.clear()
        self.scheduled.clear()
        self.later.clear()
        self.config_lines.clear()
        self.told.clear()
        self.retry_count = 0
        self.reset_wanted = False
        self.reboot = None
        self.power_on()
