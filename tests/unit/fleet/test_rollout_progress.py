"""From a phone's task to its outcome, in words."""

from __future__ import annotations

import pytest

from acs.fleet import outcome as ways
from acs.fleet.convergence.state import ConfigState, Settled
from acs.fleet.device import Device
from acs.fleet.identity import device_key, task_id
from acs.fleet.rollout import configuring, progress
from acs.fleet.rollout.member import Member, Outcome
from acs.fleet.task import DownloadWork, RebootWork, Task, TaskState, UploadWork

DEVICE = "001565-CP860-1"
TASK = task_id(device_key(DEVICE), b"123456")
IMAGE = DownloadWork(
    file="37.72.0.12.rom", file_type="1 Firmware Upgrade Image", size=1000, version="37.72.0.12"
)
FILE = DownloadWork(file="site.cfg", file_type="3 Vendor Configuration File", size=10)
TURN = Member(task=TASK, active=True, since=100.0, turn_at=100.0, turn_ends=220.0)


def task(work=IMAGE, **fields):
    return Task(id=TASK, device=DEVICE, work=work, created_at=100.0, expires_at=220.0, **fields)


def sent(work=IMAGE, **evidence):
    """Asked at 110, taken, and not proved."""
    return ways.waiting(ways.claimed(task(work), 110.0, "s"), 9999.0, **evidence)


def in_call(times=2, at=150.0):
    return {"busy": {"why": "line 1 is in a call (InCall)", "at": at, "times": times}}


def look(member, one, *, now=120.0):
    return progress.seen(member, one, now=now, confirm=60)


@pytest.mark.parametrize(
    ("one", "outcome"),
    [
        (task(), Outcome.WAITING),
        (task(evidence=in_call()), Outcome.DEFERRED),
        (ways.claimed(task(), 110.0, "s"), Outcome.SENT),
        (sent(), Outcome.SENT),
        (sent(bytes_served=300), Outcome.TRANSFERRING),
        (sent(bytes_served=1000, served_complete=True), Outcome.REBOOTING),
        (sent(transfer_complete={"fault_code": 0}), Outcome.REBOOTING),
        (sent(RebootWork()), Outcome.REBOOTING),
        (ways.done(sent(), 130.0, {}), Outcome.CHECKING),
        (ways.failed(sent(), 130.0, 9018, "9018 File corrupted"), Outcome.FAILED),
        (ways.failed(sent(), 130.0, 0, "No word", unproved=True), Outcome.UNCONFIRMED),
    ],
)
def test_the_outcome_follows_the_task(one, outcome):
    assert look(TURN, one).outcome is outcome


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (ways.claimed(task(), 110.0, "s"), "it gave no answer"),
        (sent(), "it took the request and fetched nothing"),
        (sent(bytes_served=300), "it fetched no more than 300 of 1000 bytes"),
        (sent(bytes_served=1000, served_complete=True), "it fetched the file and did not come back with it"),
        (sent(FILE, served_complete=True), "it fetched the file and did not report it"),
        (sent(RebootWork()), "it did not come back from its boot"),
        (sent(UploadWork()), "it took the request and sent nothing"),
    ],
)
def test_a_phone_without_proof_is_unconfirmed_and_it_is_said_what_is_missing(one, says):
    after = look(TURN, one, now=171.0)
    assert after.outcome is Outcome.UNCONFIRMED
    assert after.reason == f"{says} within 60 s; it may still"


def test_a_phone_that_was_in_a_call_until_its_turn_was_over():
    after = look(TURN, ways.expired(task(evidence=in_call()), 220.0, "not called"), now=220.0)
    assert (after.outcome, after.active) == (Outcome.DEFERRED, False)
    assert after.reason == "line 1 is in a call (InCall), asked 2 times"
    assert "fault" not in after.evidence


def test_a_phone_in_a_call_that_is_not_heard_in_its_second_turn_is_still_one_in_a_call():
    first = look(TURN, ways.expired(task(evidence=in_call()), 220.0, "not called"), now=220.0)
    second = first.replace(active=True, turn_at=230.0, turn_ends=240.0)
    taken_back = progress.withdrawn(task(), 240.0)
    assert look(second, taken_back, now=240.0).reason == "line 1 is in a call (InCall) when it was asked last"
    # of an earlier try, which somebody has asked for again since, nothing is said
    anew = second.replace(since=230.0)
    assert look(anew, taken_back, now=240.0).reason == "it did not call in its turn"


def test_taken_back_before_its_turn_was_over():
    assert look(TURN, progress.withdrawn(task(), 120.0)).reason == "taken back before it was asked"


def test_a_cancelled_task_is_not_tried_again():
    cancelled = task().replace(state=TaskState.CANCELLED, finished_at=120.0)
    after = look(TURN, cancelled)
    assert (after.outcome, after.reason) == (Outcome.SKIPPED, "its task was cancelled")


def test_what_the_task_shows_is_kept():
    report = {"fault_code": 0, "start_time": "a", "complete_time": "b"}
    one = ways.done(
        sent(version_before="1", bytes_served=1000, transfer_complete=report), 130.0, {"version": "2"}
    )
    evidence = look(TURN, one).evidence
    assert evidence["version_before"] == "1"
    assert evidence["version"] == "2"
    assert evidence["bytes_served"] == 1000
    assert evidence["transfer_complete"] == report


# --- configuration --------------------------------------------------------------------------------------


def standing(**state):
    return Device(DEVICE, last_inform=115.0, config=ConfigState(mark="m", settled_at=115.0, **state))


@pytest.mark.parametrize(
    ("device", "outcome", "says", "active"),
    [
        (standing(settled=Settled.CONVERGED), Outcome.CHECKING, "", False),
        (standing(settled=Settled.DEFERRED), Outcome.SENT, "waits until it may reboot", False),
        (standing(settled=Settled.DIFFERS, problems={"a": "refused"}), Outcome.FAILED, "a: refused", False),
        (
            standing(settled=Settled.DIFFERS, problems={"a": "refused"}, push_at=300.0),
            Outcome.SENT,
            "a: refused",
            True,
        ),
        (standing(), Outcome.SENT, "its configuration is compared and set", True),
        (Device(DEVICE, last_inform=90.0), Outcome.WAITING, "it is called", True),
        (
            standing(settled=Settled.CONVERGED, call="line 1 is in a call (InCall)"),
            Outcome.DEFERRED,
            "line 1 is in a call (InCall)",
            False,
        ),
    ],
)
def test_a_phone_whose_configuration_is_changed(device, outcome, says, active):
    turn = TURN.replace(task="")
    after = configuring.seen(turn, device, "m", confirm=60, patience=600, now=120.0)
    assert (after.outcome, after.reason, after.active) == (outcome, says, active)


def test_a_configuration_without_proof_is_unconfirmed():
    after = configuring.seen(TURN, standing(), "m", confirm=60, patience=600, now=161.0)
    assert after.outcome is Outcome.UNCONFIRMED
    assert "within 60 s" in after.reason


# --- asked, and to be asked again ---------------------------------------------------------------------------


@pytest.mark.parametrize("ended", ["expired", "withdrawn"])
def test_a_phone_whose_turn_ends_while_it_is_to_be_asked_again_gets_another(ended):
    """Nothing shows that it took the request, or the server cut its download off: it is no riddle."""
    again = ways.again(ways.claimed(task(), 110.0, "s"), 120.0, "the connection broke")
    over = (
        ways.expired(again, 220.0, "Tried 1 times before the task's time was over")
        if ended == "expired"
        else progress.withdrawn(again, 220.0)
    )
    after = look(TURN, over, now=220.0)
    assert (after.outcome, after.active) == (Outcome.DEFERRED, False)
    assert after.reason == "it was asked once: the connection broke"
