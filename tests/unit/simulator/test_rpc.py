"""How a phone answers: each RPC of the guide's TR-069 chapter, and each fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from acs.cwmp import messages as m
from acs.cwmp.structures import AttributeChange, ParameterFault, ParameterInfo, ParameterValue
from acs.simulator.rpc import FAULT_TEXTS, answer
from acs.simulator.state import PhoneState

MS = "Device.ManagementServer."
VOICE = "Device.Services.VoiceService.1."
MakePhone = Callable[..., PhoneState]

CHAPTER = {
    "GetRPCMethods",
    "SetParameterValues",
    "GetParameterValues",
    "GetParameterNames",
    "GetParameterAttributes",
    "SetParameterAttributes",
    "Reboot",
    "Download",
    "Upload",
    "ScheduleInform",
    "FactoryReset",
    "AddObject",
    "DeleteObject",
}


def fault_code(response: m.Message) -> int:
    assert isinstance(response, m.Fault), response
    return response.fault_code


def values(phone: PhoneState, *names: str) -> dict[str, str]:
    response = answer(phone, m.GetParameterValues(names))
    assert isinstance(response, m.GetParameterValuesResponse), response
    return {parameter.name: parameter.value for parameter in response.parameter_list}


def set_values(phone: PhoneState, *parameters: tuple[str, str, str], key: str = "") -> m.Message:
    wanted = tuple(ParameterValue(name, value, f"xsd:{kind}") for name, value, kind in parameters)
    return answer(phone, m.SetParameterValues(wanted, key))


def test_get_rpc_methods_names_the_guides_chapter(make_phone: MakePhone) -> None:
    """TransferComplete, the fourteenth, is the one that the phone calls."""
    response = answer(make_phone(), m.GetRPCMethods())
    assert isinstance(response, m.GetRPCMethodsResponse)
    assert set(response.method_list) == CHAPTER


@pytest.mark.parametrize(
    "request_",
    [m.GetQueuedTransfers(), m.ScheduleDownload("k", "1", "u"), m.GetOptions(), m.CancelTransfer("k")],
)
def test_other_methods_are_not_supported(make_phone: MakePhone, request_: m.Message) -> None:
    assert fault_code(answer(make_phone(), request_)) == 9000


class TestGetParameterValues:
    def test_full_names(self, make_phone: MakePhone) -> None:
        assert values(make_phone(), "Device.DeviceInfo.SoftwareVersion", "Device.LAN.MACAddress") == {
            "Device.DeviceInfo.SoftwareVersion": "37.72.0.5",
            "Device.LAN.MACAddress": "00:15:65:8a:37:86",
        }

    def test_partial_paths_and_full_names_together(self, make_phone: MakePhone) -> None:
        found = values(make_phone(), "Device.Time.", "Device.DeviceInfo.SerialNumber")
        assert found["Device.DeviceInfo.SerialNumber"] == "0015658a3786"
        assert found["Device.Time.NTPServer1"] == "cn.pool.ntp.org"
        assert all(name.startswith(("Device.Time.", "Device.DeviceInfo.SerialNumber")) for name in found)

    def test_the_empty_path_is_everything(self, make_phone: MakePhone) -> None:
        assert len(values(make_phone(), "")) >= 300

    def test_an_empty_table_is_an_empty_list(self, make_phone: MakePhone) -> None:
        assert values(make_phone(), "Device.LAN.DHCPOption.") == {}

    def test_secrets_read_empty(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        set_values(phone, (MS + "ConnectionRequestPassword", "geheim", "string"))
        assert values(phone, MS + "ConnectionRequestPassword") == {MS + "ConnectionRequestPassword": ""}
        assert phone.setting("ManagementServer.ConnectionRequestPassword") == "geheim"

    @pytest.mark.parametrize("name", ["Device.Nothing", "Device.Nothing.", "Device.Time", MS + "URL."])
    def test_one_unknown_name_faults_all(self, make_phone: MakePhone, name: str) -> None:
        response = answer(make_phone(), m.GetParameterValues((MS + "URL", name)))
        assert fault_code(response) == 9005
        assert isinstance(response, m.Fault)
        assert name in response.fault_string

    def test_types_are_the_models(self, make_phone: MakePhone) -> None:
        response = answer(make_phone(), m.GetParameterValues((MS,)))
        assert isinstance(response, m.GetParameterValuesResponse)
        types = {parameter.name.removeprefix(MS): parameter.type for parameter in response.parameter_list}
        assert types["PeriodicInformEnable"] == "xsd:boolean"
        assert types["PeriodicInformInterval"] == "xsd:unsignedInt"
        assert types["PeriodicInformTime"] == "xsd:dateTime"
        assert types["STUNMaximumKeepAlivePeriod"] == "xsd:int"
        assert types["URL"] == "xsd:string"


class TestGetParameterNames:
    def names(self, phone: PhoneState, path: str, next_level: bool) -> dict[str, bool]:
        response = answer(phone, m.GetParameterNames(path, next_level))
        assert isinstance(response, m.GetParameterNamesResponse), response
        return {info.name: info.writable for info in response.parameter_list}

    def test_the_empty_path_one_level_is_the_root(self, make_phone: MakePhone) -> None:
        assert self.names(make_phone(), "", True) == {"Device.": False}

    def test_the_empty_path_in_full_is_every_object_and_parameter(self, make_phone: MakePhone) -> None:
        names = self.names(make_phone(), "", False)
        assert {"Device.", "Device.Time.", MS + "URL", VOICE + "VoiceProfile.1.Line.1.SIP.URI"} <= set(names)

    def test_one_level(self, make_phone: MakePhone) -> None:
        names = self.names(make_phone(), "Device.LAN.", True)
        assert "Device.LAN.IPAddress" in names
        assert "Device.LAN.Stats." in names
        assert "Device.LAN." not in names
        assert "Device.LAN.Stats.TotalBytesSent" not in names

    def test_a_partial_path_in_full_begins_with_itself(self, make_phone: MakePhone) -> None:
        assert next(iter(self.names(make_phone(), "Device.LAN.", False))) == "Device.LAN."

    def test_writable_says_what_can_be_set_added_and_deleted(self, make_phone: MakePhone) -> None:
        names = self.names(make_phone(), VOICE, False)
        assert names[VOICE + "VoiceProfile."], "takes AddObject"
        assert names[VOICE + "VoiceProfile.1."], "takes DeleteObject"
        assert not names[VOICE + "Capabilities."]
        assert not names[VOICE + "VoiceProfile.1.Line.1.Status"]
        assert names[VOICE + "VoiceProfile.1.Line.1.Enable"]

    def test_a_single_parameter(self, make_phone: MakePhone) -> None:
        response = answer(make_phone(), m.GetParameterNames(MS + "URL", False))
        assert response == m.GetParameterNamesResponse((ParameterInfo(MS + "URL", True),))

    def test_next_level_of_a_parameter_is_an_invalid_argument(self, make_phone: MakePhone) -> None:
        assert fault_code(answer(make_phone(), m.GetParameterNames(MS + "URL", True))) == 9003

    def test_an_unknown_path(self, make_phone: MakePhone) -> None:
        assert fault_code(answer(make_phone(), m.GetParameterNames("Device.Nothing.", True))) == 9005


class TestSetParameterValues:
    def test_sets_and_keeps_the_parameter_key(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        response = set_values(phone, (MS + "PeriodicInformInterval", "900", "unsignedInt"), key="v7")
        assert response == m.SetParameterValuesResponse(0)
        assert values(phone, MS + "PeriodicInformInterval", MS + "ParameterKey") == {
            MS + "PeriodicInformInterval": "900",
            MS + "ParameterKey": "v7",
        }

    @pytest.mark.parametrize(
        ("name", "value", "kind", "code"),
        [
            ("Device.Nothing", "1", "string", 9005),
            ("Device.Time.", "1", "string", 9005),
            ("Device.DeviceInfo.SoftwareVersion", "1", "string", 9008),
            (MS + "ParameterKey", "1", "string", 9008),
            (MS + "PeriodicInformInterval", "900", "string", 9006),
            (MS + "PeriodicInformEnable", "1", "int", 9006),
            (MS + "PeriodicInformInterval", "soon", "unsignedInt", 9007),
            ("Device.LAN.AddressingType", "Sometimes", "string", 9007),
        ],
    )
    def test_each_bad_parameter_has_its_own_fault_inside_9003(
        self, make_phone: MakePhone, name: str, value: str, kind: str, code: int
    ) -> None:
        response = set_values(make_phone(), (MS + "Username", "u", "string"), (name, value, kind))
        assert fault_code(response) == 9003
        assert isinstance(response, m.Fault)
        assert response.parameter_faults == (ParameterFault(name, code, FAULT_TEXTS[code]),)

    def test_all_bad_parameters_are_named(self, make_phone: MakePhone) -> None:
        response = set_values(make_phone(), ("Device.A", "", "string"), ("Device.B", "", "string"))
        assert isinstance(response, m.Fault)
        assert [fault.parameter_name for fault in response.parameter_faults] == ["Device.A", "Device.B"]

    def test_it_is_atomic(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        set_values(
            phone, ("Device.Time.NTPServer1", "ntp.example", "string"), ("Device.No", "", "string"), key="k"
        )
        assert values(phone, "Device.Time.NTPServer1", MS + "ParameterKey") == {
            "Device.Time.NTPServer1": "cn.pool.ntp.org",
            MS + "ParameterKey": "",
        }

    def test_the_same_parameter_twice(self, make_phone: MakePhone) -> None:
        twice = (MS + "Username", "u", "string")
        assert fault_code(set_values(make_phone(), twice, twice)) == 9003

    def test_a_parameter_key_that_is_too_long(self, make_phone: MakePhone) -> None:
        assert fault_code(set_values(make_phone(), key="k" * 33)) == 9003

    def test_the_network_is_changed_at_the_sessions_end(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        response = set_values(phone, ("Device.LAN.SubnetMask", "255.255.255.0", "string"))
        assert response == m.SetParameterValuesResponse(1)
        assert values(phone, "Device.LAN.SubnetMask") == {"Device.LAN.SubnetMask": "255.255.0.0"}
        phone.end_of_session()
        assert values(phone, "Device.LAN.SubnetMask") == {"Device.LAN.SubnetMask": "255.255.255.0"}

    def test_an_account_registers_once_it_is_complete(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        profile, line = VOICE + "VoiceProfile.1.", VOICE + "VoiceProfile.1.Line.1."
        assert values(phone, line + "Status") == {line + "Status": "Disabled"}
        set_values(phone, (line + "Enable", "Enabled", "string"))
        assert values(phone, line + "Status") == {line + "Status": "Error"}
        set_values(
            phone,
            (profile + "SIP.RegistrarServer", "sip.example", "string"),
            (line + "SIP.AuthUserName", "1001", "string"),
            (line + "SIP.AuthPassword", "geheim", "string"),
        )
        assert values(phone, line + "Status") == {line + "Status": "Up"}

    def test_a_new_acs_url_is_a_bootstrap(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        set_values(phone, (MS + "URL", "http://other.example/", "string"))
        assert [event.event_code for event in phone.inform().event] == ["0 BOOTSTRAP"]


class TestAttributes:
    def test_defaults(self, make_phone: MakePhone) -> None:
        names = ("Device.DeviceInfo.SoftwareVersion", "Device.Time.NTPServer1")
        response = answer(make_phone(), m.GetParameterAttributes(names))
        assert isinstance(response, m.GetParameterAttributesResponse)
        assert [kept.notification for kept in response.parameter_list] == [2, 0]

    def test_set_and_get(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        change = AttributeChange("Device.Time.", notification=1, access_list=("Subscriber",))
        assert answer(phone, m.SetParameterAttributes((change,))) == m.SetParameterAttributesResponse()
        answer(phone, m.SetParameterAttributes((AttributeChange("Device.Time.NTPServer1", notification=2),)))
        response = answer(
            phone, m.GetParameterAttributes(("Device.Time.NTPServer1", "Device.Time.NTPServer2"))
        )
        assert isinstance(response, m.GetParameterAttributesResponse)
        kept = [(one.notification, one.access_list) for one in response.parameter_list]
        assert kept == [(2, ("Subscriber",)), (1, ("Subscriber",))]

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (AttributeChange("Device.Nothing", notification=1), 9005),
            (AttributeChange("Device.DeviceInfo.UpTime", notification=2), 9009),
            (AttributeChange("Device.Time.NTPServer1", notification=7), 9003),
        ],
    )
    def test_refusals_change_nothing(self, make_phone: MakePhone, change: AttributeChange, code: int) -> None:
        phone = make_phone()
        good = AttributeChange("Device.Time.NTPServer1", notification=2)
        assert fault_code(answer(phone, m.SetParameterAttributes((good, change)))) == code
        assert phone.tree.attributes("Device.Time.NTPServer1").notification == 0

    def test_unknown_names(self, make_phone: MakePhone) -> None:
        assert fault_code(answer(make_phone(), m.GetParameterAttributes(("Device.Nothing",)))) == 9005


class TestObjects:
    def test_add_set_and_delete(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        response = answer(phone, m.AddObject(VOICE + "VoiceProfile.", "added"))
        assert response == m.AddObjectResponse(2, 0)
        assert values(phone, MS + "ParameterKey") == {MS + "ParameterKey": "added"}
        name = VOICE + "VoiceProfile.2.SIP.RegistrarServer"
        set_values(phone, (name, "sip.example", "string"))
        assert values(phone, name) == {name: "sip.example"}
        assert answer(phone, m.DeleteObject(VOICE + "VoiceProfile.2.", "gone")) == m.DeleteObjectResponse(0)
        assert fault_code(answer(phone, m.GetParameterValues((name,)))) == 9005
        assert values(phone, MS + "ParameterKey") == {MS + "ParameterKey": "gone"}

    @pytest.mark.parametrize(
        "name", ["Device.Nothing.", "Device.Time.", VOICE + "VoiceProfile.1.", VOICE + "VoiceProfile"]
    )
    def test_what_is_no_table_takes_no_rows(self, make_phone: MakePhone, name: str) -> None:
        assert fault_code(answer(make_phone(), m.AddObject(name))) == 9005

    @pytest.mark.parametrize(
        "name", [VOICE + "VoiceProfile.9.", VOICE + "VoiceProfile.", VOICE + "Capabilities.Codecs.1."]
    )
    def test_what_is_no_deletable_row_stays(self, make_phone: MakePhone, name: str) -> None:
        assert fault_code(answer(make_phone(), m.DeleteObject(name))) == 9005

    def test_a_full_table(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        for _ in range(4):
            assert isinstance(answer(phone, m.AddObject("Device.LAN.DHCPOption.")), m.AddObjectResponse)
        assert fault_code(answer(phone, m.AddObject("Device.LAN.DHCPOption."))) == 9004


class TestTransfers:
    def test_download_and_upload_are_queued(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        download = m.Download("k1", "1 Firmware Upgrade Image", "http://files.example/x.rom", delay_seconds=5)
        assert answer(phone, download) == m.DownloadResponse(1)
        assert answer(
            phone, m.Upload("k2", "2 Vendor Log File", "http://files.example/log")
        ) == m.UploadResponse(1)
        assert [transfer.due - phone.clock() for transfer in phone.transfers] == [5, 0]

    @pytest.mark.parametrize(
        ("request_", "code"),
        [
            (m.Download("k", "2 Web Content", "http://x/"), 9003),
            (m.Download("k" * 33, "1 Firmware Upgrade Image", "http://x/"), 9003),
            (m.Download("k", "1 Firmware Upgrade Image", "http://x/" + "y" * 256), 9003),
            (m.Download("k", "1 Firmware Upgrade Image", "tftp://x/y"), 9013),
            (m.Upload("k", "3 Vendor Configuration File 1", "http://x/"), 9003),
            (m.Upload("k", "1 Vendor Configuration File", "ftp://x/y"), 9013),
        ],
    )
    def test_refusals(self, make_phone: MakePhone, request_: m.Message, code: int) -> None:
        assert fault_code(answer(make_phone(), request_)) == code

    def test_a_full_queue(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        upload = m.Upload("k", "2 Vendor Log File", "http://x/")
        codes = [answer(phone, upload) for _ in range(11)]
        assert fault_code(codes[-1]) == 9004


class TestBootsAndTimers:
    def test_reboot_comes_back_with_its_command_key(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        assert answer(phone, m.Reboot("r1")) == m.RebootResponse()
        phone.booted()
        assert [(event.event_code, event.command_key) for event in phone.inform().event] == [
            ("1 BOOT", ""),
            ("M Reboot", "r1"),
        ]

    def test_factory_reset(self, make_phone: MakePhone) -> None:
        phone = make_phone()
        set_values(phone, ("Device.Time.NTPServer1", "ntp.example", "string"))
        assert answer(phone, m.FactoryReset()) == m.FactoryResetResponse()
        phone.factory_reset()
        assert values(phone, "Device.Time.NTPServer1") == {"Device.Time.NTPServer1": "cn.pool.ntp.org"}
        assert [event.event_code for event in phone.inform().event] == ["0 BOOTSTRAP", "1 BOOT"]

    def test_schedule_inform(self, make_phone: MakePhone, clock) -> None:
        phone = make_phone()
        assert answer(phone, m.ScheduleInform(30, "s1")) == m.ScheduleInformResponse()
        clock.now += 29
        phone.tick()
        assert phone.inform().event == ()
        clock.now += 1
        phone.tick()
        assert [(event.event_code, event.command_key) for event in phone.inform().event] == [
            ("3 SCHEDULED", ""),
            ("M ScheduleInform", "s1"),
        ]

    def test_schedule_inform_in_no_time(self, make_phone: MakePhone) -> None:
        assert fault_code(answer(make_phone(), m.ScheduleInform(0))) == 9003


class TestPersonasAndFaults:
    def test_small_batches(self, make_phone: MakePhone) -> None:
        names = (MS + "URL", *(f"Device.Time.NTPServer{n}" for n in range(1, 6))) * 3
        assert fault_code(answer(make_phone("small-batches"), m.GetParameterValues(names[:17]))) == 9004
        response = answer(make_phone("small-batches"), m.GetParameterValues(names[:16]))
        assert isinstance(response, m.GetParameterValuesResponse)

    def test_grandstream_faults_9002_on_32_names(self, make_phone: MakePhone) -> None:
        names = (MS + "URL",) * 32
        assert fault_code(answer(make_phone("grandstream-like"), m.GetParameterValues(names))) == 9002

    def test_grandstream_has_no_yealink_leaves(self, make_phone: MakePhone) -> None:
        assert not any("X_001565_" in name for name in make_phone("grandstream-like").tree.below(""))

    def test_refuses_empty_path(self, make_phone: MakePhone) -> None:
        phone = make_phone("refuses-empty-path")
        assert fault_code(answer(phone, m.GetParameterNames("", True))) == 9005
        assert isinstance(answer(phone, m.GetParameterNames("Device.", True)), m.GetParameterNamesResponse)

    def test_forgotten_names(self, make_phone: MakePhone) -> None:
        phone, name = make_phone("forgets-names"), "Device.Time.NTPServer1"
        before = values(phone, name)
        response = set_values(
            phone, (name, "a.example", "string"), ("Device.Time.NTPServer2", "b.example", "string")
        )
        assert fault_code(response) == 9003
        assert [(one.parameter_name, one.fault_code) for one in response.parameter_faults] == [(name, 9005)]
        assert values(phone, name) == before

    def test_secretive_names(self, make_phone: MakePhone) -> None:
        response = answer(make_phone("secretive-names"), m.GetParameterValues(("Device.Nothing",)))
        assert isinstance(response, m.Fault)
        assert "Nothing" not in response.fault_string

    def test_no_final_dot(self, make_phone: MakePhone) -> None:
        response = answer(make_phone("no-final-dot"), m.GetParameterNames("Device.", True))
        assert isinstance(response, m.GetParameterNamesResponse)
        assert "Device.Time" in {info.name for info in response.parameter_list}

    def test_igd(self, make_phone: MakePhone) -> None:
        phone = make_phone("igd")
        root = "InternetGatewayDevice."
        assert answer(phone, m.GetParameterNames("", True)) == m.GetParameterNamesResponse(
            (ParameterInfo(root),)
        )
        assert all(parameter.name.startswith(root) for parameter in phone.inform().parameter_list)

    def test_instance_gaps(self, make_phone: MakePhone) -> None:
        assert make_phone("instance-gaps").tree.rows(VOICE + "VoiceProfile.") == [2]
        assert make_phone("instance-gaps").tree.rows(VOICE + "Capabilities.Codecs.")[:3] == [2, 5, 8]

    def test_snom_has_no_upload(self, make_phone: MakePhone) -> None:
        phone = make_phone("snom-like")
        assert fault_code(answer(phone, m.Upload("k", "2 Vendor Log File", "http://x/"))) == 9000
        response = answer(phone, m.GetRPCMethods())
        assert isinstance(response, m.GetRPCMethodsResponse)
        assert "Upload" not in response.method_list

    def test_status_zero_downloads(self, make_phone: MakePhone) -> None:
        download = m.Download("k", "1 Firmware Upgrade Image", "http://x/")
        assert answer(make_phone("status-zero-downloads"), download) == m.DownloadResponse(0)

    def test_bad_types_takes_any_type(self, make_phone: MakePhone) -> None:
        response = set_values(make_phone("bad-types"), ("Device.Time.NTPServer1", "x", "json"))
        assert response == m.SetParameterValuesResponse(0)

    def test_a_fault_for_everything(self, make_phone: MakePhone) -> None:
        assert fault_code(answer(make_phone("cp860", "fault-9002"), m.GetRPCMethods())) == 9002

    def test_a_busy_line(self, make_phone: MakePhone) -> None:
        phone = make_phone("cp860", "busy-line")
        state = VOICE + "VoiceProfile.1.Line.1.CallState"
        assert values(phone, state) == {state: "InCall"}
        assert fault_code(answer(phone, m.Reboot("k"))) == 9001

    def test_a_busy_line_that_gets_free(self, make_phone: MakePhone) -> None:
        phone = make_phone("cp860", "busy-line-30")
        assert fault_code(answer(phone, m.Reboot("k"))) == 9001
        phone.clock.now += 30
        state = VOICE + "VoiceProfile.1.Line.1.CallState"
        assert values(phone, state) == {state: "Idle"}
        assert answer(phone, m.Reboot("k")) == m.RebootResponse()

    def test_a_download_that_is_forgotten(self, make_phone: MakePhone) -> None:
        phone = make_phone("cp860", "forgets-downloads")
        download = m.Download("k", "1 Firmware Upgrade Image", "http://x/")
        assert answer(phone, download) == m.DownloadResponse(1)
        assert phone.transfers == []

    def test_a_line_that_never_registers(self, make_phone: MakePhone) -> None:
        phone = make_phone("cp860", "never-registers")
        line = VOICE + "VoiceProfile.1.Line.1."
        set_values(
            phone,
            (line + "Enable", "Enabled", "string"),
            (line + "SIP.AuthUserName", "1001", "string"),
            (VOICE + "VoiceProfile.1.SIP.RegistrarServer", "sip.example", "string"),
        )
        assert values(phone, line + "Status") == {line + "Status": "Error"}
