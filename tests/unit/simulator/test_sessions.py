"""Whole sessions of one phone against a scripted ACS: what it says, in which order, and what it does next."""

from __future__ import annotations

import pytest
from tiny_acs import TinyAcs, play

from acs.cwmp import messages as m
from acs.cwmp.structures import AttributeChange, ParameterValue
from acs.simulator.personas import PERSONAS
from acs.simulator.tally import Tally

MS = "Device.ManagementServer."


def test_the_first_session() -> None:
    acs = TinyAcs([[]])
    play(acs)
    (session,) = acs.sessions
    assert session.events == ["0 BOOTSTRAP", "1 BOOT"]
    assert session.inform.device_id.oui == "001565"
    assert session.inform.device_id.product_class == "CP860"
    assert session.inform.device_id.serial_number == "0015658a3786"
    assert session.inform.device_id.manufacturer == "Yealink"
    assert session.inform.max_envelopes == 1
    assert session.inform.retry_count == 0
    assert {
        "Device.DeviceSummary",
        "Device.DeviceInfo.HardwareVersion",
        "Device.DeviceInfo.SoftwareVersion",
        MS + "ParameterKey",
        MS + "ConnectionRequestURL",
        "Device.LAN.IPAddress",
    } <= set(session.values)
    assert session.said[1:] == [None], "an empty POST and nothing more"


def test_every_request_of_the_acs_is_answered_in_turn_with_its_id() -> None:
    requests: list[m.Message] = [
        m.GetRPCMethods(),
        m.GetParameterNames("Device.", True),
        m.GetParameterValues(("Device.Nothing",)),
        m.GetOptions(),
    ]
    acs = TinyAcs([requests])
    tally = Tally()
    play(acs, tally=tally)
    answers = acs.sessions[0].said[2:]
    assert [type(answer) for answer in answers] == [
        m.GetRPCMethodsResponse,
        m.GetParameterNamesResponse,
        m.Fault,
        m.Fault,
    ]
    assert {heard.envelope.cwmp_id for heard in acs.heard[2:]} == {"acs-1"}
    assert tally.requests == {
        "GetRPCMethods": 1,
        "GetParameterNames": 1,
        "GetParameterValues": 1,
        "GetOptions": 1,
    }
    assert tally.counts["faults answered"] == 2


def test_periodic_informs_follow_the_interval_that_the_acs_sets() -> None:
    set_interval = m.SetParameterValues(
        (ParameterValue(MS + "PeriodicInformInterval", "1", "xsd:unsignedInt"),)
    )
    acs = TinyAcs([[set_interval]])
    play(acs, sessions=3)
    assert [session.events for session in acs.sessions[1:]] == [["2 PERIODIC"], ["2 PERIODIC"]]


def test_a_reboot_comes_back_with_boot_and_its_command_key() -> None:
    acs = TinyAcs([[m.Reboot("task-1")]])
    play(acs, sessions=2)
    assert acs.sessions[1].events == ["1 BOOT", "M Reboot"]
    assert [event.command_key for event in acs.sessions[1].inform.event] == ["", "task-1"]


def test_a_factory_reset_is_a_bootstrap_with_factory_values() -> None:
    acs = TinyAcs(
        [
            [
                m.SetParameterValues((ParameterValue("Device.DeviceInfo.ProvisioningCode", "mine"),), "key"),
                m.FactoryReset(),
            ]
        ]
    )
    play(acs, sessions=2)
    assert acs.sessions[1].events == ["0 BOOTSTRAP", "1 BOOT"]
    assert acs.sessions[1].values["Device.DeviceInfo.ProvisioningCode"] == ""
    assert acs.sessions[1].values[MS + "ParameterKey"] == ""


def test_a_scheduled_inform() -> None:
    acs = TinyAcs([[m.ScheduleInform(1, "later")]])
    play(acs, sessions=2)
    assert acs.sessions[1].events == ["3 SCHEDULED", "M ScheduleInform"]


def test_a_watched_value_that_changes_by_itself_is_told() -> None:
    line = "Device.Services.VoiceService.1.VoiceProfile.1.Line.1."
    acs = TinyAcs(
        [
            [
                m.SetParameterAttributes((AttributeChange(line + "Status", notification=2),)),
                m.SetParameterValues(
                    (
                        ParameterValue(line + "Enable", "Enabled"),
                        ParameterValue(line + "SIP.AuthUserName", "1001"),
                        ParameterValue(
                            "Device.Services.VoiceService.1.VoiceProfile.1.SIP.RegistrarServer", "sip.example"
                        ),
                    )
                ),
            ]
        ]
    )
    play(acs, sessions=2)
    assert acs.sessions[1].events == ["4 VALUE CHANGE"]
    assert acs.sessions[1].values[line + "Status"] == "Up"


def test_what_the_acs_set_itself_is_no_value_change() -> None:
    change = AttributeChange("Device.Time.NTPServer1", notification=2)
    value = ParameterValue("Device.Time.NTPServer1", "ntp.example")
    acs = TinyAcs(
        [[m.SetParameterAttributes((change,)), m.SetParameterValues((value,)), m.ScheduleInform(1, "")]]
    )
    play(acs, sessions=2)
    assert acs.sessions[1].events == ["3 SCHEDULED", "M ScheduleInform"]


def test_a_failed_inform_is_tried_again_with_its_events_and_retry_count() -> None:
    acs = TinyAcs([[]])
    acs.hang_up = lambda heard: len(acs.heard) <= 3
    tally = Tally()
    play(acs, tally=tally)
    informs = [heard.envelope.message for heard in acs.heard if heard.body]
    assert [inform.retry_count for inform in informs] == [0, 1, 2, 3]
    assert {tuple(event.event_code for event in inform.event) for inform in informs} == {
        ("0 BOOTSTRAP", "1 BOOT")
    }
    assert tally.counts["failed sessions"] == 3


def test_a_session_that_breaks_after_its_inform_is_tried_again_from_one() -> None:
    acs = TinyAcs([[], []])
    acs.hang_up = lambda heard: len(acs.heard) == 2
    play(acs)
    assert [session.inform.retry_count for session in acs.sessions] == [0, 1]
    assert acs.sessions[1].events == ["0 BOOTSTRAP", "1 BOOT"]


def test_a_redirect_at_the_start_is_followed() -> None:
    acs = TinyAcs([[]])

    def aim(phone: object) -> None:
        acs.redirect_once = acs.url + "/elsewhere"

    play(acs, before=aim)
    assert [heard.target for heard in acs.heard] == ["/acs", "/elsewhere", "/elsewhere"]


class TestLogin:
    def test_digest(self) -> None:
        acs = TinyAcs([[m.GetRPCMethods()]])
        acs.login = ("fleet", "geheim")
        play(acs, login=("fleet", "geheim"))
        assert len([heard for heard in acs.heard if "authorization" not in heard.headers]) == 1
        counts = [heard.headers["authorization"].split("nc=")[1][:8] for heard in acs.heard[1:]]
        assert counts == ["00000001", "00000002", "00000003"]
        assert 'opaque="5ccc"' in acs.heard[1].headers["authorization"]

    def test_the_nonce_serves_the_next_session_too(self) -> None:
        acs = TinyAcs([[], []])
        acs.login = ("fleet", "geheim")
        play(acs, login=("fleet", "geheim"), sessions=2, interval=1)
        assert len([heard for heard in acs.heard if "authorization" not in heard.headers]) == 1

    def test_basic(self) -> None:
        acs = TinyAcs([[]])
        acs.login = ("fleet", "geheim")
        acs.challenge = 'Basic realm="acs"'
        play(acs, login=("fleet", "geheim"))
        assert acs.heard[1].headers["authorization"] == "Basic ZmxlZXQ6Z2VoZWlt"

    @pytest.mark.parametrize(
        ("persona", "has", "lacks"),
        [
            ("digest-no-qop", "response=", "qop="),
            ("digest-no-count", "nc=00000001", "nc=00000002"),
            ("digest-no-opaque", "qop=auth", "opaque="),
        ],
    )
    def test_personas(self, persona: str, has: str, lacks: str) -> None:
        acs = TinyAcs([[m.GetRPCMethods()]])
        acs.login = ("fleet", "geheim")
        play(acs, login=("fleet", "geheim"), persona=persona)
        given = [heard.headers["authorization"] for heard in acs.heard[1:]]
        assert all(has in header and lacks not in header for header in given)

    def test_a_wrong_password_is_a_failed_session(self) -> None:
        acs = TinyAcs([[]])
        acs.login = ("fleet", "geheim")
        tally = Tally()
        with pytest.raises(TimeoutError):
            play(acs, login=("fleet", "wrong"), tally=tally, limit=0.5)
        assert acs.sessions == []
        assert tally.counts["sessions"] == 0
        assert all(reason.startswith("HTTP 401") for reason in tally.failures)


class TestHttpPersonas:
    def heard(self, persona: str, sessions: int = 1) -> TinyAcs:
        acs = TinyAcs([[m.GetRPCMethods()], [], []])
        play(acs, persona=persona, sessions=sessions, interval=1)
        assert isinstance(acs.sessions[0].said[2], m.GetRPCMethodsResponse)
        return acs

    def test_the_cp860_keeps_one_connection_and_its_cookie(self) -> None:
        acs = self.heard("cp860")
        assert {heard.connection for heard in acs.heard} == {1}
        assert [heard.headers.get("cookie") for heard in acs.heard] == [None, "sid=a1b2", "sid=a1b2"]
        assert acs.heard[0].headers["soapaction"] == '""'
        assert "soapaction" not in acs.heard[1].headers, "none on an empty POST"
        assert "content-type" not in acs.heard[1].headers

    def test_no_cookies(self) -> None:
        assert not any("cookie" in heard.headers for heard in self.heard("no-cookies").heard)

    def test_cookie_attributes(self) -> None:
        assert self.heard("cookie-attributes").heard[1].headers["cookie"] == "sid=a1b2; Path=/; HttpOnly"

    def test_cookie_quoted(self) -> None:
        assert self.heard("cookie-quoted").heard[1].headers["cookie"] == 'sid="a1b2"'

    def test_stale_cookie(self) -> None:
        acs = self.heard("stale-cookie", sessions=2)
        informs = [
            heard for heard in acs.heard if heard.body and isinstance(heard.envelope.message, m.Inform)
        ]
        assert [heard.headers.get("cookie") for heard in informs] == [None, "sid=a1b2"]

    def test_new_connection(self) -> None:
        assert [heard.connection for heard in self.heard("new-connection").heard] == [1, 2, 3]

    def test_http10(self) -> None:
        acs = self.heard("http10")
        assert {heard.version for heard in acs.heard} == {"HTTP/1.0"}
        assert [heard.connection for heard in acs.heard] == [1, 2, 3]

    def test_chunked(self) -> None:
        heard = self.heard("chunked").heard[0]
        assert heard.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in heard.headers

    def test_gzip(self) -> None:
        heard = self.heard("gzip").heard[0]
        assert heard.headers["content-encoding"] == "gzip"
        assert heard.decoded.startswith(b"<")

    def test_expect_continue(self) -> None:
        acs = self.heard("expect-continue")
        assert acs.heard[0].headers["expect"] == "100-continue"
        assert "expect" not in acs.heard[1].headers

    def test_no_content_type(self) -> None:
        assert not any("content-type" in heard.headers for heard in self.heard("no-content-type").heard)

    def test_trickle(self) -> None:
        acs = TinyAcs([[]])
        play(acs, persona="trickle")
        assert acs.sessions[0].events == ["0 BOOTSTRAP", "1 BOOT"]


class TestSessionPersonas:
    def test_three_step_ending(self) -> None:
        acs = TinyAcs([[m.GetRPCMethods()]])
        play(acs, persona="three-step-ending")
        assert [type(said).__name__ for said in acs.sessions[0].said] == [
            "Inform",
            "NoneType",
            "GetRPCMethodsResponse",
            "NoneType",
        ]

    def test_skips_empty_post(self) -> None:
        acs = TinyAcs([[], [m.GetRPCMethods()]])
        play(acs, persona="skips-empty-post", sessions=2, interval=1)
        assert [len(session.said) for session in acs.sessions] == [2, 1]

    def test_second_inform(self) -> None:
        acs = TinyAcs([[m.GetRPCMethods()]])
        play(acs, persona="second-inform")
        assert [type(said).__name__ for said in acs.sessions[0].said[:3]] == ["Inform", "Inform", "NoneType"]

    def test_hangs_mid_session(self) -> None:
        acs = TinyAcs([[], [], []])
        tally = Tally()
        play(acs, persona="hangs-mid-session", sessions=2, interval=1, tally=tally)
        assert tally.counts["failed sessions"] == 1
        assert len(acs.sessions[1].said) == 1, "the second session stops after its Inform"
        assert acs.sessions[2].inform.retry_count == 1

    def test_reboots_on_set(self) -> None:
        acs = TinyAcs([[m.SetParameterValues((ParameterValue("Device.Time.NTPServer1", "ntp.example"),))]])
        play(acs, persona="reboots-on-set")
        assert acs.sessions[0].of(m.SetParameterValuesResponse) == []
        assert "1 BOOT" in acs.sessions[1].events

    def test_requests_are_held_back_while_the_acs_holds_them(self) -> None:
        acs = TinyAcs([[m.Upload("k", "2 Vendor Log File", "http://127.0.0.1:1/")], []])
        acs.hold_requests = True
        play(acs, sessions=2)
        assert acs.sessions[1].of(m.TransferComplete) == []

    @pytest.mark.parametrize("persona", [name for name in PERSONAS if name != "trickle"])
    def test_every_persona_completes_a_session(self, persona: str) -> None:
        acs = TinyAcs([[]])
        tally = Tally()
        play(acs, persona=persona, tally=tally)
        assert tally.counts["sessions"] == 1


class TestFaults:
    def test_drop_connection(self) -> None:
        acs = TinyAcs([[m.GetRPCMethods()], []])
        tally = Tally()
        play(acs, faults=("drop-connection",), tally=tally)
        assert acs.sessions[0].said[1:] == [None]
        assert tally.counts["failed sessions"] == 1

    def test_never_back(self) -> None:
        acs = TinyAcs([[m.Reboot("k")]])
        with pytest.raises(TimeoutError):
            play(acs, faults=("never-back",), sessions=2, limit=0.7)
        assert len(acs.sessions) == 1

    def test_goes_offline(self) -> None:
        acs = TinyAcs([[], [], []])
        with pytest.raises(TimeoutError):
            play(acs, faults=("goes-offline",), interval=1, sessions=3, limit=2.5)
        assert len(acs.sessions) == 2
