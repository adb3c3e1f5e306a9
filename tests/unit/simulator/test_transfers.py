"""Downloads and uploads over HTTP, and how they are reported."""

from __future__ import annotations

import pytest
from tiny_acs import TinyAcs, play

from acs.cwmp import messages as m
from acs.simulator.images import ImageReader, make_image, version_in_name
from acs.simulator.phone import Phone

FIRMWARE = "1 Firmware Upgrade Image"
CONFIG = "3 Vendor Configuration File"
VERSION = "Device.DeviceInfo.SoftwareVersion"


def download(
    acs: TinyAcs,
    path: str,
    content: bytes | None,
    *,
    file_type: str = FIRMWARE,
    persona: str = "cp860",
    faults: tuple[str, ...] = (),
    sessions: int = 2,
    **fields: object,
) -> Phone:
    """One Download in the first session, then so many sessions in all."""
    if content is not None:
        acs.files[path] = content

    def aim(phone: Phone) -> None:
        request = m.Download("task-1", file_type, acs.url + path, **fields)  # type: ignore[arg-type] # test shorthand
        acs.script = [[request], [m.GetParameterValues((VERSION,))], []]

    return play(acs, persona=persona, faults=faults, sessions=sessions, before=aim)


def report(acs: TinyAcs, session: int = 1) -> m.TransferComplete:
    (complete,) = acs.sessions[session].of(m.TransferComplete)
    assert isinstance(complete, m.TransferComplete)
    return complete


class TestFirmware:
    def test_upgrade(self) -> None:
        acs = TinyAcs([])
        image = make_image("37.72.0.12", model="CP860", size=100_000)
        download(acs, "/some/token", image, file_size=len(image))
        first, second = acs.sessions
        assert first.of(m.DownloadResponse) == [m.DownloadResponse(1)]
        assert second.events == ["1 BOOT", "4 VALUE CHANGE", "7 TRANSFER COMPLETE", "M Download"]
        assert second.inform.event[-1].command_key == "task-1"
        assert second.values[VERSION] == "37.72.0.12"
        assert report(acs).command_key == "task-1"
        assert report(acs).fault_struct.fault_code == 0
        assert second.said.index(report(acs)) < second.said.index(None), "before the empty POST"

    def test_the_version_in_the_files_name_comes_first(self) -> None:
        acs = TinyAcs([])
        download(acs, "/f/37.72.0.20.rom?x=1", make_image("1.2.3.4"))
        assert acs.sessions[1].values[VERSION] == "37.72.0.20"

    def test_or_in_the_target_file_name(self) -> None:
        acs = TinyAcs([])
        download(acs, "/f/x", b"anything", target_file_name="CP860-37.72.0.21.rom")
        assert acs.sessions[1].values[VERSION] == "37.72.0.21"

    def test_a_file_without_a_version_reboots_into_the_same(self) -> None:
        acs = TinyAcs([])
        download(acs, "/f/x", b"anything")
        assert acs.sessions[1].events == ["1 BOOT", "7 TRANSFER COMPLETE", "M Download"]
        assert acs.sessions[1].values[VERSION] == "37.72.0.5"

    @pytest.mark.parametrize(
        ("content", "fields", "faults"),
        [
            (None, {}, ()),
            (b"12345", {"file_size": 6}, ()),
            (make_image("1.2.3", model="SIP-T22P"), {}, ()),
            (make_image("1.2.3") + b"!", {}, ()),
            (make_image("1.2.3"), {}, ("bad-image",)),
            (make_image("1.2.3"), {}, ("download-fails",)),
        ],
        ids=["missing", "wrong size", "wrong model", "wrong hash", "bad-image", "download-fails"],
    )
    def test_a_failure_is_reported_without_a_boot(
        self, content: bytes | None, fields: dict[str, object], faults: tuple[str, ...]
    ) -> None:
        acs = TinyAcs([])
        download(acs, "/f/x", content, faults=faults, **fields)
        assert acs.sessions[1].events == ["7 TRANSFER COMPLETE", "M Download"]
        assert acs.sessions[1].values[VERSION] == "37.72.0.5"
        assert report(acs).fault_struct.fault_code == 9010, "CWMP 1.0 knows no finer code"

    @pytest.mark.parametrize(
        ("content", "fields", "code"), [(None, {}, 9016), (b"12345", {"file_size": 6}, 9018)]
    )
    def test_later_versions_say_more(
        self, content: bytes | None, fields: dict[str, object], code: int
    ) -> None:
        acs = TinyAcs([])
        download(acs, "/f/x", content, persona="snom-like", **fields)
        assert report(acs).fault_struct.fault_code == code

    def test_an_unreachable_server(self) -> None:
        acs = TinyAcs([[m.Download("k", FIRMWARE, "http://127.0.0.1:1/x")]])
        play(acs, persona="snom-like", sessions=2)
        assert report(acs).fault_struct.fault_code == 9015

    def test_a_chosen_code(self) -> None:
        acs = TinyAcs([])
        download(acs, "/f/x", b"x", persona="snom-like", faults=("download-fails-9019",))
        assert report(acs).fault_struct.fault_code == 9019

    def test_old_version_after_boot(self) -> None:
        acs = TinyAcs([])
        download(acs, "/f/37.72.0.12.rom", b"x", faults=("old-version-after-boot",))
        assert acs.sessions[1].events == ["1 BOOT", "7 TRANSFER COMPLETE", "M Download"]
        assert report(acs).fault_struct.fault_code == 0
        assert acs.sessions[1].values[VERSION] == "37.72.0.5"

    def test_transfer_complete_is_sent_again_until_it_is_answered(self) -> None:
        acs = TinyAcs([])
        acs.answer_transfer_complete = False
        acs.hang_up = lambda heard: setattr(acs, "answer_transfer_complete", len(acs.sessions) > 2)  # type: ignore[func-returns-value] # a counter
        download(acs, "/f/37.72.0.12.rom", b"x", sessions=2)
        reported = [session for session in acs.sessions if session.of(m.TransferComplete)]
        assert len(reported) >= 2
        assert all("7 TRANSFER COMPLETE" in session.events for session in reported)
        assert len({session.of(m.TransferComplete)[0].command_key for session in reported}) == 1

    def test_digest_login_at_the_file_server(self) -> None:
        acs = TinyAcs([])
        acs.files["/f/37.72.0.12.rom"] = b"x"

        def aim(phone: Phone) -> None:
            request = m.Download("k", FIRMWARE, acs.url + "/f/37.72.0.12.rom", username="u", password="p")
            acs.script = [[request]]
            acs.login = ("u", "p")

        play(acs, sessions=2, login=("u", "p"), before=aim)
        gets = [heard for heard in acs.heard if heard.method == "GET"]
        assert [heard.headers.get("authorization", "")[:6] for heard in gets] == ["", "Digest"]
        assert acs.sessions[1].values[VERSION] == "37.72.0.12"

    def test_a_refused_login(self) -> None:
        acs = TinyAcs([])

        def aim(phone: Phone) -> None:
            acs.script = [[m.Download("k", FIRMWARE, acs.url + "/f", username="u", password="wrong")]]
            acs.login = ("u", "p")

        play(acs, sessions=2, login=("u", "p"), before=aim)
        assert report(acs).fault_struct.fault_code == 9012


class TestPersonas:
    def test_no_transfer_complete(self) -> None:
        acs = TinyAcs([])
        download(acs, "/f/37.72.0.12.rom", b"x", persona="no-transfer-complete")
        assert acs.sessions[1].events == ["1 BOOT", "4 VALUE CHANGE"]
        assert acs.sessions[1].of(m.TransferComplete) == []

    def test_no_transfer_complete_as_a_fault(self) -> None:
        acs = TinyAcs([])
        download(acs, "/f/37.72.0.12.rom", b"x", faults=("no-transfer-complete",))
        assert acs.sessions[1].events == ["1 BOOT", "4 VALUE CHANGE"]

    def test_early_transfer_complete(self) -> None:
        acs = TinyAcs([])
        download(acs, "/f/37.72.0.12.rom", b"x", persona="early-transfer-complete")
        assert report(acs, session=0).fault_struct.fault_code == 0
        assert acs.sessions[1].events == ["1 BOOT", "4 VALUE CHANGE"]
        assert acs.sessions[1].values[VERSION] == "37.72.0.12"

    def test_status_zero_downloads(self) -> None:
        acs = TinyAcs([])
        download(acs, "/f/37.72.0.12.rom", b"x", persona="status-zero-downloads")
        assert acs.sessions[0].of(m.DownloadResponse)[0].status == 0
        assert acs.sessions[1].events == ["1 BOOT", "4 VALUE CHANGE"]

    def test_head_first(self) -> None:
        acs = TinyAcs([])
        download(acs, "/f/1.0.11.40.fw", b"x" * 50, persona="grandstream-like")
        assert [heard.method for heard in acs.heard if heard.target.startswith("/f")] == ["HEAD", "GET"]
        assert acs.sessions[1].values[VERSION] == "1.0.11.40"


class TestConfiguration:
    FILE = b"""#!version:1.0.0.1
## a comment
account.1.enable = 1
account.1.user_name=1001
account.1.auth_name = 1001
account.1.password = geheim
account.1.sip_server.1.address = sip.example
account.1.transport = 2
local_time.ntp_server1 = ntp.example
managementserver.periodic_inform_interval = not a number
screensaver.wait_time = 60
"""

    def test_known_keys_become_parameters(self) -> None:
        acs = TinyAcs([])
        phone = download(acs, "/f/x.cfg", self.FILE, file_type=CONFIG)
        assert acs.sessions[1].events == ["7 TRANSFER COMPLETE", "M Download"], "no reboot"
        profile = "Services.VoiceService.1.VoiceProfile.1."
        assert phone.state.setting("Time.NTPServer1") == "ntp.example"
        assert phone.state.setting(profile + "Line.1.SIP.AuthPassword") == "geheim"
        assert phone.state.setting(profile + "SIP.RegistrarServerTransport") == "TLS"
        assert phone.state.setting(profile + "Line.1.Status") == "Up"
        assert phone.state.setting("ManagementServer.PeriodicInformInterval") == "1000", (
            "an unfit value is skipped"
        )

    def test_upload_gives_back_what_was_taken(self) -> None:
        acs = TinyAcs([])
        acs.files["/f/x.cfg"] = self.FILE

        def aim(phone: Phone) -> None:
            acs.script = [
                [m.Download("d", CONFIG, acs.url + "/f/x.cfg")],
                [m.Upload("u", "1 Vendor Configuration File", acs.url + "/up/config")],
            ]

        play(acs, sessions=3, before=aim)
        lines = acs.uploads["/up/config"].decode().splitlines()
        assert lines[0] == "#!version:1.0.0.1"
        assert {
            "account.1.enable = 1",
            "account.1.sip_server.1.address = sip.example",
            "account.1.transport = 2",
            "account.1.password = ",
            "local_time.ntp_server1 = ntp.example",
            "screensaver.wait_time = 60",
        } <= set(lines)
        assert acs.sessions[2].events == ["7 TRANSFER COMPLETE", "M Upload"]


class TestUpload:
    def test_log(self) -> None:
        acs = TinyAcs([])

        def aim(phone: Phone) -> None:
            acs.script = [[m.Upload("u", "2 Vendor Log File", acs.url + "/up/log")]]

        play(acs, sessions=2, before=aim)
        assert b"CP860 37.72.0.5" in acs.uploads["/up/log"]
        assert report(acs).fault_struct.fault_code == 0

    def test_failure_on_demand(self) -> None:
        acs = TinyAcs([[m.Upload("u", "2 Vendor Log File", "http://127.0.0.1:1/")]])
        play(acs, sessions=2, faults=("upload-fails",))
        assert report(acs).fault_struct.fault_code == 9011


class TestImages:
    def test_read_in_pieces(self) -> None:
        image = make_image("1.2.3.4", model="CP860", size=1000)
        reader = ImageReader()
        for start in range(0, len(image), 7):
            reader.feed(image[start : start + 7])
        assert reader.version == "1.2.3.4"
        assert reader.size == len(image)
        assert reader.corrupt("CP860") == ""
        assert "CP860" in reader.corrupt("T22P")

    @pytest.mark.parametrize(
        ("target", "url", "version"),
        [
            ("", "http://x/37.72.0.12.rom", "37.72.0.12"),
            ("", "http://x/CP860%2037.72.0.12.rom?a=9.9.9.rom", "37.72.0.12"),
            ("37.72.0.13.rom", "http://x/37.72.0.12.rom", "37.72.0.13"),
            ("", "http://10.0.0.1/firmware", ""),
            ("", "http://x/release-notes-1.2.3.txt", ""),
        ],
    )
    def test_version_in_name(self, target: str, url: str, version: str) -> None:
        assert version_in_name(target, url) == version
