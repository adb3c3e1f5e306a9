"""Every captured message of a real device or an independent client is read as its manifest says."""

from __future__ import annotations

from pathlib import Path

import pytest

from acs.cwmp import messages as m
from acs.cwmp.captured import split_request
from acs.cwmp.reading import Envelope, NotSoap, read

EASYCWMP = "FFFFFF-easycwmp-EC000001"
DIGEST = "FFFFFF-easycwmp-EC000002"

#: file, message, minor version of the namespace, cwmp:ID, and for an Inform its device and events.
CAPTURES = [
    ("avm-fritzbox-7170-fragment.xml", m.Inform, 0, "", "00040E-FRITZ!Box-00150C492F89", ["0 BOOTSTRAP"]),
    ("baicells-spv-fault.xml", m.Fault, 0, "ID:intrnl.unset.id.SetParameterValues1779767325.19266954"),
    ("cisco-spa122-gpv-without-value.xml", m.GetParameterValuesResponse, 0, "166f77013830000"),
    ("client-easycwmp-AddObjectResponse.http", m.AddObjectResponse, 2, "acs12"),
    ("client-easycwmp-DeleteObjectResponse.http", m.DeleteObjectResponse, 2, "acs132"),
    ("client-easycwmp-DownloadResponse.http", m.DownloadResponse, 2, "acs15"),
    ("client-easycwmp-Fault-9003-9008.http", m.Fault, 2, "acs9"),
    ("client-easycwmp-Fault-9005.http", m.Fault, 2, "acs7"),
    ("client-easycwmp-GetParameterAttributesResponse.http", m.GetParameterAttributesResponse, 2, "acs11"),
    ("client-easycwmp-GetParameterNamesResponse.http", m.GetParameterNamesResponse, 2, "acs3"),
    ("client-easycwmp-GetParameterValuesResponse.http", m.GetParameterValuesResponse, 2, "acs5"),
    ("client-easycwmp-GetRPCMethodsResponse.http", m.GetRPCMethodsResponse, 2, "acs2"),
    ("client-easycwmp-Inform-0-BOOTSTRAP-1-BOOT.http", m.Inform, 2, "1", EASYCWMP, ["0 BOOTSTRAP", "1 BOOT"]),
    (
        "client-easycwmp-Inform-7-TRANSFER-COMPLETE-M-Download-1-BOOT.http",
        *(m.Inform, 2, "1", EASYCWMP, ["7 TRANSFER COMPLETE", "M Download", "1 BOOT"]),
    ),
    ("client-easycwmp-ScheduleInformResponse.http", m.ScheduleInformResponse, 2, "acs14"),
    ("client-easycwmp-SetParameterAttributesResponse.http", m.SetParameterAttributesResponse, 2, "acs10"),
    ("client-easycwmp-SetParameterValuesResponse.http", m.SetParameterValuesResponse, 2, "acs8"),
    ("client-easycwmp-TransferComplete.http", m.TransferComplete, 2, "2"),
    (
        "client-easycwmp-digest-Inform-0-BOOTSTRAP-1-BOOT.http",
        m.Inform,
        2,
        "1",
        DIGEST,
        ["0 BOOTSTRAP", "1 BOOT"],
    ),
    (
        "client-easycwmp-digest-Inform-M-Reboot-1-BOOT-7-TRANSFER-COMPLETE-M-Upload.http",
        *(m.Inform, 2, "1", DIGEST, ["M Reboot", "1 BOOT", "7 TRANSFER COMPLETE", "M Upload"]),
    ),
    ("client-easycwmp-digest-RebootResponse.http", m.RebootResponse, 2, "acs4"),
    ("client-easycwmp-digest-TransferComplete.http", m.TransferComplete, 2, "2"),
    ("client-easycwmp-digest-UploadResponse.http", m.UploadResponse, 2, "acs3"),
    ("cwmp_ex-2601.xml", m.Inform, 0, "100", "EC43F6-P-2601HN-F1-EC43F69AF408", ["2 PERIODIC"]),
    ("cwmp_ex-inform-sample_2601.xml", m.Inform, 0, "100", "EC43F6-P-2601HN-F1-EC43F69AF408", ["2 PERIODIC"]),
    ("cwmp_ex-inform-sample_hgw4.xml", m.Inform, 0, "0", "40F201-Router-LK14183DP340340", ["2 PERIODIC"]),
    ("freeacs-GetParameterNamesResponse.xml", m.GetParameterNamesResponse, 0, "FREEACS-0"),
    ("freeacs-GetParameterValuesResponse.xml", m.GetParameterValuesResponse, 2, "FREEACS-0"),
    ("freeacs-GetRPCMethods.xml", m.GetRPCMethods, 2, "FREEACS-0"),
    (
        "freeacs-Inform.xml",
        *(m.Inform, 2, "1", "000000-FakeProductClass-FakeSerialNumber"),
        ["0 BOOTSTRAP", "1 BOOT", "4 VALUE CHANGE"],
    ),
    ("freeacs-SetParameterValuesResponse.xml", m.SetParameterValuesResponse, 2, "FREEACS-0"),
    ("genieacs171-transfercomplete-fault.xml", m.TransferComplete, 0, "XXXXXXXYYYYZZZ"),
    (
        "mikrotik-hap-lite-inform.http",
        m.Inform,
        0,
        "",
        "E48D8C-hAP lite-XXXXXXXXXXXX",
        ["8 DIAGNOSTICS COMPLETE"],
    ),
    (
        "perl-cwmp-protocol-inform.xml",
        m.Inform,
        0,
        "946498461",
        "00255e-6718-00255e71f7ac",
        ["0 BOOTSTRAP", "1 BOOT"],
    ),
    ("thomson-BANT-R-7.4.1.7-Fault.http", m.Fault, 0, "218_THOM_TR69_ID"),
    (
        "thomson-BANT-R-7.4.1.7-GetParameterAttributesResponse.http",
        m.GetParameterAttributesResponse,
        0,
        "11_THOM_TR69_ID",
    ),
    (
        "thomson-BANT-R-7.4.1.7-GetParameterNamesResponse.http",
        m.GetParameterNamesResponse,
        0,
        "218_THOM_TR69_ID",
    ),
    ("thomson-BANT-R-7.4.1.7-GetRPCMethodsResponse.http", m.GetRPCMethodsResponse, 0, "218_THOM_TR69_ID"),
    (
        "thomson-BANT-R-7.4.1.7-Inform.http",
        m.Inform,
        0,
        "3_THOM_TR69_ID",
        "00147F-SpeedTouch 780-CP0644JTHJ4",
        ["2 PERIODIC"],
    ),
    ("thomson-BANT-R-7.4.1.7-ParameterValue.http", m.GetParameterValuesResponse, 0, "218_THOM_TR69_ID"),
    ("thomson-SpeedTouch-706-Fault.xml", m.Fault, 0, "22_THOM_TR69_ID"),
    ("thomson-SpeedTouch-706-GetRPCMethodsResponse.xml", m.GetRPCMethodsResponse, 0, "22_THOM_TR69_ID"),
    (
        "thomson-SpeedTouch-706-Inform.xml",
        m.Inform,
        0,
        "22_THOM_TR69_ID",
        "00147F-SpeedTouch 706-CP0636JT3SH",
        ["2 PERIODIC"],
    ),
    (
        "thomson-http-chunked.http",
        m.Inform,
        0,
        "14_THOM_TR69_ID",
        "00147F-SpeedTouch 780-CP0644JTHJ4",
        ["2 PERIODIC"],
    ),
    ("tr069-spec-spv-fault.xml", m.Fault, 0, "1234"),
]
EMPTY_POSTS = ["client-easycwmp-empty-post.http", "client-easycwmp-digest-empty-post.http"]


def read_capture(shared: Path, name: str) -> Envelope:
    captured = split_request((shared / "captures" / name).read_bytes())
    return read(captured.body, captured.charset)


@pytest.mark.parametrize("expected", CAPTURES, ids=lambda expected: expected[0])
def test_a_capture_is_read_as_what_it_is(expected, shared):
    name, message_class, minor, cwmp_id, *inform = expected
    envelope = read_capture(shared, name)
    message = envelope.message
    assert type(message) is message_class
    assert (envelope.namespace, envelope.cwmp_id) == (f"urn:dslforum-org:cwmp-1-{minor}", cwmp_id)
    if inform:
        device = message.device_id
        assert f"{device.oui}-{device.product_class}-{device.serial_number}" == inform[0]
        assert [event.event_code for event in message.event] == inform[1]
    if not name.startswith("avm"):
        assert envelope.repairs == (), "nothing but the printed fragment needs mending"


@pytest.mark.parametrize("name", EMPTY_POSTS)
def test_an_empty_post_is_no_soap(name, shared):
    with pytest.raises(NotSoap, match="empty"):
        read_capture(shared, name)


def test_no_capture_is_left_out(shared):
    expected = {name for name, *_ in CAPTURES} | set(EMPTY_POSTS) | {"MANIFEST.md"}
    assert {path.name for path in (shared / "captures").iterdir()} == expected


def test_the_fragment_from_a_magazine_keeps_all_its_parameters(shared):
    """Broken end tags, undeclared prefixes, no Envelope: seven values all the same."""
    values = {
        p.name: p.value for p in read_capture(shared, "avm-fritzbox-7170-fragment.xml").message.parameter_list
    }
    assert len(values) == 7
    assert values["InternetGatewayDevice.DeviceInfo.SoftwareVersion"] == "29.05.01-release-build_1818-2904"
    assert values["InternetGatewayDevice.ManagementServer.ConnectionRequestURL"].endswith(":8089/4b123c06")
    path = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.ExternalIPAddress"
    assert values[path] == "194.175.125.104"


def test_faults_name_code_text_and_parameters(shared):
    fault = read_capture(shared, "client-easycwmp-Fault-9003-9008.http").message
    assert (fault.fault_code, fault.fault_string, fault.faultcode) == (9003, "Invalid arguments", "Client")
    assert [(p.parameter_name, p.fault_code) for p in fault.parameter_faults] == [
        ("Device.DeviceInfo.SerialNumber", 9008)
    ]


def test_a_failed_transfer_tells_why(shared):
    message = read_capture(shared, "genieacs171-transfercomplete-fault.xml").message
    assert message.fault_struct.fault_code == 9015


def test_a_value_that_is_missing_is_empty(shared):
    message = read_capture(shared, "cisco-spa122-gpv-without-value.xml").message
    assert [(p.name, p.value) for p in message.parameter_list] == [("Device.DeviceInfo.DeviceLog", "")]
