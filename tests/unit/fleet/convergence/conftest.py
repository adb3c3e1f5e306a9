"""A phone with a desired configuration, and a desk that holds what the store would hold of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from acs.cwmp import messages as m
from acs.cwmp.structures import TransferFault
from acs.datamodel import cfg_files, key_loading
from acs.fleet import planner, proof
from acs.fleet.changes import Changes
from acs.fleet.convergence.drift import compare
from acs.fleet.convergence.standing import next_state
from acs.fleet.convergence.when import due, under_way
from acs.fleet.convergence.wish import Wish
from acs.fleet.convergence.wishing import mark_of, wish_of
from acs.fleet.daily_window import DailyWindow
from acs.fleet.desired import NamedLayer
from acs.fleet.device import OperatorNotes
from acs.fleet.known_keys import KnownKey, Proof, proved
from acs.fleet.layers import Layer
from acs.fleet.situation import Situation

LINE = "Device.Services.VoiceService.1.VoiceProfile.1.Line.1.SIP."

MODEL: dict[str, tuple[str, str]] = {
    "Device.DeviceInfo.SoftwareVersion": ("37.72.0.5", "xsd:string"),
    "Device.ManagementServer.ParameterKey": ("", "xsd:string"),
    "Device.ManagementServer.ConnectionRequestURL": ("http://192.0.2.7:7547/x", "xsd:string"),
    "Device.Time.NTPServer1": ("old.example", "xsd:string"),
    "Device.Time.NTPServer2": ("", "xsd:string"),
    "Device.Services.VoiceService.1.VoiceProfile.1.DTMFMethod": ("RFC2833", "xsd:string"),
    "Device.Services.VoiceService.1.VoiceProfile.1.SIP.RegistrarServer": ("", "xsd:string"),
    "Device.Services.VoiceService.1.VoiceProfile.1.SIP.RegistrarServerPort": ("5060", "xsd:unsignedInt"),
    "Device.Services.VoiceService.1.VoiceProfile.1.SIP.DSCPMark": ("26", "xsd:unsignedInt"),
    LINE + "AuthUserName": ("", "xsd:string"),
    LINE + "AuthPassword": ("", "xsd:string"),
    LINE + "X_001565_Label": ("", "xsd:string"),
    LINE + "X_001565_UserName": ("", "xsd:string"),
    "Device.UserInterface.X_001565_Language.X_001565_GUILanguage": ("English", "xsd:string"),
}


def _secret(key: str) -> bool:
    use = key_loading.shipped().get(key)
    return use is None or use.key.secret


@pytest.fixture
def make_config_desk(make_desk: Callable[[], Any], phone_with: Callable[..., Any]) -> Callable[..., Any]:
    base: Any = make_desk
    phone_base: Any = phone_with

    class SecretivePhone(phone_base):  # type: ignore[misc]
        """Reads its password back as empty, as phones do."""

        def values(self, names: tuple[str, ...]) -> Any:
            answer = super().values(names)
            if isinstance(answer, m.Fault):
                return answer
            told = [
                structs.replace(one, value="") if one.name.endswith("Password") else one
                for one in answer.parameter_list
            ]
            return m.GetParameterValuesResponse(tuple(told))

    class ConfigDesk(base):  # type: ignore[misc]
        """`desire` writes the fleet's layer; `session` is one whole session of the phone."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = Layer()
            self.notes = OperatorNotes()
            self.known: dict[str, KnownKey] = {}
            self.window: DailyWindow | None = None
            self._wish: tuple[str, Wish] | None = None
            self.phone = SecretivePhone(MODEL)
            self.phone.methods = (*self.phone.methods, "Upload")
            self.learnt(self.phone)

        # --- what the driver does ---
        @property
        def layers(self) -> tuple[NamedLayer, ...]:
            return (NamedLayer("fleet", self.layer),) if self.layer.values else ()

        def wish(self) -> Wish:
            return wish_of(
                self.layers,
                self.device,
                self.notes,
                self.known,
                catalogue=key_loading.shipped(),
                window=self.window,
                now=self.now,
            )

        def situation(self) -> Situation:
            plain: Situation = super().situation()
            if not hasattr(self, "layer"):
                return plain
            found = self._wish
            if found is None or found[0] != self.session:
                mark = mark_of(self.layers, self.notes)
                if not due(plain.device, mark, plain.tasks, self.now):
                    return plain
                found = self._wish = (self.session, self.wish())
            return structs.replace(plain, wish=structs.replace(found[1], known=self.known))

        def apply(self, changes: Changes) -> Changes:
            self.known = {**getattr(self, "known", {}), **changes.known}
            return super().apply(changes)

        # --- what tests say ---
        def desire(self, values: dict[str, str], *, now: bool = False) -> None:
            at_once = tuple(values) if now else ()
            self.layer = Layer(self.layer.version + 1, self.now, "me", "", values, at_once)

        def holds(self, *codes: str | tuple[str, str], later: float = 60.0) -> list[Any]:
            """A whole session; gives what the phone was asked."""
            self.out = ""
            self.inform(*(codes or ("2 PERIODIC",)), phone=self.phone, later=later)
            return self.goes_on()

        def goes_on(self) -> list[Any]:
            asked = self.talk(self.phone)
            if not self.out:
                situation = self.situation()
                if situation.wish is not None:
                    self.apply(planner.at_rest(situation))
            return asked

        def transfers(self, *, fault: int = 0) -> list[Any]:
            """The phone did what it was told to fetch, and tells so in its next session."""
            [task] = [task for task in self.tasks.values() if task.open]
            if not fault:
                served = proof.served(task, bytes_sent=task.work.size, complete=True, now=self.now)
                self.tasks[task.id] = served
            self.out = ""
            self.inform("7 TRANSFER COMPLETE", ("M Download", task.id), phone=self.phone)
            self.notice(m.TransferComplete(task.id, TransferFault(fault, "")))
            return self.goes_on()

        def uploads(self, values: dict[str, str]) -> None:
            """As the file server takes a configuration that the phone sent."""
            told = proved(values, lambda key: False, at=self.now, proof=Proof.UPLOADED, salt="s")
            self.known = {**self.known, **told, "": KnownKey("digest", self.now, Proof.UPLOADED)}

        @property
        def state(self) -> Any:
            return self.device.config

        def differs(self) -> dict[str, str]:
            """Key to state, as an operator sees it."""
            wish = self.wish()
            compared = compare(
                wish,
                self.tree,
                self.profile,
                next_state(self.device.config, wish.mark),
                now=self.now,
                under_way=under_way(task for task in self.tasks.values() if task.open),
            )
            return {one.key: str(one.state) for one in compared.differences}

        def offered(self) -> list[dict[str, str]]:
            """The keys of each configuration file that was offered, and their values."""
            return [dict(task.work.values) for task in self.tasks.values()]

        def file(self) -> str:
            [*_, task] = self.tasks.values()
            return cfg_files.write_in_order(task.work.values).decode()

    return ConfigDesk


@pytest.fixture
def desk(make_config_desk: Callable[..., Any]) -> Any:
    return make_config_desk()


def sets(asked: list[Any]) -> list[dict[str, str]]:
    """The values of each SetParameterValues, in order."""
    return [
        {value.name: value.value for value in one.parameter_list}
        for one in asked
        if isinstance(one, m.SetParameterValues)
    ]


@pytest.fixture(name="sets")
def _sets() -> Callable[[list[Any]], list[dict[str, str]]]:
    return sets
