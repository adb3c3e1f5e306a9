"""The session as a value: what may come when, and what it means."""

from __future__ import annotations

import msgspec
import pytest

from acs.cwmp import session as s
from acs.cwmp.messages import (
    Fault,
    GetParameterNamesResponse,
    GetParameterValuesResponse,
    GetRPCMethods,
    Inform,
    TransferComplete,
)
from acs.cwmp.session import Act, Event, Phase
from acs.cwmp.structures import DeviceId

SID = "00112233445566778899aabbccddeeff"
NAMESPACE = "urn:dslforum-org:cwmp-1-0"

PHONE_EVENTS = [event for event in Event if event not in (Event.ASK, Event.END)]


def opened(**fields: object) -> s.Session:
    return s.begin(SID, NAMESPACE, now=1000.0, **fields)  # type: ignore[arg-type]  # keyword pass-through


def handed_over(session: s.Session | None = None) -> s.Session:
    return s.receive(session or opened(), Event.EMPTY_POST, now=1001.0).session


def asked(method: str = "GetParameterValues", ref: str = "r1") -> s.Session:
    return s.ask(handed_over(), method, ref, now=1001.0)


def test_an_inform_opens_a_session_in_which_it_is_the_phones_turn():
    session = opened(peer="192.0.2.1", events=("2 PERIODIC",), size=1500)
    assert session.phase is Phase.CPE_TURN
    assert session.namespace == NAMESPACE
    assert session.device_key == SID[:16]
    assert (session.messages, session.bytes_in, session.seq) == (1, 1500, 1)


def test_an_empty_post_hands_the_turn_to_the_server():
    transition = s.receive(opened(), Event.EMPTY_POST, now=1001.0)
    assert transition.session.phase is Phase.ACS_TURN
    assert transition.acts == (Act.TAKE_TURN,)
    assert transition.remark == ""


def test_the_server_ends_with_nothing_to_ask():
    assert s.end(handed_over()).phase is Phase.ENDED


def test_an_answer_goes_to_the_rules_and_the_turn_to_the_server():
    session = asked()
    transition = s.receive(session, Event.ANSWER, now=1002.0, what="GetParameterValuesResponse")
    assert transition.acts == (Act.COMPLETE, Act.TAKE_TURN)
    assert transition.settled is not None
    assert transition.settled.ref == "r1"
    assert transition.session.outstanding is None


def test_each_request_has_an_id_of_its_own_made_of_letters_and_digits():
    first = asked()
    again = s.receive(first, Event.ANSWER, now=1002.0).session
    second = s.ask(again, "Reboot", "r2", now=1003.0)
    assert first.outstanding is not None
    assert second.outstanding is not None
    assert first.outstanding.cwmp_id != second.outstanding.cwmp_id
    assert first.outstanding.cwmp_id.isalnum()


@pytest.mark.parametrize("session", [opened(), asked(), s.end(handed_over())])
def test_a_request_of_the_phone_is_answered_in_any_phase_and_changes_none(session):
    transition = s.receive(session, Event.CPE_REQUEST, now=1002.0, what="TransferComplete")
    assert transition.acts == (Act.RESPOND,)
    assert transition.session.phase is session.phase
    assert transition.session.outstanding == session.outstanding
    assert transition.session.responded == 1


@pytest.mark.parametrize("session", [opened(), asked(), s.end(handed_over())])
def test_an_unknown_method_is_refused_in_any_phase_and_the_session_goes_on(session):
    assert s.receive(session, Event.UNKNOWN_REQUEST, now=1.0).acts == (Act.REFUSE_METHOD,)
    assert s.receive(session, Event.MALFORMED_REQUEST, now=1.0).acts == (Act.REFUSE_ARGUMENTS,)


def test_an_empty_post_instead_of_an_answer_gives_the_request_up_and_goes_on():
    transition = s.receive(asked(), Event.EMPTY_POST, now=1002.0)
    assert transition.acts == (Act.RECORD, Act.GIVE_UP, Act.TAKE_TURN)
    assert transition.settled is not None
    assert transition.remark == "an empty POST came instead of the answer to GetParameterValues"
    assert transition.session.given_up == 1


def test_an_answer_to_another_method_gives_the_request_up_and_goes_on():
    session = asked()
    event = s.classify(session, GetParameterNamesResponse(), "x")
    assert event is Event.OTHER_ANSWER
    transition = s.receive(session, event, now=1002.0, what="GetParameterNamesResponse")
    assert Act.GIVE_UP in transition.acts
    assert transition.remark == "GetParameterNamesResponse came instead of the answer to GetParameterValues"


def test_an_answer_to_nothing_is_recorded_and_counts_as_an_empty_post():
    transition = s.receive(opened(), Event.ANSWER, now=1.0, what="RebootResponse")
    assert transition.acts == (Act.RECORD, Act.TAKE_TURN)
    assert (
        "RebootResponse came while the session was waiting for the phone's next request" in transition.remark
    )


def test_an_answer_with_a_strange_id_is_taken_when_one_request_is_out():
    for cwmp_id in ("", "no such id", asked().outstanding.cwmp_id):
        assert s.classify(asked(), GetParameterValuesResponse(), cwmp_id) is Event.ANSWER


def test_a_fault_answers_any_request():
    assert s.classify(asked("AddObject"), Fault(9002), "") is Event.ANSWER


def test_an_answer_repeated_on_a_new_connection_means_our_request_never_arrived():
    first = asked()
    then = s.ask(s.receive(first, Event.ANSWER, now=1.0).session, "GetParameterValues", "r2", now=2.0)
    repeated = GetParameterValuesResponse()
    assert s.classify(then, repeated, first.outstanding.cwmp_id, moved=True) is Event.REPEATED_ANSWER
    assert s.classify(then, repeated, first.outstanding.cwmp_id, moved=False) is Event.ANSWER
    assert s.classify(then, repeated, then.outstanding.cwmp_id, moved=True) is Event.ANSWER
    assert Act.GIVE_UP in s.receive(then, Event.REPEATED_ANSWER, now=3.0).acts


def test_a_second_inform_ends_the_session_and_gives_up_what_is_out():
    assert s.classify(asked(), Inform(DeviceId()), "1") is Event.INFORM
    transition = s.receive(asked(), Event.INFORM, now=1002.0)
    assert transition.session.phase is Phase.ENDED
    assert transition.acts == (Act.GIVE_UP,)
    assert transition.settled is not None


def test_the_three_step_ending_gets_one_more_empty_answer():
    ended = s.end(handed_over())
    assert s.receive(ended, Event.EMPTY_POST, now=1.0).acts == (Act.SAY_NOTHING,)


def test_time_outs_go_by_what_is_awaited():
    patience = s.Patience(cpe_turn=30, read=600, write=300, other=180)
    assert s.seconds_to_wait(opened(), patience) == 30
    assert s.seconds_to_wait(asked("GetParameterNames"), patience) == 600
    assert s.seconds_to_wait(asked("SetParameterValues"), patience) == 300
    assert s.seconds_to_wait(asked("Reboot"), patience) == 180
    assert s.seconds_to_wait(opened(session_timeout=120), patience) == 120
    assert s.seconds_to_wait(opened(session_timeout=100_000), patience) == s.SESSION_TIMEOUT_RANGE[1]


def test_a_time_out_closes_the_session_and_gives_up_what_is_out():
    assert s.receive(opened(), Event.TIME_OUT, now=1.0).acts == (Act.CLOSE,)
    transition = s.receive(asked(), Event.TIME_OUT, now=1.0)
    assert transition.acts == (Act.GIVE_UP, Act.CLOSE)
    assert transition.remark == "no answer to GetParameterValues within the time allowed"


def test_whatever_a_phone_sends_has_a_row_in_every_stored_phase():
    for session in (opened(), asked(), s.end(handed_over())):
        for event in PHONE_EVENTS:
            assert s.receive(session, event, now=1.0).acts is not None


def test_a_step_out_of_turn_is_refused_and_names_event_and_phase():
    with pytest.raises(
        s.SessionError, match="a request of this server has no place in a session that is waiting for"
    ):
        s.ask(opened(), "Reboot", "r", now=1.0)
    with pytest.raises(
        s.SessionError, match="the end has no place in a session that is waiting for an answer"
    ):
        s.end(asked())
    with pytest.raises(s.SessionError, match="about to ask or to end"):
        s.receive(handed_over(), Event.EMPTY_POST, now=1.0)


def test_a_session_survives_the_store():
    for session in (opened(events=("1 BOOT",), username="u"), asked()):
        packed = msgspec.msgpack.encode(session)
        assert msgspec.msgpack.decode(packed, type=s.Session) == session
        assert len(packed) < 300


def test_each_stored_step_counts():
    assert s.stored(opened(), size=500).seq == 2
    assert s.stored(opened(), size=500).bytes_out == 500


def test_no_session_asks_for_ever():
    session = asked()
    for _ in range(s.MOST_REQUESTS - 1):
        assert not s.exhausted(session)
        session = s.ask(s.receive(session, Event.ANSWER, now=1.0).session, "GetParameterValues", "r", now=1.0)
    assert s.exhausted(session)


def test_unreadable_messages_are_told_apart_by_name():
    assert s.classify_unreadable("X_VendorThing", known=False) is Event.UNKNOWN_REQUEST
    assert s.classify_unreadable("TransferComplete", known=True) is Event.MALFORMED_REQUEST
    assert s.classify_unreadable("GetParameterValuesResponse", known=True) is Event.OTHER_ANSWER
    assert s.classify(opened(), TransferComplete(), "") is Event.CPE_REQUEST
    assert s.classify(opened(), GetRPCMethods(), "") is Event.CPE_REQUEST


@pytest.mark.parametrize(
    ("supported", "answer"),
    [("", None), ("1.0,1.1,1.2", "1.2"), ("1.4, 1.3", "1.4"), ("1.0", "1.0"), ("1.5,1.6", None)],
)
def test_the_highest_version_both_sides_speak_is_used(supported, answer):
    assert s.highest_common_version(supported) == answer
