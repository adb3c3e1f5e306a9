"""A phone and a desk: conversations of a phone with the fleet rules, without wire or store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from acs.cwmp import messages as m
from acs.cwmp.structures import DeviceId, Event, ParameterInfo, ParameterValue
from acs.datamodel.tree import ParameterTree
from acs.fleet import inform, notices, planner
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.device import ConnectionRequestLogin, Device
from acs.fleet.identity import device_id_text, device_key, task_id
from acs.fleet.learning import LearningState
from acs.fleet.merging import merge
from acs.fleet.profile import ModelProfile
from acs.fleet.situation import Situation, StunOffer
from acs.fleet.task import Task, Work

WHO = DeviceId("Yealink", "001565", "CP860", "0015658a3786")
DEVICE_ID = device_id_text(WHO)

#: A phone that says nothing more, as an answer.
SILENCE = None

MODEL: dict[str, tuple[str, str]] = {
    "Device.DeviceSummary": ("Device:1.0[](Baseline:1)", "xsd:string"),
    "Device.DeviceInfo.Manufacturer": ("Yealink", "xsd:string"),
    "Device.DeviceInfo.SoftwareVersion": ("37.72.0.5", "xsd:string"),
    "Device.DeviceInfo.HardwareVersion": ("37.0.0", "xsd:string"),
    "Device.ManagementServer.URL": ("http://acs.example/", "xsd:string"),
    "Device.ManagementServer.ParameterKey": ("", "xsd:string"),
    "Device.ManagementServer.ConnectionRequestURL": ("http://192.0.2.7:7547/x", "xsd:string"),
    "Device.ManagementServer.PeriodicInformInterval": ("300", "xsd:unsignedInt"),
    "Device.Services.VoiceService.1.VoiceProfile.1.Name": ("one", "xsd:string"),
    "Device.Services.VoiceService.1.VoiceProfile.1.Line.1.Enable": ("Enabled", "xsd:string"),
    "Device.Services.VoiceService.1.VoiceProfile.1.Line.1.SIP.AuthPassword": ("", "xsd:string"),
    "Device.Services.VoiceService.1.VoiceProfile.2.Name": ("two", "xsd:string"),
    "Device.Services.VoiceService.1.VoiceProfile.2.Line.1.Enable": ("Disabled", "xsd:string"),
    "Device.Services.VoiceService.1.VoiceProfile.2.Line.1.SIP.AuthPassword": ("", "xsd:string"),
    "Device.Time.NTPServer1": ("pool.example", "xsd:string"),
    "Device.Time.X_001565_Enable": ("1", "xsd:boolean"),
}

INFORM_NAMES = (
    "Device.DeviceInfo.SoftwareVersion",
    "Device.DeviceInfo.HardwareVersion",
    "Device.ManagementServer.ParameterKey",
    "Device.ManagementServer.ConnectionRequestURL",
)

METHODS = ("GetRPCMethods", "GetParameterNames", "GetParameterValues", "SetParameterValues", "Download")


class Phone:
    """Answers like a phone with this model. `odd` maps a request to an answer of its own, or to
    NotImplemented for the usual one; `largest` is how many names one GetParameterValues may
    have (more: 9004)."""

    def __init__(self, model: dict[str, tuple[str, str]] | None = None) -> None:
        self.model = dict(MODEL if model is None else model)
        self.methods: tuple[str, ...] = METHODS
        self.largest = 1000
        self.too_large = 9004
        self.unknown: set[str] = set()  # listed, but refused with 9005
        self.read_only: set[str] = set()
        self.odd: Callable[[Any], Any] = lambda request: NotImplemented
        self.asked: list[Any] = []
        self.new_instance = 7

    def __call__(self, request: Any) -> Any:
        self.asked.append(request)
        answer = self.odd(request)
        return self.usual(request) if answer is NotImplemented else answer

    def usual(self, request: Any) -> Any:
        match request:
            case m.GetRPCMethods():
                return m.GetRPCMethodsResponse(self.methods)
            case m.GetParameterNames(path, _):
                return self.level(path)
            case m.GetParameterValues(names):
                return self.values(names)
            case m.SetParameterValues(values, _):
                for value in values:
                    self.model[value.name] = (value.value, value.type)
                return m.SetParameterValuesResponse(0)
            case m.AddObject(path, _):
                self.model[f"{path}{self.new_instance}.Name"] = ("", "xsd:string")
                return m.AddObjectResponse(self.new_instance, 0)
            case m.DeleteObject(path, _):
                if not any(name.startswith(path) for name in self.model):
                    return m.Fault(9005, "no such object")
                self.model = {n: v for n, v in self.model.items() if not n.startswith(path)}
                return m.DeleteObjectResponse(0)
            case m.Download():
                return m.DownloadResponse(1)
            case m.Upload():
                return m.UploadResponse(1)
            case m.GetQueuedTransfers():
                return m.GetQueuedTransfersResponse()
        return getattr(m, request.name + "Response")()

    def level(self, path: str) -> Any:
        found: dict[str, ParameterInfo] = {}
        for name in self.model:
            if name.startswith(path):
                head, dot, _ = name[len(path) :].partition(".")
                child = path + head + dot
                found[child] = ParameterInfo(child, child not in self.read_only and not dot)
        if not found or not path.startswith(("Device.", "InternetGatewayDevice.")):
            return m.Fault(9005, "Invalid parameter name")
        return m.GetParameterNamesResponse(tuple(found.values()))

    def values(self, names: tuple[str, ...]) -> Any:
        if len(names) > self.largest:
            return m.Fault(self.too_large, "too much")
        found: list[ParameterValue] = []
        for name in names:
            below = [n for n in self.model if (n.startswith(name) if name.endswith(".") else n == name)]
            if not below or name in self.unknown:
                return m.Fault(9005, "Invalid parameter name")
            found += [ParameterValue(n, *self.model[n]) for n in below]
        return m.GetParameterValuesResponse(tuple(found))

    def names_asked(self) -> list[str]:
        return [request.name for request in self.asked]


class Desk:
    """Holds what the store would hold, and does what a session's driver does."""

    def __init__(self) -> None:
        self.device: Device | None = None
        self.tasks: dict[str, Task] = {}
        self.learning: LearningState | None = None
        self.profiles: dict[str, ModelProfile] = {}
        self.tree = ParameterTree()
        self.timeline: list[TimelineEntry] = []
        self.now = 1_000_000.0
        self.session = ""
        self.sessions = 0
        self.login: ConnectionRequestLogin | None = None
        self.stun: StunOffer | None = None
        self.server_missing_at = 0.0
        self.namespace = "urn:dslforum-org:cwmp-1-0"
        self.out = ""
        self.last = Changes()

    # --- what the driver does ---
    @property
    def profile(self) -> ModelProfile:
        key = self.device.model_key if self.device else ""
        return self.profiles.get(key, ModelProfile(key=key))

    def situation(self) -> Situation:
        assert self.device is not None
        return Situation(
            device=self.device,
            tasks=tuple(task for task in self.tasks.values() if task.open),
            learning=self.learning,
            profile=self.profile,
            now=self.now,
            session=self.session,
            link=lambda task: f"http://files.example/d/{task.id}",
            tree=self.tree,
            connection_login=self.login,
            stun=self.stun,
            server_missing_at=self.server_missing_at,
        )

    def apply(self, changes: Changes) -> Changes:
        self.device = changes.device or self.device
        self.tasks.update((task.id, task) for task in changes.tasks)
        if changes.learning_over:
            self.learning = None
        self.learning = changes.learning or self.learning
        if changes.profile:
            self.profiles[changes.profile.key] = changes.profile
        merge(self.tree, changes.parameters, self.now)
        self.timeline += changes.timeline
        self.last = changes
        return changes

    # --- what tests say ---
    def task(self, work: Work, **fields: Any) -> str:
        fields.setdefault("created_at", self.now + len(self.tasks) / 1000)
        identifier = task_id(device_key(DEVICE_ID), len(self.tasks).to_bytes(6, "big"))
        self.tasks[identifier] = Task(id=identifier, device=DEVICE_ID, work=work, **fields)
        return identifier

    def inform(
        self,
        *codes: str | tuple[str, str],
        values: Iterable[ParameterValue] | None = None,
        phone: Phone | None = None,
        retry: int = 0,
        later: float = 60.0,
        ip: str = "192.0.2.7",
    ) -> Changes:
        """A new session. Codes may come with a CommandKey. Without `values` the Inform tells what the phone's
        model says of the usual names."""
        self.now += later
        self.sessions += 1
        self.session = f"session{self.sessions}"
        model = (phone or Phone()).model
        told = (
            tuple(values)
            if values is not None
            else tuple(ParameterValue(name, *model[name]) for name in INFORM_NAMES if name in model)
        )
        events = tuple(Event(code) if isinstance(code, str) else Event(*code) for code in codes)
        message = m.Inform(WHO, events, retry_count=retry, parameter_list=told)
        return self.apply(
            inform.absorb(
                self.device,
                message,
                tuple(task for task in self.tasks.values() if task.open),
                self.profile if self.device else None,
                self.learning,
                device_id=DEVICE_ID,
                now=self.now,
                ip=ip,
                user_agent="Yealink CP860",
                server_host="acs.example",
                namespace=self.namespace,
                session=self.session,
            )
        )

    def talk(self, phone: Callable[[Any], Any], limit: int = 2000) -> list[Any]:
        """Ask until there is nothing to ask or the phone falls silent; returns what was asked."""
        asked = []
        for _ in range(limit):
            self.now += 0.1
            step = planner.next_step(self.situation())
            if step is None:
                return asked
            asked.append(step.request)
            self.apply(step.changes)
            answer = phone(step.request)
            self.now += 0.1
            if answer is SILENCE:
                self.out = step.ref
                return asked
            self.apply(planner.completed(self.situation(), step.ref, answer))
        raise AssertionError("the conversation does not end")

    def break_off(self, reason: str = "the connection broke") -> None:
        """The driver notices that no answer will come."""
        self.apply(planner.unanswered(self.situation(), self.out, reason))

    def notice(self, request: Any) -> Any:
        response, changes = notices.noticed(self.situation(), request)
        self.apply(changes)
        return response

    def learnt(self, phone: Phone | None = None) -> Phone:
        """First contact, and the whole model learnt."""
        phone = phone or Phone()
        self.inform("0 BOOTSTRAP", "1 BOOT", phone=phone)
        self.talk(phone)
        phone.asked.clear()
        return phone

    def texts(self, kind: str = "") -> list[str]:
        return [entry.text for entry in self.timeline if kind in ("", entry.kind)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def another_desk() -> Desk:
    return Desk()


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture(scope="session")
def phone_with() -> Callable[..., Phone]:
    return Phone


@pytest.fixture(scope="session")
def make_desk() -> Callable[[], Desk]:
    return Desk
