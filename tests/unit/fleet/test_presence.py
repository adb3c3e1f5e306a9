"""When a phone is online, late or offline; sites that are cut off; phones that come and go."""

from __future__ import annotations

import pytest
from msgspec import structs

from acs.fleet import presence, site
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.fleet_event import Kind, event, is_kind
from acs.fleet.presence import Presence, State

HOUR = 3600.0
START = 1_000_000.0


@pytest.mark.parametrize(
    ("interval", "after", "state"),
    [
        (60, 65, State.ONLINE),
        (60, 66, State.LATE),
        (60, 179, State.LATE),
        (60, 180, State.OFFLINE),
        (HOUR, HOUR + 59, State.ONLINE),
        (HOUR, HOUR + 60, State.LATE),
        (HOUR, 2 * HOUR + 59, State.LATE),
        (HOUR, 2 * HOUR + 60, State.OFFLINE),
        (1, 2.9, State.ONLINE),
        (1, 3, State.OFFLINE),
    ],
)
def test_two_missed_informs_and_some_grace_make_a_phone_offline(interval, after, state):
    assert presence.state_at(interval, START, START + after) is state


@pytest.mark.parametrize(
    ("told", "habit", "expected"), [(300, 0, 300), (300, 55, 300), (0, 55, 55), (0, 0, 3600)]
)
def test_the_interval_is_its_own_else_its_habit_else_an_hour(told, habit, expected):
    assert presence.interval_of(Device("x", inform_interval=told, inform_habit=habit)) == expected


def test_a_habit_follows_the_informs_slowly():
    device = Device("x", last_inform=START)
    first = presence.habit(device, START + 100)
    assert first == 100
    after = presence.habit(structs.replace(device, inform_habit=first), START + 200)
    assert 100 < after < 150


@pytest.mark.parametrize("habit", [0, 300])
def test_a_clock_that_was_set_back_says_nothing_of_a_habit(habit):
    device = Device("x", last_inform=START, inform_habit=habit)
    assert presence.habit(device, START - HOUR) == habit
    assert presence.habit(device, START) == habit


def test_days_of_silence_are_no_habit():
    device = Device("x", last_inform=START, inform_habit=300)
    assert presence.habit(device, START + 72 * HOUR) < 400


def test_a_phone_that_has_got_another_interval_has_another_habit():
    device = Device("x", last_inform=START, inform_habit=60)
    for _ in range(25):
        at = device.last_inform + HOUR
        device = structs.replace(device, inform_habit=presence.habit(device, at), last_inform=at)
    assert HOUR / 2 < presence.interval_of(device) <= HOUR


def look(kept, after, interval=60.0):
    return presence.overdue(kept, interval, START, START + after)


def test_an_overdue_phone_is_late_then_offline_and_then_left_alone():
    late = look(None, 66)
    assert (late.presence.state, late.event) == (State.LATE, Kind.DEVICE_LATE)
    assert late.look_at == START + 180
    again = look(late.presence, 100)
    assert (again.presence, again.event) == (late.presence, "")
    gone = look(late.presence, 200)
    assert (gone.presence.state, gone.event, gone.look_at) == (State.OFFLINE, Kind.DEVICE_OFFLINE, 0)
    assert gone.presence.since == START + 180  # whenever it was looked at
    assert look(gone.presence, 300).event == ""


def test_what_is_decided_twice_is_the_same():
    late = look(None, 66).presence
    assert look(late, 200) == look(late, 250)


def test_a_phone_that_called_after_all_is_not_missing():
    judgement = look(Presence(State.LATE, START), 30)
    assert not judgement.missing
    assert judgement.look_at == START + 66


def test_a_sign_of_life_ends_it():
    gone = look(look(None, 66).presence, 200).presence
    back, kind = presence.returned(gone, 60.0, START + 400)
    assert (back.state, back.since, kind) == (State.ONLINE, START + 400, Kind.DEVICE_BACK)
    assert presence.returned(back, 60.0, START + 401) == (back, "")


def test_a_late_phone_comes_back_without_a_word():
    late = look(None, 66).presence
    assert presence.returned(late, 60.0, START + 70)[1] == ""


def test_a_phone_that_vanished_with_its_site_comes_back_without_a_word():
    gone = structs.replace(look(look(None, 66).presence, 200).presence, site="site7")
    back, kind = presence.returned(gone, 60.0, START + 400)
    assert (back.site, kind) == ("", "")


def times(kept, at, interval=60.0):
    """The phone was heard at `at`, is missed and comes back."""
    gone = presence.overdue(kept, interval, at, at + 10 * interval)
    back, kind = presence.returned(gone.presence, interval, at + 10 * interval)
    return gone, back, kind


def test_flapping_is_told_once_and_the_single_steps_no_more():
    kept, told = None, []
    for number in range(5):
        gone, kept, back = times(kept, START + number * 900)
        told.append((gone.event, back))
    assert told[:2] == [(Kind.DEVICE_OFFLINE, Kind.DEVICE_BACK)] * 2
    assert told[2:] == [(Kind.FLAPPING, ""), ("", ""), ("", "")]


def test_a_phone_that_calmed_down_is_told_of_again():
    kept = None
    for number in range(3):
        _, kept, _ = times(kept, START + number * 900)
    assert kept.flapping
    gone, kept, back = times(kept, START + 10 * HOUR)
    assert (gone.event, back) == (Kind.DEVICE_OFFLINE, Kind.DEVICE_BACK)


def test_a_phone_that_was_calm_for_an_hour_is_flapping_no_more():
    kept = None
    for number in range(3):
        _, kept, _ = times(kept, START + number * 900)
    lost = kept.lost[-1]
    device = Device("x", inform_interval=60, first_seen=START)
    assert presence.seen(device, kept, lost + HOUR - 1, lost + HOUR - 1).flapping
    assert not presence.seen(device, kept, lost + HOUR + 1, lost + HOUR + 1).flapping
    heard = lost + 2 * HOUR
    assert presence.overdue(kept, 60.0, heard, heard + 70).event == Kind.DEVICE_LATE


def test_a_flapping_phone_that_was_away_for_long_is_back():
    kept = None
    for number in range(2):
        _, kept, _ = times(kept, START + number * 900)
    gone = presence.overdue(kept, 60.0, START + 1800, START + 2400)
    assert gone.event == Kind.FLAPPING
    assert presence.returned(gone.presence, 60.0, START + 3000)[1] == ""
    assert presence.returned(gone.presence, 60.0, START + 3 * HOUR)[1] == Kind.DEVICE_BACK


def test_what_is_shown_does_not_wait_for_the_job():
    device = Device("x", inform_interval=60, first_seen=START - 99, last_inform=START)
    offline = Presence(State.OFFLINE, START - 500)
    assert presence.seen(device, offline, START, START + 1).state is State.ONLINE
    assert presence.seen(device, offline, START, START + 1).since == START
    assert presence.seen(device, None, START, START + 1).since == START - 99
    shown = presence.seen(device, None, START, START + 500)
    assert (shown.state, shown.since, shown.next_due) == (State.OFFLINE, START + 180, START + 60)


@pytest.mark.parametrize(
    ("kept", "heard", "state"),
    [
        (None, START, State.ONLINE),
        (Presence(State.LATE, START + 66), START, State.ONLINE),
        (Presence(State.OFFLINE, START + 180), START, State.OFFLINE),
        (None, 0, State.OFFLINE),
    ],
)
def test_what_is_shown_after_servers_were_away_is_as_the_job_will_judge(kept, heard, state):
    device, up_since = Device("x", inform_interval=60), START + HOUR
    assert presence.seen(device, kept, heard, up_since + 30, up_since).state is state
    assert presence.seen(device, kept, heard, up_since + 180, up_since).state is State.OFFLINE


def test_other_signs_of_life_count_too():
    device = Device("x", inform_interval=60, last_inform=START)
    kept = Presence(State.ONLINE, START + 300, heard=START + 300)
    assert presence.seen(device, kept, START, START + 310).state is State.ONLINE


# --- sites --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "address", "expected"),
    [
        (("vip", "site=Harbour"), "192.0.2.7", "site=Harbour"),
        (("site7",), "192.0.2.7", "site7"),
        (("Site-north",), "", "Site-north"),
        (("sitemap", "vip"), "192.0.2.7", "192.0.2.0/24"),
        ((), "2001:db8:1:2:3::1", "2001:db8:1:2::/64"),
        ((), "", ""),
    ],
)
def test_the_site_of_a_phone(tags, address, expected):
    assert site.site_name(OperatorNotes(tags), address) == expected


@pytest.mark.parametrize("name", ["192.0.2.0/24", "2001:db8::/64"])
def test_a_site_is_a_network_or_a_tag(name):
    assert site.is_network(name)
    assert not site.is_network("site7")


@pytest.mark.parametrize(
    ("missing", "heard", "since"),
    [
        ([100, 101, 102], [], 100),
        ([100, 101], [], 0),  # two phones are no site
        ([100, 101, 102], [50, 60, 99], 100),  # the others are not due yet
        ([100, 101, 102], [150, 160, 170], 0),  # others call on: single phones
        ([100, 101, 102, 103], [150], 100),  # one that has another way out
        ([5, 100, 101, 102], [50, 60], 100),  # one was missing long before
        ([5, 6, 7], [100] * 10, 0),
        ([], [], 0),
    ],
)
def test_a_site_is_cut_off_when_nearly_nobody_is_heard_any_more(missing, heard, since):
    assert site.cut_off(missing, heard) == since


@pytest.mark.parametrize(
    ("missing", "heard", "back"),
    [
        ([100, 101, 102], [], False),
        ([100, 101, 102], [50], False),
        ([100, 101], [150], False),
        ([100], [150], True),
        ([5], [], True),  # the one that is still missing was so before
        ([], [], True),
    ],
)
def test_a_site_is_back_when_half_of_it_is(missing, heard, back):
    assert site.is_back(100, missing, heard) is back


# --- events -------------------------------------------------------------------------------------------------


def test_the_same_thing_is_the_same_event():
    one = event(Kind.DEVICE_BACK, 1.5, "It is back", {"a": 1}, device="x")
    assert one.id == event(Kind.DEVICE_BACK, 1.5, "It is back", device="x").id
    others = [
        event(Kind.DEVICE_BACK, 1.6, "It is back", device="x"),
        event(Kind.DEVICE_BACK, 1.5, "It is back", device="y"),
        event(Kind.DEVICE_LATE, 1.5, "It is back", device="x"),
    ]
    assert len({one.id, *(other.id for other in others)}) == 4


@pytest.mark.parametrize("kind", ["device_new", "rollout_halted", "config_drifted", "action_url_registered"])
def test_kinds_of_events(kind):
    assert is_kind(kind)


@pytest.mark.parametrize("kind", ["device", "rollout_", "rollout_ x", "", "*"])
def test_what_is_no_kind_of_event(kind):
    assert not is_kind(kind)
