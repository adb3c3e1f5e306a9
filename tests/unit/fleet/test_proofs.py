"""Tasks that are done only when something proves it: reboots, resets, schedules, downloads, uploads."""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
from acs.cwmp.structures import ParameterValue, QueuedTransfer, TransferFault
from acs.fleet import expiry, proof
from acs.fleet.task import (
    DownloadWork,
    FactoryResetWork,
    GetRpcMethodsWork,
    RebootWork,
    ScheduleInformWork,
    UploadWork,
)

VERSION = "Device.DeviceInfo.SoftwareVersion"
FIRMWARE = DownloadWork(
    file="fw.rom", file_type="1 Firmware Upgrade Image", size=1000, version="38.0.0.1", sha256="00"
)
CONFIG = DownloadWork(file="a.cfg", file_type="3 Vendor Configuration File", size=100)
ELSEWHERE = DownloadWork(url="http://example/a.cfg", file_type="3 Vendor Configuration File")
FAULT = TransferFault(9016, "404")


@pytest.fixture
def known(desk, phone):
    desk.learnt(phone)
    desk.inform("6 CONNECTION REQUEST")
    return phone


def as_fields(work):
    return {field: getattr(work, field) for field in work.__struct_fields__}


def upgrade(desk, phone, version="38.0.0.1"):
    phone.model[VERSION] = (version, "xsd:string")


# --- reboot, reset, schedule ---


@pytest.mark.parametrize(
    ("codes", "proved_by"),
    [
        (["1 BOOT", ("M Reboot", "KEY")], "M Reboot"),
        ([("M Reboot", "KEY")], "M Reboot"),
        (["1 BOOT", ("M Reboot", "")], "M Reboot, without this task's CommandKey"),
        (["1 BOOT", ("M Reboot", "stranger")], "M Reboot, without this task's CommandKey"),
        (["1 BOOT"], "1 BOOT, without M Reboot"),
    ],
)
def test_a_reboot_is_proved_by_what_the_phone_says_when_it_is_back(desk, known, codes, proved_by):
    task = desk.task(RebootWork())
    desk.talk(known)
    assert desk.tasks[task].state == "waiting"
    desk.inform("2 PERIODIC")
    assert desk.tasks[task].state == "waiting"
    desk.inform(*[(c[0], task if c[1] == "KEY" else c[1]) if isinstance(c, tuple) else c for c in codes])
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].result == {"proved_by": proved_by}
    assert proved_by in desk.texts("task")[-1]


def test_a_reboot_that_is_never_seen_fails_after_its_time(desk, known):
    task = desk.task(RebootWork())
    desk.talk(known)
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + proof.BOOT_WAIT - 1))
    assert desk.tasks[task].state == "waiting"
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + proof.BOOT_WAIT + 1))
    assert desk.tasks[task].fault.text == "The phone accepted the reboot but was not seen to boot"


def test_a_late_proof_counts_more_than_the_deadline(desk, known):
    task = desk.task(RebootWork())
    desk.talk(known)
    desk.inform("1 BOOT", ("M Reboot", task), later=proof.BOOT_WAIT * 2)
    assert desk.tasks[task].state == "done"


def test_a_factory_reset_is_proved_by_bootstrap(desk, known):
    task = desk.task(FactoryResetWork())
    desk.talk(known)
    desk.inform("1 BOOT")
    assert desk.tasks[task].state == "waiting"
    desk.inform("0 BOOTSTRAP", "1 BOOT")
    assert desk.tasks[task].state == "done"


@pytest.mark.parametrize("work", [RebootWork(), FactoryResetWork()])
def test_a_lost_disruptive_task_is_judged_by_the_next_inform(desk, known, work):
    task = desk.task(work)
    assert len(desk.talk(lambda request: None)) == 1
    desk.break_off()
    assert desk.tasks[task].state == "running"
    assert desk.talk(known) == []  # it may be on its way down
    desk.inform("0 BOOTSTRAP", "1 BOOT")
    assert desk.tasks[task].state == "done"


@pytest.mark.parametrize("work", [RebootWork(), FactoryResetWork()])
def test_a_lost_disruptive_task_that_did_not_happen_is_sent_again(desk, known, work):
    task = desk.task(work)
    desk.talk(lambda request: None)  # the server is killed: nobody tells the planner
    desk.inform("2 PERIODIC")
    desk.talk(known)
    assert desk.tasks[task].state == "waiting"
    assert desk.tasks[task].attempts == 2


def test_an_old_boot_that_is_told_again_proves_no_lost_reboot(desk, phone):
    """The session that began with 1 BOOT broke over our Reboot; the phone retries the same Inform."""
    desk.learnt(phone)
    desk.inform("1 BOOT")
    task = desk.task(RebootWork())
    desk.talk(lambda request: None)
    desk.break_off()
    desk.inform("1 BOOT", retry=1)
    assert desk.tasks[task].state == "running"  # it is asked first for how long it has been up


@pytest.mark.parametrize(
    "codes", [["3 SCHEDULED", ("M ScheduleInform", "KEY")], [("M ScheduleInform", "")], ["3 SCHEDULED"]]
)
def test_a_scheduled_inform_is_done_when_it_comes(desk, known, codes):
    task = desk.task(ScheduleInformWork(120))
    desk.talk(known)
    assert known.asked[0].delay_seconds == 120
    assert desk.tasks[task].deadline >= desk.now + 120
    desk.inform("2 PERIODIC")
    assert desk.tasks[task].state == "waiting"
    desk.inform(*[(c[0], task if c[1] == "KEY" else c[1]) if isinstance(c, tuple) else c for c in codes])
    assert desk.tasks[task].state == "done"


# --- firmware ---


def test_firmware_is_proved_by_its_version_even_without_transfer_complete(desk, known):
    task = desk.task(FIRMWARE)
    desk.talk(known)
    request = known.asked[0]
    assert (request.command_key, request.url, request.file_size) == (
        task,
        f"http://files.example/d/{task}",
        1000,
    )
    upgrade(desk, known)
    desk.inform("1 BOOT", phone=known)
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].result["proved_by"] == "SoftwareVersion 38.0.0.1"


@pytest.mark.parametrize("spelling", ["V38.0.0.1", "38.00.0.1", "38-0-0-1"])
def test_firmware_is_proved_by_its_version_however_it_is_spelt(desk, known, spelling):
    task = desk.task(FIRMWARE)
    desk.talk(known)
    upgrade(desk, known, spelling)
    desk.inform("1 BOOT", phone=known)
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].result["proved_by"] == f"SoftwareVersion {spelling}"


def test_transfer_complete_alone_does_not_prove_firmware(desk, known):
    task = desk.task(FIRMWARE)
    desk.talk(known)
    desk.inform("7 TRANSFER COMPLETE", ("M Download", task))
    response = desk.notice(m.TransferComplete(task))
    assert isinstance(response, m.TransferCompleteResponse)
    assert desk.tasks[task].state == "waiting"
    upgrade(desk, known)
    desk.inform("1 BOOT", phone=known)
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].result["transfer_complete"]["fault_code"] == 0


def test_transfer_complete_after_the_boot_with_the_old_version_is_a_failure(desk, known):
    task = desk.task(FIRMWARE)
    desk.talk(known)
    desk.inform("1 BOOT", "7 TRANSFER COMPLETE", ("M Download", task))
    assert desk.tasks[task].state == "waiting"
    desk.notice(m.TransferComplete(task))
    assert desk.tasks[task].state == "failed"
    assert "37.72.0.5 instead of 38.0.0.1" in desk.tasks[task].fault.text


def test_a_boot_before_the_transfer_began_is_not_its_boot(desk, known):
    task = desk.task(DownloadWork(**{**as_fields(FIRMWARE), "delay": 600}))
    desk.talk(known)
    desk.inform("1 BOOT")  # a power cut
    desk.notice(m.TransferComplete(task))
    assert desk.tasks[task].state == "waiting"
    upgrade(desk, known)
    desk.inform("1 BOOT", phone=known)
    assert desk.tasks[task].state == "done"


def test_a_second_attempt_is_not_judged_by_the_first_ones_boot(desk, known):
    task = desk.task(FIRMWARE)
    desk.tasks[task] = desk.tasks[task].noting(booted=True, transfer_complete={"fault_code": 0})
    desk.talk(known)
    desk.inform("2 PERIODIC")
    assert desk.tasks[task].state == "waiting"


def test_a_new_version_proves_firmware_whose_version_nobody_knew(desk, known):
    task = desk.task(DownloadWork(url="http://x/fw", file_type="1 Firmware Upgrade Image"))
    desk.talk(known)
    upgrade(desk, known, "99")
    desk.inform("1 BOOT", phone=known)
    assert desk.tasks[task].result["proved_by"] == "SoftwareVersion, now 99"


def test_a_version_that_the_boot_inform_leaves_out_is_read_before_judging(desk, known):
    """Quirk 60."""
    task = desk.task(FIRMWARE)
    desk.talk(known)
    upgrade(desk, known)
    desk.inform("1 BOOT", ("M Download", task), values=())
    desk.notice(m.TransferComplete(task))
    assert desk.tasks[task].state == "waiting"
    desk.talk(known)
    assert desk.tasks[task].state == "done"
    assert desk.device.software_version == "38.0.0.1"


def test_a_firmware_whose_version_nobody_knows_needs_report_and_boot(desk, known):
    task = desk.task(DownloadWork(url="http://x/fw", file_type="1 Firmware Upgrade Image"))
    desk.talk(known)
    desk.inform("7 TRANSFER COMPLETE", ("M Download", task))
    desk.notice(m.TransferComplete(task))
    assert desk.tasks[task].state == "waiting"
    desk.inform("1 BOOT")
    assert desk.tasks[task].state == "done"


@pytest.mark.parametrize("sent", [1000, 400])
def test_status_zero_counts_as_the_report_of_such_firmware_once_it_was_served(desk, known, sent):
    """Quirk 34: Status 0 comes while the transfer still runs, and then a power cut."""
    known.odd = lambda r: m.DownloadResponse(0) if isinstance(r, m.Download) else NotImplemented
    task = desk.task(DownloadWork(file="fw.rom", file_type="1 Firmware Upgrade Image", size=1000))
    desk.talk(known)
    desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=sent, complete=sent == 1000, now=desk.now)
    assert desk.tasks[task].state == "waiting"
    desk.inform("1 BOOT")
    assert desk.tasks[task].state == ("done" if sent == 1000 else "waiting")


def test_flashing_the_version_that_runs_already_needs_report_and_boot(desk, known):
    upgrade(desk, known)
    desk.inform("1 BOOT", phone=known)
    desk.talk(known)
    task = desk.task(FIRMWARE)
    desk.talk(known)
    assert desk.tasks[task].state == "waiting"
    desk.inform("2 PERIODIC", phone=known)
    assert desk.tasks[task].state == "waiting"
    desk.notice(m.TransferComplete(task))
    desk.inform("1 BOOT", phone=known)
    assert desk.tasks[task].state == "done"


def test_firmware_that_never_shows_is_given_up_with_what_was_missing(desk, known):
    task = desk.task(FIRMWARE)
    desk.talk(known)
    desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=400, complete=False, now=desk.now)
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + proof.TRANSFER_WAIT + 1))
    assert desk.tasks[task].fault.text == (
        "The phone was never seen with version 38.0.0.1 (it had 37.72.0.5); it fetched 400 of 1000 bytes"
    )


def test_a_slow_transfer_is_not_given_up_while_it_goes_on(desk, known):
    task = desk.task(FIRMWARE)
    desk.talk(known)
    late = desk.now + proof.TRANSFER_WAIT - 1
    desk.tasks[task] = proof.sending(desk.tasks[task], 400, late)
    desk.apply(expiry.overdue(desk.tasks.values(), late + 2))
    assert desk.tasks[task].state == "waiting"
    assert desk.tasks[task].evidence["bytes_under_way"] == 400
    desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=1000, complete=True, now=late + 3)
    assert desk.tasks[task].evidence["bytes_served"] == 1000
    assert "bytes_under_way" not in desk.tasks[task].evidence


# --- other files ---


@pytest.mark.parametrize("served_first", [True, False])
def test_a_stored_file_needs_the_report_and_the_file_servers_word(desk, known, served_first):
    task = desk.task(CONFIG)
    desk.talk(known)

    def serve():
        desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=100, complete=True, now=desk.now)

    if served_first:
        serve()
        assert desk.tasks[task].state == "waiting"
    desk.inform("7 TRANSFER COMPLETE", ("M Download", task))
    desk.notice(m.TransferComplete(task, start_time="2024-01-01T00:00:00Z"))
    if not served_first:
        assert desk.tasks[task].state == "waiting"
        serve()
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].result["bytes_served"] == 100


def test_a_stored_file_fetched_in_parts_counts_as_whole(desk, known):
    task = desk.task(CONFIG)
    desk.talk(known)
    for _ in range(2):
        desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=50, complete=False, now=desk.now)
    assert desk.tasks[task].evidence["served_complete"] is True


@pytest.mark.parametrize("served", [True, False])
def test_status_zero_is_believed_once_the_file_was_served(desk, known, served):
    """Quirk 34: Status 0 comes while the transfer still runs."""
    known.odd = lambda r: m.DownloadResponse(0) if isinstance(r, m.Download) else NotImplemented
    task = desk.task(CONFIG)

    def fetching(request):
        if served:
            desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=100, complete=True, now=desk.now)
        return known(request)

    desk.talk(fetching)
    assert desk.tasks[task].state == ("done" if served else "waiting")
    desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=100, complete=True, now=desk.now)
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].result["status"] == 0


def test_a_report_without_any_fetch_is_not_believed(desk, known):
    task = desk.task(CONFIG)
    desk.talk(known)
    desk.notice(m.TransferComplete(task))
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + proof.FETCH_WAIT + 1))
    assert desk.tasks[task].state == "failed"
    assert "it never fetched the file" in desk.tasks[task].fault.text


def test_a_fetched_file_without_any_report_is_taken_as_done_in_the_end(desk, known):
    task = desk.task(CONFIG)
    desk.talk(known)
    desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=100, complete=True, now=desk.now)
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + proof.APPLY_WAIT - 1))
    assert desk.tasks[task].state == "waiting"
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + proof.APPLY_WAIT + 1))
    assert desk.tasks[task].state == "done"
    assert "never reported" in desk.tasks[task].evidence["proved_by"]


def test_a_file_that_was_fetched_before_the_answer_is_waited_for_no_longer(desk, known):
    """The phone fetches first and answers with Status 1 then, and never reports."""
    task = desk.task(CONFIG)

    def fetching(request):
        desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=100, complete=True, now=desk.now)
        return known(request)

    desk.talk(fetching)
    assert desk.tasks[task].state == "waiting"
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + proof.APPLY_WAIT + 1))
    assert desk.tasks[task].state == "done"


def test_a_file_elsewhere_is_done_as_the_phone_reports(desk, known):
    task = desk.task(ELSEWHERE)
    desk.talk(known)
    assert known.asked[0].url == ELSEWHERE.url
    desk.notice(m.TransferComplete(task))
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].result["proved_by"] == "the phone's report"


def test_a_transfer_that_failed_names_the_phones_code(desk, known):
    task = desk.task(CONFIG)
    desk.talk(known)
    desk.notice(m.TransferComplete(task, FAULT))
    assert desk.tasks[task].fault.code == 9016
    assert "404" in desk.tasks[task].fault.text


def test_transfer_complete_in_the_session_of_the_download_is_kept_for_the_answer(desk, known):
    """Quirk 34."""
    task = desk.task(ELSEWHERE)

    def eager(request):
        desk.notice(m.TransferComplete(task))
        assert desk.tasks[task].state == "running"
        return m.DownloadResponse(1)

    desk.talk(eager)
    assert desk.tasks[task].state == "done"


@pytest.mark.parametrize("key", ["", "who knows"])
def test_an_unknown_key_counts_for_the_only_open_transfer(desk, known, key):
    """Quirk 31."""
    task = desk.task(ELSEWHERE)
    desk.talk(known)
    desk.notice(m.TransferComplete(key))
    assert desk.tasks[task].state == "done"


def test_an_unknown_key_counts_for_none_of_two(desk, known):
    tasks = [desk.task(ELSEWHERE), desk.task(ELSEWHERE)]
    desk.talk(known)
    desk.notice(m.TransferComplete(""))
    assert {desk.tasks[task].state for task in tasks} == {"waiting"}
    assert "which no open task waits for" in desk.texts("transfer")[-1]


def test_the_key_of_a_closed_task_counts_for_no_other(desk, known):
    closed = desk.task(ELSEWHERE)
    desk.talk(known)
    desk.notice(m.TransferComplete(closed))
    other = desk.task(ELSEWHERE)
    desk.talk(known)
    desk.notice(m.TransferComplete(closed))  # delivered again
    assert desk.tasks[other].state == "waiting"


# --- uploads ---

RECEIVED = {"size": 9, "sha256": "ab", "file_name": "001565.cfg"}


@pytest.mark.parametrize("received_first", [True, False])
def test_an_upload_needs_the_file_and_the_report(desk, known, received_first):
    task = desk.task(UploadWork())
    desk.talk(known)
    for received in (received_first, not received_first):
        assert desk.tasks[task].state == "waiting"
        if received:
            desk.tasks[task] = proof.received(desk.tasks[task], now=desk.now, **RECEIVED)
        else:
            desk.notice(m.TransferComplete(task))
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].result["file"] == "001565.cfg"


def test_an_upload_whose_file_came_before_its_answer_is_done_by_status_zero(desk, known):
    task = desk.task(UploadWork())

    def sends_at_once(request):
        desk.tasks[task] = proof.received(desk.tasks[task], now=desk.now, **RECEIVED)
        return m.UploadResponse(0)

    desk.talk(sends_at_once)
    assert desk.tasks[task].state == "done"


def test_the_file_itself_proves_an_upload_that_is_never_reported(desk, known):
    task = desk.task(UploadWork())
    desk.talk(known)
    desk.tasks[task] = proof.received(desk.tasks[task], now=desk.now, **RECEIVED)
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + proof.FETCH_WAIT + 1))
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].result["sha256"] == "ab"


def test_a_lost_upload_is_sent_again_only_when_nothing_came(desk, known):
    task = desk.task(UploadWork())
    desk.talk(lambda request: None)
    desk.break_off()
    desk.inform("2 PERIODIC")
    desk.talk(known)
    assert desk.tasks[task].attempts == 2

    other = desk.task(UploadWork())

    def sends_and_dies(request):
        desk.tasks[other] = proof.received(desk.tasks[other], now=desk.now, **RECEIVED)

    desk.talk(sends_and_dies)
    desk.inform("2 PERIODIC")
    assert desk.talk(known) == []
    assert desk.tasks[other].state == "waiting"
    assert desk.tasks[other].attempts == 1


# --- downloads whose answer was lost ---


@pytest.mark.parametrize("work", [FIRMWARE, CONFIG])
@pytest.mark.parametrize("queued", [True, False])
def test_a_lost_download_is_asked_about_where_the_phone_can_tell(desk, phone, work, queued):
    phone.methods = (*phone.methods, "GetQueuedTransfers")
    desk.learnt(phone)
    desk.inform("6 CONNECTION REQUEST")
    task = desk.task(work)
    desk.talk(lambda request: None)
    desk.break_off()
    phone.odd = lambda r: (
        m.GetQueuedTransfersResponse((QueuedTransfer(task, 2),) if queued else ())
        if isinstance(r, m.GetQueuedTransfers)
        else NotImplemented
    )
    desk.inform("2 PERIODIC")
    desk.talk(phone)
    assert phone.names_asked() == ["GetQueuedTransfers"] + ([] if queued else ["Download"])
    assert desk.tasks[task].state == "waiting"
    assert desk.tasks[task].attempts == (1 if queued else 2)


@pytest.mark.parametrize("work", [FIRMWARE, CONFIG])
def test_a_lost_download_of_a_phone_that_cannot_tell_waits_one_quiet_session(desk, known, work):
    task = desk.task(work)
    desk.talk(lambda request: None)
    desk.break_off()
    desk.inform("2 PERIODIC")
    assert desk.talk(known) == []
    assert desk.tasks[task].state == "running"
    desk.inform("2 PERIODIC")
    desk.talk(known)
    assert known.names_asked() == ["Download"]
    assert desk.tasks[task].attempts == 2


def test_a_lost_download_that_was_fetched_is_not_sent_again(desk, known):
    task = desk.task(CONFIG)

    def fetches_and_dies(request):
        desk.tasks[task] = proof.served(desk.tasks[task], bytes_sent=10, complete=False, now=desk.now)

    desk.talk(fetches_and_dies)
    desk.inform("2 PERIODIC")
    assert desk.talk(known) == []
    assert desk.tasks[task].state == "waiting"


def test_a_lost_download_that_is_reported_is_not_sent_again(desk, known):
    task = desk.task(ELSEWHERE)
    desk.talk(lambda request: None)
    desk.inform("7 TRANSFER COMPLETE", ("M Download", task))
    desk.notice(m.TransferComplete(task))
    assert desk.talk(known) == []
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].attempts == 1


def test_a_lost_firmware_download_is_proved_by_the_new_version(desk, known):
    task = desk.task(FIRMWARE)
    desk.talk(lambda request: None)
    upgrade(desk, known)
    desk.inform("1 BOOT", phone=known)
    assert desk.tasks[task].state == "done"


def test_a_question_that_faults_leads_to_the_quiet_session(desk, phone):
    phone.methods = ()
    desk.learnt(phone)
    desk.inform("6 CONNECTION REQUEST")
    task = desk.task(ELSEWHERE)
    phone.odd = lambda r: (
        m.Fault(9000, "unknown")
        if isinstance(r, m.GetQueuedTransfers)
        else None
        if isinstance(r, m.Download) and desk.sessions < 4
        else NotImplemented
    )
    desk.talk(phone)
    desk.break_off()
    desk.inform("2 PERIODIC")
    desk.talk(phone)
    assert desk.tasks[task].state == "running"
    desk.inform("2 PERIODIC")
    desk.talk(phone)
    assert phone.names_asked() == ["Download", "GetQueuedTransfers", "Download"]
    assert desk.tasks[task].state == "waiting"


def test_a_question_that_is_lost_twice_leaves_the_task_waiting_for_its_proof(desk, phone):
    phone.methods = (*phone.methods, "GetAllQueuedTransfers")
    desk.learnt(phone)
    task = desk.task(ELSEWHERE)
    for _ in range(3):
        desk.inform("2 PERIODIC")
        assert len(desk.talk(lambda request: None)) == 1
        desk.break_off()
    assert desk.tasks[task].state == "waiting"
    assert desk.tasks[task].attempts == 1


# --- time ---


def test_a_task_whose_time_is_over_expires_and_says_so(desk):
    task = desk.task(GetRpcMethodsWork(), expires_at=desk.now + 10)
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + 5))
    assert desk.tasks[task].state == "pending"
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + 10))
    assert desk.tasks[task].state == "expired"
    assert "did not call" in desk.tasks[task].fault.text
    assert "expired" in desk.texts("task")[-1]


def test_a_running_task_whose_phone_never_came_back_expires_later(desk, known):
    task = desk.task(RebootWork(), expires_at=desk.now + 10)
    desk.talk(lambda request: None)
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + 20))
    assert desk.tasks[task].state == "running"
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + 20 + expiry.ANSWER_GRACE))
    assert desk.tasks[task].state == "expired"


@pytest.mark.parametrize(
    "work",
    [RebootWork(), FactoryResetWork(), ScheduleInformWork(1), FIRMWARE, CONFIG, ELSEWHERE, UploadWork()],
)
def test_every_proof_that_does_not_come_is_missed_in_words(desk, known, work):
    task = desk.task(work)
    desk.talk(known)
    assert desk.tasks[task].state == "waiting"
    desk.apply(expiry.overdue(desk.tasks.values(), desk.tasks[task].deadline))
    assert desk.tasks[task].state == "failed"
    assert desk.tasks[task].fault.text.startswith("The phone ")


def test_values_that_speak_of_the_device_reach_its_record(desk, known):
    desk.inform("4 VALUE CHANGE", values=[ParameterValue(VERSION, "38.0.0.1")])
    assert desk.device.software_version == "38.0.0.1"
