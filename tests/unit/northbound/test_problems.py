"""Whatever goes wrong: one shape, no traceback, no HTML."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection
from urllib.parse import quote, urlsplit

import pytest

from acs.fleet.identity import device_key
from acs.store import keyspace
from acs.store.calls import Call


def is_problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:acs:problem:")
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/config/nothing",
        "/api/v1/rockets",
        "/api/v1/devices/a/b/c",
        "/api/v1/devices/a%2Fb/c",
        "/api/v2/devices",
        "/api/v1//devices",
        "/api/%FF%FE",
        "/api/ä",
    ],
)
def test_an_unknown_path_is_a_problem(api, path):
    is_problem(api("GET", path), 404)


def test_a_path_outside_of_everything_is_a_problem_too(api):
    is_problem(api.client.get("/nothing"), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/devices", {"GET", "HEAD"}),
        ("DELETE", "/refusals", {"GET", "HEAD"}),
        ("PUT", "/tokens", {"GET", "HEAD", "POST"}),
        ("PATCH", "/files/x", {"GET", "HEAD", "PUT", "DELETE"}),
        ("BREW", "/devices", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_a_path_does_not_take_is_answered_with_those_it_takes(api, method, path, allowed):
    answer = api(method, path)
    is_problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'{"type": "reboot"', "truncated"),
        (b'{"type": reboot}', "byte 9"),
        (b"type=reboot", "byte"),
        (b'{"type": "reboot"} trailing', "byte"),
        (b"<xml/>", "byte"),
        (b'{"type": "\xff"}', "utf-8"),
        (b"[" * 100_000, "JSON"),
        (b'{"type": "schedule_inform", "delay": 1e999}', "out of range"),
    ],
)
def test_a_body_that_is_no_json_is_400_and_says_where(api, phone, content, hint):
    answer = api("POST", f"/devices/{quote(phone(), safe='')}/tasks", content=content)
    problem = is_problem(answer, 400)
    assert hint.lower() in problem["detail"].lower()


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_json_is_taken_under_any_content_type(api, phone, content_type):
    answer = api(
        "POST",
        f"/devices/{quote(phone(), safe='')}/tasks",
        content=b'{"type": "reboot"}',
        headers={"Content-Type": content_type},
    )
    assert answer.status_code == 201


def test_a_json_body_that_is_too_large_is_413(api, phone):
    content = b'{"type": "reboot", "x": "' + b"x" * (5 << 20) + b'"}'
    is_problem(api("POST", f"/devices/{quote(phone(), safe='')}/tasks", content=content), 413)


def test_an_error_of_the_servers_own_tells_no_more_than_an_id(api, phone, store, data_dir):
    identifier = phone()
    key = keyspace.device_prefix(device_key(identifier)) + keyspace.DEVICE
    store.run(Call(("SET", key, b"\xc1 no record"), bool))
    answer = api("GET", f"/devices/{quote(identifier, safe='')}")
    problem = is_problem(answer, 500)
    assert problem["instance"].startswith("urn:uuid:")
    assert problem["instance"].removeprefix("urn:uuid:") in problem["detail"]
    log = (data_dir / "server.log").read_text()
    assert problem["instance"].removeprefix("urn:uuid:") in log
    assert "Traceback" in log
    assert "Traceback" not in answer.text
    assert "msgspec" not in answer.text


def test_head_is_get_without_a_body(api):
    get, head = api("GET", "/devices"), api("HEAD", "/devices")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_a_trailing_slash_is_forgiven(api):
    assert api("GET", "/devices/").status_code == 200


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/devices", "GET, HEAD"),
        ("/tokens", "GET, HEAD, POST"),
        ("/devices/import", "POST"),
        ("/selectors/try", "POST"),
    ],
)
def test_options_are_told_without_a_token(anonymous, path, allowed):
    answer = anonymous("OPTIONS", path)
    assert (answer.status_code, answer.content, answer.headers["Allow"]) == (204, b"", allowed)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_path_of_its_own_is_no_device_and_no_selector(api):
    for method, path in (
        ("GET", "/devices/import"),
        ("DELETE", "/selectors/try"),
        ("PATCH", "/devices/import"),
    ):
        answer = api(method, path)
        is_problem(answer, 405)
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "accept", ["application/xml", "text/html, image/*", "application/json;q=0", "text/*"]
)
def test_who_takes_no_json_is_told_what_there_is(api, accept):
    problem = is_problem(api("GET", "/devices", headers={"Accept": accept}), 406)
    assert "application/json" in problem["detail"]


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/*",
        "application/json; charset=utf-8",
        "text/html, */*;q=0.1",
        "APPLICATION/JSON",
        "",
    ],
)
def test_who_takes_json_gets_it(api, accept):
    assert api("GET", "/devices", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/selectors/try"), ("PUT", "/files/x.cfg")])
def test_a_compressed_body_is_415(api, method, path):
    answer = api(method, path, content=b"x", headers={"Content-Encoding": "gzip"})
    problem = is_problem(answer, 415)
    assert "'gzip'" in problem["detail"]
    assert answer.headers["Accept-Encoding"] == "identity"


def test_a_long_query_has_room_and_a_longer_one_is_414(api):
    assert api("GET", "/devices", params={"q": "ä" * 4000}).status_code == 200
    assert api("GET", "/devices", params={"q": "ä" * 4001}).status_code == 422
    url = urlsplit(api.url)
    connection = HTTPConnection(url.hostname, url.port, timeout=30)  # httpx would not send it
    connection.request("GET", "/api/v1/devices?q=" + "%C3%A4" * 40_000)
    answer = connection.getresponse()
    assert (answer.status, answer.reason) == (414, "URI Too Long")
    assert json.loads(answer.read())["status"] == 414
    connection.close()


def test_headers_that_are_too_large_are_431(api):
    is_problem(api("GET", "/devices", headers={"X-Long": "x" * 70_000}), 431)
    many = {f"X-Long-{number}": "x" * 10_000 for number in range(9)}
    is_problem(api("GET", "/devices", headers=many), 431)
    many = {f"X-Short-{number}": "x" for number in range(600)}
    assert "more than 500" in is_problem(api("GET", "/devices", headers=many), 431)["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/devices/%00",
        "/devices/a%00b/tasks",
        "/devices/%FF%FE",
        "/devices/" + "x" * 5000,
        "/tasks/%00",
        "/tasks/" + "9" * 300,
        "/groups/%00",
        "/files/..%2F..%2Fetc%2Fpasswd",
        "/files/%00",
        "/rollouts/%7Bx%7D",
        "/rules/%E2%80%AE",
        "/config/versions/99999999999999999999",
        "/config/versions/-1",
        "/tasks/001565000001%0D%0AX-Evil:%201",
    ],
)
def test_an_id_that_cannot_be_is_none(api, path):
    is_problem(api("GET", path), 404)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("limit=%00", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=%00", "cursor"),
        ("cursor=%FF", "cursor"),
        ("cursor=" + "A" * 2000, "cursor"),
        ("%00=1", "\0"),
        ("unknown", "unknown"),
    ],
)
def test_a_query_that_cannot_be_names_its_field(api, query, field):
    problem = is_problem(api("GET", f"/devices?{query}"), 422)
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "schedule_inform", "delay": -1}',
        b'{"type": "schedule_inform", "delay": 99999999999999999999999999999999}',
        b'{"type": "reboot", "priority": 1e300}',
        b'{"type": "reboot", "expires_in": 1e308}',
        b'{"type": "reboot", "not_before": 1e308}',
        b'{"type": "reboot", "not_before": -1}',
        b'{"type": "get_parameter_values", "names": ["\\u0000"]}',
        b'{"type": "get_parameter_values", "names": [' + b"[" * 200 + b"]" * 200 + b"]}",
        b'{"type": "\\ud800"}',
        b'{"type": null}',
        b"null",
        b"[]",
        b"1",
        b'"reboot"',
    ],
)
def test_a_body_that_cannot_be_is_refused_and_never_an_error(api, phone, body):
    answer = api("POST", f"/devices/{quote(phone(), safe='')}/tasks", content=body)
    is_problem(answer, 400 if b"ud800" in body else 422)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"type": "reboot", "type": "factory_reset"}', "type"),
        (b'{"type": "set_parameter_values", "values": {"Device.X": 1, "Device.\\u0058": 2}}', "Device.X"),
    ],
)
def test_a_body_that_says_two_things_under_one_name_is_refused(api, phone, body, name):
    tasks = f"/devices/{quote(phone(), safe='')}/tasks"
    problem = is_problem(api("POST", tasks, content=body), 400)
    assert problem["detail"] == f"The body has {name!r} more than once in one object."
    assert api("GET", tasks).json()["items"] == []


def exchange(base_url, sent):
    """What comes back for these bytes until the server closes the connection."""
    url = urlsplit(base_url)
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(sent)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_without_harm(base_url, api, sent):
    assert b" 400 " in exchange(base_url, sent).partition(b"\r\n")[0]
    assert api("GET", "/healthz").status_code == 200


def test_http_1_0_is_answered(base_url):
    received = exchange(base_url, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert received.startswith(b"HTTP/1.0 200") or received.startswith(b"HTTP/1.1 200")
    assert b'"alive"' in received
