"""What sessions count: words of the protocol, whatever phones say."""

from __future__ import annotations

import pytest

from acs.cwmp.messages import Fault
from acs.cwmp.session import Event, Outstanding, Phase, Session, receive
from acs.fleet import metrics
from acs.fleet.metrics import OTHER, Tally
from acs.fleet.task import RebootWork, Task, TaskState
from acs.southbound.session_counts import SessionCounts, words


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def counts(tally: Tally) -> SessionCounts:
    return SessionCounts(tally)


@pytest.mark.parametrize(
    ("codes", "known", "cause"),
    [
        (("2 PERIODIC",), ("2 PERIODIC",), "2 PERIODIC"),
        (("4 VALUE CHANGE", "1 BOOT"), ("4 VALUE CHANGE", "1 BOOT"), "1 BOOT"),
        (("1BOOT", "m reboot"), ("1 BOOT", "M Reboot"), "1 BOOT"),
        (("X 0123 WHATEVER", "2 PERIODIC"), (OTHER, "2 PERIODIC"), "2 PERIODIC"),
        (("a phone's own words",), (OTHER,), OTHER),
        ((), (), OTHER),
    ],
)
def test_events_are_counted_in_the_words_of_the_standard(codes, known, cause):
    assert words(codes) == (known, cause)


def asking(method: str = "GetParameterValues") -> Session:
    asked = Outstanding("id", method, "ref", 1.0)
    return Session(sid="0" * 32, namespace="ns", phase=Phase.ANSWER_DUE, outstanding=asked)


@pytest.mark.parametrize(
    ("code", "result"), [(9005, "9005"), (9800, "98xx"), (9899, "98xx"), (1, OTHER), (9999, OTHER)]
)
def test_faults_are_counted_by_their_code_where_the_standard_has_it(counts, tally, code, result):
    transition = receive(asking(), Event.ANSWER, now=2.0, what="Fault")
    counts.moved(transition, Event.ANSWER, Fault(code, "no"))
    assert tally.take() == {(metrics.RPCS, "server", "GetParameterValues", result): 1}


def test_a_silent_phone_counts_by_what_it_owes(counts, tally):
    counts.moved(receive(asking("Download"), Event.TIME_OUT, now=2.0), Event.TIME_OUT, None)
    assert tally.take() == {
        (metrics.RPCS, "server", "Download", "no answer"): 1,
        (metrics.TIMEOUTS, "Download"): 1,
    }
    silent = Session(sid="0" * 32, namespace="ns")
    counts.moved(receive(silent, Event.TIME_OUT, now=2.0), Event.TIME_OUT, None)
    assert tally.take() == {(metrics.TIMEOUTS, "its turn"): 1}


def test_the_empty_post_of_a_heartbeat_counts_nothing(counts, tally):
    session = Session(sid="0" * 32, namespace="ns")
    counts.moved(receive(session, Event.EMPTY_POST, now=2.0), Event.EMPTY_POST, None)
    assert tally.take() == {}


def test_a_task_counts_once_in_each_state(counts, tally):
    task = Task(id="1", device="d", work=RebootWork())
    running = task.replace(state=TaskState.RUNNING)
    counts.tasks([task], [running])
    counts.tasks([running], [running.noting(seen=1)])
    counts.tasks([running], [running.replace(state=TaskState.DONE)])
    assert tally.take() == {(metrics.TASKS, "reboot", "running"): 1, (metrics.TASKS, "reboot", "done"): 1}
