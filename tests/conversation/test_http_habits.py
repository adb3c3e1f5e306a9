"""How phones speak HTTP: cookies, connections, logins, bodies. Numbers are those of the quirks list."""

from __future__ import annotations

import gzip
import time
import zlib

import phone_texts as texts
import pytest
from desk import eventually
from phone_wire import Wire

from acs.fleet.task import GetParameterValuesWork

WORK = GetParameterValuesWork(names=("Device.Line.1.Label",))


def asks_and_gets_value(phone, operator):
    """One task in one session: Inform, empty POST, a request, its answer, the end."""
    task = operator.asks(phone, WORK)
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    phone.answers(phone.gets("GetParameterValues"), texts.get_parameter_values_response({WORK.names[0]: "x"}))
    phone.gets_nothing()
    assert operator.task(task).state == "done"


def test_a_routine_session_is_an_inform_an_empty_post_and_two_round_trips(start_server, operator):
    server = start_server()
    phone = server.phone()
    phone.holds_session("0 BOOTSTRAP")
    informs = operator.device(phone).informs
    before = server.round_trips()
    phone.opens("2 PERIODIC")
    phone.sends_nothing()
    phone.gets_nothing()
    assert server.round_trips() - before == 2
    assert operator.device(phone).informs == informs + 1
    assert operator.session(phone) is None


def test_the_cookie_is_plain_and_has_a_path(phone):
    phone.opens("2 PERIODIC")
    (cookie,) = phone.last.cookies
    name, _, rest = cookie.partition("=")
    value, _, attributes = rest.partition(";")
    assert name.isalnum()
    assert value.isalnum()
    assert attributes.strip() == "Path=/"


def test_1_no_cookie_comes_back(known_phone, operator):
    known_phone.returns_cookies = False
    asks_and_gets_value(known_phone, operator)


def test_1_no_cookie_and_a_new_connection_for_every_message(start_server, operator):
    phone = start_server().phone()
    phone.source = "127.0.7.3"
    phone.holds_session("0 BOOTSTRAP")
    phone.returns_cookies = False
    phone.keeps_connection = False
    asks_and_gets_value(phone, operator)


def test_1_phones_behind_one_address_without_cookies_are_not_mixed_up(start_server, operator):
    server = start_server()
    first, second = server.phone(), server.phone()
    for phone in (first, second):
        phone.holds_session("0 BOOTSTRAP")
        phone.returns_cookies = False
        phone.keeps_connection = False
    task = operator.asks(first, WORK)
    first.opens("2 PERIODIC")
    second.opens("2 PERIODIC")
    second.sends_nothing()
    second.gets_nothing()
    assert operator.task(task).state == "pending"


def test_1_an_old_cookie_comes_with_a_new_inform_and_stays(known_phone, operator):
    old = known_phone.cookies
    known_phone.opens("2 PERIODIC")
    assert known_phone.cookies != old
    known_phone.sends_nothing()
    known_phone.gets_nothing()
    known_phone.spells_cookies = lambda cookies: old[0]
    asks_and_gets_value(known_phone, operator)
    known_phone.keeps_connection = False
    asks_and_gets_value(known_phone, operator)


@pytest.mark.parametrize(
    "spelling",
    [
        lambda cookies: ", ".join(["other=1", *cookies, "more=2"]),
        lambda cookies: "; ".join(
            f'{name}="{value}"' for name, _, value in (c.partition("=") for c in cookies)
        ),
        lambda cookies: f"$Version=1; {cookies[0]}; $Path=/",
        lambda cookies: f"{cookies[0]}; Path=/",
        lambda cookies: f"session=0123456789abcdef0123456789abcdef; {cookies[0]}",
        lambda cookies: cookies[0].replace("=", " = "),
    ],
    ids=["commas", "quotes", "version", "attributes", "two of one name", "blanks"],
)
def test_2_65_cookies_come_back_in_odd_spellings(known_phone, operator, spelling):
    known_phone.spells_cookies = spelling
    known_phone.keeps_connection = False
    asks_and_gets_value(known_phone, operator)


@pytest.mark.parametrize("content_type", ["text/html", "application/soap+xml", ""])
def test_5_the_content_type_does_not_matter(known_phone, operator, content_type):
    known_phone.content_type = content_type
    asks_and_gets_value(known_phone, operator)


def test_6_the_phone_expects_100_continue(phone):
    phone.headers["Expect"] = "100-continue"
    phone.opens("2 PERIODIC")


@pytest.mark.parametrize(("name", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_7_bodies_come_compressed(phone, name, encode):
    phone.headers["Content-Encoding"] = name
    phone.encode = encode
    phone.opens("2 PERIODIC")


@pytest.mark.parametrize("http", ["1.0", "1.1"])
def test_8_a_new_connection_for_every_message(known_phone, operator, http):
    known_phone.keeps_connection = False
    known_phone.http = http
    asks_and_gets_value(known_phone, operator)


def test_8_9_digest_with_a_new_connection_after_the_401(digest_server, operator):
    phone = digest_server.phone()
    phone.keeps_connection = False
    phone.holds_session("0 BOOTSTRAP")
    assert operator.knows(phone)
    asks_and_gets_value(phone, operator)  # the nonce is used again, and nc does not count


def test_9_a_login_is_needed_only_for_the_inform(digest_server, operator):
    phone = digest_server.phone()
    phone.holds_session("0 BOOTSTRAP")
    task = operator.asks(phone, WORK)
    phone.opens("2 PERIODIC")
    phone.logs_in = False
    phone.sends_nothing()
    phone.answers(phone.gets("GetParameterValues"), texts.get_parameter_values_response({WORK.names[0]: "x"}))
    phone.gets_nothing()
    assert operator.task(task).state == "done"
    phone.sends(phone.inform("2 PERIODIC"))
    phone.gets_status(401)


def test_9_a_session_is_vouched_for_by_its_cookie_in_another_process(start_server, operator):
    first, second = start_server(auth="digest"), start_server(auth="digest")
    phone = first.phone()
    phone.holds_session("0 BOOTSTRAP")
    operator.asks(phone, WORK)
    phone.opens("2 PERIODIC")
    phone.hangs_up()
    phone.port, phone.logs_in = second.port, False
    phone.sends_nothing()
    phone.gets("GetParameterValues")


def test_9_wrong_passwords_are_refused_and_recorded(digest_server, operator):
    phone = digest_server.phone()
    phone.password = "wrong"
    phone.sends(phone.inform("0 BOOTSTRAP"))
    phone.gets_status(401)
    assert not operator.knows(phone)
    assert eventually(lambda: "wrong password" in operator.refusals())


def test_nothing_without_a_session_passes_without_a_login(digest_server):
    phone = digest_server.phone()
    phone.logs_in = False
    phone.sends_nothing()
    phone.gets_status(401)
    phone.sends_bytes(b"no soap")
    phone.gets_status(401)
    phone.cookies = ["session=0123456789abcdef0123456789abcdef"]
    phone.sends_nothing()
    phone.gets_status(401)
    phone.sends(texts.transfer_complete("k"))
    phone.gets_status(401)


def test_basic_login(basic_server, operator):
    phone = basic_server.phone()
    phone.logs_in = False
    phone.sends(phone.inform("0 BOOTSTRAP"))
    assert phone.gets_status(401).headers["www-authenticate"].startswith("Basic ")
    phone.headers["Authorization"] = "Basic ZmxlZXQ6c2VjcmV0"
    phone.opens("0 BOOTSTRAP")
    assert operator.knows(phone)


@pytest.mark.parametrize("garbled", ["Digest", "Digest username=", "Basic =====", "\x01\x02", "Digest ,,,,="])
def test_10_a_garbled_login_gets_a_new_challenge_and_nothing_breaks(digest_server, garbled):
    phone = digest_server.phone()
    phone.logs_in = False
    phone.headers["Authorization"] = garbled
    phone.sends(phone.inform("2 PERIODIC"))
    assert "nonce" in phone.gets_status(401).headers["www-authenticate"]


def test_16_the_connection_breaks_in_mid_session_and_the_phone_goes_on(known_phone, operator):
    task = operator.asks(known_phone, WORK)
    known_phone.opens("2 PERIODIC")
    known_phone.hangs_up()
    known_phone.sends_nothing()
    asked = known_phone.gets("GetParameterValues")
    known_phone.hangs_up()
    known_phone.answers(asked, texts.get_parameter_values_response({WORK.names[0]: "x"}))
    known_phone.gets_nothing()
    assert operator.task(task).state == "done"


def test_16_the_answer_was_lost_with_the_connection_and_the_phone_sends_its_own_again(known_phone, operator):
    first = operator.asks(known_phone, WORK, priority=1)
    second = operator.asks(known_phone, GetParameterValuesWork(names=("Device.Line.2.Label",)))
    known_phone.opens("2 PERIODIC")
    known_phone.sends_nothing()
    asked = known_phone.gets("GetParameterValues")
    answer = texts.get_parameter_values_response({"Device.Line.1.Label": "one"})
    known_phone.answers(asked, answer)
    lost = known_phone.gets("GetParameterValues")
    known_phone.hangs_up()
    known_phone.answers(asked, answer)
    again = known_phone.gets("GetParameterValues")
    assert again.cwmp_id == lost.cwmp_id
    known_phone.answers(again, texts.get_parameter_values_response({"Device.Line.2.Label": "two"}))
    known_phone.gets_nothing()
    assert operator.task(first).result["values"]["Device.Line.1.Label"]["value"] == "one"
    assert operator.task(second).result["values"]["Device.Line.2.Label"]["value"] == "two"


@pytest.mark.parametrize("path", ["/", "/acs", "/acs/", "/openacs/acs", "/a/b/c?x=1", "/%20"])
def test_20_any_path_is_served(phone, path):
    phone.path = path
    phone.opens("2 PERIODIC")


def test_21_a_body_may_trickle_in(server):
    phone = server.phone()
    body = texts.envelope(phone.inform("2 PERIODIC")).encode()
    wire = Wire(server.port)
    wire.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
    for place in range(0, len(body), 200):
        wire.send(body[place : place + 200])
        time.sleep(0.02)
    assert wire.answer().status == 200


def test_chunked_bodies(server):
    phone = server.phone()
    body = texts.envelope(phone.inform("2 PERIODIC")).encode()
    wire = Wire(server.port)
    wire.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    wire.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    assert wire.answer().status == 200


def test_only_post_is_served(server):
    wire = Wire(server.port)
    wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = wire.answer()
    assert answer.status == 405
    assert b"CWMP" in answer.body


def test_what_is_no_soap_gets_a_400_with_a_line_and_is_recorded(server, operator):
    phone = server.phone()
    for body in (b"hello", b"<html><body>hi</body></html>", b"\x00\x01\x02", b"<a"):
        phone.sends_bytes(body)
        answer = phone.gets_status(400)
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.body.count(b"\n") == 1
        reason = answer.body.decode().strip()
        assert eventually(lambda reason=reason: reason in operator.refusals())


def test_answers_are_xml_without_a_declaration(phone):
    phone.opens("2 PERIODIC")
    assert phone.last.headers["content-type"] == "text/xml; charset=utf-8"
    assert phone.last.body.startswith(b"<SOAP-ENV:Envelope")
