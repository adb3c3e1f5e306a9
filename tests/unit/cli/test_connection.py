"""Where the command line finds its server, and how a refusal ends the command."""

import json

import pytest

from acs.cli import outcomes
from acs.cli.connection import _is_this_machine, problem_text

NOBODY = "http://127.0.0.1:1"


def test_on_the_servers_machine_the_data_directory_says_where_and_who(acs, server):
    server.on("GET /devices", {"items": [], "next": None, "total": 0})
    assert acs("device", "list").exit_code == 0
    assert server.asked[0].token == "acs_local_secret"


def test_url_and_token_come_from_flags_or_the_environment(acs, server, monkeypatch):
    server.on("GET /devices", {"items": [], "next": None, "total": 0})
    monkeypatch.setenv("ACS_URL", server.url)
    monkeypatch.setenv("ACS_TOKEN", "acs_mine")
    acs("device", "list")
    acs("device", "list", "--token", "acs_other")
    assert [asked.token for asked in server.asked] == ["acs_mine", "acs_other"]


def test_the_local_token_is_never_sent_to_another_server(acs, server, data_dir):
    (data_dir / "run.json").write_text(json.dumps({"web_url": NOBODY}))
    server.on("GET /devices", (401, {"title": "Unauthorized"}))
    assert acs("device", "list", "--url", server.url).exit_code == outcomes.NotAuthorised.exit_code
    assert server.asked[0].token == ""


def test_a_void_token_is_told_in_one_sentence(acs, server):
    server.on("GET /devices", (401, {"title": "Unauthorized", "detail": "The token is void."}))
    told = acs("device", "list").stderr
    assert told.startswith("acs: The token is void; give --token or ACS_TOKEN")


def test_no_server_in_the_data_directory(acs, tmp_path):
    result = acs("device", "list", "--data-dir", str(tmp_path / "empty"))
    assert result.exit_code == outcomes.Unreachable.exit_code
    assert "run.json" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("host", "ours"),
    [("localhost", True), ("127.0.0.1", True), ("192.0.2.77", False), ("acs.example", False)],
)
def test_only_an_address_of_this_machine_needs_no_certificate_check(host, ours):
    assert _is_this_machine(host) is ours


def test_a_server_that_is_not_there(acs):
    result = acs("device", "list", "--url", NOBODY)
    assert result.exit_code == outcomes.Unreachable.exit_code
    assert result.stderr.count("\n") == 1
    assert NOBODY in result.stderr


@pytest.mark.parametrize(
    ("status", "code"), [(401, 4), (403, 4), (404, 3), (409, 1), (422, 1), (500, 1), (503, 5)]
)
def test_each_status_has_its_exit_code(acs, server, status, code):
    server.on("GET /devices", (status, {"title": "No", "detail": "It cannot be."}))
    result = acs("device", "list")
    assert result.exit_code == code
    assert "It cannot be" in result.stderr


def test_a_problem_names_the_field_the_value_and_what_is_allowed(acs, server, phone):
    errors = [{"field": "names", "value": [], "message": "must not be empty"}]
    server.on(f"POST /devices/{phone['id']}/tasks", (422, {"title": "Unprocessable", "errors": errors}))
    result = acs("device", "get", phone["id"], "X")
    assert result.exit_code == 1
    assert result.stderr == "acs: names: []: must not be empty\n"


class _Answer:
    status_code, reason_phrase = 418, "I'm a teapot"

    def __init__(self, body):
        self.body = body

    def json(self):
        return json.loads(self.body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<html>", "the server answered 418 I'm a teapot"),
        ("[]", "the server answered 418 I'm a teapot"),
        ('{"title": "Short"}', "Short"),
        ('{"errors": [{"field": "role", "value": "x", "allowed": ["admin"]}]}', "role: x: allowed: admin"),
        ('{"errors": [{"field": "n", "value": 5, "message": "too big", "allowed": "a number"}]}',
         "n: 5: too big (allowed: a number)"),
        ('{"errors": [{"field": "line 2", "value": "", "message": "is missing"}]}', "line 2: is missing"),
        ('{"errors": [{"field": "q", "value": "tag =", "message": "found the end", "allowed": "a value",'
         ' "position": 5}]}', "q: found the end (allowed: a value)\ntag =\n     ^"),
    ],
)  # fmt: skip
def test_problem_text(body, text):
    assert problem_text(_Answer(body)) == text


def test_exit_codes_stand_in_the_help(acs):
    shown = acs("--help").output
    assert all(f"{code}  {meaning}" in shown for code, meaning in outcomes.MEANINGS.items())
