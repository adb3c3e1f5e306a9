"""The report of a rollout, from outside: every phone with what shows how it went, as JSON and as a table."""

from __future__ import annotations

import csv
import io

import pytest
from msgspec import structs

from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.member import Member, Outcome
from acs.fleet.rollout.rollout import Rollout, State
from acs.store import rollouts
from acs.store.rollouts import Decision, Known

EVIDENCE = {
    "version_before": "37.72.0.5",
    "version": "37.72.0.12",
    "bytes_served": 4096,
    "proved_by": "its version after the boot",
    "transfer_complete": {"fault_code": 0, "fault_string": "", "complete_time": "2026-07-01T02:00:00Z"},
}
FAULT = {"code": "9010", "text": "=download failed; the file is not what it should be"}


def member(outcome, **more):
    times = {"turn_at": 1000.0, "sent_at": 1001.0, "ended_at": 1100.0}
    return Member(outcome=outcome, attempt=1, task="t1", **{**times, **more})


@pytest.fixture
def report(store, phone):
    """Three phones that went different ways, and one whose turn has not come."""
    ids = [phone(serial_number=f"00156500000{number}") for number in range(4)]
    definition = Definition(name="July", kind=Kind.FIRMWARE, file="37.72.0.12.rom", select="all")
    rollout = Rollout(id="r1", definition=definition, state=State.RUNNING, gathered=True, ends=(4,))
    store.run(rollouts.create(rollout))
    store.run_all(rollouts.add_members("r1", ids, frozenset()))
    ways = (
        member(Outcome.SUCCEEDED, evidence=EVIDENCE),
        member(
            Outcome.FAILED, reason="-1 it refused", evidence={"version_before": "37.72.0.5", "fault": FAULT}
        ),
        Member(outcome=Outcome.SKIPPED, reason="it has 37.72.0.12 already", ended_at=5.0),
    )
    decisions = [
        Decision(known=Known(one, Member()), member=way) for one, way in zip(ids, ways, strict=False)
    ]
    assert store.run(rollouts.write("r1", decisions)) == ["written"] * 3
    return ids


def test_all_of_it_as_json(api, report):
    answer = api("GET", "/rollouts/r1/report")
    assert answer.headers["Content-Type"] == "application/json"
    found = answer.json()
    assert found["rollout"]["name"] == "July"
    by_id = {one["device"]: one for one in found["devices"]}
    assert set(by_id) == set(report)
    done = by_id[report[0]]
    assert (done["model"], done["serial_number"]) == ("CP860", "001565000000")
    assert (done["version_before"], done["version_after"], done["bytes_served"]) == (
        "37.72.0.5",
        "37.72.0.12",
        4096,
    )
    assert done["transfer_complete_at"] == "2026-07-01T02:00:00Z"
    assert done["ended_at"] == "1970-01-01T00:18:20Z"
    assert by_id[report[1]]["fault"] == f"9010 {FAULT['text']}"
    assert by_id[report[2]]["reason"] == "it has 37.72.0.12 already"
    assert (by_id[report[3]]["outcome"], by_id[report[3]]["wave"]) == ("waiting", 0)


@pytest.mark.parametrize(
    "how",
    [
        {"headers": {"Accept": "text/csv"}},
        {"params": {"format": "csv"}},
        {"params": {"format": "csv"}, "headers": {"Accept": "application/json"}},
    ],
)
def test_a_table_in_which_nothing_is_a_formula(api, report, how):
    answer = api("GET", "/rollouts/r1/report", **how)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "rollout-r1.csv" in answer.headers["Content-Disposition"]
    rows = {row["device"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert set(rows) == set(report)
    assert rows[report[0]]["bytes_served"] == "4096"
    assert rows[report[0]]["sent_at"] == "1970-01-01T00:16:41Z"
    assert rows[report[1]]["reason"] == "'-1 it refused"
    assert rows[report[1]]["fault"].startswith("9010 =")
    assert not [cell for row in rows.values() for cell in row.values() if cell[:1] in "=+-@" and cell]


def test_json_is_what_is_given_where_both_are_taken(api, report):
    accept = {"Accept": "application/json, text/csv"}
    assert api("GET", "/rollouts/r1/report", headers=accept).json()["rollout"]["id"] == "r1"


def test_phones_of_one_outcome(api, report):
    found = api("GET", "/rollouts/r1/report", params={"outcome": "failed"}).json()
    assert [one["device"] for one in found["devices"]] == [report[1]]
    assert api("GET", "/rollouts/r1/report", params={"outcome": "lost"}).status_code == 422
    assert api("GET", "/rollouts/r1/report", params={"format": "xml"}).status_code == 422
    assert api("GET", "/rollouts/none/report").status_code == 404


def test_more_phones_than_one_page_are_all_there_once(api, store):
    definition = Definition(name="many", kind=Kind.REBOOT, select="all")
    store.run(rollouts.create(Rollout(id="big", definition=definition, gathered=True, ends=(1201,))))
    ids = [f"001565-CP860-{number:06}" for number in range(1201)]
    store.run_all(rollouts.add_members("big", ids, frozenset()))
    found = api("GET", "/rollouts/big/report").json()
    assert sorted(one["device"] for one in found["devices"]) == ids


def test_a_caller_who_is_limited_sees_its_phones(as_role, store, phone, report):
    [stored] = [store.run(rollouts.get("r1"))]
    limited = as_role("viewer", select="serial = 001565000001")
    assert limited("GET", "/rollouts/r1/report").status_code == 404
    store.run(rollouts.put(stored, structs.replace(stored.rollout, limit="serial = 001565000001")))
    found = limited("GET", "/rollouts/r1/report").json()
    assert [one["device"] for one in found["devices"]] == [report[1]]
