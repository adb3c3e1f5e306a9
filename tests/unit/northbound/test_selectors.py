"""Selectors over REST: in the list of devices, saved, tried, and refused at the character that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from acs.fleet.device import Device, OperatorNotes
from acs.fleet.identity import device_key
from acs.store import devices, indexes, notes
from acs.store.runner_blocking import BlockingRunner


@pytest.fixture
def fleet(store: BlockingRunner, phone: Callable[..., str]) -> dict[str, str]:
    """A CP860 with old firmware and a tag, one with newer firmware, and a T46G."""
    ids = {
        "old": phone(serial_number="1"),
        "new": phone(serial_number="2", software_version="37.80.0.1"),
        "other": phone(serial_number="3", product_class="T46G", software_version="28.1"),
    }
    for identifier in ids.values():
        known = store.run(devices.get(device_key(identifier)))
        assert known is not None
        device: Device = known.device
        store.run(indexes.put(device))
    store.drive(notes.change(ids["old"], lambda _: OperatorNotes(tags=("site7",), label="Empfang Süd")))
    return ids


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("model = CP860", ["old", "new"]),
        ("model = CP860 and firmware < 37.80.0.1 and tag = site7 and online", ["old"]),
        ("not tag = site7", ["new", "other"]),
        ("Empfang Süd", ["old"]),
        ('"Empfang Süd"', ["old"]),
        ("empfang or model = T46G", ["old", "other"]),
        ("all", ["old", "new", "other"]),
        ("offline", []),
    ],
)
def test_the_list_of_devices_takes_a_selector(
    api: Any, fleet: dict[str, str], q: str, found: list[str]
) -> None:
    page = api("GET", "/devices", params={"q": q}).json()
    assert [item["id"] for item in page["items"]] == [fleet[name] for name in found]
    assert (page["total"], page["next"]) == (len(found), None)


def test_pages_of_a_selector_lead_through_all_phones_once(
    api: Any, store: BlockingRunner, phone: Callable[..., str]
) -> None:
    for number in range(25):
        known = store.run(devices.get(device_key(phone(serial_number=f"{number:03}"))))
        assert known is not None
        store.run(indexes.put(known.device))
    seen, cursor = [], ""
    while cursor is not None:
        page = api(
            "GET", "/devices", params={"q": "model = CP860 and online", "limit": 10, "cursor": cursor}
        ).json()
        assert page["total"] == 25
        seen += [item["serial_number"] for item in page["items"]]
        cursor = page["next"]
    assert seen == [f"{number:03}" for number in range(25)]


def test_a_wrong_selector_is_refused_at_its_character(api: Any) -> None:
    answer = api("GET", "/devices", params={"q": "model = CP860 firmware < 3"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "field": "q",
            "message": "character 15: found 'firmware'",
            "value": "model = CP860 firmware < 3",
            "allowed": "and, or or the end",
            "position": 14,
        }
    ]


@pytest.mark.parametrize(
    ("q", "position"),
    [
        ("parameter Device.ManagementServer.Password = x", 10),
        ("online and key account.1.password ~ a", 15),
        ("label = account.1.password or key account.1.password ~ a", 34),
        ("online and attr.sip_password ~ a", 11),
        ("Attr.Admin_Password in (1, 2)", 0),
    ],
)
def test_nobody_finds_out_a_secret_by_selecting(api: Any, q: str, position: int) -> None:
    answer = api("GET", "/devices", params={"q": q})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["position"] == position
    assert "secret" in error["message"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("voice.jib.mx", "did you mean voice.jib.max"),
        ("account.99.label", "permitted: X = 1"),
    ],
)
def test_a_key_that_is_none_is_told_with_what_was_meant(api: Any, name: str, hint: str) -> None:
    answer = api("GET", "/devices", params={"q": f"online and key {name} = 3"})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["position"] == 15
    assert name in error["message"]
    assert hint in error["message"]


# --- saved ones -----------------------------------------------------------------------------------------


def test_a_saved_selector_is_shown_changed_used_and_deleted(api: Any, fleet: dict[str, str]) -> None:
    made = api("POST", "/selectors", json={"name": "conference", "select": "model = CP860"})
    assert made.status_code == 201
    assert made.headers["Location"] == "/api/v1/selectors/conference"
    view = made.json()
    assert (view["select"], view["by"]) == ("model = CP860", "Alice")
    assert api("GET", "/selectors/conference").json() == view
    assert api("GET", "/selectors").json() == {"items": [view]}

    def meant() -> int:
        q = "selector = conference and firmware < 37.80"
        total: int = api("GET", "/devices", params={"q": q}).json()["total"]
        return total

    assert meant() == 1
    changed = api("PATCH", "/selectors/conference", json={"select": "all", "description": "Everyone"}).json()
    assert (changed["select"], changed["description"]) == ("all", "Everyone")
    assert meant() == 2
    assert api("DELETE", "/selectors/conference").status_code == 204
    assert api("GET", "/selectors/conference").status_code == 404
    assert api("DELETE", "/selectors/conference").status_code == 404


def test_trying_counts_all_and_names_the_first(api: Any, fleet: dict[str, str]) -> None:
    tried = api("POST", "/selectors/try", json={"select": "MODEL='CP860'", "limit": 1})
    assert tried.json() == {"select": "model = CP860", "total": 2, "devices": [fleet["old"]]}


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"name": "a b", "select": "all"}, "name", "is no name of a selector"),
        ({"name": "x", "select": "modle = 3"}, "select", "character 1: there is no field 'modle'; did you"),
        ({"name": "x", "select": "selector = gone"}, "select", "character 12: there is no selector 'gone'"),
        ({"name": "x", "select": "not selector = x"}, "select", "character 16: the selector 'x' uses itself"),
        ({"name": "x", "select": "all", "description": "\x07"}, "description", "has control characters"),
        ({"name": "x"}, "select", "is required"),
    ],
)
def test_what_cannot_be_saved_is_refused_by_its_field(
    api: Any, body: dict[str, str], field: str, message: str
) -> None:
    answer = api("POST", "/selectors", json=body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert error["message"].startswith(message)


def test_selectors_that_use_each_other(api: Any) -> None:
    """No circle is saved, and none is deleted that another uses."""
    assert api("POST", "/selectors", json={"name": "a", "select": "online"}).status_code == 201
    assert api("POST", "/selectors", json={"name": "b", "select": "selector = a"}).status_code == 201
    assert api("POST", "/selectors", json={"name": "a", "select": "all"}).status_code == 409
    assert api("PATCH", "/selectors/a", json={"select": "selector = b"}).status_code == 422
    refused = api("DELETE", "/selectors/a")
    assert (refused.status_code, "used by the selector b" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("path", "body", "who"),
    [
        ("/rules", {"name": "night", "on": ["*"], "add_tags": ["x"]}, "the rule night"),
        ("/tokens", {"name": "ours", "role": "viewer"}, "the token ours"),
        ("/users", {"name": "bob", "role": "viewer", "password": "correct horse battery"}, "the user bob"),
        (
            "/schedules",
            {"name": "weekly", "cron": "0 3 * * 0", "what": {"kind": "reboot", "select": "selector = a"}},
            "the schedule weekly",
        ),
    ],
)
def test_a_selector_that_something_else_uses_stays(
    api: Any, path: str, body: dict[str, Any], who: str
) -> None:
    api("POST", "/selectors", json={"name": "a", "select": "online"})
    selecting = body if "what" in body else {**body, "select": "selector = a"}
    assert api("POST", path, json=selecting).status_code == 201
    refused = api("DELETE", "/selectors/a")
    assert (refused.status_code, f"used by {who}" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rules", {"name": "night", "on": ["*"], "add_tags": ["x"]}),
        ("/tokens", {"name": "ours", "role": "viewer"}),
        ("/users", {"name": "bob", "role": "viewer", "password": "correct horse battery"}),
    ],
)
def test_what_is_to_use_a_selector_that_is_not_there_is_not_made(
    api: Any, path: str, body: dict[str, Any]
) -> None:
    answer = api("POST", path, json={**body, "select": "online and selector = gone"})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["field"], error["position"]) == ("select", 22)


def test_viewers_try_but_do_not_save(as_role: Callable[..., Any]) -> None:
    viewer = as_role("viewer")
    assert viewer("POST", "/selectors/try", json={"select": "all"}).status_code == 200
    assert viewer("POST", "/selectors", json={"name": "x", "select": "all"}).status_code == 403
