"""`acs device trace`: recording sessions, looking at them, playing them again."""

from __future__ import annotations

import json

import pytest

from acs.cwmp.lint import lint_message

ARMED = {"sessions": 1, "until": "2030-01-01T00:00:00Z", "by": "ann", "at": "2029-12-31T00:00:00Z"}
INFORM = (
    "<Envelope><Body><Inform><DeviceId><SerialNumber>S</SerialNumber></DeviceId></Inform></Body></Envelope>"
)


def item(name: str, state: str = "done") -> dict[str, object]:
    return {
        "id": name,
        "state": state,
        "started_at": "2030-01-01T00:00:00Z",
        "ended_at": None,
        "events": ["2 PERIODIC"],
        "peer": "192.0.2.1",
        "by": "ann",
        "size": 1234,
    }


@pytest.fixture
def traces(server, phone):
    path = f"/devices/{phone['id']}/traces"
    server.on(f"GET {path}", {"armed": None, "items": [item("t2"), item("t1")]})
    server.on(f"POST {path}", (201, ARMED))
    server.on(f"DELETE {path}", (204, None))
    server.on(f"GET {path}/t2", b"a conversation")
    server.on(f"DELETE {path}/t2", (204, None))
    return path


def test_the_next_session_is_recorded_where_nothing_else_is_asked(acs, server, phone, traces):
    result = acs("device", "trace", phone["id"], "--sessions", "3", "--hours", "2")
    assert result.exit_code == 0
    assert "recorded, until" in result.stdout
    [asked] = server.requests("POST")
    assert asked.json == {"sessions": 3, "expires_in": 7200}


def test_waiting_ends_with_the_session_and_shows_it(acs, server, phone, traces, monkeypatch):
    monkeypatch.setattr("acs.cli.device_trace._PAUSE", 0.0)
    old = [item("t1")]
    server.on(
        f"GET {traces}",
        {"armed": None, "items": old},
        {"armed": ARMED, "items": old},
        {"armed": None, "items": [item("t2", "recording"), *old]},
        {"armed": None, "items": [item("t2", "unfinished"), *old]},
        {"armed": None, "items": [item("t2", "recording"), *old]},
        {"armed": None, "items": [item("t2"), *old]},
    )
    server.on(f"POST /devices/{phone['id']}/wake", {"outcome": "accepted", "text": "took it"})
    result = acs("device", "trace", phone["id"], "--wait", "--wake")
    assert result.stdout == "a conversation\n"
    assert "accepted" in result.stderr


def test_waiting_in_vain_is_said(acs, phone, traces):
    result = acs("device", "trace", phone["id"], "--wait", "--timeout", "0")
    assert result.exit_code == 6
    assert "--show last" in result.stderr


def test_the_list_tells_what_is_to_be_recorded_too(acs, server, phone, traces):
    server.on(f"GET {traces}", {"armed": ARMED, "items": [item("t2")]})
    result = acs("device", "trace", phone["id"], "--list")
    assert "to be recorded: 1" in result.stderr
    assert result.stdout.splitlines()[1].split()[0] == "t2"
    assert json.loads(acs("device", "trace", phone["id"], "--list", "--json").stdout)["armed"] == ARMED


def test_the_newest_is_called_last(acs, server, phone, traces):
    assert acs("device", "trace", phone["id"], "--show", "last").stdout == "a conversation\n"
    assert acs("device", "trace", phone["id"], "--delete", "last").exit_code == 0
    server.on(f"GET {traces}", {"armed": None, "items": []})
    assert acs("device", "trace", phone["id"], "--show", "last").exit_code == 3


def test_a_replay_that_differs_ends_with_1(acs, server, phone, traces):
    step = {
        "number": 3,
        "phone": "The phone speaks.",
        "recorded": "A",
        "today": "B",
        "outcome": "differs",
        "why": "",
        "diff": ["-a", "+b"],
        "noted": [],
    }
    answer = {
        "trace": "t2",
        "same": False,
        "played": 1,
        "differing": 1,
        "not_played": 0,
        "steps": [step],
    }
    server.on(f"POST {traces}/t2/replay", answer)
    result = acs("device", "trace", phone["id"], "--replay", "t2")
    assert result.exit_code == 1
    assert "+b" in result.stdout
    server.on(f"POST {traces}/t2/replay", answer | {"same": True})
    assert acs("device", "trace", phone["id"], "--replay", "t2", "--json").exit_code == 0


def test_recording_is_stopped(acs, phone, traces):
    assert "any more" in acs("device", "trace", phone["id"], "--stop").stdout


@pytest.mark.parametrize("options", [("--list", "--stop"), ("--show", "a", "--replay", "b"), ("--raw", "x")])
def test_options_that_do_not_go_together(acs, phone, options):
    assert acs("device", "trace", phone["id"], *options).exit_code == 2


def test_messages_as_files_can_be_linted(acs, server, phone, traces, tmp_path):
    headers = [{"name": "Host", "value": "acs"}, {"name": "Content-Length", "value": "9"}]
    entries = [
        {
            "request": {
                "method": "POST",
                "url": "http://acs/cwmp",
                "httpVersion": "HTTP/1.1",
                "headers": headers,
                **({"postData": {"text": text}} if text else {}),
            },
            "response": {
                "httpVersion": "HTTP/1.1",
                "status": 204,
                "statusText": "No Content",
                "headers": [],
                "content": {"text": ""},
            },
        }
        for text in (INFORM, "")
    ]
    messages = [
        {"name": name, "sender": sender} for name, sender in (("Inform", "phone"), ("", "server"))
    ] * 1
    messages += [{"name": "", "sender": "phone"}, {"name": "", "sender": "server"}]
    server.on(f"GET {traces}/t2", {"messages": messages}, {"log": {"entries": entries}})
    result = acs("device", "trace", phone["id"], "--show", "t2", "--raw", str(tmp_path / "out"))
    assert result.exit_code == 0
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == [
        "001-Inform.answer.http",
        "001-Inform.http",
        "002-empty-post.answer.http",
        "002-empty-post.http",
    ]
    raw = (tmp_path / "out" / "001-Inform.http").read_bytes()
    assert raw.startswith(b"POST /cwmp HTTP/1.1\r\nHost: acs\r\nContent-Length: ")
    assert lint_message(raw).message == "Inform"
