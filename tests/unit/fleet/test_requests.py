"""Which wishes are refused before they become a task, and what is said about them."""

from __future__ import annotations

import pytest

from acs.fleet import requests
from acs.fleet.task import (
    AddObjectWork,
    AttributeWish,
    DeleteObjectWork,
    DownloadWork,
    FactoryResetWork,
    GetParameterAttributesWork,
    GetParameterNamesWork,
    GetParameterValuesWork,
    GetRpcMethodsWork,
    RebootWork,
    ScheduleInformWork,
    SetParameterAttributesWork,
    SetParameterValuesWork,
    Task,
    TypedValue,
    UploadWork,
)

LONG = "x" * 257


@pytest.mark.parametrize(
    "work",
    [
        GetParameterValuesWork(("Device.", "Device.A")),
        SetParameterValuesWork({"Device.A": TypedValue("true", "boolean"), "Device.B": 1}),
        GetParameterNamesWork(),
        GetParameterAttributesWork(("Device.A",)),
        SetParameterAttributesWork({"Device.A": AttributeWish(2, ("Subscriber",))}),
        AddObjectWork("Device.A.", {"Name": "x"}),
        DeleteObjectWork("Device.A.1."),
        DownloadWork(file="a", file_type="1 Firmware Upgrade Image"),
        DownloadWork(url="http://x/y", file_type="X 001565 Ringtone"),
        UploadWork(file_type="3 Vendor Configuration File 1"),
        RebootWork(),
        FactoryResetWork(),
        ScheduleInformWork(5),
        GetRpcMethodsWork(),
    ],
)
def test_sensible_wishes_pass(work):
    assert requests.check(work) == []


@pytest.mark.parametrize(
    ("work", "fields"),
    [
        (GetParameterValuesWork(()), ["names"]),
        (GetParameterValuesWork(("", LONG, " Device.A")), ["names"] * 3),
        (SetParameterValuesWork({}), ["values"]),
        (SetParameterValuesWork({"Device.": 1}), ["values"]),
        (SetParameterValuesWork({"D.A": TypedValue(1, "json")}), ["values.D.A.type"]),
        (SetParameterValuesWork({"D.A": TypedValue("much", "xsd:unsignedInt")}), ["values.D.A"]),
        (SetParameterValuesWork({"D.A": TypedValue(-1, "xsd:unsignedInt")}), ["values.D.A"]),
        (SetParameterValuesWork({"D.A": TypedValue("maybe", "boolean")}), ["values.D.A"]),
        (GetParameterNamesWork(LONG), ["path"]),
        (SetParameterAttributesWork({}), ["attributes"]),
        (SetParameterAttributesWork({"D.A": AttributeWish()}), ["attributes.D.A"]),
        (SetParameterAttributesWork({"D.A": AttributeWish(7)}), ["attributes.D.A.notification"]),
        (AddObjectWork("Device.A"), ["object"]),
        (AddObjectWork("Device.A.", {"": 1}), ["values"]),
        (DeleteObjectWork("Device.A"), ["object"]),
        (DeleteObjectWork("Device.A."), ["object"]),
        (DownloadWork(file_type="1 Firmware Upgrade Image"), ["file"]),
        (DownloadWork(file="a", url="http://x/", file_type="1 Firmware Upgrade Image"), ["file"]),
        (DownloadWork(file="a"), ["file_type"]),
        (DownloadWork(file="a", file_type="firmware"), ["file_type"]),
        (DownloadWork(file="a", file_type="1 " + LONG), ["file_type"]),
        (DownloadWork(url="http://x/" + LONG, file_type="2 Web Content"), ["url"]),
        (DownloadWork(url="x y", file_type="2 Web Content"), ["url"]),
        (DownloadWork(file="a", file_type="2 Web Content", delay=-1, username=LONG), ["username", "delay"]),
        (UploadWork(file_type="", url="nowhere"), ["file_type", "url"]),
        (ScheduleInformWork(-1), ["delay"]),
    ],
)
def test_each_impossible_field_is_named(work, fields):
    complaints = requests.check(work)
    assert [field for field, _, _ in complaints] == fields
    assert all(message for _, _, message in complaints)


def test_a_read_has_no_single_request():
    with pytest.raises(TypeError, match="several requests"):
        requests.simple_request(Task(id="t", device="d", work=GetParameterValuesWork(("a",))), "")


@pytest.mark.parametrize(
    ("work", "field", "value"),
    [
        (SetParameterValuesWork({"Device.A": "a\x00b"}), "values.Device.A", "a\x00b"),
        (SetParameterValuesWork({"Device.A": TypedValue("\x1b[2J")}), "values.Device.A.value", "\x1b[2J"),
        (SetParameterValuesWork({"Device.\x01": "1"}), "values", "Device.\x01"),
        (GetParameterValuesWork(("Device.A", "Device.\x0b")), "names[1]", "Device.\x0b"),
        (GetParameterNamesWork("\x00"), "path", "\x00"),
        (AddObjectWork("Device.\x00."), "object", "Device.\x00."),
        (DownloadWork("a", file_type="2 Web Content", username="\ufffe"), "username", "\ufffe"),
    ],
)
def test_what_xml_cannot_carry_is_refused_and_not_sent_without_it(work, field, value):
    found = {complaint[0]: complaint for complaint in requests.check(work)}
    assert found[field][1] == value
    assert "XML" in found[field][2]


def test_line_breaks_tabs_and_every_script_are_values_like_any_other():
    assert requests.check(SetParameterValuesWork({"Device.A": "話机 😀\r\n\tü"})) == []


@pytest.mark.parametrize("number", [10**40, -(2**63) - 1, 2**64])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda n: (SetParameterValuesWork({"Device.A": n}), "values.Device.A"),
        lambda n: (SetParameterValuesWork({"Device.A": TypedValue(n, "int")}), "values.Device.A.value"),
        lambda n: (AddObjectWork("Device.A.", {"B": n}), "values.B"),
        lambda n: (DownloadWork(url="http://a/b", file_type="1 Firmware Upgrade Image", size=n), "size"),
    ],
)
def test_numbers_that_no_type_of_cwmp_holds_are_refused(wrap, number):
    work, field = wrap(number)
    assert field in [complaint[0] for complaint in requests.check(work)]
