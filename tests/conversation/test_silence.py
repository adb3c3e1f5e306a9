"""Phones that fall silent, and servers that die."""

from __future__ import annotations

import phone_texts as texts
from desk import eventually

from acs.fleet.task import GetParameterValuesWork, RebootWork, SetParameterValuesWork
from acs.store import addresses

LABEL = "Device.Line.1.Label"
WORK = GetParameterValuesWork(names=(LABEL,))
VALUES = texts.get_parameter_values_response({LABEL: "x"})


def known(server):
    phone = server.phone()
    phone.holds_session("0 BOOTSTRAP")
    return phone


def test_17_an_answer_that_never_comes_is_given_up_and_asked_for_in_the_next_session(hasty_server, operator):
    phone = known(hasty_server)
    task = operator.asks(phone, WORK)
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    phone.gets("GetParameterValues")
    assert eventually(lambda: operator.session(phone) is None)
    assert operator.task(task).state == "pending"
    assert operator.task(task).attempts == 1


def test_17_a_phone_that_is_slow_but_in_time_is_waited_for(server, operator):
    phone = known(server)
    task = operator.asks(phone, WORK)
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    asked = phone.gets("GetParameterValues")
    assert operator.session(phone).outstanding.method == "GetParameterValues"
    phone.answers(asked, VALUES)
    phone.gets_nothing()
    assert operator.task(task).state == "done"


def test_25_the_phone_is_silent_after_the_inform_response(hasty_server, operator):
    phone = known(hasty_server)
    before = operator.device(phone).informs
    phone.opens("2 PERIODIC")
    assert eventually(lambda: operator.session(phone) is None)
    assert operator.device(phone).informs == before + 1


def test_an_empty_post_after_the_time_out_is_still_worth_a_task(hasty_server, operator):
    phone = known(hasty_server)
    task = operator.asks(phone, WORK)
    phone.opens("2 PERIODIC")
    assert eventually(lambda: operator.session(phone) is None)
    phone.sends_nothing()
    phone.answers(phone.gets("GetParameterValues"), VALUES)
    phone.gets_nothing()
    assert operator.task(task).state == "done"


def test_a_session_goes_on_in_another_process(server, other_server, operator):
    phone = known(server)
    first = operator.asks(phone, WORK, priority=2)
    second = operator.asks(phone, SetParameterValuesWork(values={LABEL: "b"}), priority=1)
    third = operator.asks(phone, GetParameterValuesWork(names=("Device.Line.2.Label",)))
    phone.keeps_connection = False
    phone.opens("2 PERIODIC")
    phone.port = other_server.port
    phone.sends_nothing()
    asked = phone.gets("GetParameterValues")
    phone.port = server.port
    phone.answers(asked, VALUES)
    asked = phone.gets("SetParameterValues")
    phone.port = other_server.port
    phone.answers(asked, texts.status_response("SetParameterValues"))
    asked = phone.gets("GetParameterValues")
    phone.answers(asked, texts.get_parameter_values_response({"Device.Line.2.Label": "two"}))
    phone.gets_nothing()
    assert [operator.task(task).state for task in (first, second, third)] == ["done"] * 3
    assert [operator.task(task).attempts for task in (first, second, third)] == [1] * 3


def test_a_routine_session_over_two_processes_is_recorded(server, other_server, operator):
    phone = known(server)
    before = operator.device(phone)
    phone.opens("2 PERIODIC")
    phone.hangs_up()
    phone.port = other_server.port
    phone.sends_nothing()
    phone.gets_nothing()
    assert operator.device(phone).last_inform > before.last_inform
    assert operator.session(phone) is None


def test_a_phone_without_cookies_and_connections_goes_on_in_another_process(server, other_server, operator):
    phone = known(server)
    task = operator.asks(phone, WORK)
    phone.hangs_up()
    phone.keeps_connection = phone.returns_cookies = False
    phone.source = "127.0.7.1"
    phone.opens("2 PERIODIC")
    phone.port = other_server.port
    phone.sends_nothing()
    asked = phone.gets("GetParameterValues")
    phone.port = server.port
    phone.answers(asked, VALUES)
    phone.gets_nothing()
    assert operator.task(task).state == "done"


def test_without_cookies_two_phones_of_one_address_are_not_taken_for_each_other(
    server, other_server, operator
):
    phones = [known(server), known(server)]
    task = operator.asks(phones[0], WORK)
    for phone, at in zip(phones, (server, other_server), strict=True):
        phone.hangs_up()
        phone.keeps_connection = phone.returns_cookies = False
        phone.source = "127.0.7.2"
        phone.port = at.port
        phone.opens("2 PERIODIC")
    assert eventually(lambda: len(operator.run.run(addresses.sessions_at("127.0.7.2"))) == 2)
    phones[1].port = server.port
    phones[1].sends_nothing()
    phones[1].gets_nothing()
    assert operator.task(task).state == "pending"
    assert operator.session(phones[0]) is not None


def test_a_new_inform_at_another_process_wins(server, other_server, operator):
    phone = known(server)
    task = operator.asks(phone, WORK)
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    asked = phone.gets("GetParameterValues")
    reborn = other_server.phone(phone.serial)
    reborn.opens("1 BOOT")
    phone.answers(asked, texts.get_parameter_values_response({LABEL: "late"}))
    phone.gets_nothing()
    reborn.sends_nothing()
    reborn.answers(reborn.gets("GetParameterValues"), VALUES)
    reborn.goes_on_until()
    assert operator.task(task).result["values"][LABEL]["value"] == "x"


def test_a_server_killed_between_save_and_speak_loses_no_task(server, start_server, operator):
    phone = known(server)
    phone.hangs_up()
    task = operator.asks(phone, WORK)
    phone.port = start_server(die_before_speaking="GetParameterValues").port
    phone.opens("2 PERIODIC")
    try:
        phone.sends_nothing()
    except ConnectionError:
        phone.hangs_up()
    assert operator.task(task).state == "running"
    phone.port = server.port
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    phone.answers(phone.gets("GetParameterValues"), VALUES)
    phone.gets_nothing()
    assert operator.task(task).state == "done"


def test_the_session_of_a_killed_server_goes_on_where_the_phone_sends_again(server, start_server, operator):
    phone = known(server)
    phone.hangs_up()
    first = operator.asks(phone, WORK, priority=1)
    second = operator.asks(phone, SetParameterValuesWork(values={LABEL: "b"}))
    phone.port = start_server(die_before_speaking="SetParameterValues").port
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    asked = phone.gets("GetParameterValues")
    try:
        phone.answers(asked, VALUES)
    except ConnectionError:
        phone.hangs_up()
    assert operator.task(first).state == "done"
    assert operator.task(second).state == "running"
    phone.port = server.port
    phone.answers(asked, VALUES)
    phone.goes_on_until()
    phone.holds_session("2 PERIODIC")
    assert operator.task(first).attempts == 1
    assert operator.task(second).state in ("done", "pending")


def test_a_reboot_whose_answer_was_lost_is_not_sent_twice_when_the_boot_proves_it(known_phone, operator):
    task = operator.asks(known_phone, RebootWork())
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    known_phone.gets("Reboot")
    known_phone.hangs_up()
    assert "Reboot" not in known_phone.holds_session("1 BOOT", ("M Reboot", task))
    assert operator.task(task).state == "done"


def test_two_requests_at_once_in_one_session_are_taken_one_after_the_other(known_phone, server, operator):
    task = operator.asks(known_phone, WORK)
    known_phone.opens("2 PERIODIC")
    twin = server.phone(known_phone.serial)
    twin.cookies = known_phone.cookies
    known_phone.begins("<cwmp:GetRPCMethods/>")
    twin.begins("<cwmp:GetRPCMethods/>")
    assert known_phone.hears().status == 200
    assert twin.hears().status == 200
    known_phone.sends_nothing()
    known_phone.answers(known_phone.gets("GetParameterValues"), VALUES)
    known_phone.gets_nothing()
    assert operator.task(task).state == "done"
