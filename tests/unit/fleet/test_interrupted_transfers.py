"""A file server that is killed while it sends: its word is lost, and must be missed by nobody."""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
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
