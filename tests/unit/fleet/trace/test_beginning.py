"""How things stood when a recording began: no secret in it, and what was known is known all the same."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import structs

from acs.datamodel import key_loading
from acs.datamodel.tree import Parameter
from acs.fleet.convergence.wishing import mark_of
from acs.fleet.desired import NamedLayer
from acs.fleet.device import ConnectionRequestLogin, Device, OperatorNotes, TraceOrder
from acs.fleet.known_keys import Proof, proved
from acs.fleet.layers import Layer
from acs.fleet.log_secrets import BLANK
from acs.fleet.task import (
    AddObjectWork,
    DownloadWork,
    SetParameterValuesWork,
    Task,
    TypedValue,
    UploadWork,
)
from acs.fleet.trace.beginning import secrets_of, without_secrets
from acs.fleet.trace.blanking import Blanking, secret_parameter
from acs.fleet.trace.records import TraceStart

PASSWORD = "Device.ManagementServer.Password"
LINE = "account.1.password"
CATALOGUE = key_loading.shipped()
SECRET = secret_parameter(CATALOGUE)

#: one secret each, for the place where it stands
WAKE, OWN_WAKE, TOLD, LAYERED, TEMPLATED, SET, ADDED, LINKED, FETCHED, MADE, SENT, FOUND, HEARD = (
    f"hidden-{number:02}" for number in range(13)
)

LAYERS = (
    NamedLayer("fleet", Layer(1, 1.0, "me", "", {LINE: LAYERED, "account.2.password": "{{ sip_password }}"})),
    NamedLayer("phone:x", Layer(1, 1.0, "me", f"because {LAYERED}", {"account.1.label": "{{ extension }}"})),
)


def task(number: int, work: object, **more: object) -> Task:
    return Task(id=f"t{number}", device="D", work=work, **more)


@pytest.fixture
def start() -> TraceStart:
    notes = OperatorNotes(
        connection_request=ConnectionRequestLogin("me", OWN_WAKE, "operator"),
        attributes={"sip_password": TEMPLATED, "extension": "401"},
        trace=TraceOrder(1, 2.0),
    )
    device = Device(
        id="D",
        connection_request=ConnectionRequestLogin("acs", WAKE, "acs"),
        inform_parameters={PASSWORD: (TOLD, "xsd:string"), "Device.Label": ("x", "xsd:string")},
    )
    device = structs.replace(device, config=structs.replace(device.config, mark=mark_of(LAYERS, notes)))
    return TraceStart(
        sid="s" * 32,
        device=device,
        notes=notes,
        tasks=(
            task(1, SetParameterValuesWork(values={PASSWORD: TypedValue(SET), "Device.Label": "y"})),
            task(2, AddObjectWork(object="Device.Users.User.", values={"Password": ADDED})),
            task(
                3, DownloadWork(url=f"http://u:{LINKED}@h/f?t={LINKED}", username=FETCHED, password=FETCHED)
            ),
            task(4, DownloadWork(values={LINE: MADE}, secrets=(LINE,))),
            task(5, UploadWork(url=f"http://h/?key={SENT}", password=SENT)),
            task(6, UploadWork(), result={"values": {PASSWORD: {"value": FOUND, "type": "xsd:string"}}}),
        ),
        layer=LAYERS[1].layer,
        layers=LAYERS,
        known=proved({LINE: LAYERED}, CATALOGUE.secret, at=1.0, proof=Proof.SENT, salt="salt")
        | proved({"account.2.password": "old"}, CATALOGUE.secret, at=1.0, proof=Proof.SENT, salt="salt"),
        parameters={PASSWORD: Parameter(HEARD), "Device.Label": Parameter("x")},
    )


@pytest.fixture
def kept(start) -> TraceStart:
    blanking = Blanking(secret_parameter(CATALOGUE), secrets_of(start, CATALOGUE, SECRET))
    return without_secrets(start, CATALOGUE, blanking)


def test_no_secret_is_kept(kept):
    stored = msgspec.msgpack.encode(kept)
    assert b"hidden" not in stored
    assert msgspec.msgpack.decode(stored, type=TraceStart) == kept


def test_what_is_no_secret_is_kept(kept):
    assert kept.parameters["Device.Label"].value == "x"
    assert kept.notes.attributes["extension"] == "401"
    assert kept.device.inform_parameters["Device.Label"] == ("x", "xsd:string")
    assert kept.tasks[0].work.values["Device.Label"] == "y"
    assert kept.tasks[2].work.url.endswith(f"@h/f?t={BLANK}")
    assert [named.name for named in kept.layers] == ["fleet", "phone:x"]


def test_what_the_phone_is_known_to_have_it_still_has(kept):
    assert kept.layers[0].layer.values[LINE] == BLANK
    assert kept.known[LINE].holds(BLANK)
    assert not kept.known["account.2.password"].holds(BLANK)


def test_the_configuration_keeps_its_mark(kept):
    assert kept.device.config.mark == mark_of(kept.layers, kept.notes) != ""


def test_a_replay_is_not_recorded(kept):
    assert kept.notes.trace is None


def test_the_secrets_that_messages_may_speak_of(start):
    found = secrets_of(start, CATALOGUE, SECRET)
    assert {WAKE, OWN_WAKE, TOLD, LAYERED, TEMPLATED, SET, ADDED, FETCHED, MADE, SENT, HEARD} <= found
    assert "" not in found
