"""When phones are told when to inform, and what."""

from __future__ import annotations

import pytest
from msgspec import structs

from acs.cwmp.messages import Fault, SetParameterValues, SetParameterValuesResponse
from acs.cwmp.structures import ParameterValue
from acs.fleet import steering
from acs.fleet.device import Device, InformTiming, Learning, OperatorNotes
from acs.fleet.layers import Group

DAY = 86400.0
ENABLE = "Device.ManagementServer.PeriodicInformEnable"
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"
TIME = "Device.ManagementServer.PeriodicInformTime"


@pytest.fixture
def steered(desk, phone):
    """A phone with all three parameters, that is to inform every 600 s."""
    phone.model[ENABLE] = ("1", "xsd:boolean")
    phone.model[TIME] = ("0001-01-01T00:00:00Z", "xsd:dateTime")
    desk.learnt(phone)
    return lambda interval=600: steering.next_step(
        structs.replace(desk.situation(), inform_interval=interval)
    )


def set_values(step):
    assert isinstance(step.request, SetParameterValues)
    return {value.name: value.value for value in step.request.parameter_list}


def test_interval_and_time_are_set_together(steered):
    values = set_values(steered())
    assert values[INTERVAL] == "600"
    assert values[ENABLE] == "1"
    assert values[TIME].startswith("2020-01-01T00:0")


def test_a_phone_without_a_time_gets_a_slightly_shorter_interval(desk, phone):
    desk.learnt(phone)
    step = steering.next_step(structs.replace(desk.situation(), inform_interval=600))
    values = set_values(step)
    assert list(values) == [INTERVAL]
    assert 570 < int(values[INTERVAL]) <= 600


def test_phones_come_evenly():
    """1,000 phones over 600 s: no tenth of the interval has many more than its share."""
    places = [steering._place(Device(f"A-B-{number}")) % 600 // 60 for number in range(1000)]
    assert all(60 < places.count(part) < 140 for part in range(10))


def test_nothing_is_set_where_nothing_is_wanted(steered):
    assert steered(0) is None


def test_it_is_set_once(desk, steered):
    desk.apply(steered().changes)
    situation = structs.replace(desk.situation(), inform_interval=600)
    desk.apply(steering.completed(situation, SetParameterValuesResponse(0)))
    assert desk.device.inform_interval == 600
    assert steered() is None
    assert steered(300) is not None


def test_a_phone_that_takes_an_interval_and_goes_on_as_before_is_heard(desk, steered):
    as_before = [ParameterValue(INTERVAL, "3600", "xsd:unsignedInt")]
    desk.inform("2 PERIODIC", values=as_before)
    desk.apply(steered(60).changes)
    situation = structs.replace(desk.situation(), inform_interval=60)
    desk.apply(steering.completed(situation, SetParameterValuesResponse(0)))
    assert desk.device.inform_interval == 60
    desk.inform("2 PERIODIC", values=as_before)
    assert desk.device.inform_interval == 3600


def test_a_refusal_is_remembered(desk, steered):
    desk.apply(steered().changes)
    situation = structs.replace(desk.situation(), inform_interval=600)
    desk.apply(steering.completed(situation, Fault(9003, "no")))
    assert steered() is None
    assert "It does not take an Inform interval of 600 s" in desk.timeline[-1].text


@pytest.mark.parametrize(
    ("timing", "told", "after", "due"),
    [
        (InformTiming(), 300, 0, True),
        (InformTiming(600, "acs", 0, 300), 600, 2 * DAY, False),
        (InformTiming(600, "acs", 0, 300), 60, 60, False),  # somebody changed it
        (InformTiming(600, "acs", 0, 300), 60, DAY + 1, True),
        (InformTiming(600, "unsure", 0, 300), 300, 60, False),
        (InformTiming(600, "unsure", 0, 300), 300, 3601, True),
        (InformTiming(600, "refused", 0, 300), 300, 30 * DAY, False),
        (InformTiming(60, "refused", 0, 300), 300, 0, True),
    ],
)
def test_when_it_is_told_again(timing, told, after, due):
    device = Device("A-B-1", learning=Learning.COMPLETE, inform_interval=told, timing=timing)
    assert steering.due(device, 600, after) is due


def test_a_phone_whose_model_is_not_known_is_left_alone():
    assert not steering.due(Device("A-B-1", learning=Learning.WANTED), 600, 0)


@pytest.mark.parametrize(
    ("timing", "interval", "wanted"),
    [
        (InformTiming(), 0, 0),
        (InformTiming(), 600, 600),
        (InformTiming(600, "acs", 0, 3600), 0, 3600),  # it gets back what it had
        (InformTiming(3600, "acs", 0, 3600), 0, 0),
        (InformTiming(600, "acs", 0, 3600), 60, 60),
    ],
)
def test_what_it_had_comes_back(timing, interval, wanted):
    assert steering.wanted(Device("A-B-1", timing=timing), interval) == wanted


# --- more often for the time being --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timing", "own", "interval", "tight", "wanted"),
    [
        (InformTiming(), 3600, 0, 60, 60),
        (InformTiming(), 30, 0, 60, 0),  # it comes more often already
        (InformTiming(), 0, 0, 60, 60),
        (InformTiming(), 3600, 900, 60, 60),
        (InformTiming(), 3600, 30, 60, 30),
        (InformTiming(60, "acs", 0, 3600), 60, 0, 60, 60),
        (InformTiming(60, "acs", 0, 3600), 60, 0, 0, 3600),  # it is over
        (InformTiming(60, "acs", 0, 3600), 60, 900, 0, 900),
        (InformTiming(60, "acs", 0, 3600), 60, 0, 20, 20),
    ],
)
def test_tight_is_never_longer_and_then_it_is_as_before(timing, own, interval, tight, wanted):
    device = Device("A-B-1", timing=timing, inform_interval=own)
    assert steering.wanted(device, interval, tight) == wanted


def test_the_shortest_that_holds_counts():
    notes = OperatorNotes(inform_interval=60, inform_until=1000, inform_by="r1")
    groups = [Group("a", inform_interval=30, inform_until=500), Group("b"), Group("c", inform_interval=90)]
    assert [steering.tight(notes, groups, now) for now in (100, 500, 999, 1000)] == [30, 60, 60, 0]


def test_a_phone_is_told_and_gets_back_what_it_had(desk, phone, steered):
    own = desk.device.inform_interval
    assert own > 60
    for tight, told in ((60, 60), (0, own)):
        interval = steering.wanted(desk.device, 0, tight)
        assert interval == told
        step = steered(interval)
        assert set_values(step)[INTERVAL] == str(told)
        desk.apply(step.changes)
        situation = structs.replace(desk.situation(), inform_interval=interval)
        desk.apply(steering.completed(situation, SetParameterValuesResponse(0)))
    assert steering.wanted(desk.device, 0, 0) == 0
