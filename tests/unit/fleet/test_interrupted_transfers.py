"""A file server that is killed while it sends: its word is lost, and must be missed by nobody."""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
from acs.cwmp.structures import TransferFault
from acs.fleet import expiry, proof
from acs.fleet.task import DownloadWork, UploadWork

CONFIG = DownloadWork(file="site.cfg", size=100, sha256="ab" * 32, file_type="3 Vendor Configuration File")


@pytest.fixture
def known(desk):
    return desk.learnt()


def begins(desk, task):
    desk.tasks[task] = proof.serving(desk.tasks[task])


def test_the_phones_report_is_believed_in_its_next_session(desk, known):
    task = desk.task(CONFIG)
    desk.talk(known)
    begins(desk, task)
    desk.inform("7 TRANSFER COMPLETE", ("M Download", task))
    desk.notice(m.TransferComplete(task))
    assert desk.tasks[task].state == "waiting"  # the word may only be late
    desk.inform("2 PERIODIC")
    assert desk.tasks[task].state == "done"
    assert "interrupted" in desk.tasks[task].result["proved_by"]


def test_the_phones_report_is_believed_when_its_time_is_over(desk, known):
    task = desk.task(CONFIG)
    desk.talk(known)
    begins(desk, task)
    desk.notice(m.TransferComplete(task))
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + proof.FETCH_WAIT + 1))
    assert desk.tasks[task].state == "done"


def test_a_fetch_that_ended_short_is_no_interrupted_one(desk, known):
    task = desk.task(CONFIG)
    desk.talk(known)
    begins(desk, task)
    desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=40, complete=False, now=desk.now)
    desk.notice(m.TransferComplete(task))
    desk.inform("2 PERIODIC")
    assert desk.tasks[task].state == "waiting"


def test_a_download_whose_answer_was_lost_is_not_sent_again_while_it_is_being_fetched(desk, known):
    known.methods = ("GetRPCMethods", "Download")
    known.odd = lambda request: None if isinstance(request, m.Download) else NotImplemented
    task = desk.task(CONFIG)
    desk.talk(known)
    begins(desk, task)
    for _ in range(3):
        desk.inform("2 PERIODIC")
        desk.talk(known)
    assert known.names_asked().count("Download") == 1
    assert desk.tasks[task].state == "waiting"


@pytest.mark.parametrize("asks", [True, False])
def test_the_report_of_another_transfer_says_nothing_of_a_download_that_was_never_heard(desk, known, asks):
    """Both went out in one session, which broke when the second was on its way."""
    if not asks:
        known.methods = ("GetRPCMethods", "Download", "Upload")
        desk.inform("0 BOOTSTRAP", phone=known)
        desk.talk(known)
        known.asked.clear()
    upload = desk.task(UploadWork())
    download = desk.task(CONFIG)
    known.odd = lambda request: None if isinstance(request, m.Download) else NotImplemented
    desk.talk(known)
    known.odd = lambda request: NotImplemented
    desk.inform("7 TRANSFER COMPLETE", ("M Upload", upload))
    desk.notice(m.TransferComplete(upload))
    desk.talk(known)
    desk.inform("2 PERIODIC")
    desk.talk(known)
    assert known.names_asked().count("Download") == 2
    assert desk.tasks[download].attempts == 2
    assert desk.tasks[download].state == "waiting"


def test_a_boot_of_another_transfer_is_not_this_ones(desk, known):
    first, second = desk.task(CONFIG), desk.task(CONFIG)
    desk.talk(known)
    desk.inform("1 BOOT", "7 TRANSFER COMPLETE", ("M Download", first))
    assert "booted" in desk.tasks[first].evidence
    assert "booted" not in desk.tasks[second].evidence


# --- and the phone tells that it failed ---------------------------------------------------------------------

IMAGE = DownloadWork(
    file="37.72.0.12.rom",
    size=100,
    sha256="ab" * 32,
    file_type="1 Firmware Upgrade Image",
    version="37.72.0.12",
)


def fails(desk, task, code=9010):
    desk.inform("7 TRANSFER COMPLETE", ("M Download", task))
    desk.notice(m.TransferComplete(task, TransferFault(code, "the connection broke")))
    return desk.tasks[task]


def test_a_download_that_the_server_cut_off_is_ordered_again(desk, known):
    task = desk.task(IMAGE)
    desk.talk(known)
    begins(desk, task)
    assert fails(desk, task).state == "pending"
    assert [one.name for one in desk.talk(known)] == ["Download"]
    after = desk.tasks[task]
    assert (after.state, after.attempts) == ("waiting", 2)
    assert after.evidence.keys().isdisjoint({"fetches_open", "bytes_served", "transfer_complete"})


def test_it_is_not_ordered_for_ever(desk, known):
    task = desk.task(IMAGE)
    for _ in range(desk.tasks[task].max_attempts):
        assert desk.tasks[task].state == "pending"
        desk.now += 3600
        desk.talk(known)
        begins(desk, task)
        fails(desk, task)
    assert desk.tasks[task].state == "failed"
    assert "the connection broke" in desk.tasks[task].fault.text


@pytest.mark.parametrize("code", [9012, 9018])
def test_what_no_line_can_be_blamed_for_fails(desk, known, code):
    task = desk.task(IMAGE)
    desk.talk(known)
    begins(desk, task)
    assert fails(desk, task, code).state == "failed"


def test_a_phone_that_broke_the_download_off_itself_fails(desk, known):
    task = desk.task(IMAGE)
    desk.talk(known)
    begins(desk, task)
    desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=40, complete=False, now=desk.now)
    assert fails(desk, task).state == "failed"


def test_a_phone_that_has_the_whole_file_and_cannot_use_it_fails(desk, known):
    """In CWMP 1.0 a damaged image is 9010, too."""
    task = desk.task(IMAGE, rollout="r1")
    desk.talk(known)
    begins(desk, task)
    desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=100, complete=True, now=desk.now)
    assert fails(desk, task).state == "failed"


def test_a_phone_that_never_got_to_fetch_is_asked_again_where_the_server_was_not_there(desk, known):
    task = desk.task(IMAGE)
    desk.talk(known)
    desk.server_missing_at = desk.now + 1
    assert fails(desk, task, 9015).state == "pending"
    desk.talk(known)
    assert fails(desk, task, 9015).state == "failed", "it was there this time"
