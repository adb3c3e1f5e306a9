"""Schedules on the command line: options become what REST takes, names are found, wrong ones not sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

RUN = {
    "due": "2030-01-31T01:30:00Z",
    "at": "2030-01-31T01:30:01Z",
    "outcome": "started",
    "reason": "",
    "missed": 0,
    "by": "",
    "rollout": "ab12-65b9",
    "state": "completed",
    "phones": 3,
    "outcomes": {"succeeded": 3},
}
NIGHTLY = {
    "id": "ab12",
    "name": "nightly",
    "kind": "backup",
    "cron": "30 2 * * *",
    "at": None,
    "zone": "Europe/Berlin",
    "what": {"kind": "backup", "select": "all"},
    "enabled": True,
    "late": None,
    "keep": 7,
    "next_at": "2030-02-01T01:30:00Z",
    "last": RUN,
    "created_at": None,
    "created_by": "me",
    "changed_at": None,
    "changed_by": "me",
    "approved_by": "",
    "coming": ["2030-02-01T01:30:00Z"],
    "runs": [RUN],
}


@pytest.fixture
def known(server: Any) -> None:
    server.on("GET /schedules", {"items": [NIGHTLY], "next": None, "total": 1})
    server.on("POST /schedules", (201, NIGHTLY))
    server.on("GET /schedules/ab12", NIGHTLY)
    server.on("PATCH /schedules/ab12", NIGHTLY)
    server.on("DELETE /schedules/ab12", (204, b""))
    server.on("POST /schedules/ab12/run", (201, {"id": "ab12-1", "name": "nightly now", "state": "running"}))


def test_a_nightly_backup(acs: Any, server: Any, known: None) -> None:
    made = acs(
        "schedule", "add", "nightly", "--select", "all", "--cron", "30 2 * * *", "--zone", "Europe/Berlin",
        "--keep", "7",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    assert made.stdout.startswith("ab12  nightly  next 20")
    assert server.asked[0].json == {
        "name": "nightly",
        "cron": "30 2 * * *",
        "zone": "Europe/Berlin",
        "keep": 7,
        "what": {"kind": "backup", "select": "all", "stop": None},
    }


def test_a_weekly_reboot_of_a_group(acs: Any, server: Any, known: None) -> None:
    words = ("--kind", "reboot", "--group", "lobby", "--cron", "0 3 * * sun", "--late", "10m", "--disabled")
    how = ("--window", "sun 02:00-05:00 phone", "--wave", "1,rest", "--stop-failures", "2%")
    assert acs("schedule", "add", "weekly", *words, *how, "--at-once", "5").exit_code == 0
    assert server.asked[0].json == {
        "name": "weekly",
        "cron": "0 3 * * sun",
        "late": 600,
        "enabled": False,
        "what": {
            "kind": "reboot",
            "select": 'group = "lobby"',
            "waves": [1, "rest"],
            "pace": {"at_once": 5},
            "window": [{"days": ["sun"], "from": "02:00", "to": "05:00", "zone": "phone"}],
            "stop": {"failures": "2%"},
        },
    }


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--kind", "firmware", "--file", "1.rom"), {"file": "1.rom"}),
        (("--kind", "config", "--set", "voice.jib.max=200"), {"values": {"voice.jib.max": "200"}}),
        (("--kind", "task", "--task", '{"type": "reboot"}'), {"task": {"type": "reboot"}}),
        (("--kind", "reboot", "--no-stop"), {"stop": None}),
        (("--kind", "reboot", "--inform-interval", "1m"), {"inform_interval": 60}),
    ],
)
def test_other_kinds(
    acs: Any, server: Any, known: None, words: tuple[str, ...], what: dict[str, Any]
) -> None:
    assert acs("schedule", "add", "x", "--select", "all", "--at", "2030-01-01T00:00", *words).exit_code == 0
    sent = server.asked[0].json
    assert sent["at"] == "2030-01-01T00:00"
    assert sent["what"] == {"kind": words[1], "select": "all", **what}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--select", "all"), "--cron or --at"),
        (("--select", "all", "--cron", "@daily", "--at", "2030-01-01"), "--cron or --at"),
        (("--cron", "@daily"), "--select or --group"),
        (("--cron", "@daily", "--select", "model ="), "selector is wrong"),
        (("--cron", "@daily", "--select", "all", "--window", "at night"), "--window"),
        (("--cron", "@daily", "--select", "all", "--group", "lobby"), "--select or --group"),
        (("--cron", "@daily", "--select", "all", "--late", "soon"), "late"),
    ],
)
def test_what_is_wrong_is_said_and_not_sent(acs: Any, server: Any, words: tuple[str, ...], said: str) -> None:
    refused = acs("schedule", "add", "x", *words)
    assert (refused.exit_code, server.asked) == (2, [])
    assert said in refused.stderr


def test_they_are_listed_and_shown(acs: Any, server: Any, known: None) -> None:
    listed = acs("schedule", "list").stdout.splitlines()
    assert listed[0].split() == ["ID", "NAME", "KIND", "WHEN", "ZONE", "ON", "NEXT", "LAST"]
    assert "30 2 * * *" in listed[1]
    assert listed[1].endswith("completed")
    shown = acs("schedule", "show", "nightly").stdout
    assert "ab12-65b9" in shown
    assert "3 succeeded" in shown
    assert "comes 2030-0" in shown
    assert json.loads(acs("schedule", "show", "ab12", "--json").stdout) == NIGHTLY


def test_turned_off_and_on_changed_run_and_removed(acs: Any, server: Any, known: None) -> None:
    assert acs("schedule", "disable", "nightly").stdout == "off: nightly\n"
    assert server.requests("PATCH")[-1].json == {"enabled": False}
    assert acs("schedule", "enable", "nightly").stdout.startswith("on: nightly  next")
    assert server.requests("PATCH")[-1].json == {"enabled": True}
    assert acs("schedule", "change", "nightly", "--keep", "30d", "--late", "any").exit_code == 0
    assert server.requests("PATCH")[-1].json == {"keep": "30d", "late": None}
    assert acs("schedule", "change", "nightly").exit_code == 2
    assert acs("schedule", "run", "nightly").stdout == "rollout ab12-1  nightly now  running\n"
    assert acs("schedule", "remove", "nightly", "--yes").stdout == "removed: nightly\n"
    assert acs("schedule", "show", "weekly").exit_code == 3


def test_the_files_that_a_phone_sent(acs: Any, server: Any, phone: Any, tmp_path: Any) -> None:
    sent = {"name": "a.cfg", "size": 812, "created_at": None, "file_type": "1 V", "rollout": "ab12-65b9"}
    server.on(f"GET /devices/{phone['id']}/files", {"items": [sent], "next": None, "total": 1})
    server.on("GET /files/a.cfg", b"#!version:1.0.0.1\n")
    shown = acs("device", "files", "0015651A2B3C", "--save", str(tmp_path / "got"))
    assert shown.stdout.splitlines()[1].split() == ["a.cfg", "812", "B", "1", "V", "ab12-65b9"]
    assert (tmp_path / "got").read_bytes() == b"#!version:1.0.0.1\n"
