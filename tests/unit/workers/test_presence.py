"""The presence job over a real Redis: it may run twice at once or die anywhere, and tells each thing once."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest

from acs.fleet import presence as rules
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.fleet_event import event
from acs.fleet.identity import device_key
from acs.fleet.presence import State
from acs.store import alerts, codec, devices, events, indexes, keyspace, presence, timeline
from acs.store.calls import Call, nothing
from acs.store.errors import StoreUnavailable
from acs.store.presence import Sign
from workers import presence as job
from workers.surroundings import current

INTERVAL = 60


class Phones:
    """Phones by a number, heard of so long ago."""

    def __init__(self, runner):
        self.runner = runner
        self.now = time.time()
        #: a server has been up for long
        self.runner.run(Call(("HSET", keyspace.PRESENCE_UP, "since", 1, "last", self.now), nothing))

    def add(self, number, *, ago, ip="", tags=()):
        heard = self.now - ago
        device = Device(
            f"A-B-{number}",
            product_class="B",
            ip=ip or f"10.0.{number}.1",
            inform_interval=INTERVAL,
            first_seen=1.0,
            last_inform=heard,
        )
        prefix = keyspace.device_prefix(device_key(device.id))
        notes = OperatorNotes(tags=tuple(tags))
        self.runner.run_all(
            [
                Call(("SET", prefix + keyspace.DEVICE, codec.encode(device)), nothing),
                Call(("SET", prefix + keyspace.NOTES, codec.encode(notes)), nothing),
                devices.register(device.id),
                indexes.put(device),
                indexes.put_notes(device.id, notes),
            ]
        )
        self.hears(number, at=heard)
        return device.id

    def hears(self, number, at=0.0):
        """An Inform came, and its server told of it."""
        at = at or self.now
        key = device_key(f"A-B-{number}")
        sign = Sign(key, at, rules.late_at(INTERVAL, at))
        self.runner.run(presence.heard([sign], informs=1, now=self.now))

    def state(self, number):
        known = self.runner.run(devices.get(device_key(f"A-B-{number}")))
        return known.presence.state if known.presence else State.ONLINE

    def told(self):
        return [(kept.event.kind, kept.event.device) for kept in self.runner.run(events.after("", 1000))]

    def totals(self):
        return self.runner.run_all(presence.totals())


@pytest.fixture
def phones(runner):
    return Phones(runner)


def test_only_overdue_phones_are_looked_at(phones):
    for number in range(20):
        phones.add(number, ago=10)
    phones.add(20, ago=100)
    phones.add(21, ago=1000)
    assert job.look() == {"looked_at": 2, "back": 0}
    assert (phones.state(0), phones.state(20), phones.state(21)) == (State.ONLINE, State.LATE, State.OFFLINE)
    assert sorted(phones.told()) == [("device_late", "A-B-20"), ("device_offline", "A-B-21")]
    assert phones.totals() == [22, 1, 1]
    assert job.look() == {"looked_at": 0, "back": 0}


def test_a_phone_that_is_back_is_told_of(phones, runner):
    phones.add(1, ago=1000)
    job.look()
    phones.hears(1)
    assert job.look() == {"looked_at": 0, "back": 1}
    assert phones.told()[-1] == ("device_back", "A-B-1")
    assert phones.totals() == [1, 0, 0]
    texts = [entry.text for entry in runner.run(timeline.read(device_key("A-B-1")))]
    assert texts == ["It is back", "It is offline"]
    assert job.look() == {"looked_at": 0, "back": 0}


def test_a_sign_of_life_that_was_lost_is_found_in_the_record(phones, runner):
    """The server died between the session and its next batch."""
    phones.add(1, ago=1000)
    prefix = keyspace.device_prefix(device_key("A-B-1"))
    device = Device("A-B-1", inform_interval=INTERVAL, last_inform=phones.now - 5)
    runner.run(Call(("SET", prefix + keyspace.DEVICE, codec.encode(device)), nothing))
    job.look()
    assert (phones.state(1), phones.told()) == (State.ONLINE, [])


def test_no_phone_is_judged_while_no_server_hears_any(phones, runner):
    phones.add(1, ago=1000)
    runner.run(Call(("HSET", keyspace.PRESENCE_UP, "last", phones.now - 100), nothing))
    assert job.look() == {"looked_at": 0, "back": 0}


def test_phones_get_their_time_after_an_outage_of_the_servers(phones, runner):
    phones.add(1, ago=1000)
    runner.run(Call(("HSET", keyspace.PRESENCE_UP, "since", phones.now - 30), nothing))
    job.look()
    assert (phones.state(1), phones.told()) == (State.ONLINE, [])


def test_servers_that_were_away_are_up_since_they_said_so(runner, redis):
    runner.run(presence.heard([], informs=0, now=1000.0))
    runner.run(presence.heard([], informs=0, now=1010.0))
    assert runner.run(presence.up()) == presence.Up(1000.0, 1010.0, 0)
    runner.run(presence.heard([], informs=0, now=1031.0))
    assert runner.run(presence.up()) == presence.Up(1031.0, 1031.0, 0)


def test_a_forgotten_phone_is_looked_at_once(phones, redis):
    phones.add(1, ago=1000)
    redis.delete(keyspace.device_prefix(device_key("A-B-1")) + keyspace.DEVICE)
    assert job.look()["looked_at"] == 1
    assert job.look()["looked_at"] == 0
    assert redis.zcard(keyspace.PRESENCE_HEARD) == 0


# --- sites --------------------------------------------------------------------------------------------------


def test_a_site_that_vanishes_is_one_alert_and_no_single_ones(phones, runner):
    for number in range(40):
        phones.add(number, ago=1000 + number, ip=f"192.0.2.{number}")
    phones.add(99, ago=1, ip="198.51.100.1")
    job.look()
    assert [kind for kind, _ in phones.told()] == ["site_offline"]
    [alert] = runner.run(alerts.all_open())
    assert (alert.site, alert.phones) == ("192.0.2.0/24", 40)
    assert phones.totals() == [41, 0, 40]


def test_a_site_by_its_tag_crosses_networks(phones, runner):
    for number in range(4):
        phones.add(number, ago=1000, tags=["site7"])
    job.look()
    assert [alert.site for alert in runner.run(alerts.all_open())] == ["site7"]


def test_phones_that_are_late_with_their_whole_site_are_told_of_by_its_alert_alone(phones):
    for number in range(10):
        phones.add(number, ago=100, ip=f"192.0.2.{number}")
    phones.add(20, ago=100, ip="198.51.100.20")
    job.look()
    assert phones.told() == [("device_late", "A-B-20")]


def test_a_few_phones_of_a_site_are_single_ones(phones, runner):
    for number in range(10):
        phones.add(number, ago=1000 if number < 3 else 2, ip=f"192.0.2.{number}")
    job.look()
    assert [kind for kind, _ in phones.told()] == ["device_offline"] * 3
    assert runner.run(alerts.all_open()) == []


def test_a_site_that_is_back_but_for_some_phones_says_so(phones, runner):
    for number in range(10):
        phones.add(number, ago=1000, ip=f"192.0.2.{number}")
    job.look()
    for number in range(7):
        phones.hears(number)
    job.look()
    kept = runner.run(events.after("0", 100))
    assert kept[-1].event.data["missing"] == 3
    assert kept[-1].event.text.endswith("; still missing: 3")


def test_a_site_that_is_back_closes_its_alert_with_one_event(phones, runner):
    for number in range(10):
        phones.add(number, ago=1000, ip=f"192.0.2.{number}")
    job.look()
    for number in range(10):
        phones.hears(number)
    job.look()
    job.look()
    assert [kind for kind, _ in phones.told()] == ["site_offline", "site_back"]
    assert runner.run(alerts.all_open()) == []
    [closed] = runner.run(alerts.closed(10))
    assert closed.closed_by == "acs"


# --- twice, and half-way ------------------------------------------------------------------------------------


def fleet(phones):
    """Phones in every situation there is."""
    for number in range(8):
        phones.add(number, ago=1000, ip=f"192.0.2.{number}")
    phones.add(20, ago=1000)
    phones.add(21, ago=100)
    phones.add(22, ago=1)


EXPECTED = [("device_late", "A-B-21"), ("device_offline", "A-B-20"), ("site_offline", "")]


class Dying:
    """A runner whose process is killed before a call: of this number, or never."""

    def __init__(self, runner, last):
        self._runner = runner
        self._left = last

    def _count(self):
        if self._left == 0:
            raise StoreUnavailable("killed")
        self._left -= 1

    def run(self, call):
        self._count()
        return self._runner.run(call)

    def run_all(self, calls):
        self._count()
        return self._runner.run_all(calls)

    def drive(self, steps):
        self._count()
        return self._runner.drive(steps)


@pytest.mark.parametrize("calls", range(16))
def test_a_job_that_dies_anywhere_is_made_good_by_the_next(phones, runner, monkeypatch, calls):
    fleet(phones)
    with monkeypatch.context() as patched:
        patched.setitem(current().__dict__, "runner", Dying(runner, calls))
        with suppress(StoreUnavailable):
            job.look()
    job.look()
    assert sorted(phones.told()) == EXPECTED
    assert phones.totals() == [11, 1, 9]
    for number in (*range(8), 20, 21):
        phones.hears(number)
    with monkeypatch.context() as patched:
        patched.setitem(current().__dict__, "runner", Dying(runner, calls))
        with suppress(StoreUnavailable):
            job.look()
    job.look()
    back = sorted(phones.told())
    assert back == sorted([*EXPECTED, ("device_back", "A-B-20"), ("site_back", "")])
    assert phones.totals() == [11, 0, 0]


def test_two_jobs_at_once_tell_everything_once(phones):
    fleet(phones)
    jobs = [threading.Thread(target=job.look) for _ in range(4)]
    for one in jobs:
        one.start()
    for one in jobs:
        one.join()
    assert sorted(phones.told()) == EXPECTED
    assert phones.totals() == [11, 1, 9]


# --- counts and upkeep --------------------------------------------------------------------------------------


def test_informs_and_phones_are_counted_by_minute(phones, runner, redis):
    fleet(phones)
    job.look()
    minute = int(phones.now // 60)
    [counted, told] = runner.run_all(presence.minutes(minute, minute))
    shown = presence.read_minute(minute, counted, told)
    assert shown.informs == 11
    assert redis.ttl(keyspace.presence_minute(minute)) > 0


def test_phones_that_nobody_would_look_at_are_found(phones, redis):
    phones.add(1, ago=1000)
    redis.delete(keyspace.PRESENCE_DUE)
    assert job.look()["looked_at"] == 0
    assert job.repair() == {"added": 1}
    assert job.repair() == {"added": 0}
    assert job.look()["looked_at"] == 1
    assert job.repair() == {"added": 0}  # missing phones are looked at when they come back


def test_events_are_kept_once_and_not_for_ever(runner, redis, monkeypatch):
    one = event("device_new", 1.0, "New", device="x")
    assert (runner.run(events.push([one, one])), runner.run(events.push([one]))) == (1, 0)
    monkeypatch.setattr(events, "CAP", 100)
    monkeypatch.setattr(events, "IDS", 10)
    runner.run(events.push([event("device_new", 2.0, f"New {number}") for number in range(2000)]))
    assert redis.xlen(keyspace.EVENTS) < 400
    assert redis.zcard(keyspace.EVENT_IDS) == 10
