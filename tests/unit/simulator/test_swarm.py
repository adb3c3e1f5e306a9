"""Many phones, their faults by lot, and the command."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tiny_acs import Heard, TinyAcs

from acs.cli.simulate import find_credential, simulate
from acs.cwmp import messages as m
from acs.cwmp.versions import CWMP_1_0
from acs.cwmp.writing import write
from acs.simulator.faults import FaultWish, UnknownFault, drawn_for, parse
from acs.simulator.identity import WrongMac, identities
from acs.simulator.personas import PERSONAS


class TestIdentities:
    def test_serials_are_macs_counted_up(self) -> None:
        phones = identities("00:15:65:8A:37:FE", 3)
        assert [phone.serial for phone in phones] == ["0015658a37fe", "0015658a37ff", "0015658a3800"]
        assert phones[0].mac_with_colons == "00:15:65:8a:37:fe"

    def test_addresses_are_their_own(self) -> None:
        assert len({phone.ip for phone in identities("001565000000", 1000)}) == 1000

    @pytest.mark.parametrize("text", ["", "0015", "zz1565000000"])
    def test_no_mac(self, text: str) -> None:
        with pytest.raises(WrongMac):
            identities(text, 1)


class TestFaultsByLot:
    def test_parsing(self) -> None:
        assert parse("no-answer") == FaultWish("no-answer", 1.0)
        assert parse("fault-9002=0.1") == FaultWish("fault-9002", 0.1)
        assert parse("download-fails-9017=25%") == FaultWish("download-fails-9017", 0.25)
        assert parse("busy-line-30=1%") == FaultWish("busy-line-30", 0.01)

    @pytest.mark.parametrize(
        "text",
        ["nonsense", "fault-8000", "fault-NNNN", "busy-line-SECONDS", "no-answer=2", "no-answer=some"],
    )
    def test_nonsense(self, text: str) -> None:
        with pytest.raises(UnknownFault):
            parse(text)

    def test_a_rate_meets_its_share_and_the_same_phones_again(self) -> None:
        def broken(seed: str) -> set[str]:
            wish = (FaultWish("no-answer", 0.2),)
            phones = identities("001565000000", 1000)
            return {phone.serial for phone in phones if "no-answer" in drawn_for(wish, phone.serial, seed)}

        assert 150 < len(broken("a")) < 250
        assert broken("a") == broken("a")
        assert broken("a") != broken("b")

    def test_codes(self) -> None:
        assert drawn_for((parse("download-fails"),), "x", "").code("download-fails") == 9010
        assert drawn_for((parse("download-fails-9017"),), "x", "").code("download-fails") == 9017
        assert drawn_for((parse("fault-9002"),), "x", "").code("fault") == 9002
        assert drawn_for((), "x", "").code("fault") == 0


class ManyPhonesAcs(TinyAcs):
    """Keeps no conversations: every phone gets InformResponse, one request at most, and 204."""

    request: m.Message | None = None

    #: seconds before each answer
    delay = 0.0

    def _converse(self, heard: Heard) -> tuple[int, list[str], bytes]:
        time.sleep(self.delay)
        if not heard.body and self.request is not None:
            return 200, [], write(self.request, cwmp_id="acs-1", namespace=CWMP_1_0)
        if not heard.body or not isinstance(heard.envelope.message, m.Inform):
            return 204, [], b""
        return self._soap(m.InformResponse(), heard.envelope, [])


@pytest.fixture
def acs() -> Iterator[ManyPhonesAcs]:
    """An ACS in a thread of its own, since the command runs its own event loop."""
    server = ManyPhonesAcs([])
    loop = asyncio.new_event_loop()
    started = threading.Event()

    async def start() -> None:
        await server.start()
        started.set()

    def serve() -> None:
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    started.wait()
    yield server
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


class TestCommand:
    def run(self, *arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(simulate, [*arguments, "--quiet"])
        return result.exit_code, result.output

    def test_a_hundred_phones(self, acs: ManyPhonesAcs) -> None:
        arguments = ("--phones", "100", "--sessions", "1", "--ramp", "0", "--json")
        code, output = self.run("--url", acs.url, *arguments)
        summary = json.loads(output)
        assert code == 0
        assert summary["completed_phones"] == summary["phones"] == 100
        assert summary["sessions"] == 100
        assert (
            len({heard.envelope.message.device_id.serial_number for heard in acs.heard if heard.body}) == 100
        )

    def test_the_connection_request_url_is_the_phones_own_path(self, acs: ManyPhonesAcs) -> None:
        self.run("--url", acs.url, "--phones", "1", "--sessions", "1", "--first-mac", "001565aabbcc")
        values = {
            parameter.name: parameter.value for parameter in acs.heard[0].envelope.message.parameter_list
        }
        url = values["Device.ManagementServer.ConnectionRequestURL"]
        assert url.startswith("http://127.0.0.1:")
        assert url.endswith("/001565aabbcc")

    def test_the_login_is_found_in_the_data_directory(self, acs: ManyPhonesAcs, tmp_path: Path) -> None:
        acs.login = ("fleet", "geheim")
        credential = {"username": "fleet", "password": "geheim", "cwmp_url": acs.url, "auth": "digest"}
        (tmp_path / "fleet-credential.json").write_text(json.dumps(credential))
        code, output = self.run("--data-dir", str(tmp_path), "--sessions", "1")
        assert code == 0, output

    def test_a_phone_that_never_gets_through_is_exit_code_1(self) -> None:
        code, output = self.run("--url", "http://127.0.0.1:1/", "--duration", "0.3")
        assert code == 1
        assert "0 of 1 phones" in output
        assert "cannot be reached" in output

    def test_a_session_under_way_is_ended_before_it_stops(self, acs: ManyPhonesAcs) -> None:
        acs.delay = 0.6
        arguments = ("--duration", "0.3", "--ramp", "0", "--interval", "1", "--json")
        code, output = self.run("--url", acs.url, *arguments)
        assert code == 0
        assert json.loads(output)["sessions"] == 1

    def test_no_server_to_go_to(self, tmp_path: Path) -> None:
        code, output = self.run("--data-dir", str(tmp_path))
        assert code == 2
        assert "--url" in output

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--persona", "nobody"),
            ("--fault", "nothing"),
            ("--first-mac", "x"),
            ("--url", "ftp://x/"),
            ("--phones", "0"),
        ],
    )
    def test_wrong_usage(self, arguments: tuple[str, ...]) -> None:
        assert self.run("--url", "http://127.0.0.1:1/", *arguments)[0] == 2

    def test_lists(self) -> None:
        output = CliRunner().invoke(simulate, ["--list-personas"]).output
        assert all(name in output for name in PERSONAS)
        assert "never-back" in CliRunner().invoke(simulate, ["--list-faults"]).output

    def test_the_diary_says_what_became_of_each_phone(self, acs: ManyPhonesAcs, tmp_path: Path) -> None:
        diary = tmp_path / "diary.jsonl"
        arguments = ("--sessions", "1", "--diary", str(diary), "--fault", "busy-line")
        acs.request = m.Reboot("k")
        code, output = self.run("--url", acs.url, "--first-mac", "001565aabbcc", *arguments)
        assert code == 0, output
        [entry] = map(json.loads, diary.read_text().splitlines())
        assert entry.pop("at") > 0
        assert entry == {"phone": "001565aabbcc", "did": "asked", "in_call": True, "what": "Reboot"}

    def test_a_diary_that_cannot_be_written(self, acs: ManyPhonesAcs, tmp_path: Path) -> None:
        code, output = self.run("--url", acs.url, "--diary", str(tmp_path / "none" / "diary"))
        assert (code, "No such file" in output) == (1, True)

    def test_personas_are_dealt_out_in_turn(self, acs: ManyPhonesAcs) -> None:
        personas = ("--persona", "cp860", "--persona", "grandstream-like")
        self.run("--url", acs.url, "--phones", "4", "--sessions", "1", *personas)
        makers = [heard.envelope.message.device_id.manufacturer for heard in acs.heard if heard.body]
        assert sorted(makers) == ["Grandstream", "Grandstream", "Yealink", "Yealink"]


def test_the_default_directorys_login_goes_to_its_own_server_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acs-data").mkdir()
    credential = {"username": "fleet", "password": "geheim", "cwmp_url": "http://127.0.0.1:7547/"}
    (tmp_path / "acs-data" / "fleet-credential.json").write_text(json.dumps(credential))
    assert find_credential(None, None, None, None).username == "fleet"
    assert find_credential("http://127.0.0.1:7547/acs", None, None, None).username == "fleet"
    assert find_credential("http://elsewhere.example/", None, None, None).username == ""
    assert find_credential("http://elsewhere.example/", Path("acs-data"), None, None).username == "fleet"
    assert find_credential("http://127.0.0.1:7547/", None, "own", "pw").username == "own"
