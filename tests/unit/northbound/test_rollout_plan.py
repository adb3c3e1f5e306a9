"""A plan before the start, from outside: whom a rollout would reach, when, and what it would send."""

from __future__ import annotations

import pytest

from acs.fleet.layers import Group
from acs.store import groups

IMAGE = "37.72.0.12.rom"
REBOOT = {"name": "night", "kind": "reboot", "select": "all"}
FIRMWARE = {"name": "up", "kind": "firmware", "file": IMAGE, "select": "all"}


@pytest.fixture
def fleet(phone):
    """`fleet(5, ip="…")`: so many more phones."""
    serials = iter(range(1, 100_000))

    def know(count: int, **facts):
        return [phone(serial_number=f"0015650{next(serials):05d}", **facts) for _ in range(count)]

    return know


@pytest.fixture
def plan(api):
    def ask(body):
        answer = api("POST", "/rollouts/plan", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def test_waves_with_their_phones_bytes_and_hours(api, fleet, plan):
    api("PUT", f"/files/{IMAGE}", params={"version": "37.72.0.12", "model": "CP860"}, content=b"x" * 1000)
    fleet(20)
    made = plan({**FIRMWARE, "waves": ["10%", 5, "rest"], "soak": 3600, "pace": {"at_once": 5}})
    assert (made["total"], made["looked_at"], made["takes"], made["bytes"]) == (20, 20, 20, 20_000)
    assert [one["phones"] for one in made["waves"]] == [2, 5, 13]
    assert [one["bytes"] for one in made["waves"]] == [2000, 5000, 13_000]
    starts = [one["starts_at"] for one in made["waves"]]
    assert starts == sorted(starts)
    assert made["waves"][-1]["ends_at"] == made["forecast"]["ends_at"]
    # two soaks, and three waves of which the last needs three turns of five minutes each
    assert 2 * 3600 + 5 * 300 <= made["forecast"]["seconds"] < 2 * 3600 + 5 * 300 + 3 * 300
    assert api("GET", "/rollouts").json()["total"] == 0


def test_phones_that_the_image_is_not_for_are_counted_by_reason(api, fleet, plan):
    api("PUT", f"/files/{IMAGE}", params={"version": "37.72.0.12", "model": "CP860"}, content=b"image")
    fleet(3)
    fleet(2, software_version="37.72.0.12")
    fleet(1, software_version="37.73.0.1")
    fleet(1, software_version="37.70.0.1")
    [other] = fleet(1, product_class="T23G")
    made = plan({**FIRMWARE, "allowed_from": [">= 37.72.0.1"]})
    refused = {one["why"]: one for one in made["refused"]}
    assert {why: one["phones"] for why, one in refused.items()} == {
        "already": 2,
        "downgrade": 1,
        "allowed_from": 1,
        "model": 1,
    }
    assert refused["model"]["devices"] == [other]
    assert "T23G" in refused["model"]["text"]
    assert (made["total"], made["takes"], made["bytes"]) == (8, 3, 3 * len(b"image"))
    numbered = plan({**FIRMWARE, "override": "tried in the laboratory", "downgrade": True})
    assert {one["why"] for one in numbered["refused"]} == {"already"}


def test_an_image_of_another_number_is_a_reason_of_its_own(api, fleet, plan):
    api("PUT", f"/files/{IMAGE}", params={"version": "37.72.0.12"}, content=b"image")
    fleet(1, product_class="SIP-T23G", hardware_version="44.0.0.0", software_version="44.80.0.1")
    [refused] = plan(FIRMWARE)["refused"]
    assert (refused["why"], refused["phones"]) == ("number", 1)


def test_offline_phones_and_sites_are_counted(fleet, plan):
    away = fleet(2, last_inform=1000.0, ip="192.0.2.9")
    fleet(3, ip="198.51.100.1")
    made = plan({**REBOOT, "patience": 7200})
    assert (made["offline"]["phones"], sorted(made["offline"]["devices"])) == (2, sorted(away))
    assert made["sites"] == [
        {"site": "198.51.100.0/24", "phones": 3},
        {"site": "192.0.2.0/24", "phones": 2},
    ]
    assert made["sites_count"] == 2
    # a wave with phones that are away lasts until they are given up
    assert made["forecast"]["seconds"] >= 7200
    assert any("2 h" in remark for remark in made["remarks"])


def test_phones_without_a_zone_are_outside_a_window_of_their_own(fleet, plan):
    fleet(3)
    window = {"from": "01:00", "to": "05:00"}
    made = plan({**REBOOT, "window": window})
    assert (made["zone_unknown"]["phones"], made["takes"]) == (3, 0)
    assert any("fallback" in remark for remark in made["remarks"])
    made = plan({**REBOOT, "window": {**window, "fallback": "Europe/Berlin"}})
    assert (made["zone_unknown"]["phones"], made["takes"]) == (0, 3)


def test_the_first_phone_waits_for_its_window(fleet, plan):
    fleet(2)
    window = {"from": "02:00", "to": "04:00", "zone": "UTC"}
    made = plan({**REBOOT, "window": window, "start": "2099-01-01T12:00:00Z"})
    assert made["starts_at"] == "2099-01-01T12:00:00Z"
    assert made["opens_at"] == made["waves"][0]["starts_at"] == "2099-01-02T02:00:00Z"
    assert made["forecast"]["ends_at"].startswith("2099-01-02T02:")


def test_a_canary_group_is_the_first_wave(store, fleet, plan):
    phones = fleet(10)
    store.run(groups.create(Group("pioneers")))
    store.run(groups.join("pioneers", phones[3]))
    made = plan({**REBOOT, "canary": "pioneers", "waves": ["50%"]})
    assert [one["phones"] for one in made["waves"]] == [1, 5, 4]


def test_nobody_is_meant(plan):
    made = plan(REBOOT)
    assert (made["total"], made["waves"]) == (0, [])
    assert any("No phone" in remark for remark in made["remarks"])


def test_a_draft_has_a_plan_until_it_begins(api, fleet):
    fleet(4)
    draft = api("POST", "/rollouts", json=REBOOT).json()
    path = f"/rollouts/{draft['id']}"
    assert api("POST", f"{path}/plan").json()["total"] == 4
    api("POST", f"{path}/start")
    refused = api("POST", f"{path}/plan")
    assert refused.status_code == 409
    assert "has begun" in refused.json()["detail"]
    assert api("POST", "/rollouts/none/plan").status_code == 404


def test_a_wrong_definition_is_refused_field_by_field(api):
    answer = api("POST", "/rollouts/plan", json={**REBOOT, "waves": ["200%"], "soak": -1})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} <= {"waves[0]", "soak"}


def test_looking_needs_no_more_than_looking(as_role, fleet):
    fleet(1)
    assert as_role("viewer")("POST", "/rollouts/plan", json=REBOOT).json()["total"] == 1
