"""A replay uses what was recorded of the phone, and reaches nothing else."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, succeed

from acs.cwmp import messages as cwmp
from acs.cwmp.narration import Narrator
from acs.cwmp.structures import DeviceId, Event
from acs.cwmp.versions import CWMP_1_0
from acs.cwmp.writing import write
from acs.datamodel import key_loading
from acs.fleet.device import Device, Learning
from acs.fleet.identity import device_key
from acs.fleet.layers import Group
from acs.fleet.profile import ModelProfile
from acs.fleet.task import GetParameterValuesWork, Task
from acs.fleet.trace.comparison import Replayed
from acs.fleet.trace.records import TraceMessage, TraceStart
from acs.southbound.replay import Replayer
from acs.southbound.session_store import SessionStore
from acs.southbound.stand_in_store import NOBODY, StandInStore

WHO = DeviceId("Yealink", "001565", "P", "S1")
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"
DEVICE = Device(
    id="001565-P-S1",
    oui="001565",
    product_class="P",
    serial_number="S1",
    root="Device.",
    learning=Learning.COMPLETE,
    inform_interval=3600,
    inform_parameters={},
)
SID = device_key(DEVICE.id) + "0123456789abcdef"


def says(message: cwmp.Message | None, *, at: float = 1000.0, connection: int = 1) -> TraceMessage:
    body = b"" if message is None else write(message, cwmp_id="9", namespace=CWMP_1_0)
    return TraceMessage(
        at=at, from_phone=True, connection=connection, start_line="POST /x HTTP/1.1", body=body
    )


HELLO = says(cwmp.Inform(WHO, (Event("2 PERIODIC"),)))


@pytest.fixture
def play():
    """`play(start, *messages)` gives the names of the answers, "" for the end."""
    replayer = Replayer(
        link=lambda device, now: lambda task: "http://files.test/x",
        connection_login=lambda device, notes: None,
        catalogue=key_loading.shipped(),
        breathe=lambda: succeed(None),
    )

    def replay(start: TraceStart, *messages: TraceMessage) -> list[str]:
        work = Deferred.fromCoroutine(replayer(start, messages))
        answers: list[Replayed] = []
        work.addCallback(answers.extend)
        assert work.called
        assert len(answers) == len(messages)
        narrator = Narrator()
        return [narrator.server(one.status, one.body).name for one in answers]

    return replay


def test_a_heartbeat_of_then(play):
    assert play(TraceStart(sid=SID, device=DEVICE), HELLO, says(None)) == ["InformResponse", ""]


def test_the_tasks_of_then_are_done(play):
    task = Task(id="t1", device=DEVICE.id, work=GetParameterValuesWork(names=("Device.A",)))
    start = TraceStart(sid=SID, device=DEVICE, tasks=(task,))
    answer = says(cwmp.GetParameterValuesResponse())
    assert play(start, HELLO, says(None), answer) == ["InformResponse", "GetParameterValues", ""]


def test_a_task_that_was_not_due_then_is_not_due_now(play):
    task = Task(
        id="t1", device=DEVICE.id, work=GetParameterValuesWork(names=("Device.A",)), not_before=2000.0
    )
    start = TraceStart(sid=SID, device=DEVICE, tasks=(task,))
    assert play(start, HELLO, says(None)) == ["InformResponse", ""]


def test_the_groups_of_then_count(play):
    group = Group("night", inform_interval=60, inform_until=2000.0)
    profile = ModelProfile(key=DEVICE.model_key, names={INTERVAL: True})
    start = TraceStart(sid=SID, device=DEVICE, groups=(group,), profile=profile)
    assert play(start, HELLO, says(None)) == ["InformResponse", "SetParameterValues"]


def test_a_phone_that_changes_connections_is_followed(play):
    assert play(TraceStart(sid=SID, device=DEVICE), HELLO, says(None, connection=2)) == ["InformResponse", ""]


def test_what_comes_after_the_end_is_answered_as_then(play):
    complete = says(cwmp.TransferComplete("k"))
    answers = play(TraceStart(sid=SID, device=DEVICE), HELLO, says(None), complete, says(None))
    assert answers == ["InformResponse", "", "TransferCompleteResponse", ""]


def test_many_messages_let_others_have_their_turn():
    turns = []
    replayer = Replayer(
        link=lambda device, now: lambda task: "",
        connection_login=lambda device, notes: None,
        catalogue=key_loading.shipped(),
        breathe=lambda: succeed(turns.append(1)),
    )
    messages = [HELLO, says(None)] * 15
    work = Deferred.fromCoroutine(replayer(TraceStart(sid=SID, device=DEVICE), messages))
    assert work.called
    assert len(turns) == 3


def test_nothing_of_a_replay_reaches_a_store():
    with pytest.raises(AssertionError, match="tried to reach the store: run"):
        NOBODY.run  # noqa: B018 - to look at it is to reach


def test_a_stand_in_stands_in_for_every_call_of_the_store():
    """What the store itself asks Redis for, a replay must have from the recording."""
    asks = {
        name
        for name, made in vars(SessionStore).items()
        if not name.startswith("_") and callable(made) and "_runner" in made.__code__.co_names
    }
    asks |= {"layers", "groups", "refuse", "note", "tell_address", "forget_address", "save", "close"}
    assert asks <= set(vars(StandInStore))
