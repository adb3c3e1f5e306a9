"""Never into a call: what a phone is asked before it is asked to go away, and what its answer leads to."""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
from acs.fleet import guarding
from acs.fleet.task import DownloadWork, Guard, RebootWork, TaskState

LINE = "Device.Services.VoiceService.1.VoiceProfile.1.Line."
METHODS = ("GetRPCMethods", "GetParameterNames", "GetParameterValues", "Reboot", "ScheduleInform")
GUARD = Guard(not_in_call=True, ask_again=20)


@pytest.fixture
def calling(phone_with):
    """Makes a phone whose lines are in these states."""

    def make(*states: str):
        phone = phone_with()
        phone.methods = METHODS
        for number, state in enumerate(states, start=1):
            phone.model[f"{LINE}{number}.CallState"] = (state, "xsd:string")
        return phone

    return make


def names(asked):
    return [one.name for one in asked]


@pytest.mark.parametrize("state", ["Idle", "", "Disconnecting", "idle"])
def test_a_free_phone_is_asked_and_then_rebooted(desk, calling, state):
    phone = desk.learnt(calling(state, "Idle"))
    task = desk.task(RebootWork(), guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    asked = desk.talk(phone)
    assert names(asked) == ["GetParameterValues", "Reboot"]
    assert asked[0].parameter_names == (f"{LINE}1.CallState", f"{LINE}2.CallState")
    assert desk.tasks[task].evidence[guarding.CALL_STATE]["lines"] == 2


@pytest.mark.parametrize("state", ["InCall", "Calling", "Ringing", "Connecting"])
def test_a_phone_in_a_call_is_told_to_call_again_and_asked_anew(desk, calling, state):
    phone = desk.learnt(calling("Idle", state))
    task = desk.task(RebootWork(), guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    asked = desk.talk(phone)
    assert names(asked) == ["GetParameterValues", "ScheduleInform"]
    assert (asked[1].delay_seconds, asked[1].command_key) == (20, task)
    assert desk.tasks[task].state is TaskState.PENDING
    assert desk.tasks[task].attempts == 0
    assert desk.tasks[task].evidence["busy"]["why"] == f"line 2 is in a call ({state})"
    assert desk.texts("task")[-1] == f"Reboot waits: line 2 is in a call ({state})"
    # it calls before its time, for something else: it is not asked yet
    desk.inform("4 VALUE CHANGE", phone=phone, later=5)
    assert desk.talk(phone) == []
    # the call goes on, then it is over
    desk.inform("3 SCHEDULED", ("M ScheduleInform", task), phone=phone, later=20)
    assert names(desk.talk(phone)) == ["GetParameterValues", "ScheduleInform"]
    assert desk.tasks[task].evidence["busy"]["times"] == 2
    phone.model[f"{LINE}2.CallState"] = ("Idle", "xsd:string")
    desk.inform("3 SCHEDULED", ("M ScheduleInform", task), phone=phone, later=30)
    assert names(desk.talk(phone)) == ["GetParameterValues", "Reboot"]
    assert "busy" not in desk.tasks[task].evidence


def test_a_phone_with_another_version_by_now_is_not_asked(desk, calling):
    phone = desk.learnt(calling("Idle"))
    has = desk.device.software_version
    other = desk.task(RebootWork(), guard=Guard(version="1.2.3.4"))
    desk.inform("2 PERIODIC", phone=phone)
    assert desk.talk(phone) == []
    assert desk.tasks[other].state is TaskState.PENDING
    desk.task(RebootWork(), guard=Guard(version=has))
    desk.inform("2 PERIODIC", phone=phone, later=5)
    assert names(desk.talk(phone)) == ["Reboot"]


def test_what_was_told_in_one_session_does_not_count_in_the_next(desk, calling):
    phone = desk.learnt(calling("Idle"))
    desk.task(RebootWork(), guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    phone.odd = lambda request: None if isinstance(request, m.Reboot) else NotImplemented
    assert names(desk.talk(phone)) == ["GetParameterValues", "Reboot"]
    desk.break_off()
    phone.odd = lambda request: NotImplemented
    phone.model[f"{LINE}1.CallState"] = ("InCall", "xsd:string")
    desk.inform("2 PERIODIC", phone=phone, later=600)
    assert "Reboot" not in names(desk.talk(phone))


def test_a_phone_without_call_state_cannot_be_asked(desk, phone):
    desk.learnt(phone)
    task = desk.task(RebootWork(), guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    assert names(desk.talk(phone)) == ["GetParameterValues", "Reboot"]
    assert desk.tasks[task].evidence[guarding.CALL_STATE]["lines"] == 0


def test_a_phone_without_lines_is_not_asked(desk, phone):
    phone.model = {name: told for name, told in phone.model.items() if ".Services." not in name}
    desk.learnt(phone)
    desk.task(RebootWork(), guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    assert names(desk.talk(phone)) == ["Reboot"]


@pytest.mark.parametrize("first", [0, 1])
def test_each_line_of_a_phone_is_asked_whatever_the_first_of_its_model_had(
    desk, another_desk, calling, first
):
    """Its names are those of the model, learnt from a phone with fewer lines, or without CallState."""
    desk.learnt(calling(*["Idle"] * first))
    another_desk.profiles = desk.profiles
    phone = calling("Idle", "Idle")
    phone.model[f"{LINE}2.Enable"] = ("Enabled", "xsd:string")
    phone.model["Device.Services.VoiceService.1.VoiceProfile.3.Line.1.CallState"] = ("InCall", "xsd:string")
    another_desk.learnt(phone)
    task = another_desk.task(RebootWork(), guard=GUARD)
    another_desk.inform("2 PERIODIC", phone=phone)
    assert names(another_desk.talk(phone)) == ["GetParameterValues", "ScheduleInform"]
    assert (
        another_desk.tasks[task].evidence["busy"]["why"] == "line 1 of voice profile 3 is in a call (InCall)"
    )


def test_a_phone_that_lists_the_state_and_does_not_know_it_cannot_be_asked_either(desk, calling):
    phone = desk.learnt(calling("Idle"))
    phone.unknown.add(f"{LINE}1.CallState")
    desk.task(RebootWork(), guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    assert names(desk.talk(phone)) == ["GetParameterValues", "Reboot"]


def test_a_phone_that_refuses_to_tell_is_left_alone(desk, calling):
    phone = desk.learnt(calling("Idle"))
    phone.odd = lambda request: (
        m.Fault(9002, "Internal error") if isinstance(request, m.GetParameterValues) else NotImplemented
    )
    task = desk.task(RebootWork(), guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    assert names(desk.talk(phone)) == ["GetParameterValues", "ScheduleInform"]
    assert "does not tell" in desk.tasks[task].evidence["busy"]["why"]


def test_a_phone_without_schedule_inform_is_not_asked_for_it(desk, calling):
    phone = calling("InCall")
    phone.methods = ("GetRPCMethods", "GetParameterNames", "GetParameterValues", "Reboot")
    desk.learnt(phone)
    desk.task(RebootWork(), guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    assert names(desk.talk(phone)) == ["GetParameterValues"]


def test_nothing_begins_after_the_window_though_the_call_is_over(desk, calling):
    phone = desk.learnt(calling("InCall"))
    guard = Guard(not_in_call=True, ask_again=20, not_after=desk.now + 75)
    desk.task(RebootWork(), guard=guard)
    desk.inform("2 PERIODIC", phone=phone)
    # the next time would be too late, so it is not called for
    assert names(desk.talk(phone)) == ["GetParameterValues"]
    phone.model[f"{LINE}1.CallState"] = ("Idle", "xsd:string")
    desk.inform("2 PERIODIC", phone=phone)
    assert desk.talk(phone) == []


# --- phones that tell no CallState and can wait themselves ---


@pytest.fixture
def patient(phone_with):
    """A phone of CWMP 1.2 without CallState, as it is learnt."""
    phone = phone_with()
    phone.methods = (*METHODS, "Download", "ScheduleDownload")
    return phone


IMAGE = DownloadWork(
    file="fw.rom", file_type="1 Firmware Upgrade Image", size=1000, version="38.0.0.1", sha256="00"
)
CWMP_1_2 = "urn:dslforum-org:cwmp-1-2"


def test_a_phone_that_tells_no_call_state_fetches_its_firmware_when_it_is_idle(desk, patient):
    phone = desk.learnt(patient)
    desk.namespace = CWMP_1_2
    task = desk.task(IMAGE, guard=Guard(not_in_call=True, not_after=desk.now + 1000))
    desk.inform("2 PERIODIC", phone=phone)
    _, asked = desk.talk(phone)
    assert isinstance(asked, m.ScheduleDownload)
    assert (asked.command_key, asked.file_size) == (task, 1000)
    [window] = asked.time_window_list
    assert (window.window_start, window.window_mode) == (0, "3 When Idle")
    assert 0 < window.window_end <= 1000
    assert desk.tasks[task].state is TaskState.WAITING
    phone.model["Device.DeviceInfo.SoftwareVersion"] = ("38.0.0.1", "xsd:string")
    desk.inform("1 BOOT", ("M ScheduleDownload", task), phone=phone)
    assert desk.tasks[task].state is TaskState.DONE


def test_a_phone_that_refuses_to_wait_gets_an_ordinary_download(desk, patient):
    patient.odd = lambda asked: (
        m.Fault(9000, "no") if isinstance(asked, m.ScheduleDownload) else NotImplemented
    )
    phone = desk.learnt(patient)
    desk.namespace = CWMP_1_2
    task = desk.task(IMAGE, guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    assert names(desk.talk(phone)) == ["GetParameterValues", "ScheduleDownload", "Download"]
    assert desk.tasks[task].state is TaskState.WAITING


@pytest.mark.parametrize(
    ("namespace", "methods"),
    [("urn:dslforum-org:cwmp-1-0", ("ScheduleDownload",)), (CWMP_1_2, ()), (CWMP_1_2, None)],
)
def test_who_cannot_wait_itself_is_not_asked_to(desk, phone_with, namespace, methods):
    """Of another version, or without the method; one that told no methods is taken to know the old ones."""
    phone = phone_with()
    phone.methods = (*METHODS, "Download", *methods) if methods is not None else ()
    desk.learnt(phone)
    desk.namespace = namespace
    desk.task(IMAGE, guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    assert names(desk.talk(phone)) == ["GetParameterValues", "Download"]


def test_one_that_tells_its_call_state_is_asked_for_that(desk, calling):
    phone = desk.learnt(calling("Idle"))
    phone.methods = (*METHODS, "Download", "ScheduleDownload")
    desk.namespace = CWMP_1_2
    desk.task(IMAGE, guard=GUARD)
    desk.inform("2 PERIODIC", phone=phone)
    assert names(desk.talk(phone)) == ["GetParameterValues", "Download"]
