"""Selectors find phones by what their sessions said."""

from __future__ import annotations

import time

from acs.fleet.identity import device_key
from acs.fleet.selector.parsing import parse
from acs.fleet.task import GetParameterValuesWork
from acs.store import devices, selection
from acs.store.shapes import Shapes


def selected(operator, text: str) -> list[str]:
    chosen = operator.run.drive(selection.prepare(parse(text), Shapes(), now=time.time()))
    return operator.run.drive(chosen.every())


def test_a_phone_is_found_from_its_first_session_on_and_by_what_it_says_later(server, operator):
    phone = server.phone(product_class="Found", version="1.9")
    phone.holds_session("0 BOOTSTRAP")
    assert selected(operator, "model = Found and firmware < 1.10 and ip in 127.0.0.0/8") == [phone.id]
    phone.tree["Device.DeviceInfo.SoftwareVersion"] = "1.10"
    phone.holds_session("1 BOOT")
    assert selected(operator, "model = Found and firmware = 1.9") == []
    assert selected(operator, "model = Found and firmware = 1.10 and online") == [phone.id]


def test_a_task_that_fails_in_a_session_selects_the_phone(server, operator):
    phone = server.phone(product_class="Failing")
    phone.holds_session("0 BOOTSTRAP")
    operator.asks(phone, GetParameterValuesWork(names=("Device.NoSuch.Thing",)), max_attempts=1)
    phone.holds_session("2 PERIODIC")
    assert selected(operator, "model = Failing and task failed") == [phone.id]
    operator.asks(phone, GetParameterValuesWork(names=("Device.DeviceInfo.SoftwareVersion",)))
    phone.holds_session("2 PERIODIC")
    assert selected(operator, "model = Failing and task failed") == []


def test_a_forgotten_phone_is_found_no_more(server, operator):
    phone = server.phone(product_class="Gone")
    phone.holds_session("0 BOOTSTRAP")
    assert operator.run.run(devices.get(device_key(phone.id))) is not None
    operator.run.drive(devices.delete(phone.id))
    assert selected(operator, f"model = Gone or id = {phone.id}") == []
