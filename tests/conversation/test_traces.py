"""Recorded sessions: what an operator finds of them, and what must not be in them."""

from __future__ import annotations

import time

import msgspec
import phone_texts as texts
import pytest
from desk import eventually
from twisted.internet.defer import Deferred, succeed

from acs.cwmp.messages import Reboot
from acs.cwmp.narration import Narrator
from acs.datamodel import key_loading
from acs.fleet import planner
from acs.fleet.changes import Changes
from acs.fleet.device import TraceOrder
from acs.fleet.identity import device_key
from acs.fleet.layers import Layer, Version
from acs.fleet.task import DownloadWork, GetParameterValuesWork, SetParameterValuesWork
from acs.fleet.trace.comparison import Replayed, Step, compare, playable
from acs.southbound.replay import Replayer
from acs.store import layers, traces
from acs.store.traces import Recorded

LABEL = "Device.Line.1.Label"
PASSWORD = "Device.Line.1.AuthPassword"


class Desk:
    """Where recordings are ordered and looked at."""

    def __init__(self, run) -> None:
        self.run = run

    def orders(self, phone, sessions: int = 1, seconds: float = 3600) -> None:
        order = TraceOrder(sessions, time.time() + seconds, "ann", time.time())
        assert self.run.drive(traces.order(phone.id, order)) is not None

    def kept(self, phone) -> list:
        return [one.trace for one in self.run.run(traces.every(device_key(phone.id)))]

    def reads(self, phone, number: int = 0) -> Recorded:
        """The trace once its session is over."""
        trace = eventually(lambda: [one for one in self.kept(phone) if one.outcome][number : number + 1])[0]
        return self.run.run(traces.read(device_key(phone.id), trace.id))

    def everything(self, phone) -> bytes:
        """All that is stored of its traces, as bytes in which a secret would be found."""
        found = [self.run.run(traces.read(device_key(phone.id), one.id)) for one in self.kept(phone)]
        return b"\n".join(
            [msgspec.msgpack.encode(found)] + [one.body for each in found for one in each.messages]
        )


@pytest.fixture
def desk(operator) -> Desk:
    return Desk(operator.run)


def methods(recorded: Recorded) -> list[str]:
    """The name of each message, "" for an empty body."""
    narrator = Narrator()
    return [
        (narrator.phone(one.body) if one.from_phone else narrator.server(one.status, one.body)).name
        for one in recorded.messages
    ]


def test_the_next_session_is_recorded_and_no_other(known_phone, operator, desk):
    desk.orders(known_phone)
    operator.asks(known_phone, GetParameterValuesWork(names=(LABEL,)))
    known_phone.holds_session("2 PERIODIC")
    recorded = desk.reads(known_phone)
    assert methods(recorded) == [
        "Inform",
        "InformResponse",
        "",
        "GetParameterValues",
        "GetParameterValuesResponse",
        "",
    ]
    assert [one.from_phone for one in recorded.messages] == [True, False] * 3
    assert [one.status for one in recorded.messages if not one.from_phone] == [200, 200, 204]
    assert recorded.messages[0].header("user-agent") == "test-phone/1"
    assert len({one.connection for one in recorded.messages}) == 1
    assert recorded.start.device.id == known_phone.id
    assert [task.type for task in recorded.start.tasks] == ["get_parameter_values"]
    assert recorded.start.parameters[LABEL].value
    [trace] = desk.kept(known_phone)
    assert (trace.events, trace.outcome, trace.by) == (("2 PERIODIC",), "done", "ann")
    known_phone.holds_session("2 PERIODIC")
    assert len(desk.kept(known_phone)) == 1


def test_several_sessions_are_counted_down(known_phone, desk):
    desk.orders(known_phone, sessions=2)
    for _ in range(3):
        known_phone.holds_session("2 PERIODIC")
    assert len(eventually(lambda: [one for one in desk.kept(known_phone) if one.outcome])) == 2


def test_an_order_whose_time_is_over_records_nothing(known_phone, desk):
    desk.orders(known_phone, seconds=-1)
    known_phone.holds_session("2 PERIODIC")
    assert desk.kept(known_phone) == []


def test_the_next_bootstrap_is_recorded_too(known_phone, desk):
    desk.orders(known_phone)
    known_phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    recorded = desk.reads(known_phone)
    assert "GetParameterValuesResponse" in methods(recorded)


def test_nothing_is_asked_of_redis_for_phones_that_are_not_recorded(start_server):
    """The smallest session keeps its two round trips; the counting server serves no other test."""
    server = start_server()
    phone = server.phone()
    phone.holds_session("0 BOOTSTRAP")
    before = server.round_trips()
    phone.holds_session("2 PERIODIC")
    assert server.round_trips() - before == 2


def test_no_secret_is_in_a_trace(known_phone, operator, desk):
    secrets = ["s3cret-set", "s3cret-login", "s3cret-told", "s3cret-query", "s3cret-cookie", "s3cret-header"]
    known_phone.tree[PASSWORD] = "s3cret-told"
    known_phone.cookies = ["other=s3cret-cookie"]
    known_phone.headers["Authorization"] = "Basic czNjcmV0LWhlYWRlcg=="
    known_phone.headers["X-Token"] = "s3cret-header"
    known_phone.path = "/cwmp?pw=s3cret-query"
    operator.asks(known_phone, SetParameterValuesWork(values={PASSWORD: "s3cret-set", LABEL: "401"}))
    operator.asks(known_phone, GetParameterValuesWork(names=(PASSWORD, LABEL)))
    download = DownloadWork(
        url="http://me:s3cret-login@files.test/x?t=s3cret-query",
        file_type="1 Firmware Upgrade Image",
        username="me",
        password="s3cret-login",
    )
    operator.asks(known_phone, download, priority=-1)
    desk.orders(known_phone)
    told = {PASSWORD: "s3cret-told"}
    known_phone.sends(texts.inform(known_phone.serial, ("2 PERIODIC",), told, product_class="T1"))
    known_phone.sends_nothing()
    known_phone.goes_on_until()
    recorded = desk.reads(known_phone)
    assert {"SetParameterValues", "GetParameterValuesResponse", "Download"} <= set(methods(recorded))
    everything = desk.everything(known_phone)
    for secret in (*secrets, "czNjcmV0LWhlYWRlcg"):
        assert secret.encode() not in everything
    assert b"401" in everything


def moves(phone, server):
    """What it says next it says to this process."""
    phone.hangs_up()
    phone.port = server.port


def recorded_on_two(server, other_server, operator, desk):
    """A phone whose recorded session began in one process and went on in another."""
    phone = server.phone()
    phone.holds_session("0 BOOTSTRAP")
    operator.asks(phone, GetParameterValuesWork(names=(LABEL,)))
    desk.orders(phone)
    phone.opens("2 PERIODIC")
    moves(phone, other_server)
    phone.sends_nothing()
    phone.goes_on_until()
    return phone


def test_a_session_that_goes_on_in_another_process_is_recorded_there(server, other_server, operator, desk):
    phone = recorded_on_two(server, other_server, operator, desk)
    recorded = desk.reads(phone)
    assert methods(recorded) == [
        "Inform",
        "InformResponse",
        "",
        "GetParameterValues",
        "GetParameterValuesResponse",
        "",
    ]
    assert len({one.connection for one in recorded.messages}) == 2


def test_what_two_processes_record_in_turn_stands_in_the_order_in_which_it_was_said(
    server, other_server, operator, desk, replayer
):
    phone = recorded_to_and_fro(server, other_server, operator, desk)
    recorded = desk.reads(phone)
    assert methods(recorded) == [
        "Inform",
        "InformResponse",
        "",
        "GetParameterValues",
        "GetParameterValuesResponse",
        "SetParameterValues",
        "SetParameterValuesResponse",
        "",
    ]
    times = [one.at for one in recorded.messages]
    assert times == sorted(set(times))
    assert set(outcomes(replayed(replayer, recorded))) == {"same"}


def recorded_to_and_fro(server, other_server, operator, desk):
    """A session whose messages go to two processes in turn, with a task that is put down on the way."""
    phone = server.phone(product_class="ToAndFro")
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    phone.tree[LABEL] = "x"
    operator.asks(phone, GetParameterValuesWork(names=(LABEL,)))
    desk.orders(phone)
    phone.opens("2 PERIODIC")
    moves(phone, other_server)
    phone.sends_nothing()
    asked = phone.gets("GetParameterValues")
    operator.asks(phone, SetParameterValuesWork(values={LABEL: "late"}))
    moves(phone, server)
    phone.answers(asked, texts.get_parameter_values_response({LABEL: "x"}))
    phone.goes_on_until()
    return phone


def test_what_cannot_be_read_is_recorded_as_it_came(known_phone, desk):
    desk.orders(known_phone)
    known_phone.opens("2 PERIODIC")
    known_phone.sends_bytes(b"\x00\xffnonsense")
    known_phone.gets_status(400)
    known_phone.sends_nothing()
    recorded = desk.reads(known_phone)
    assert recorded.messages[2].body == b"\x00\xffnonsense"
    assert recorded.messages[3].status == 400
    times = [one.at for one in recorded.messages]
    assert times == sorted(times)


def test_what_another_process_cannot_read_is_recorded_too(server, other_server, operator, desk):
    phone = server.phone(product_class="Unread")
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    desk.orders(phone)
    phone.opens("2 PERIODIC")
    moves(phone, other_server)
    phone.sends_bytes(b"nonsense")
    phone.gets_status(400)
    moves(phone, server)
    phone.sends_nothing()
    phone.gets_nothing()
    recorded = desk.reads(phone)
    assert methods(recorded)[:2] == ["Inform", "InformResponse"]
    assert (recorded.messages[2].body, recorded.messages[3].status) == (b"nonsense", 400)
    times = [one.at for one in recorded.messages]
    assert times == sorted(times)


def test_a_fault_is_recorded(known_phone, operator, desk):
    operator.asks(known_phone, GetParameterValuesWork(names=("Device.Nope",)))
    desk.orders(known_phone)
    known_phone.holds_session("2 PERIODIC")
    assert "Fault" in methods(desk.reads(known_phone))


def test_the_login_before_the_inform_belongs_to_the_trace(digest_server, desk):
    phone = digest_server.phone()
    phone.holds_session("0 BOOTSTRAP")
    desk.orders(phone)
    phone.hangs_up()
    phone.challenge = ""
    phone.holds_session("2 PERIODIC")
    recorded = desk.reads(phone)
    assert methods(recorded)[:4] == ["Inform", "", "Inform", "InformResponse"]
    assert [one.status for one in recorded.messages if not one.from_phone][:2] == [401, 200]
    assert recorded.messages[2].header("authorization").startswith("Digest *")


def test_a_wrong_login_is_recorded_and_uses_nothing_up(digest_server, desk):
    phone = digest_server.phone()
    phone.holds_session("0 BOOTSTRAP")
    desk.orders(phone)
    phone.password = "wrong"
    phone.challenge = ""
    phone.sends(phone.inform("2 PERIODIC"))
    phone.gets_status(401)
    recorded = desk.reads(phone)
    assert [one.status for one in recorded.messages] == [0, 401]
    assert desk.kept(phone)[0].outcome == "refused"
    phone.password = "secret"
    phone.holds_session("2 PERIODIC")
    assert len(eventually(lambda: [one for one in desk.kept(phone) if one.outcome == "done"])) == 1


def test_a_session_that_falls_silent_is_marked_so(hasty_server, desk):
    phone = hasty_server.phone()
    phone.holds_session("0 BOOTSTRAP")
    desk.orders(phone)
    phone.opens("2 PERIODIC")
    assert eventually(lambda: [one.outcome for one in desk.kept(phone) if one.outcome]) == ["timed out"]


def test_large_answers_are_cut(known_phone, operator, desk):
    values = {f"Device.Table.{number}.Text": "x" * 200 for number in range(2000)}
    operator.asks(known_phone, GetParameterValuesWork(names=("Device.Table.",)))
    desk.orders(known_phone)
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    got = known_phone.gets("GetParameterValues")
    known_phone.answers(got, texts.get_parameter_values_response(values))
    known_phone.goes_on_until()
    large = max(desk.reads(known_phone).messages, key=lambda one: one.size)
    assert large.size > 400_000
    assert len(large.body) == 256 * 1024
    assert large.missing == "cut off after 262144 bytes"


# --- replays ------------------------------------------------------------------------------------------------


@pytest.fixture
def replayer() -> Replayer:
    """With the parts that the servers of these tests have."""
    return Replayer(
        link=lambda device, now: lambda one: f"http://files.test/{one.id}",
        connection_login=lambda device, notes: None,
        catalogue=key_loading.shipped(),
        breathe=lambda: succeed(None),
    )


def replayed(replayer: Replayer, recorded: Recorded) -> list[Step]:
    work = Deferred.fromCoroutine(replayer(recorded.start, playable(recorded.messages)))
    assert work.called, "a replay waits for nothing"
    answers: list[Replayed] = []
    work.addCallback(answers.extend)
    return compare(recorded.messages, answers)


def outcomes(steps: list[Step]) -> list[str]:
    return [str(step.outcome) for step in steps]


def test_a_replay_of_a_session_with_tasks_is_the_same(known_phone, operator, desk, replayer):
    known_phone.tree[PASSWORD] = ""
    operator.asks(known_phone, SetParameterValuesWork(values={PASSWORD: "s3cret-set", LABEL: "401"}))
    operator.asks(known_phone, GetParameterValuesWork(names=("Device.Nope",)))
    operator.asks(
        known_phone, DownloadWork(url="http://u:p4ssw0rd@x/f.rom", file_type="1 Firmware Upgrade Image")
    )
    desk.orders(known_phone)
    known_phone.holds_session("2 PERIODIC")
    steps = replayed(replayer, desk.reads(known_phone))
    assert outcomes(steps) == ["same"] * 5
    assert [step.then == step.now for step in steps] == [True] * 5
    assert "fault 9005" in steps[3].phone
    assert steps[0].number == 1


def test_a_replay_of_a_bootstrap_is_the_same(server, desk, replayer):
    phone = server.phone(product_class="Replayed")
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    desk.orders(phone)
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    steps = replayed(replayer, desk.reads(phone))
    assert len(steps) > 2
    assert set(outcomes(steps)) == {"same"}
    assert any("Informed: 0 BOOTSTRAP, 1 BOOT" in line for line in steps[0].noted)


def test_a_replay_of_a_session_on_two_processes_is_the_same(server, other_server, operator, desk, replayer):
    phone = recorded_on_two(server, other_server, operator, desk)
    assert set(outcomes(replayed(replayer, desk.reads(phone)))) == {"same"}


def test_a_replay_shows_what_is_another_today(known_phone, operator, desk, replayer, monkeypatch):
    operator.asks(known_phone, GetParameterValuesWork(names=(LABEL,)))
    operator.asks(known_phone, GetParameterValuesWork(names=("Device.Line.2.Label",)))
    desk.orders(known_phone)
    known_phone.holds_session("2 PERIODIC")
    recorded = desk.reads(known_phone)

    other = planner.Step(Reboot("k"), "task:none", Changes())
    monkeypatch.setattr(planner, "next_step", lambda situation: other)
    steps = replayed(replayer, recorded)
    assert outcomes(steps) == ["same", "differs", "not played", "not played"]
    assert steps[1].now == "The server has the phone reboot."
    assert any(line.startswith("+") and "Reboot" in line for line in steps[1].diff)
    assert "what was asked then" in steps[2].why


def test_a_rule_that_raises_is_told_and_harms_nobody(known_phone, desk, replayer, monkeypatch):
    desk.orders(known_phone)
    known_phone.holds_session("2 PERIODIC")
    recorded = desk.reads(known_phone)
    monkeypatch.setattr(planner, "next_step", lambda situation: 1 / 0)
    steps = replayed(replayer, recorded)
    assert any("ZeroDivisionError" in line for line in steps[1].noted)


def test_a_replay_changes_nothing(known_phone, operator, desk, replayer):
    task = operator.asks(known_phone, GetParameterValuesWork(names=(LABEL,)))
    desk.orders(known_phone)
    known_phone.holds_session("2 PERIODIC")
    recorded = desk.reads(known_phone)
    before = operator.device(known_phone), operator.task(task), operator.timeline(known_phone)
    replayed(replayer, recorded)
    after = operator.device(known_phone), operator.task(task), operator.timeline(known_phone)
    assert before == after


def test_a_task_that_came_during_the_session_comes_in_the_replay_too(known_phone, operator, desk, replayer):
    desk.orders(known_phone)
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    known_phone.gets_nothing()
    assert set(outcomes(replayed(replayer, desk.reads(known_phone)))) == {"same"}
    first = operator.asks(known_phone, GetParameterValuesWork(names=(LABEL,)))
    desk.orders(known_phone)
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    asked = known_phone.gets("GetParameterValues")
    operator.asks(known_phone, SetParameterValuesWork(values={PASSWORD: "s3cret-late", LABEL: "late"}))
    known_phone.answers(asked, texts.get_parameter_values_response({LABEL: "x"}))
    known_phone.goes_on_until()
    assert operator.task(first).state == "done"
    eventually(lambda: len([one for one in desk.kept(known_phone) if one.outcome]) == 2)
    recorded = desk.reads(known_phone)
    assert "SetParameterValues" in methods(recorded)
    assert [one.tasks is not None for one in recorded.messages].count(True) == 1
    steps = replayed(replayer, recorded)
    assert set(outcomes(steps)) == {"same"}
    assert len(steps) == 4
    assert b"s3cret-late" not in desk.everything(known_phone)


def test_logins_are_no_part_of_a_replay(digest_server, desk, replayer):
    phone = digest_server.phone()
    phone.holds_session("0 BOOTSTRAP")
    desk.orders(phone)
    phone.hangs_up()
    phone.challenge = ""
    phone.holds_session("2 PERIODIC")
    steps = replayed(replayer, desk.reads(phone))
    assert outcomes(steps) == ["not played", "same", "same"]
    assert steps[0].why == "logging in is no part of a replay"


LINE = "Device.Services.VoiceService.1.VoiceProfile.1.Line.1"


def desires(operator, phone, number: int, values: dict[str, str]) -> None:
    now = time.time()
    layer, version = Layer(number, now, "me", "", values), Version(number, now, "me", "", {})
    assert operator.run.run(layers.write(layers.of_phone(phone.id), layer, version)) == "written"


def test_configuration_is_part_of_a_replay(server, operator, desk, replayer):
    """Secrets that the phone is known to have are not sent again because they are blank in the trace."""
    phone = server.phone(product_class="Line")
    phone.tree |= {f"{LINE}.SIP.AuthPassword": "", "Device.Time.NTPServer1": "old.example"}
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    values = {"account.1.password": "s3cret-line", "local_time.ntp_server1": "new.example"}
    desires(operator, phone, 1, values)
    desk.orders(phone, sessions=2)
    first = phone.holds_session("2 PERIODIC")
    assert first[1] == "SetParameterValues"
    assert phone.tree[f"{LINE}.SIP.AuthPassword"] == "s3cret-line"
    phone.tree["Device.Time.NTPServer1"] = "by.hand"
    phone.holds_session("4 VALUE CHANGE")
    eventually(lambda: len([one for one in desk.kept(phone) if one.outcome]) == 2)
    for number in (0, 1):
        steps = replayed(replayer, desk.reads(phone, number))
        assert [step.diff for step in steps if step.diff] == []
        assert set(outcomes(steps)) == {"same"}
    assert b"s3cret" not in desk.everything(phone)
    assert methods(desk.reads(phone, 0)).count("SetParameterValues") == 1
    [sent] = [one.body for one in desk.reads(phone, 0).messages if b"<cwmp:SetParameterValues>" in one.body]
    assert b"AuthPassword" not in sent


def test_a_configuration_file_is_part_of_a_replay(known_phone, operator, desk, replayer):
    desires(operator, known_phone, 1, {"voice.jib.max": "250", "account.1.password": "s3cret-line"})
    desk.orders(known_phone)
    known_phone.holds_session("2 PERIODIC")
    recorded = desk.reads(known_phone)
    assert "Download" in methods(recorded)
    steps = replayed(replayer, recorded)
    assert [step.diff for step in steps if step.diff] == []
    assert b"s3cret" not in desk.everything(known_phone)
