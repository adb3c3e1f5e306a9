"""What is the same and what is not, between a recorded session and its replay."""

from __future__ import annotations

from acs.cwmp import messages as cwmp
from acs.cwmp.structures import DeviceId, Event
from acs.cwmp.versions import CWMP_1_0
from acs.cwmp.writing import write
from acs.fleet.trace.comparison import Outcome, Replayed, compare, playable
from acs.fleet.trace.records import TraceMessage

SAME, DIFFERS, NOT_PLAYED = Outcome.SAME, Outcome.DIFFERS, Outcome.NOT_PLAYED

INFORM = cwmp.Inform(DeviceId("Y", "001565", "P", "S"), (Event("2 PERIODIC"),))


def body(message: cwmp.Message, cwmp_id: str = "1") -> bytes:
    return write(message, cwmp_id=cwmp_id, namespace=CWMP_1_0)


def asked(content: bytes = b"", missing: str = "") -> TraceMessage:
    return TraceMessage(
        at=1.0,
        from_phone=True,
        connection=1,
        start_line="POST / HTTP/1.1",
        body=content,
        missing=missing,
    )


def answered(content: bytes = b"", status: int = 0) -> TraceMessage:
    line = f"HTTP/1.1 {status or (200 if content else 204)} X"
    return TraceMessage(at=1.0, from_phone=False, connection=1, start_line=line, body=content)


HELLO = [asked(body(INFORM)), answered(body(cwmp.InformResponse()))]


def test_the_id_of_an_exchange_makes_no_difference():
    messages = [*HELLO, asked(), answered(body(cwmp.Reboot("k"), "a1"))]
    steps = compare(
        messages,
        [Replayed(200, body(cwmp.InformResponse(), "7")), Replayed(200, body(cwmp.Reboot("k"), "b1"))],
    )
    assert [step.outcome for step in steps] == [SAME, SAME]
    assert [step.number for step in steps] == [1, 3]


def test_other_content_is_shown_line_by_line_and_the_rest_is_played():
    messages = [
        *HELLO,
        asked(),
        answered(body(cwmp.GetParameterValues(("Device.A",)))),
        asked(body(cwmp.GetParameterValuesResponse())),
        answered(),
    ]
    now = [
        Replayed(200, body(cwmp.InformResponse())),
        Replayed(200, body(cwmp.GetParameterValues(("Device.B",)))),
        Replayed(204, b"", ("a line",)),
    ]
    steps = compare(messages, now)
    assert [step.outcome for step in steps] == [SAME, DIFFERS, SAME]
    assert [line for line in steps[1].diff if line[:1] in "+-" and "Device" in line] == [
        "-        <string>Device.A</string>",
        "+        <string>Device.B</string>",
    ]
    assert steps[2].noted == ("a line",)


def test_after_another_request_the_rest_means_nothing():
    messages = [
        *HELLO,
        asked(),
        answered(body(cwmp.Reboot("k"))),
        asked(body(cwmp.RebootResponse())),
        answered(),
    ]
    now = [Replayed(200, body(cwmp.InformResponse())), Replayed(204, b""), Replayed(204, b"")]
    steps = compare(messages, now)
    assert [step.outcome for step in steps] == [SAME, DIFFERS, NOT_PLAYED]
    assert steps[1].now == "The server has nothing more to ask: the session is over."
    assert steps[2].why


def test_logins_and_lost_bodies_are_not_played():
    messages = [
        asked(body(INFORM)),
        answered(b"log in", 401),
        *HELLO,
        asked(missing="withheld"),
        answered(),
        asked(),
        answered(),
    ]
    assert playable(messages) == [HELLO[0]]
    steps = compare(messages, [Replayed(200, body(cwmp.InformResponse()))])
    assert [step.outcome for step in steps] == [NOT_PLAYED, SAME, NOT_PLAYED, NOT_PLAYED]
    assert steps[0].why == "logging in is no part of a replay"


def test_an_answer_that_was_never_recorded_is_another():
    steps = compare([HELLO[0]], [Replayed(200, body(cwmp.InformResponse()))])
    assert (steps[0].outcome, steps[0].then) == (DIFFERS, "No answer is recorded.")
