"""What of a phone's doings becomes an event, and what this server brought about itself."""

from __future__ import annotations

import pytest
from msgspec import structs

from acs.cwmp.structures import ParameterValue
from acs.fleet import events, outcome
from acs.fleet.changes import Changes
from acs.fleet.device import Device
from acs.fleet.fleet_event import Kind
from acs.fleet.task import DownloadWork, GetParameterValuesWork, RebootWork, Task, TaskState

LINE = "Device.Services.VoiceService.1.VoiceProfile.1.Line.1.Status"


def kinds(changes: Changes) -> list[str]:
    return [event.kind for event in changes.events]


def test_first_contact_is_a_new_phone_and_nothing_else(desk):
    [event] = desk.inform("0 BOOTSTRAP", "1 BOOT").events
    assert (event.kind, event.device) == (Kind.DEVICE_NEW, desk.device.id)
    assert event.data == {"ip": "192.0.2.7", "firmware": "37.72.0.5", "model": "CP860"}


@pytest.mark.parametrize("codes", [["2 PERIODIC"], ["6 CONNECTION REQUEST"], ["4 VALUE CHANGE"]])
def test_an_ordinary_inform_is_no_event(desk, phone, codes):
    desk.learnt(phone)
    assert desk.inform(*codes).events == ()


def test_a_boot_that_nobody_asked_for(desk, phone):
    desk.learnt(phone)
    assert kinds(desk.inform("1 BOOT")) == [Kind.REBOOT_UNASKED]
    assert desk.last.urgent


@pytest.mark.parametrize(
    "codes",
    [
        ["1 BOOT", ("M Reboot", "x")],
        ["1 BOOT", "7 TRANSFER COMPLETE"],
        ["1 BOOT", ("M Download", "x")],
    ],
)
def test_a_boot_that_was_ordered_by_whomever(desk, phone, codes):
    desk.learnt(phone)
    assert desk.inform(*codes).events == ()


@pytest.mark.parametrize("state", [TaskState.RUNNING, TaskState.WAITING])
def test_a_boot_over_our_own_task(desk, phone, state):
    desk.learnt(phone)
    desk.task(RebootWork(), state=state, started_at=desk.now, deadline=desk.now + 600)
    assert desk.inform("1 BOOT").events == ()


def test_a_task_that_was_not_sent_yet_explains_no_boot(desk, phone):
    desk.learnt(phone)
    desk.task(RebootWork())
    assert kinds(desk.inform("1 BOOT")) == [Kind.REBOOT_UNASKED]


def test_a_boot_that_is_told_again_is_told_once(desk, phone):
    desk.learnt(phone)
    desk.inform("1 BOOT")
    assert desk.inform("1 BOOT", retry=1).events == ()


def test_firmware_that_somebody_else_put_there(desk, phone):
    desk.learnt(phone)
    version = ParameterValue("Device.DeviceInfo.SoftwareVersion", "37.73.0.1")
    changes = desk.inform("2 PERIODIC", values=[version])
    assert kinds(changes) == [Kind.FIRMWARE_CHANGED]
    assert changes.events[0].data == {"before": "37.72.0.5", "after": "37.73.0.1"}


def test_firmware_that_we_offered(desk, phone):
    desk.learnt(phone)
    work = DownloadWork(file="37.73.0.1.rom", file_type="1 Firmware Upgrade Image", version="37.73.0.1")
    desk.task(work, state=TaskState.WAITING, started_at=desk.now, deadline=desk.now + 600)
    version = ParameterValue("Device.DeviceInfo.SoftwareVersion", "37.73.0.1")
    assert desk.inform("1 BOOT", values=[version]).events == ()


def test_a_new_address(desk, phone):
    desk.learnt(phone)
    after = structs.replace(desk.device, events=("2 PERIODIC",))
    before = structs.replace(after, ip="192.0.2.8")
    [event] = events.of_inform(before, after, (), desk.now, repeated=False)
    assert (event.kind, event.data) == (Kind.IP_CHANGED, {"before": "192.0.2.8", "after": "192.0.2.7"})


def test_a_new_address_stands_on_the_timeline(desk, phone):
    desk.learnt(phone)
    changes = desk.inform("2 PERIODIC", ip="192.0.2.8")
    assert [entry.text for entry in changes.timeline] == ["Its address changed from 192.0.2.7 to 192.0.2.8"]


def test_a_phone_that_calls_from_two_addresses_in_turn_is_told_of_once(desk, phone):
    desk.learnt(phone)

    def moves(number, later=60.0):
        return [
            event.text.rpartition(", ")[2]
            for turn in range(number)
            for event in desk.inform("2 PERIODIC", ip=f"192.0.2.{8 + turn % 2}", later=later).events
        ]

    assert moves(20) == [
        "Its address changed from 192.0.2.7 to 192.0.2.8",
        "Its address changed from 192.0.2.8 to 192.0.2.9",
        "and does so again and again",
    ]
    for _ in range(70):
        assert desk.inform("2 PERIODIC", ip="192.0.2.9").events == ()
    assert moves(1) == ["Its address changed from 192.0.2.9 to 192.0.2.8"]


# --- lines --------------------------------------------------------------------------------------------------


def hears(desk, status):
    return [
        event.kind for event in desk.inform("4 VALUE CHANGE", values=[ParameterValue(LINE, status)]).events
    ]


def test_a_line_that_is_lost_and_found(desk, phone):
    desk.learnt(phone)
    assert hears(desk, "Up") == []
    assert hears(desk, "Registering") == []  # it may be Up in a moment
    assert hears(desk, "Error") == [Kind.REGISTRATION_LOST]
    assert hears(desk, "Error") == []
    assert hears(desk, "Up") == [Kind.REGISTERED]


@pytest.mark.parametrize(("status", "told"), [("Disabled", []), ("Error", [Kind.REGISTRATION_LOST])])
def test_what_is_heard_first_of_a_line(desk, phone, status, told):
    desk.learnt(phone)
    assert hears(desk, status) == told


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("VoiceProfile.1.Line.3", "Line 3"),
        ("VoiceProfile.2.Line.1", "Line 1 of voice profile 2"),
        ("Elsewhere.7", "Line 7"),
    ],
)
def test_the_line_that_is_told_of_can_be_told_from_others(desk, phone, line, name):
    path = f"Device.Services.VoiceService.1.{line}"
    desk.learnt(phone)
    before = structs.replace(desk.device, lines={path: "Up"}, events=())
    after = structs.replace(before, lines={path: "Error"})
    [event] = events.of_inform(before, after, (), desk.now, repeated=False)
    assert event.text == f"{name} is not registered: Error"


def test_an_inform_without_the_line_says_nothing_of_it(desk, phone):
    desk.learnt(phone)
    hears(desk, "Up")
    desk.inform("2 PERIODIC")
    assert hears(desk, "Error") == [Kind.REGISTRATION_LOST]


# --- faults -------------------------------------------------------------------------------------------------


def fails(device: Device, *codes: int) -> tuple[Device, list[str]]:
    """Tasks of one type that fail with these codes, 0 for one that is done, and the events of the last."""
    told: list[str] = []
    for number, code in enumerate(codes):
        work = GetParameterValuesWork(("Device.",))
        task = Task(id=str(number), device=device.id, work=work, state=TaskState.RUNNING)
        ended = outcome.failed(task, 1.0, code, "no") if code else outcome.done(task, 1.0)
        changes = events.of_changes(device, (task,), Changes(tasks=(ended,)), float(number))
        told = [event.kind for event in changes.events] if changes else []
        device = changes.device if changes and changes.device else device
    return device, told


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ([9005], []),
        ([9005, 9005], []),
        ([9005, 9005, 9005], [Kind.FAULT_REPEATED]),
        ([9005] * 4, [Kind.FAULT_REPEATED]),
        ([9005] * 5, []),
        ([9005] * 8, [Kind.FAULT_REPEATED]),
        ([9005, 9005, 9003], []),
        ([9005, 9005, 0, 9005], []),
    ],
)
def test_the_same_fault_in_a_row_is_told(codes, told):
    assert fails(Device("x"), *codes)[1] == told


def test_a_task_that_is_done_ends_the_row():
    assert fails(Device("x"), 9005, 9005, 0)[0].faults == {}


def test_nothing_said_of_these_is_no_change():
    assert events.of_changes(Device("x"), (), Changes(device=Device("x")), 1.0) is None
