"""What an Inform does: identity, events by meaning, the timeline, and no work for a heartbeat."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.cwmp.messages import Inform
from acs.cwmp.structures import DeviceId, Event, ParameterValue
from acs.fleet import inform
from acs.fleet.changes import Changes
from acs.fleet.device import ConnectionRequestLogin, Device, Learning
from acs.fleet.task import RebootWork


def test_first_contact_fills_the_record(desk):
    desk.inform("0 BOOTSTRAP", "1 BOOT")
    device = desk.device
    assert device.id == "001565-CP860-0015658a3786"
    assert (device.manufacturer, device.product_class) == ("Yealink", "CP860")
    assert (device.root, device.software_version, device.hardware_version) == (
        "Device.",
        "37.72.0.5",
        "37.0.0",
    )
    assert device.connection_request_url == "http://192.0.2.7:7547/x"
    assert (device.ip, device.user_agent, device.server_host) == ("192.0.2.7", "Yealink CP860", "acs.example")
    assert device.first_seen == device.last_inform == device.last_boot == device.last_bootstrap == desk.now
    assert device.learning is Learning.WANTED
    assert desk.texts() == [
        "First contact: Yealink CP860, version 37.72.0.5 at 192.0.2.7",
        "Informed: 0 BOOTSTRAP, 1 BOOT",
    ]
    assert desk.last.urgent


@pytest.mark.parametrize(
    ("root", "info"),
    [
        ("InternetGatewayDevice.", "DeviceInfo"),
        ("Device.", "deviceinfo"),
        ("device.", "DEVICEINFO"),
    ],
)
def test_root_and_version_are_found_under_either_root_and_in_any_case(desk, root, info):
    """Quirks 60 and 61."""
    desk.inform("1 BOOT", values=[ParameterValue(f"{root}{info}.SoftwareVersion", " 1.2 ")])
    assert (desk.device.root, desk.device.software_version) == (root, "1.2")


def test_an_answered_connection_request_stands_on_the_timeline(desk, phone):
    desk.learnt(phone)
    desk.inform("6 CONNECTION REQUEST")
    assert desk.timeline[-1].text == "Informed: 6 CONNECTION REQUEST"


@pytest.mark.parametrize("codes", [["2 PERIODIC"], [], ["2 periodic"]])
def test_a_heartbeat_is_counted_and_not_urgent(desk, phone, codes):
    desk.learnt(phone)
    before = len(desk.timeline)
    for _ in range(3):
        changes = desk.inform(*codes)
        assert not changes.urgent
        assert changes == Changes(device=changes.device)
    assert len(desk.timeline) == before
    assert desk.device.routine_informs == 3
    desk.inform("1 BOOT")
    assert desk.texts("inform")[-2:] == ["3 regular Informs", "Informed: 1 BOOT"]
    assert desk.device.routine_informs == 0


def test_an_inform_without_any_event_or_parameter_is_taken(desk):
    """Quirks 28 and 67."""
    desk.inform(values=())
    desk.inform(values=())
    assert desk.device.informs == 2


def test_bootstrap_forgets_what_was_known(desk, phone):
    desk.learnt(phone)
    desk.device = desk.device.__class__(
        **{
            **{field: getattr(desk.device, field) for field in desk.device.__struct_fields__},
            "connection_request": ConnectionRequestLogin("u", "p", "acs"),
            "missing": ("Device.X",),
        }
    )
    desk.inform("0 BOOTSTRAP")
    assert len(desk.tree) == 0
    assert desk.device.connection_request == ConnectionRequestLogin()
    assert desk.device.missing == ()
    assert desk.device.learning is Learning.WANTED


def test_a_bootstrap_that_is_delivered_again_starts_nothing_anew(desk, phone):
    desk.learnt(phone)
    desk.inform("0 BOOTSTRAP")
    desk.talk(phone)
    desk.inform("0 BOOTSTRAP", retry=1)
    assert desk.device.learning is Learning.COMPLETE
    assert len(desk.tree) > 0


def test_changed_values_are_named_and_known(desk, phone):
    desk.learnt(phone)
    desk.inform(
        "4 VALUE CHANGE",
        values=[
            ParameterValue("Device.DeviceInfo.SoftwareVersion", "37.72.0.5"),
            ParameterValue("Device.Time.NTPServer1", "new.example"),
            ParameterValue("Device.X.Password", "hush"),
        ],
    )
    assert desk.tree["Device.Time.NTPServer1"].value == "new.example"
    assert "NTPServer1 is now 'new.example'" in desk.texts("inform")[-1]
    assert "hush" not in str(desk.timeline[-1])
    assert "SoftwareVersion" not in desk.texts("inform")[-1]
    assert desk.device.inform_parameters["Device.Time.NTPServer1"] == ("new.example", "xsd:string")


def test_a_version_that_changed_without_a_boot_is_news_too(desk, phone):
    desk.learnt(phone)
    phone.model["Device.DeviceInfo.SoftwareVersion"] = ("9", "xsd:string")
    changes = desk.inform("2 PERIODIC", phone=phone)
    assert changes.urgent
    assert desk.device.learning is Learning.WANTED


def test_two_parameters_of_one_name_and_a_key_on_bootstrap_are_taken(desk):
    """Quirk 68."""
    twice = [ParameterValue("Device.A", "1"), ParameterValue("Device.A", "2")]
    desk.inform(("0 BOOTSTRAP", "key"), values=twice)
    assert desk.device.inform_parameters["Device.A"] == ("2", "xsd:string")


def test_a_huge_inform_does_not_swell_the_record(desk):
    many = [ParameterValue(f"Device.P{i}", "x") for i in range(5000)]
    desk.inform("1 BOOT", values=[ParameterValue("Device.Long", "x" * 100_000), *many])
    assert len(desk.device.inform_parameters) <= inform.MAX_INFORM_PARAMETERS
    assert "Device.Long" not in desk.device.inform_parameters


def test_an_interval_is_taken_when_it_is_told(desk):
    name = "Device.ManagementServer.PeriodicInformInterval"
    desk.inform("2 PERIODIC", values=[ParameterValue(name, "300", "xsd:unsignedInt")])
    for no_interval in ("-1", "0", "often", str(2**32)):
        desk.inform("2 PERIODIC", values=[ParameterValue(name, no_interval)])
    assert desk.device.inform_interval == 300


def test_an_inform_that_proves_a_task_is_urgent(desk, phone):
    desk.learnt(phone)
    desk.inform("2 PERIODIC")
    task = desk.task(RebootWork())
    desk.talk(phone)
    assert desk.inform("1 BOOT", ("M Reboot", task)).urgent


TEXT = st.text(max_size=30)
CODES = st.sampled_from(
    ["0 BOOTSTRAP", "1 BOOT", "2 PERIODIC", "4 VALUE CHANGE", "7 TRANSFER COMPLETE", "M Reboot"]
)
NAMES = st.sampled_from(
    [
        "Device.DeviceInfo.SoftwareVersion",
        "Device.ManagementServer.PeriodicInformInterval",
        "InternetGatewayDevice.DeviceInfo.HardwareVersion",
        ".",
        "",
        "Device.",
    ]
)


@given(
    st.lists(st.builds(Event, st.one_of(CODES, TEXT), TEXT), max_size=5),
    st.lists(st.builds(ParameterValue, st.one_of(NAMES, TEXT), TEXT, TEXT), max_size=8),
    st.integers(-5, 5),
    st.booleans(),
)
def test_whatever_an_inform_holds_it_is_absorbed(codes, values, retry, known):
    message = Inform(DeviceId("", "", "", "s"), tuple(codes), 1, "", retry, tuple(values))
    changes = inform.absorb(
        Device("x", learning=Learning.COMPLETE) if known else None,
        message,
        (),
        None,
        None,
        device_id="x",
        now=1000.0,
        ip="",
        user_agent="",
        server_host="",
        namespace="",
        session="s",
    )
    assert changes.device is not None
    assert changes.device.informs == 1
