"""`acs rollout` against a scripted server: what is asked, what is shown, how it ends."""

from __future__ import annotations

import json

import pytest

ID = "ab12cd34ef56ab78"
FORECAST = {"ends_at": "2030-01-01T02:00:00Z", "seconds": 7200.0, "rate": 10.0, "seen": False}


def rollout(**fields):
    return {
        "id": ID,
        "name": "July",
        "kind": "firmware",
        "state": "running",
        "reason": "",
        "definition": {"name": "July", "kind": "firmware", "file": "37.72.0.12.rom", "window": None},
        "total": 10,
        "outcomes": {"waiting": 9, "succeeded": 1},
        "wave": 1,
        "waves": [
            {"phones": 1, "outcomes": {"succeeded": 1}, "success": 1.0},
            {"phones": 9, "outcomes": {"waiting": 9}, "success": None},
        ],
        "forecast": FORECAST,
        "created_at": "2030-01-01T00:00:00Z",
        "created_by": "eve",
        "start_at": None,
        "started_at": "2030-01-01T00:00:00Z",
        "ended_at": None,
        "state_by": "eve",
        "rollback_of": "",
        "trouble": "",
        **fields,
    }


SOME = {"phones": 0, "devices": []}
PLAN = {
    "name": "July",
    "kind": "firmware",
    "total": 10,
    "looked_at": 10,
    "takes": 8,
    "bytes": 8_000_000,
    "starts_at": "2030-01-01T00:00:00Z",
    "opens_at": "2030-01-01T01:00:00Z",
    "waves": [
        {
            "phones": 10,
            "takes": 8,
            "bytes": 8_000_000,
            "starts_at": "2030-01-01T01:00:00Z",
            "ends_at": "2030-01-01T02:00:00Z",
            "seconds": 3600.0,
        }
    ],
    "forecast": FORECAST,
    "speed_of": "",
    "offline": {"phones": 1, "devices": ["001565-CP860-1"]},
    "zone_unknown": SOME,
    "never_open": SOME,
    "refused": [{"why": "already", "text": "it has it already", "phones": 2, "devices": ["001565-CP860-2"]}],
    "sites": [{"site": "site7", "phones": 8}],
    "sites_count": 1,
    "needs_approval": True,
    "remarks": ["Offline now: 1 phones."],
}


@pytest.fixture
def made(server):
    """The request that `acs rollout create` sends, as a file would have it."""

    def of(acs, *words: str):
        server.on("POST /rollouts", (201, rollout(state="draft")))
        result = acs("rollout", "create", *words)
        assert result.exit_code == 0, result.output
        return server.asked[-1].json

    return of


# --- definitions ---


def test_every_option_has_its_field(acs, made):
    asked = made(
        *(acs, "July", "--file", "37.72.0.12.rom", "-q", "model = CP860"),
        *("--canary", "pioneers", "--wave", "1%", "--wave", "50,rest", "--soak", "1.5h"),
        *("--success", "98%", "--informs", "2", "--window", "mon-wed,sun 1:00-05:00 Europe/Berlin"),
        *("--window", "22:00-06:00", "--fallback", "UTC", "--except", "2030-12-24"),
        *("--stop-failures", "2%", "--in-a-row", "5", "--unconfirmed", "none"),
        *("--at-once", "20", "--per-site", "2", "--bandwidth", "1.5M", "--priority", "-3"),
        *("--patience", "2d", "--confirm", "30m", "--ask-again", "90", "--step", "20m"),
        *("--downgrade", "--allowed-from", ">= 37.70", "--override", "tried", "--sha256", "0" * 64),
        *("--start", "2030-01-31T22:00:00Z"),
    )
    assert asked == {
        "name": "July",
        "kind": "firmware",
        "file": "37.72.0.12.rom",
        "select": "model = CP860",
        "canary": "pioneers",
        "waves": ["1%", 50, "rest"],
        "soak": 5400,
        "gate": {"success": 0.98, "informs": 2},
        "window": [
            {
                "from": "01:00",
                "to": "05:00",
                "days": ["mon", "tue", "wed", "sun"],
                "zone": "Europe/Berlin",
                "fallback": "UTC",
                "except": ["2030-12-24"],
            },
            {"from": "22:00", "to": "06:00", "fallback": "UTC", "except": ["2030-12-24"]},
        ],
        "stop": {"failures": "2%", "in_a_row": 5, "unconfirmed": None},
        "pace": {"at_once": 20, "per_site": 2, "bandwidth": 1_500_000},
        "priority": -3,
        "patience": 172_800,
        "confirm": 1800,
        "ask_again": 90,
        "step": 1200,
        "downgrade": True,
        "allowed_from": [">= 37.70"],
        "override": "tried",
        "sha256": "0" * 64,
        "start": "2030-01-31T22:00:00+00:00",
    }


def test_the_kind_is_what_the_options_are_of(acs, made):
    values = made(acs, "--name", "x", "-s", "voice.jib.max=300", "--unset", "voice.jib.min", "--reboot-now")
    assert (values["kind"], values["reboot"]) == ("config", True)
    assert values["values"] == {"voice.jib.max": "300", "voice.jib.min": None}
    assert made(acs, "x", "--task", "get_rpc_methods")["task"] == {"type": "get_rpc_methods"}
    task = {"type": "schedule_inform", "delay": 60}
    assert made(acs, "x", "--task", json.dumps(task))["task"] == task
    assert made(acs, "x", "--kind", "reboot", "--no-stop")["stop"] is None


def test_options_say_more_than_the_file(acs, made, tmp_path):
    path = tmp_path / "july.json"
    path.write_text(json.dumps({"name": "July", "kind": "reboot", "select": "all", "pace": {"at_once": 5}}))
    asked = made(acs, "--from", str(path), "--per-site", "1", "--name", "August")
    assert asked == {
        "name": "August",
        "kind": "reboot",
        "select": "all",
        "pace": {"at_once": 5, "per_site": 1},
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("x", "-q", "model ="), "the selector is wrong"),
        (("x", "--window", "always"), "has no hours"),
        (("x", "--window", "someday 01:00-02:00"), "no weekday"),
        (("x", "--soak", "long"), "is not a duration"),
        (("x", "--success", "120%"), "is no share"),
        (("x", "--bandwidth", "fast"), "is not an amount of bytes"),
        (("x", "-s", "voice.jib.max"), "no KEY=VALUE"),
        (("x", "--task", "{"), "no JSON"),
        (("x", "--task", '{"type": "reboot", "type": "factory_reset"}'), "'type' is given twice"),
        (("x", "--start", "soon"), "is no time"),
        (("x", "--except", "2030-12-24"), "give --window too"),
        (("x", "--no-stop", "--in-a-row", "3"), "one too many"),
        (("--from", "nothing.json"), "No such file"),
        ((), "what is it to do?"),
    ],
)
def test_what_cannot_be_read_is_not_sent(acs, server, words, says):
    result = acs("rollout", "create", *words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert server.asked == []


def test_what_the_server_refuses_is_told_field_by_field(acs, server):
    errors = [{"field": "waves[0]", "message": "is no size of a wave", "value": "200%", "allowed": "a share"}]
    server.on("POST /rollouts", (422, {"detail": "no", "errors": errors}))
    result = acs("rollout", "create", "x", "--kind", "reboot", "-q", "all", "--wave", "200%")
    assert result.exit_code == 1
    assert result.stderr == "acs: waves[0]: 200%: is no size of a wave (allowed: a share)\n"


# --- plans ---


def test_a_plan_of_options_and_of_a_draft(acs, server):
    server.on("POST /rollouts/plan", PLAN)
    server.on(f"GET /rollouts/{ID}", rollout(state="draft"))
    server.on(f"POST /rollouts/{ID}/plan", PLAN)
    shown = acs("rollout", "plan", "--kind", "reboot", "-q", "all")
    assert server.asked[-1].json == {"name": "plan", "kind": "reboot", "select": "all"}
    for part in ("8 of 10", "8.0 MB", "refused, already", "offline now", "site7", "a second person"):
        assert part in shown.stdout, part
    assert json.loads(acs("rollout", "plan", ID, "--json").stdout) == PLAN
    assert acs("rollout", "plan").exit_code == 2
    for options in (("--kind", "reboot"), ("--name", "July"), ("--start", "2030-01-31T22:00")):
        both = acs("rollout", "plan", ID, *options)
        assert both.exit_code == 2
        assert "leave it out" in both.stderr


# --- which one ---


def test_a_rollout_is_named_by_id_beginning_or_name(acs, server):
    other = rollout(id="ab99", name="June")
    server.on(f"GET /rollouts/{ID}", rollout())
    server.on("GET /rollouts", {"items": [rollout(), other], "next": None, "total": 2})
    for name in (ID, "july", "ab12"):
        assert json.loads(acs("rollout", "show", name, "--json").stdout)["id"] == ID
    assert acs("rollout", "show", "May").exit_code == 3
    server.on("GET /rollouts", {"items": [rollout(), rollout(id="ab12ffff")], "next": None, "total": 2})
    fits = acs("rollout", "show", "July")
    assert fits.exit_code == 2
    assert "ab12ffff" in fits.stderr


# --- steering ---


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "retry"])
def test_it_is_steered(acs, server, verb):
    server.on(f"GET /rollouts/{ID}", rollout())
    server.on(f"POST /rollouts/{ID}/{verb}", rollout())
    assert acs("rollout", verb, ID).stdout == f"{ID} July: running\n"


@pytest.mark.parametrize("verb", ["abort", "rollback"])
def test_what_ends_or_takes_back_wants_a_yes(acs, server, verb):
    server.on(f"GET /rollouts/{ID}", rollout())
    server.on(f"POST /rollouts/{ID}/{verb}", rollout(state="aborted"))
    refused = acs("rollout", verb, ID)
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert server.requests("POST") == []
    assert acs("rollout", verb, ID, "--yes").stdout == f"{ID} July: aborted\n"


def test_those_of_one_outcome_are_tried_again(acs, server):
    server.on(f"GET /rollouts/{ID}", rollout())
    server.on(f"POST /rollouts/{ID}/retry", rollout())
    acs("rollout", "retry", ID, "--outcome", "skipped")
    assert server.asked[-1].json == {"outcomes": ["skipped"]}


# --- watching ---


@pytest.mark.parametrize(
    ("state", "reason", "code"),
    [("completed", "", 0), ("halted", "5 phones failed, and at most 4 may", 7), ("aborted", "", 8)],
)
def test_the_exit_code_tells_how_it_ended(acs, server, state, reason, code):
    last = rollout(state=state, reason=reason, outcomes={"succeeded": 5, "failed": 5}, forecast=None)
    server.on(f"GET /rollouts/{ID}", rollout(), rollout(), last)
    result = acs("rollout", "watch", ID, "--interval", "0")
    assert result.exit_code == code
    assert f"July: {state}" in (result.stderr if code else result.stdout)
    assert reason in result.stderr
    assert "running, wave 1 of 2: 1 succeeded, 9 waiting" in result.stderr
    as_json = acs("rollout", "watch", ID, "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)["state"]) == (code, state)


def test_a_draft_is_not_watched_and_time_runs_out(acs, server):
    server.on(f"GET /rollouts/{ID}", rollout(state="draft"))
    assert "is a draft" in acs("rollout", "watch", ID).stderr
    server.on(f"GET /rollouts/{ID}", rollout())
    result = acs("rollout", "watch", ID, "--timeout", "0.1")
    assert result.exit_code == 6
    assert "still running" in result.stderr


# --- looking ---


def test_the_list_and_its_states(acs, server):
    items = [rollout(), rollout(id="cd34", name="June", state="completed", forecast=None)]
    server.on("GET /rollouts", {"items": items, "next": None, "total": 2})
    lines = acs("rollout", "list").stdout.splitlines()
    assert lines[1].startswith(ID)
    assert "1/2" in lines[1]
    assert len(acs("rollout", "list", "--state", "completed").stdout.splitlines()) == 2
    assert json.loads(acs("rollout", "list", "--json", "--limit", "1").stdout)["items"] == items[:1]


MEMBER = {
    "device": "001565-CP860-1",
    "outcome": "failed",
    "reason": "download failed",
    "wave": 2,
    "attempt": 1,
    "task": "t",
    "evidence": {"version_before": "37.72.0.5", "fault": {"code": "9010", "text": "9010 download failure"}},
    "turn_at": None,
    "sent_at": None,
    "ended_at": "2030-01-01T00:00:00Z",
}


def test_its_phones(acs, server):
    server.on(f"GET /rollouts/{ID}", rollout())
    server.on(f"GET /rollouts/{ID}/devices", {"items": [MEMBER], "next": None})
    shown = acs("rollout", "devices", ID, "--outcome", "failed").stdout
    assert "had 37.72.0.5; 9010 download failure" in shown
    assert server.asked[-1].query["outcome"] == "failed"


def test_the_report_as_a_table_in_a_file(acs, server, tmp_path):
    server.on(f"GET /rollouts/{ID}", rollout())
    server.on(f"GET /rollouts/{ID}/report", b"device,model\r\n1,CP860\r\n")
    target = tmp_path / "july.csv"
    assert "bytes" in acs("rollout", "report", ID, "--csv", str(target), "--outcome", "failed").stdout
    assert target.read_bytes() == b"device,model\r\n1,CP860\r\n"
    assert server.asked[-1].query == {"format": "csv", "outcome": "failed"}
    assert acs("rollout", "report", ID, "--csv", "-").stdout_bytes == b"device,model\r\n1,CP860\r\n"


def test_the_report_for_people_has_those_that_did_not_succeed(acs, server):
    phones = [MEMBER, {**MEMBER, "device": "001565-CP860-2", "outcome": "succeeded"}]
    server.on(f"GET /rollouts/{ID}", rollout())
    server.on(f"GET /rollouts/{ID}/report", {"made_at": None, "rollout": rollout(), "devices": phones})
    shown = acs("rollout", "report", ID).stdout
    assert "001565-CP860-1" in shown
    assert "001565-CP860-2" not in shown
    assert len(json.loads(acs("rollout", "report", ID, "--json").stdout)["devices"]) == 2
