"""Whole sessions, as phones hold them. Numbers are those of the quirks list."""

from __future__ import annotations

import phone_texts as texts
import pytest
from desk import eventually

from acs.fleet.task import (
    DownloadWork,
    FactoryResetWork,
    GetParameterNamesWork,
    GetParameterValuesWork,
    RebootWork,
    SetParameterValuesWork,
)

LABEL = "Device.Line.1.Label"
WORK = GetParameterValuesWork(names=(LABEL,))
VALUES = texts.get_parameter_values_response({LABEL: "x"})


def test_a_phone_is_learnt_at_first_contact(server, operator):
    phone = server.phone(product_class="Unseen")
    used = phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    assert used[0] == "InformResponse"
    assert {"GetRPCMethods", "GetParameterNames", "GetParameterValues"} <= set(used)
    assert operator.values(phone) == phone.tree
    device = operator.device(phone)
    assert device.learning == "complete"
    assert device.software_version == "1.0"
    assert device.user_agent == "test-phone/1"
    assert phone.holds_session("2 PERIODIC") == ["InformResponse"]


def test_the_next_phone_of_its_model_is_asked_less(server):
    first = server.phone(product_class="Shared").holds_session("0 BOOTSTRAP")
    second = server.phone(product_class="Shared").holds_session("0 BOOTSTRAP")
    assert len(second) < len(first)


def test_the_answer_carries_the_id_and_the_namespace_of_the_question(phone):
    phone.namespace = "urn:dslforum-org:cwmp-1-1"
    phone.sends(phone.inform("1 BOOT"), cwmp_id="a b/c-1")
    got = phone.gets("InformResponse")
    assert got.cwmp_id == "a b/c-1"
    assert got.namespace == phone.namespace
    phone.sends_nothing()
    assert phone.gets().namespace == phone.namespace


def test_tasks_go_out_by_priority_in_one_session(known_phone, operator):
    reboot = operator.asks(known_phone, RebootWork(), priority=-1)
    low = operator.asks(known_phone, WORK)
    high = operator.asks(known_phone, SetParameterValuesWork(values={LABEL: "new"}), priority=5)
    assert known_phone.holds_session("2 PERIODIC") == [
        "InformResponse",
        "SetParameterValues",
        "GetParameterValues",
        "Reboot",
    ]
    assert operator.task(high).state == "done"
    assert operator.task(low).result["values"][LABEL]["value"] == "new"
    assert operator.task(reboot).state == "waiting"
    known_phone.holds_session("1 BOOT", ("M Reboot", reboot))
    assert operator.task(reboot).state == "done"


def test_a_fault_fails_the_task_and_the_session_goes_on(known_phone, operator):
    bad = operator.asks(known_phone, GetParameterValuesWork(names=("Device.Nope",)), priority=1)
    good = operator.asks(known_phone, WORK)
    known_phone.holds_session("2 PERIODIC")
    task = operator.task(bad)
    assert (task.state, task.fault.code) == ("failed", 9005)
    assert operator.task(good).state == "done"


def test_a_task_that_comes_during_the_session_is_done_in_it(known_phone, operator):
    known_phone.opens("2 PERIODIC")
    task = operator.asks(known_phone, WORK)
    known_phone.sends_nothing()
    known_phone.answers(known_phone.gets("GetParameterValues"), VALUES)
    later = operator.asks(known_phone, GetParameterValuesWork(names=("Device.Line.2.Label",)))
    known_phone.gets_nothing()
    assert operator.task(task).state == "done"
    assert operator.task(later).state == "pending"


def test_a_task_that_comes_while_another_is_answered_is_done_next(known_phone, operator):
    first = operator.asks(known_phone, WORK)
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    asked = known_phone.gets("GetParameterValues")
    second = operator.asks(known_phone, SetParameterValuesWork(values={LABEL: "b"}))
    known_phone.answers(asked, VALUES)
    known_phone.answers(known_phone.gets("SetParameterValues"), texts.status_response("SetParameterValues"))
    known_phone.gets_nothing()
    assert operator.task(first).state == "done"
    assert operator.task(second).state == "done"


def test_a_cancelled_task_does_not_go_out(known_phone, operator):
    from acs.store import tasks

    task = operator.asks(known_phone, WORK)
    known_phone.opens("2 PERIODIC")
    operator.run.drive(tasks.cancel(task, now=1.0, stamp=tasks.fresh_stamp()))
    known_phone.sends_nothing()
    known_phone.gets_nothing()
    assert operator.task(task).state == "cancelled"


def test_23_one_more_empty_post_gets_one_more_empty_answer(known_phone):
    known_phone.opens("2 PERIODIC")
    for _ in range(3):
        known_phone.sends_nothing()
        known_phone.gets_nothing()


def test_24_a_request_of_the_phone_before_the_empty_post(known_phone, operator):
    known_phone.opens("2 PERIODIC")
    known_phone.sends("<cwmp:GetRPCMethods/>", cwmp_id="77")
    got = known_phone.gets("GetRPCMethodsResponse")
    assert got.cwmp_id == "77"
    assert {"Inform", "TransferComplete", "GetRPCMethods"} <= set(got.texts("string"))
    known_phone.sends_nothing()
    known_phone.gets_nothing()


def test_24_a_request_of_the_phone_after_a_request_of_the_server(known_phone, operator):
    task = operator.asks(known_phone, WORK)
    known_phone.opens("7 TRANSFER COMPLETE")
    known_phone.sends_nothing()
    asked = known_phone.gets("GetParameterValues")
    known_phone.sends(texts.transfer_complete("nobodys"), cwmp_id="5")
    assert known_phone.gets("TransferCompleteResponse").cwmp_id == "5"
    known_phone.answers(asked, VALUES)
    known_phone.gets_nothing()
    assert operator.task(task).state == "done"


def test_24_a_request_of_the_phone_after_the_end(known_phone, operator):
    download = operator.asks(known_phone, DownloadWork(url="http://f.test/x", file_type="2 Web Content"))
    known_phone.holds_session("2 PERIODIC")
    assert operator.task(download).state == "waiting"
    known_phone.sends(texts.transfer_complete(download), cwmp_id="9")
    known_phone.gets("TransferCompleteResponse")
    assert operator.task(download).state == "done"
    known_phone.sends_nothing()
    known_phone.gets_nothing()


def test_25_the_phone_closes_after_the_inform_response(known_phone, operator):
    before = operator.device(known_phone).informs
    known_phone.opens("2 PERIODIC")
    known_phone.hangs_up()
    assert eventually(lambda: operator.device(known_phone).informs == before + 1)


def test_26_a_second_inform_inside_the_session_begins_a_new_one(known_phone, operator):
    task = operator.asks(known_phone, WORK)
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    known_phone.gets("GetParameterValues")
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    known_phone.answers(known_phone.gets("GetParameterValues"), VALUES)
    known_phone.gets_nothing()
    assert operator.task(task).state == "done"
    assert operator.task(task).attempts == 2


def test_26_a_new_inform_wins_over_a_session_that_hangs(known_phone, server, operator):
    task = operator.asks(known_phone, WORK)
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    asked = known_phone.gets("GetParameterValues")
    reborn = server.phone(known_phone.serial)
    reborn.opens("1 BOOT")
    known_phone.answers(asked, texts.get_parameter_values_response({LABEL: "late"}))
    known_phone.gets_nothing()
    reborn.sends_nothing()
    reborn.answers(reborn.gets("GetParameterValues"), VALUES)
    reborn.gets_nothing()
    assert operator.task(task).result["values"][LABEL]["value"] == "x"


@pytest.mark.parametrize("cwmp_id", [None, "", "  ", "something else"])
def test_27_ids_may_be_missing_blank_or_wrong(known_phone, operator, cwmp_id):
    task = operator.asks(known_phone, WORK)
    known_phone.sends(known_phone.inform("2 PERIODIC"), cwmp_id=cwmp_id)
    known_phone.gets("InformResponse")
    known_phone.sends_nothing()
    known_phone.gets("GetParameterValues")
    known_phone.sends(VALUES, cwmp_id=cwmp_id)
    known_phone.gets_nothing()
    assert operator.task(task).state == "done"


def test_28_an_inform_may_lack_nearly_everything(phone, operator):
    phone.sends(f"<cwmp:Inform>{texts.device_id(phone.serial)}</cwmp:Inform>")
    phone.gets("InformResponse")
    assert operator.knows(phone)


@pytest.mark.parametrize(
    "time", ["1970-01-01T00:00:05Z", "0001-01-01T00:00:00Z", "2026-03-01T12:00:00", "11:54::14"]
)
def test_29_68_the_phones_clock_does_not_matter(phone, operator, time):
    phone.opens("2 PERIODIC", current_time=time)
    assert operator.knows(phone)


@pytest.mark.parametrize("codes", [("7 TRANSFER COMPLETE",), ("M Download",)])
def test_30_transfer_events_may_come_alone(known_phone, operator, codes):
    download = operator.asks(known_phone, DownloadWork(url="http://f.test/x", file_type="2 Web Content"))
    known_phone.holds_session("2 PERIODIC")
    known_phone.opens(*codes)
    known_phone.sends(texts.transfer_complete(download))
    known_phone.gets("TransferCompleteResponse")
    known_phone.sends_nothing()
    known_phone.gets_nothing()
    assert operator.task(download).state == "done"


def test_30_the_firmware_version_proves_a_download_whose_transfer_complete_never_comes(known_phone, operator):
    work = DownloadWork(url="http://f.test/x", file_type="1 Firmware Upgrade Image", version="2.0")
    download = operator.asks(known_phone, work)
    known_phone.holds_session("2 PERIODIC")
    known_phone.tree["Device.DeviceInfo.SoftwareVersion"] = "2.0"
    known_phone.holds_session("1 BOOT")
    assert operator.task(download).state == "done"


def test_a_report_that_comes_after_the_proof_is_kept_with_the_task(known_phone, operator):
    work = DownloadWork(url="http://f.test/x", file_type="1 Firmware Upgrade Image", version="2.0")
    download = operator.asks(known_phone, work)
    known_phone.holds_session("2 PERIODIC")
    known_phone.tree["Device.DeviceInfo.SoftwareVersion"] = "2.0"
    known_phone.opens("1 BOOT", "7 TRANSFER COMPLETE", "M Download")
    assert operator.task(download).state == "done"
    known_phone.sends(texts.transfer_complete(download))
    known_phone.gets("TransferCompleteResponse")
    task = operator.task(download)
    assert task.state == "done"
    assert task.evidence["transfer_complete"]["fault_code"] == 0
    assert task.evidence["proved_by"] == "SoftwareVersion 2.0"


@pytest.mark.parametrize(
    "notice",
    [
        "<cwmp:TransferComplete/>",
        texts.transfer_complete(""),
        texts.transfer_complete("unknown"),
        "<cwmp:TransferComplete><CommandKey>k</CommandKey><StartTime>soon</StartTime></cwmp:TransferComplete>",
    ],
)
def test_31_a_transfer_complete_that_fits_nothing_is_answered(known_phone, notice):
    known_phone.opens("7 TRANSFER COMPLETE")
    known_phone.sends(notice)
    known_phone.gets("TransferCompleteResponse")
    known_phone.sends_nothing()
    known_phone.gets_nothing()


def test_32_the_phone_reboots_over_a_set_and_never_answers(known_phone, operator):
    task = operator.asks(known_phone, SetParameterValuesWork(values={LABEL: "new"}))
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    known_phone.gets("SetParameterValues")
    known_phone.hangs_up()
    known_phone.opens("1 BOOT")
    known_phone.sends_nothing()
    got = known_phone.gets("SetParameterValues")
    known_phone.answers(got, texts.status_response("SetParameterValues"))
    known_phone.goes_on_until()
    assert operator.task(task).state == "done"


def test_34_transfer_complete_in_the_session_of_the_download(known_phone, operator):
    download = operator.asks(known_phone, DownloadWork(url="http://f.test/x", file_type="2 Web Content"))
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    known_phone.answers(known_phone.gets("Download"), texts.transfer_response("Download", status=1))
    known_phone.sends(texts.transfer_complete(download))
    known_phone.gets("TransferCompleteResponse")
    known_phone.sends_nothing()
    known_phone.gets_nothing()
    assert operator.task(download).state == "done"


def test_a_failed_transfer_fails_its_task(known_phone, operator):
    work = DownloadWork(url="http://f.test/x", file_type="2 Web Content")
    download = operator.asks(known_phone, work, max_attempts=1)
    known_phone.holds_session("2 PERIODIC")
    known_phone.opens("7 TRANSFER COMPLETE", ("M Download", download))
    known_phone.sends(texts.transfer_complete(download, code=9010, text="no route"))
    known_phone.gets("TransferCompleteResponse")
    task = operator.task(download)
    assert (task.state, task.fault.code) == ("failed", 9010)


def test_a_factory_reset_is_proved_by_the_bootstrap(known_phone, operator):
    reset = operator.asks(known_phone, FactoryResetWork())
    known_phone.holds_session("2 PERIODIC")
    assert operator.task(reset).state == "waiting"
    known_phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    assert operator.task(reset).state == "done"


def test_64_no_xml_declaration(known_phone):
    known_phone.opens("2 PERIODIC")
    assert not known_phone.last.body.startswith(b"<?xml")


def test_66_an_empty_post_instead_of_an_answer_is_recorded_and_the_session_goes_on(known_phone, operator):
    names = operator.asks(known_phone, GetParameterNamesWork(path="Device."), priority=1, max_attempts=1)
    values = operator.asks(known_phone, WORK)
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    known_phone.gets("GetParameterNames")
    known_phone.sends_nothing()
    known_phone.answers(known_phone.gets("GetParameterValues"), VALUES)
    known_phone.goes_on_until()
    assert operator.task(values).state == "done"
    assert operator.task(names).state == "failed"
    assert "An empty POST came instead of the answer to GetParameterNames" in operator.told(known_phone)


def test_67_an_inform_without_any_event(known_phone, operator):
    before = operator.device(known_phone).informs
    known_phone.opens()
    known_phone.sends_nothing()
    known_phone.gets_nothing()
    assert operator.device(known_phone).informs == before + 1


def test_68_odd_events_and_a_parameter_that_comes_twice(phone, operator):
    double = (
        "<EventStruct><EventCode>0 BOOTSTRAP</EventCode><EventCode>1 BOOT</EventCode>"
        "<CommandKey>odd</CommandKey></EventStruct>"
    )
    twice = (
        "<ParameterValueStruct><Name>Device.DeviceInfo.SoftwareVersion</Name><Value>1</Value>"
        "</ParameterValueStruct>"
    ) * 2
    phone.sends(
        f"<cwmp:Inform>{texts.device_id(phone.serial)}<Event>{double}</Event>"
        f"<ParameterList>{twice}</ParameterList></cwmp:Inform>"
    )
    phone.gets("InformResponse")
    assert operator.device(phone).software_version == "1"


def test_an_answer_to_another_question_counts_as_none(known_phone, operator):
    task = operator.asks(known_phone, WORK, max_attempts=1)
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    asked = known_phone.gets("GetParameterValues")
    known_phone.answers(asked, texts.get_parameter_names_response({"Device.": False}))
    known_phone.goes_on_until()
    assert operator.task(task).state == "failed"
    assert "GetParameterNamesResponse came instead of the answer" in operator.told(known_phone)


def test_an_answer_to_nothing_is_recorded_and_the_session_goes_on(known_phone, operator):
    known_phone.opens("2 PERIODIC")
    known_phone.sends("<cwmp:RebootResponse/>")
    known_phone.gets_nothing()
    assert "RebootResponse came while the session was" in operator.told(known_phone)


def test_an_unknown_method_gets_fault_8000_and_the_session_goes_on(known_phone, operator):
    task = operator.asks(known_phone, WORK)
    known_phone.opens("2 PERIODIC")
    known_phone.sends("<cwmp:X_Surprise/>", cwmp_id="12")
    got = known_phone.gets("Fault")
    assert got.fault_code == 8000
    assert got.cwmp_id == "12"
    known_phone.sends_nothing()
    asked = known_phone.gets("GetParameterValues")
    known_phone.sends("<cwmp:X_Surprise/>")
    assert known_phone.gets("Fault").fault_code == 8000
    known_phone.answers(asked, VALUES)
    known_phone.gets_nothing()
    assert operator.task(task).state == "done"
    assert eventually(lambda: any("X_Surprise" in reason for reason in operator.refusals()))


@pytest.mark.parametrize("method", ["Reboot", "SetParameterValues", "FactoryReset", "GetOptions"])
def test_a_method_that_only_the_server_may_ask_for_gets_fault_8000_too(known_phone, operator, method):
    task = operator.asks(known_phone, WORK)
    known_phone.opens("2 PERIODIC")
    known_phone.sends(f"<cwmp:{method}/>", cwmp_id="13")
    got = known_phone.gets("Fault")
    assert got.fault_code == 8000
    assert got.cwmp_id == "13"
    known_phone.sends_nothing()
    asked = known_phone.gets("GetParameterValues")
    known_phone.sends(f"<cwmp:{method}/>")
    assert known_phone.gets("Fault").fault_code == 8000
    known_phone.answers(asked, VALUES)
    known_phone.gets_nothing()
    assert operator.task(task).state == "done"
    assert "Internal error" not in operator.told(known_phone)


def test_an_inform_without_a_device_gets_fault_8003(phone):
    phone.sends("<cwmp:Inform><MaxEnvelopes>1</MaxEnvelopes></cwmp:Inform>")
    got = phone.gets("Fault")
    assert got.fault_code == 8003
    assert "SerialNumber" in got.text("FaultString")


def test_an_inform_without_a_device_disturbs_no_session(known_phone, operator):
    task = operator.asks(known_phone, WORK)
    known_phone.opens("2 PERIODIC")
    known_phone.sends("<cwmp:Inform><MaxEnvelopes>1</MaxEnvelopes></cwmp:Inform>")
    assert known_phone.gets("Fault").fault_code == 8003
    known_phone.sends_nothing()
    known_phone.answers(known_phone.gets("GetParameterValues"), VALUES)
    known_phone.gets_nothing()
    assert operator.task(task).state == "done"
    assert "8003" not in operator.told(known_phone)


def test_without_a_session_everything_is_answered_and_recorded(server, operator):
    phone = server.phone()
    phone.sends_nothing()
    phone.gets_nothing()
    phone.sends(texts.transfer_complete("k"), cwmp_id="3")
    assert phone.gets("TransferCompleteResponse").cwmp_id == "3"
    phone.sends("<cwmp:GetRPCMethods/>")
    assert "Inform" in phone.gets("GetRPCMethodsResponse").texts("string")
    phone.sends("<cwmp:RebootResponse/>")
    phone.gets_nothing()
    phone.sends("<cwmp:X_Odd/>")
    assert phone.gets("Fault").fault_code == 8000
    assert eventually(
        lambda: (
            {
                "TransferComplete came without a session, and was answered",
                "RebootResponse came without a session",
                "X_Odd is no method of this server",
            }
            <= set(operator.refusals())
        )
    )


def test_the_newest_common_version_is_told_to_a_phone_of_version_1_4(phone):
    phone.namespace = "urn:dslforum-org:cwmp-1-2"
    header = (
        '<cwmp:SupportedCWMPVersions soap:mustUnderstand="0">1.0,1.1,1.2,1.3,1.4</cwmp:SupportedCWMPVersions>'
    )
    phone.sends(phone.inform("2 PERIODIC"), header=header)
    got = phone.gets("InformResponse")
    assert got.header("UseCWMPVersion") == "1.4"
    assert got.namespace == phone.namespace
    phone.opens("2 PERIODIC")
    assert phone.gets("InformResponse").header("UseCWMPVersion") is None


def test_a_phone_whose_version_is_found_to_be_another_in_mid_session_is_read_anew(server, operator):
    phone = server.phone(product_class="Updated")
    version = "Device.DeviceInfo.SoftwareVersion"
    phone.tree[version] = "1.0"
    phone.holds_session("0 BOOTSTRAP")
    task = operator.asks(phone, GetParameterValuesWork(names=(version,)))
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    told = texts.get_parameter_values_response({version: "9.9", "Device.Odd.New": "x"})
    phone.answers(phone.gets("GetParameterValues"), told)
    phone.tree |= {version: "9.9", "Device.Odd.New": "x"}
    phone.goes_on_until()
    assert operator.task(task).state == "done"
    assert operator.device(phone).software_version == "9.9"
    assert not [line.text for line in operator.timeline(phone) if "Internal error" in line.text]
