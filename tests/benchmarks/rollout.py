"""Rollouts among thousands of simulated phones, a few of which go wrong: what becomes of each, held against
what it should be and against the phones' own diaries.

    acs bench rollout --phones 2000

One server of its own, with its workers and its Redis, upgrades the phones three times:

    plain   in waves to the end; 3 % of the phones fail, each in its way
    halt    30 % of wave two get a damaged image: it halts there, and the rollback restores the others
    kills   as plain, while servers, workers and Redis are killed at random

Beside the first, some phones reboot in a window that opens later where half of them are.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from private_server import PrivateServer, private_server
from sessions import machine

sys.path.insert(0, str(Path(__file__).parents[2]))

from acs.fleet.rollout.member import order_of
from acs.simulator.faults import Faults
from tests.system.killing import processes, slay
from tests.system.rollout_phones import Phones

#: Versions in the order in which they come.
VERSIONS = ("37.72.0.5", "37.72.0.12", "37.72.0.20", "37.72.0.30")

#: How phones go wrong, how that is to end, and how many in 2,000 do: 3 % together.
WRONG = {
    "bad-image": ("failed", 10),
    "old-version-after-boot": ("failed", 10),
    "never-back": ("unconfirmed", 10),
    "busy-line": ("skipped", 10),
    "goes-offline": ("skipped", 10),
    "no-transfer-complete": ("succeeded", 5),
    "forgets-downloads": ("unconfirmed", 5),
}

#: The forecast is to be right by this factor.
AIM = 1.5

#: Seconds between two kills.
PAUSE = (3.0, 8.0)

#: Minutes by which the clock of some phones is behind, and their number for each of both zones.
BEHIND, ZONED = 2, 20


class Fleet:
    """The phones by what is wrong with them, and the server that they call."""

    def __init__(self, server: PrivateServer, options: argparse.Namespace) -> None:
        self.server, self.options = server, options
        self.api = httpx.Client(
            base_url=server.run["web_url"],
            headers={
                "Authorization": f"Bearer {(server.data_dir / 'local-admin.token').read_text().strip()}"
            },
            timeout=60,
        )
        self.phones = Phones(server.credential["cwmp_url"], interval=options.interval, boot_seconds=2.0)
        self.good: list[str] = []
        self.wrong: dict[str, str] = {}
        self.zoned: dict[str, list[str]] = {}
        #: lost to an earlier rollout: away, or with a download that may still come to something
        self.lost: set[str] = set()

    # --- phones ---

    def start(self) -> None:
        total = self.options.phones
        for number, (fault, (_, share)) in enumerate(WRONG.items()):
            count = max(1, round(share * total / 2000))
            for serial in self.phones.start(f"0015659{number:x}0000", count, fault):
                self.wrong[serial] = fault
        count = total - len(self.wrong)
        self.good = self.phones.start("001565a00000", count, ramp=count / 60)
        self.zoned = {
            zone: self.phones.start(f"0015658{place}0000", ZONED, settings={"Time.LocalTimeZone": zone})
            for place, zone in enumerate(("+00:00", f"-00:{BEHIND:02}"))
        }
        everyone = total + 2 * ZONED
        known = "parameter Device.DeviceInfo.HardwareVersion = 37.0.0.0"
        self.until(
            lambda: self.count(known) == everyone, lambda: f"{self.count(known)} of {everyone} are known"
        )
        away = [one for one, fault in self.wrong.items() if fault == "goes-offline"]
        self.until(
            lambda: self.count(f"serial in ({', '.join(away)}) and offline") == len(away),
            lambda: "some are off",
        )

    def count(self, select: str) -> int:
        found = self.insist("GET", "/api/v1/devices", params={"q": select, "limit": 1})
        return int(found["total"])

    def change(self, serials: list[str], *faults: str) -> None:
        def act(phone: Any) -> None:
            phone.state.faults = Faults(frozenset(faults))

        self.phones.do(serials, act)

    def should(self, serial: str) -> str:
        """The outcome that the phone should have."""
        if serial in self.lost:
            return "skipped"
        return WRONG[self.wrong[serial]][0] if serial in self.wrong else "succeeded"

    def lose(self) -> None:
        """Phones that were never proved are of no use any more; others go their ways."""
        for fault in ("never-back", "forgets-downloads"):
            for serial in [one for one, its in self.wrong.items() if its == fault]:
                self.lost.add(serial)
                other = self.good.pop()
                self.wrong[other] = fault
                self.change([other], fault)

    # --- the server ---

    def insist(self, method: str, path: str, **more: Any) -> Any:
        """The answer of a call, as soon as the server gives one."""
        while True:
            try:
                answer = self.api.request(method, path, **more)
            except httpx.TransportError:
                time.sleep(0.3)
                continue
            if answer.status_code not in (502, 503):
                if answer.status_code not in (200, 201):
                    sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
                return answer.json()
            time.sleep(0.3)

    def until(self, what: Callable[[], bool], said: Callable[[], Any], seconds: float = 1200) -> None:
        give_up = time.monotonic() + seconds
        while not what():
            if time.monotonic() > give_up:
                sys.exit(f"given up after {seconds:g} s: {said()}")
            time.sleep(0.5)

    def image(self, version: str) -> None:
        content = f"ACS-SIM-ROM version={version}\n".encode() + b"x" * self.options.size
        about = {"version": version, "model": "CP860"}
        self.insist("PUT", f"/api/v1/files/{version}.rom", params=about, content=content)

    def rollout(self, name: str, select: str, **definition: Any) -> Rollout:
        usual = {
            "name": name,
            "select": select,
            "waves": ["5%", "25%", "rest"],
            "soak": 5,
            "gate": {"success": 0.8, "informs": 1},
            "pace": {"at_once": self.options.at_once},
            "patience": self.options.patience,
            "confirm": self.options.patience,
            "ask_again": 10,
            "start": None,
        }
        made = self.insist("POST", "/api/v1/rollouts", json={**usual, **definition})
        return Rollout(self, made["id"])


class Rollout:
    """One rollout, followed to its end; `foreseen` is what it said at first that it would take."""

    def __init__(self, fleet: Fleet, identifier: str) -> None:
        self.fleet, self.id = fleet, identifier
        self.path = f"/api/v1/rollouts/{identifier}"
        self.began = self.seconds = 0.0
        self.foreseen: float | None = None
        self.after_wave_one: tuple[float, float] | None = None
        self.shown: dict[str, Any] = {}

    def order(self, serials: list[str]) -> list[str]:
        """The phones as their turns come."""
        return sorted(serials, key=lambda serial: order_of(self.id, f"001565-CP860-{serial}"))

    def start(self) -> None:
        self.began = time.time()
        self.fleet.insist("POST", f"{self.path}/start")

    def follow(
        self, between: Callable[[], None] = lambda: None, seconds: float = 1800
    ) -> dict[str, dict[str, Any]]:
        """Its phones in the end, by serial number."""
        give_up = time.monotonic() + seconds
        while True:
            shown = self.shown = self.fleet.insist("GET", self.path)
            passed = time.time() - self.began
            if shown["forecast"] is not None:
                ends = passed + shown["forecast"]["seconds"]
                self.foreseen = ends if self.foreseen is None else self.foreseen
                if shown["wave"] == 2 and self.after_wave_one is None:
                    self.after_wave_one = (passed, ends)
            if shown["state"] not in ("running", "scheduled"):
                break
            if time.monotonic() > give_up:
                sys.exit(f"it does not end: {shown}")
            if self.fleet.options.verbose:
                left = shown["forecast"] and round(shown["forecast"]["seconds"])
                print(
                    f"  {passed:5.0f} s wave {shown['wave']} {shown['outcomes']} {left} s left",
                    file=sys.stderr,
                )
            between()
            time.sleep(1)
        self.seconds = time.time() - self.began
        return {one["device"].rpartition("-")[2]: one for one in self.members()}

    def members(self) -> Iterator[dict[str, Any]]:
        cursor = None
        while True:
            asked = {"limit": 500, **({"cursor": cursor} if cursor else {})}
            page = self.fleet.insist("GET", f"{self.path}/devices", params=asked)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return


# --- what is measured ---------------------------------------------------------------------------------------


def plain(fleet: Fleet, version: str, *, kills: bool = False) -> dict[str, Any]:
    """An upgrade of all phones in waves, to its end."""
    fleet.image(version)
    began = time.time()
    everyone = [*fleet.good, *fleet.wrong]
    rollout = fleet.rollout(
        "kills" if kills else "plain",
        "serial ~ 0015659* or serial ~ 001565a*",
        kind="firmware",
        file=f"{version}.rom",
    )
    windows = None if kills else window_beside(fleet)
    rollout.start()
    killer = Killer(fleet) if kills else None
    members = rollout.follow(killer.strike if killer else lambda: None)
    fetched = fleet.phones.fetched(everyone, since=began)
    expected, got, wrong = Counter[str](), Counter[str](), []
    for serial in everyone:
        should = fleet.should(serial)
        one = members.get(serial, {"outcome": "forgotten", "attempt": 0, "reason": ""})
        expected[should] += 1
        got[one["outcome"]] += 1
        images = fetched.get(serial, 0)
        if one["outcome"] != should or images > max(1, one["attempt"]):
            kind = fleet.wrong.get(serial, "good")
            wrong.append(f"{serial} {kind}: {one['outcome']} ({one['reason']}), {images} images")
    found = {
        "state": rollout.shown["state"],
        "seconds": rollout.seconds,
        "foreseen": rollout.foreseen,
        "after_wave_one": rollout.after_wave_one,
        "expected": dict(sorted(expected.items())),
        "got": dict(sorted(got.items())),
        "wrong": wrong,
        "images_twice": sum(count > 1 for count in fetched.values()),
        "most_at_once": fleet.phones.most_at_once("Download", everyone, since=began),
        "in_a_call": len(fleet.phones.disturbed()),
        "killed": dict(killer.killed) if killer else {},
    }
    if windows is not None:
        found["outside_window"] = windows()
    return found


class Killer:
    """Kills one process now and then."""

    def __init__(self, fleet: Fleet) -> None:
        self._server = fleet.server
        self._draw = random.Random(fleet.options.seed)
        self._next = time.monotonic() + self._draw.uniform(*PAUSE)
        self.killed: Counter[str] = Counter()

    def strike(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._draw.uniform(*PAUSE)
        kind = self._draw.choice(("worker", "worker", "server", "redis"))
        found = processes(self._server, kind)
        if found:
            slay([self._draw.choice(found)])
            self.killed[kind] += 1


def window_beside(fleet: Fleet) -> Callable[[], int]:
    """Starts a rollout of reboots whose window opens some minutes later for half of its phones. What it
    returns waits for its end and counts the phones that were touched outside their window."""
    now = time.time()
    opens = now - now % 60 - 60
    hour = datetime.fromtimestamp(opens, UTC)
    closes = f"{(hour.hour + 6) % 24:02}:{hour.minute:02}"
    rollout = fleet.rollout(
        "window",
        "serial ~ 0015658*",
        kind="reboot",
        waves=["rest"],
        window={"from": f"{hour:%H:%M}", "to": closes, "zone": "phone"},
        gate={"success": 0.8, "informs": 0},
    )
    rollout.start()

    def outcome() -> int:
        members = rollout.follow()
        if {one["outcome"] for one in members.values()} != {"succeeded"}:
            sys.exit(f"the rollout in windows: {rollout.shown}")
        late = fleet.phones.entries("asked", fleet.zoned[f"-00:{BEHIND:02}"], what="Reboot")
        return sum(one["at"] < opens + 60 * BEHIND for one in late)

    return outcome


def halt(fleet: Fleet, version: str, before: str) -> dict[str, Any]:
    """30 % of wave two get a damaged image: it halts there; then all is taken back."""
    fleet.image(version)
    began = time.time()
    rollout = fleet.rollout(
        "halt", "serial ~ 001565a*", kind="firmware", file=f"{version}.rom", stop={"failures": "5%"}
    )
    order = rollout.order(fleet.good)
    first, second = round(0.05 * len(order)), round(0.3 * len(order))
    bad = random.Random(fleet.options.seed).sample(order[first:second], round(0.3 * (second - first)))
    fleet.change(bad, "bad-image")
    rollout.start()
    members = rollout.follow()
    failed = [serial for serial, one in members.items() if one["outcome"] == "failed"]
    untouched = fleet.phones.asked("Download", order[second + 1 :], since=began)
    events = fleet.insist("GET", "/api/v1/events", params={"kind": "rollout_halted", "limit": 20})["items"]
    named = next((one for one in events if one["data"]["rollout"] == rollout.id), None)
    found = {
        "state": rollout.shown["state"],
        "reason": rollout.shown["reason"],
        "wave": rollout.shown["wave"],
        "seconds": rollout.seconds,
        "failed": len(failed),
        "failed_wrongly": len(set(failed) - set(bad)),
        "wave_three_touched": len(untouched),
        "named_in_event": len(named["data"]["phones"]) if named else 0,
    }
    fleet.change(bad)
    back = Rollout(fleet, fleet.insist("POST", f"{rollout.path}/rollback")["id"])
    back.began = time.time()
    back.follow()
    changed = {one["phone"] for one in fleet.phones.entries("booted", fleet.good, version=version)}
    has = {serial: fleet.phones.by_serial[serial].state.software_version for serial in order}
    found["rollback"] = {
        "state": back.shown["state"],
        "outcomes": back.shown["outcomes"],
        "seconds": back.seconds,
        "changed": len(changed),
        "wave_one_restored": sum(has[serial] == before for serial in order[:first]),
        "wave_one": first,
        "not_restored": sum(version_ != before for version_ in has.values()),
    }
    fleet.insist("POST", f"{rollout.path}/abort")
    return found


# --- the whole ----------------------------------------------------------------------------------------------


def measure(options: argparse.Namespace) -> dict[str, Any]:
    flags = ["--cpe-auth", "none", "--processes", str(options.processes), "--workers", str(options.workers)]
    result: dict[str, Any] = {"machine": machine(), "phones": options.phones}
    with private_server(*flags) as server:
        fleet = Fleet(server, options)
        try:
            fleet.image(VERSIONS[0])
            fleet.start()
            wanted = options.scenarios.split(",")
            if "plain" in wanted:
                result["plain"] = plain(fleet, VERSIONS[1])
            if "halt" in wanted:
                now = VERSIONS[1] if "plain" in wanted else VERSIONS[0]
                result["halt"] = halt(fleet, VERSIONS[2], now)
            if "kills" in wanted:
                if "plain" in wanted:
                    fleet.lose()
                result["kills"] = plain(fleet, VERSIONS[3], kills=True)
        finally:
            fleet.phones.stop()
    result["faults"] = list(faults(result))
    return result


def faults(result: dict[str, Any]) -> Iterator[str]:
    """What is not as it should be."""
    for name in ("plain", "kills"):
        one = result.get(name)
        if one is None:
            continue
        if one["state"] != "completed":
            yield f"{name}: it is {one['state']}"
        if one["wrong"]:
            yield f"{name}: {len(one['wrong'])} phones have another outcome than they should"
        if one["images_twice"]:
            yield f"{name}: {one['images_twice']} phones were sent an image twice"
        if one["in_a_call"]:
            yield f"{name}: {one['in_a_call']} were disturbed in a call"
        if one.get("outside_window"):
            yield f"{name}: {one['outside_window']} were touched outside their window"
        if name == "plain" and factor(one["foreseen"], one["seconds"]) > AIM:
            yield f"{name}: the forecast was wrong by more than {AIM}"
    one = result.get("halt")
    if one is not None:
        back = one["rollback"]
        if (one["state"], one["wave"]) != ("halted", 2) or one["wave_three_touched"] or one["failed_wrongly"]:
            yield "halt: it did not halt in wave two"
        if back["state"] != "completed" or back["not_restored"]:
            yield "halt: the rollback did not restore all"


def factor(foreseen: float | None, seconds: float) -> float:
    return max(foreseen / seconds, seconds / foreseen) if foreseen else float("inf")


def report(result: dict[str, Any]) -> None:
    here = result["machine"]
    print(f"{here['cpu']}, {here['cores']} cores, Python {here['python']}, Redis {here['redis']}")
    print(f"{result['phones']} simulated phones on the same machine\n")
    for name in ("plain", "kills"):
        one = result.get(name)
        if one is None:
            continue
        killed = ", ".join(f"{count} x {kind}" for kind, count in one["killed"].items())
        print(
            f"{name}: {one['state']} after {one['seconds']:.0f} s" + (f"; killed: {killed}" if killed else "")
        )
        for outcome in sorted({*one["expected"], *one["got"]}):
            numbers = (one[name_].get(outcome, 0) for name_ in ("expected", "got"))
            print("  {:12} {:>6} expected {:>6} got".format(outcome, *numbers))
        print(f"  images sent twice {one['images_twice']}, most at once {one['most_at_once']}")
        outside = f", outside their window {one['outside_window']}" if "outside_window" in one else ""
        print(f"  disturbed in a call {one['in_a_call']}{outside}")
        foreseen = one["foreseen"] or 0
        told = f"  forecast at the start {foreseen:.0f} s, factor {factor(foreseen, one['seconds']):.2f}"
        if one["after_wave_one"]:
            at, ends = one["after_wave_one"]
            told += (
                f"; at {at:.0f} s, after wave one, {ends:.0f} s, factor {factor(ends, one['seconds']):.2f}"
            )
        print(told)
        for line in one["wrong"][:20]:
            print(f"  wrong: {line}")
        print()
    if "halt" in result:
        one = result["halt"]
        back = one["rollback"]
        print(f"halt: {one['state']} in wave {one['wave']} after {one['seconds']:.0f} s: {one['reason']}")
        print(f"  {one['failed']} failed, {one['named_in_event']} of them named in the event")
        print(f"  phones of wave three that were touched {one['wave_three_touched']}")
        print(f"  rollback {back['state']} after {back['seconds']:.0f} s: {back['outcomes']}")
        restored = f"{back['wave_one_restored']} of {back['wave_one']}"
        print(f"  wave one restored {restored}, not restored {back['not_restored']}\n")
    print("as it should be" if not result["faults"] else "\n".join(result["faults"]))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="acs bench rollout",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--phones", type=int, default=2000)
    parser.add_argument("--scenarios", default="plain,halt,kills", help="(default plain,halt,kills)")
    parser.add_argument("--at-once", type=int, default=100, help="phones that have their turn (default 100)")
    parser.add_argument("--interval", type=int, default=30, help="seconds between Informs (default 30)")
    parser.add_argument("--patience", type=int, default=90, help="seconds for which a phone is waited for")
    parser.add_argument("--size", type=int, default=100_000, help="bytes of an image (default 100,000)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="how it goes on, on stderr")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    return parser.parse_args()


def main() -> None:
    options = read_options()
    result = measure(options)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        report(result)
    sys.exit(1 if result["faults"] else 0)


if __name__ == "__main__":
    main()
