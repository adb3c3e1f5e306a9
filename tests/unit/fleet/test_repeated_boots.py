"""A reboot or reset whose answer was lost, and an Inform that tells of a boot which was told before.

The phone boots and cannot reach the server; its RetryCount is 1 when it does. Or it never heard the request,
and repeats the Inform of the broken session. Both Informs are alike.
"""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
from acs.fleet.task import FactoryResetWork, RebootWork

UPTIME = "Device.DeviceInfo.UpTime"


@pytest.fixture
def known(desk):
    phone = desk.learnt()
    phone.model[UPTIME] = ("1000", "xsd:unsignedInt")
    return phone


def lost(desk, known, work, *events):
    """A task that goes out in a session with these events, and whose answer never comes."""
    desk.inform(*events, phone=known)
    task = desk.task(work)
    known.odd = lambda request: None if isinstance(request, m.Reboot | m.FactoryReset) else NotImplemented
    desk.talk(known)
    known.odd = lambda request: NotImplemented
    known.asked.clear()
    return task


CASES = [(RebootWork(), ("1 BOOT",)), (FactoryResetWork(), ("0 BOOTSTRAP", "1 BOOT"))]


def test_a_bootstrap_that_was_not_told_before_is_no_repetition(desk, known):
    task = lost(desk, known, FactoryResetWork(), "1 BOOT")
    desk.inform("0 BOOTSTRAP", "1 BOOT", phone=known, retry=1)
    assert desk.tasks[task].state == "done"


@pytest.mark.parametrize(("work", "events"), CASES)
def test_a_phone_that_has_started_since_did_it(desk, known, work, events):
    task = lost(desk, known, work, *events)
    known.model[UPTIME] = ("20", "xsd:unsignedInt")
    desk.inform(*events, phone=known, retry=1)
    desk.talk(known)
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].result == {"proved_by": "UpTime"}
    assert not {"Reboot", "FactoryReset"}.intersection(known.names_asked())


@pytest.mark.parametrize(("work", "events"), CASES)
def test_a_phone_that_has_been_up_all_the_time_is_sent_it_again(desk, known, work, events):
    task = lost(desk, known, work, *events)
    desk.inform(*events, phone=known, retry=1)
    desk.talk(known)
    assert desk.tasks[task].state == "waiting"
    assert desk.tasks[task].attempts == 2


@pytest.mark.parametrize(("work", "events"), CASES)
def test_a_phone_that_does_not_tell_is_not_made_to_do_it_twice(desk, known, work, events):
    task = lost(desk, known, work, *events)
    del known.model[UPTIME]
    desk.inform(*events, phone=known, retry=1)
    desk.talk(known)
    assert desk.tasks[task].state == "failed"
    assert "is not known" in desk.tasks[task].fault.text


def test_an_m_reboot_with_the_key_needs_no_question(desk, known):
    task = lost(desk, known, RebootWork(), "1 BOOT")
    desk.inform("1 BOOT", ("M Reboot", task), phone=known, retry=1)
    assert desk.tasks[task].state == "done"
