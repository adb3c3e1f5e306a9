"""Rollouts from outside: server, workers, Redis and phones, some of which go wrong. What the server says
became of a phone is held against what the phone wrote down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acs.fleet.rollout.member import order_of
from acs.simulator.faults import Faults
from tests.system.rollout_phones import Phones, eventually

#: The `Server` of this directory's conftest, which cannot be imported by name.
Server = Any

OLD, NEW = "37.72.0.5", "37.72.0.12"
GOOD = "0015651"

#: First digits of the phones that go wrong, in which way, and how they are to end: the outcome and words of
#: its reason.
WRONG = {
    "0015652a": ("bad-image", "failed", "the image is damaged"),
    "0015652b": ("download-fails-9012", "failed", "9012 file server authentication"),
    "0015652c": ("old-version-after-boot", "failed", f"runs {OLD} instead of {NEW}"),
    "0015652d": (
        "never-back",
        "unconfirmed",
        "it fetched the file and did not come back with it within 20 s",
    ),
    "0015652e": ("forgets-downloads", "unconfirmed", "it took the request and fetched nothing within 20 s"),
    "0015652f": ("busy-line", "skipped", "line 1 is in a call (InCall)"),
    "00156530": ("goes-offline", "skipped", "it is offline; it was waited for 25 s"),
    "00156531": ("no-transfer-complete", "succeeded", ""),
}


class Rollout:
    """One rollout over REST."""

    def __init__(self, api: Any, name: str, select: str, **definition: Any) -> None:
        self.api = api
        usual = {
            "name": name,
            "select": select,
            "gate": {"success": 0, "informs": 0},
            "stop": None,
            "pace": {"at_once": 10},
            "patience": 60,
            "confirm": 30,
            "ask_again": 2,
            "start": "now",
        }
        answer = api.post("/api/v1/rollouts", json={**usual, **definition})
        assert answer.status_code == 201, answer.text
        self._begin(answer.json())

    def _begin(self, shown: dict[str, Any]) -> None:
        self.id, self.path = shown["id"], f"/api/v1/rollouts/{shown['id']}"

    def show(self) -> dict[str, Any]:
        answer = self.api.get(self.path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    @property
    def state(self) -> str:
        return str(self.show()["state"])

    def do(self, verb: str, **body: Any) -> dict[str, Any]:
        answer = self.api.post(f"{self.path}/{verb}", json=body or None)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def rollback(self) -> Rollout:
        other = object.__new__(Rollout)
        other.api = self.api
        other._begin(self.do("rollback"))
        return other

    def members(self) -> dict[str, dict[str, Any]]:
        """By serial number."""
        found: dict[str, dict[str, Any]] = {}
        cursor = None
        while True:
            asked = {"limit": 100, **({"cursor": cursor} if cursor else {})}
            page = self.api.get(f"{self.path}/devices", params=asked).json()
            found |= {one["device"].rpartition("-")[2]: one for one in page["items"]}
            cursor = page["next"]
            if cursor is None:
                return found

    def ends(self, state: str = "completed", seconds: float = 90) -> dict[str, dict[str, Any]]:
        """Its phones, once it is in this state."""

        def stands() -> bool:
            shown = self.show()
            assert shown["trouble"] == ""
            return shown["state"] not in ("running", "scheduled")

        eventually(stands, seconds, lambda: self.show()["outcomes"])
        shown = self.show()
        assert shown["state"] == state, (shown["reason"], shown["outcomes"])
        return self.members()


@pytest.fixture(scope="module")
def server(module_server: Callable[..., Server]) -> Iterator[Server]:
    one = module_server("--cpe-auth", "none", "--workers", "2")
    for version in (OLD, NEW):
        image = f"ACS-SIM-ROM version={version}\n".encode() + b"x" * 5000
        about = {"version": version, "model": "CP860"}
        assert one.api.put(f"/api/v1/files/{version}.rom", params=about, content=image).status_code == 201
    yield one
    assert not one.tracebacks()


@pytest.fixture(scope="module")
def phones(server: Server) -> Iterator[Phones]:
    running = Phones(server.urls["cwmp"])
    yield running
    running.stop()


@pytest.fixture
def known(server: Server, phones: Phones) -> Callable[..., list[str]]:
    """Phones of the test's own that the server has learnt, and their selector's first digits."""

    def start(digits: str, count: int, *faults: str, **more: Any) -> list[str]:
        serials = phones.start(f"{digits:0<12}", count, *faults, **more)
        wait_until_known(server, digits, count)
        return serials

    return start


def found(server: Server, select: str) -> int:
    answer = server.api.get("/api/v1/devices", params={"q": select, "limit": 1})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])


def wait_until_known(server: Server, digits: str, count: int) -> None:
    """Until their parameters are known: only then can they be asked about calls."""
    select = f"serial ~ {digits}* and parameter Device.Time.LocalTimeZone ~ *"
    eventually(lambda: found(server, select) == count, said=lambda: found(server, select))


@pytest.fixture(scope="module")
def upgrade(server: Server, phones: Phones) -> Rollout:
    """Firmware for forty good phones and two of each kind that is not, begun before all other tests."""
    phones.start(f"{GOOD:0<12}", 36)
    for digits, (fault, _, _) in WRONG.items():
        phones.start(f"{digits:0<12}", 2, fault)
    everyone = 36 + 2 * len(WRONG)
    wait_until_known(server, GOOD, 36)
    for digits in WRONG:
        wait_until_known(server, digits, 2)
    eventually(lambda: found(server, "serial ~ 00156530* and offline") == 2)
    rollout = Rollout(
        server.api,
        "upgrade",
        f"serial ~ {GOOD}* or serial ~ 0015652* or serial ~ 0015653*",
        kind="firmware",
        file=f"{NEW}.rom",
        waves=["20%", "50%", "rest"],
        gate={"success": 0.3, "informs": 1},
        pace={"at_once": 10},
        patience=25,
        confirm=20,
    )
    eventually(lambda: rollout.show()["total"] == everyone)
    return rollout


def test_a_phone_in_a_call_is_asked_again_until_the_call_is_over(
    server: Server, phones: Phones, known: Callable[..., list[str]], upgrade: Rollout
) -> None:
    serials = known("0015654a", 4)
    over = time.time() + 8

    def pick_up(phone: Any) -> None:
        phone.state.call_until = over

    phones.do(serials, pick_up)
    rollout = Rollout(server.api, "calls", "serial ~ 0015654a*", kind="firmware", file=f"{NEW}.rom")
    eventually(lambda: any("in a call" in one["reason"] for one in rollout.members().values()))
    members = rollout.ends()
    assert {one["outcome"] for one in members.values()} == {"succeeded"}
    assert all(one["evidence"]["in_a_call"]["times"] >= 1 for one in members.values())
    downloads = phones.entries("asked", serials, what="Download")
    assert sorted(one["phone"] for one in downloads) == serials
    assert min(one["at"] for one in downloads) >= over
    assert phones.asked("ScheduleInform", serials).keys() == set(serials)


def test_thirty_per_cent_bad_in_wave_two_halt_it_there_and_rollback_restores_the_others(
    server: Server, phones: Phones, known: Callable[..., list[str]]
) -> None:
    serials = known("0015654b", 30)
    rollout = Rollout(
        server.api,
        "halts",
        "serial ~ 0015654b*",
        kind="firmware",
        file=f"{NEW}.rom",
        waves=["20%", "40%", "rest"],
        gate={"success": 0.9, "informs": 0},
        stop={"failures": "7%"},
        start=None,
    )
    order = sorted(serials, key=lambda serial: order_of(rollout.id, f"001565-CP860-{serial}"))
    first, second, third = order[:6], order[6:18], order[18:]
    bad = second[::3]

    def damage(phone: Any) -> None:
        phone.state.faults = Faults(frozenset({"bad-image"}))

    phones.do(bad, damage)
    rollout.do("start")
    members = rollout.ends("halted")
    shown = rollout.show()
    assert shown["wave"] == 2
    assert "failed" in shown["reason"]
    assert {members[one]["outcome"] for one in first} == {"succeeded"}
    assert {members[one]["outcome"] for one in third} == {"waiting"}
    failed = [one for one in members if members[one]["outcome"] == "failed"]
    assert 3 <= len(failed) <= 4
    assert set(failed) <= set(bad)
    assert not phones.asked("Download", third)
    events = server.api.get("/api/v1/events", params={"kind": "rollout_halted", "limit": 20}).json()["items"]
    [halt] = [one for one in events if one["data"]["rollout"] == rollout.id]
    assert {one["device"].rpartition("-")[2] for one in halt["data"]["phones"]} >= set(failed)

    # some of wave two may be on their way still
    restored = rollout.rollback().ends()
    changed = {one["phone"] for one in phones.entries("booted", serials, version=NEW)}
    assert set(first) <= changed
    assert {serial for serial, one in restored.items() if one["outcome"] == "succeeded"} == changed
    assert {phone.state.software_version for phone in map(phones.by_serial.get, order)} == {OLD}
    assert {phones.asked("Download", [one]).get(one) for one in changed} == {2}
    assert not phones.asked("Download", third)
    rollout.do("abort")
    assert rollout.state == "aborted"


def test_the_failed_are_tried_again_and_it_goes_on(
    server: Server, phones: Phones, known: Callable[..., list[str]]
) -> None:
    serials = known("0015654c", 8)
    ill = serials[:4]

    def damage(phone: Any) -> None:
        phone.state.faults = Faults(frozenset({"bad-image"}))

    def heal(phone: Any) -> None:
        phone.state.faults = Faults()

    phones.do(ill, damage)
    rollout = Rollout(
        server.api,
        "tried again",
        "serial ~ 0015654c*",
        kind="firmware",
        file=f"{NEW}.rom",
        waves=[4, "rest"],
        gate={"success": 1},
        stop={"failures": 2},
    )
    rollout.ends("halted")
    rollout.do("resume")
    rollout.ends("halted")  # the gate of wave one, or the rule again
    phones.do(ill, heal)
    rollout.do("retry", outcomes=["failed"])
    members = rollout.ends()
    assert {one["outcome"] for one in members.values()} == {"succeeded"}
    asked = phones.asked("Download", serials)
    assert {asked[one] for one in serials if one not in ill} == {1}
    assert {members[one]["attempt"] for one in ill if asked[one] == 2} == {2}
    assert all(asked[one] == members[one]["attempt"] for one in serials)


def test_a_pause_lets_nothing_begin(server: Server, phones: Phones, known: Callable[..., list[str]]) -> None:
    serials = known("0015654d", 8)
    rollout = Rollout(server.api, "paused", "serial ~ 0015654d*", kind="reboot", pace={"at_once": 1})
    eventually(lambda: phones.asked("Reboot", serials))
    rollout.do("pause")
    eventually(lambda: not rollout.show()["outcomes"].get("rebooting"))
    so_far = len(phones.asked("Reboot", serials))
    time.sleep(3)
    assert len(phones.asked("Reboot", serials)) <= so_far + 1 < len(serials)
    rollout.do("resume")
    members = rollout.ends()
    assert {one["outcome"] for one in members.values()} == {"succeeded"}
    assert phones.asked("Reboot", serials) == dict.fromkeys(serials, 1)
    assert phones.most_at_once("Reboot", serials) == 1


def test_no_more_at_once_than_may_altogether_and_at_a_site(
    server: Server, phones: Phones, known: Callable[..., list[str]]
) -> None:
    serials = known("0015654e", 12)
    here, there = serials[:6], serials[6:]
    for site, of_it in (("site-h", here), ("site-t", there)):
        for serial in of_it:
            tagged = server.api.patch(f"/api/v1/devices/001565-CP860-{serial}", json={"tags": [site]})
            assert tagged.status_code == 200, tagged.text
    rollout = Rollout(
        server.api, "sites", "serial ~ 0015654e*", kind="reboot", pace={"at_once": 3, "per_site": 2}
    )
    members = rollout.ends()
    assert {one["outcome"] for one in members.values()} == {"succeeded"}
    assert phones.most_at_once("Reboot", serials) <= 3
    assert phones.most_at_once("Reboot", here) <= 2
    assert phones.most_at_once("Reboot", there) <= 2


def test_a_phone_outside_its_window_is_not_touched(
    server: Server, phones: Phones, known: Callable[..., list[str]]
) -> None:
    zone = "Time.LocalTimeZone"
    inside = known("0015654f0", 3, settings={zone: "+00:00"})
    outside = known("0015654f1", 3, settings={zone: "+08:00"})
    now = datetime.now(UTC)
    hours = [(now + timedelta(hours=number)).strftime("%H:%M") for number in (-2, 2)]
    window = {"from": hours[0], "to": hours[1], "zone": "phone"}
    rollout = Rollout(server.api, "windows", "serial ~ 0015654f*", kind="reboot", window=window)
    eventually(lambda: phones.asked("Reboot", inside).keys() == set(inside))
    eventually(lambda: rollout.show()["outcomes"] == {"succeeded": 3, "deferred": 3}, said=rollout.show)
    members = rollout.members()
    assert {members[one]["outcome"] for one in inside} == {"succeeded"}
    assert all(members[one]["reason"].startswith("outside its window until ") for one in outside)
    assert not phones.asked("Reboot", outside)
    rollout.do("abort")
    assert rollout.state == "aborted"


def test_a_phone_of_two_rollouts_is_in_one_disruptive_step_at_a_time(
    server: Server, phones: Phones, known: Callable[..., list[str]]
) -> None:
    serials = known("00156550", 8)
    select = "serial ~ 00156550*"
    later = Rollout(server.api, "reboots", select, kind="reboot", priority=-5, start=None)
    first = Rollout(
        server.api, "before them", select, kind="firmware", file=f"{NEW}.rom", priority=5, start=None
    )
    later.do("start")
    first.do("start")
    for rollout in (first, later):
        assert {one["outcome"] for one in rollout.ends().values()} == {"succeeded"}
    assert phones.asked("Download", serials) == dict.fromkeys(serials, 1)
    assert phones.asked("Reboot", serials) == dict.fromkeys(serials, 1)
    for serial in serials:
        told = [one for one in phones.diary if one["phone"] == serial]
        steps = [
            one["what"] if one["did"] == "asked" else "booted"
            for one in told
            if one["did"] == "booted" or one.get("what") in ("Reboot", "Download")
        ]
        assert steps in (
            ["Download", "booted", "Reboot", "booted"],
            ["Reboot", "booted", "Download", "booted"],
        )


def test_configuration_is_brought_and_taken_back(
    server: Server, phones: Phones, known: Callable[..., list[str]]
) -> None:
    serials = known("00156551", 6)
    key, path = "local_time.ntp_server1", "Time.NTPServer1"
    own = f"/api/v1/devices/001565-CP860-{serials[0]}/config"
    assert server.api.patch(own, json={"values": {key: "own.example"}}).status_code == 200

    def have() -> list[str]:
        return [phones.by_serial[one].state.setting(path) for one in serials]

    before = have()
    eventually(lambda: have()[0] == "own.example")
    rollout = Rollout(
        server.api,
        "times",
        "serial ~ 00156551*",
        kind="config",
        values={key: "ntp.example"},
        waves=[2, "rest"],
    )
    members = rollout.ends()
    assert {one["outcome"] for one in members.values()} == {"succeeded"}, members
    assert set(have()) == {"ntp.example"}
    assert server.api.get(own).json()["values"] == {key: "ntp.example"}
    restored = rollout.rollback().ends()
    assert {one["outcome"] for one in restored.values()} == {"succeeded"}
    assert server.api.get(own).json()["values"] == {key: "own.example"}
    other = server.api.get(f"/api/v1/devices/001565-CP860-{serials[1]}/config").json()["values"]
    assert other == {key: before[1]}
    eventually(lambda: have() == ["own.example", *before[1:]])


def test_what_is_desired_is_applied_now(
    server: Server, phones: Phones, known: Callable[..., list[str]]
) -> None:
    """Keys that make phones reboot wait for a word, and never cut a call off."""
    serials = known("00156552", 4)
    key = "sip.use_out_bound_in_dialog"
    for serial in serials:
        where = f"/api/v1/devices/001565-CP860-{serial}/config"
        assert server.api.patch(where, json={"values": {key: "0"}}).status_code == 200
    eventually(lambda: found(server, "serial ~ 00156552* and drift") == 4)
    assert not any(key in phones.by_serial[one].state.config_lines for one in serials)
    over = time.time() + 6
    busy = serials[:1]

    def pick_up(phone: Any) -> None:
        phone.state.call_until = over

    phones.do(busy, pick_up)
    rollout = Rollout(server.api, "apply", "serial ~ 00156552*", kind="config", reboot=True)
    members = rollout.ends()
    assert {one["outcome"] for one in members.values()} == {"succeeded"}, members
    assert {phones.by_serial[one].state.config_lines.get(key) for one in serials} == {"0"}
    downloads = phones.entries("asked", busy, what="Download")
    assert all(not one["in_call"] for one in downloads)


@pytest.mark.parametrize(
    ("kind", "more", "method"),
    [
        ("reboot", {}, "Reboot"),
        ("backup", {}, "Upload"),
        ("task", {"task": {"type": "get_parameter_values", "names": ["Device.DeviceInfo."]}}, ""),
        ("task", {"task": {"type": "factory_reset"}}, "FactoryReset"),
    ],
)
def test_other_kinds(
    server: Server,
    phones: Phones,
    known: Callable[..., list[str]],
    kind: str,
    more: dict[str, Any],
    method: str,
) -> None:
    select, serials = "serial ~ 00156553*", sorted(one for one in phones.by_serial if one[:8] == "00156553")
    serials = serials or known("00156553", 4)
    began = time.time()
    rollout = Rollout(server.api, f"of kind {kind}", select, kind=kind, **more)
    members = rollout.ends()
    assert {one["outcome"] for one in members.values()} == {"succeeded"}, members
    if method:
        assert phones.asked(method, serials, since=began) == dict.fromkeys(serials, 1)
    if kind == "backup":
        assert all(one["evidence"]["received"]["size"] > 0 for one in members.values())


def test_every_phone_of_the_upgrade_has_the_outcome_that_it_should(
    server: Server, phones: Phones, upgrade: Rollout
) -> None:
    members = upgrade.ends(seconds=150)
    size = 5000 + len(f"ACS-SIM-ROM version={NEW}\n")
    asked = phones.asked("Download")
    for serial, one in members.items():
        outcome, words = WRONG.get(serial[:8], ("", "succeeded", ""))[1:]
        assert one["outcome"] == outcome, (serial, one)
        assert words in one["reason"], (serial, one)
        assert asked.get(serial, 0) == (0 if outcome == "skipped" else 1), serial
        has = phones.by_serial[serial].state.software_version
        assert has == (NEW if outcome == "succeeded" else OLD)
        evidence = one["evidence"]
        if outcome == "succeeded":
            assert evidence["version_before"] == OLD
            assert evidence["version"] == NEW
            assert evidence["bytes_served"] == size
            assert ("transfer_complete" in evidence) == (serial[:8] != "00156531"), (serial, one)
            assert one["turn_at"] <= one["sent_at"] <= one["ended_at"], one
    shown = upgrade.show()
    assert [wave["phones"] for wave in shown["waves"]] == [11, 26, 15]
    assert phones.most_at_once("Download", list(members)) <= 10
    begun = [
        first_asked(phones, [one for one in members if members[one]["wave"] == wave]) for wave in (1, 2, 3)
    ]
    assert begun == sorted(begun)


def first_asked(phones: Phones, serials: Sequence[str]) -> float:
    return min(one["at"] for one in phones.entries("asked", serials, what="Download"))


def test_no_phone_was_disturbed_in_a_call(phones: Phones, upgrade: Rollout) -> None:
    assert phones.entries("asked", in_call=True), "some were spoken to while in one"
    assert phones.disturbed() == []
