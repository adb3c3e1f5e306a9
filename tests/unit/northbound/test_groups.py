"""Groups over REST."""

from __future__ import annotations

import pytest


def create(api, name, status=201, **more):
    answer = api("POST", "/groups", json={"name": name, **more})
    assert answer.status_code == status, answer.text
    return answer


def test_a_group_is_made_shown_and_listed_in_the_order_of_its_word(api):
    made = create(api, "vip", order=10, description="Bosses")
    assert made.headers["Location"] == "/api/v1/groups/vip"
    create(api, "site7")
    shown = made.json()
    assert shown.pop("created_at").endswith("Z")
    assert shown == {
        "name": "vip",
        "order": 10,
        "description": "Bosses",
        "members": 0,
        "config_version": 0,
        "created_by": "Alice",
    }
    assert api("GET", "/groups/vip").json() == made.json()
    assert [group["name"] for group in api("GET", "/groups").json()["items"]] == ["site7", "vip"]


def test_a_name_is_taken_once(api):
    create(api, "vip")
    assert create(api, "vip", 409).json()["detail"] == "There is a group 'vip' already."


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 65, "a/b", "ä", ".x"])
def test_a_name_that_cannot_be(api, name):
    [error] = create(api, name, 422).json()["errors"]
    assert (error["field"], error["value"]) == ("name", name)


@pytest.mark.parametrize("more", [{"order": 1001}, {"order": "x"}, {"description": "a\nb"}, {"other": 1}])
def test_what_a_group_cannot_be(api, more):
    create(api, "vip", 422, **more)


def test_order_and_description_change(api):
    create(api, "vip", description="Bosses")
    assert api("PATCH", "/groups/vip", json={"order": 3}).json()["order"] == 3
    shown = api("PATCH", "/groups/vip", json={"description": ""}).json()
    assert (shown["order"], shown["description"]) == (3, "")
    assert api("PATCH", "/groups/vip", json={"name": "x"}).status_code == 422
    assert api("PATCH", "/groups/none", json={"order": 3}).status_code == 404


def test_phones_come_and_go(api, phone):
    create(api, "vip")
    one, other = phone(serial_number="1"), phone(serial_number="2")
    for device in (one, other, one):
        assert api("PUT", f"/groups/vip/members/{device}").status_code == 204
    page = api("GET", "/groups/vip/members?limit=1").json()
    assert page == {"items": [{"id": one, "awaited": False}], "next": one, "total": 2}
    page = api("GET", f"/groups/vip/members?cursor={page['next']}").json()
    assert page["items"] == [{"id": other, "awaited": False}]
    assert api("GET", f"/devices/{one}").json()["groups"] == ["vip"]
    assert api("DELETE", f"/groups/vip/members/{one}").status_code == 204
    assert api("DELETE", f"/groups/vip/members/{one}").status_code == 404
    assert api("GET", f"/devices/{one}").json()["groups"] == []
    told = [entry["text"] for entry in api("GET", f"/devices/{one}/timeline").json()["items"]]
    assert told == ["Taken out of the group vip by Alice", "Put into the group vip by Alice"]


def test_neither_group_nor_phone_is_made_by_joining(api, phone):
    create(api, "vip")
    assert api("PUT", f"/groups/none/members/{phone()}").status_code == 404
    assert api("PUT", "/groups/vip/members/none").status_code == 404
    assert api("PUT", "/groups/vip/members/001565000009").status_code == 404
    assert api("GET", "/groups/none/members").status_code == 404


def test_a_phone_is_in_so_many_groups_and_no_more(api, phone):
    device = phone()
    for number in range(21):
        create(api, f"g{number}")
    statuses = [api("PUT", f"/groups/g{number}/members/{device}").status_code for number in range(21)]
    assert statuses == [*[204] * 20, 422]


def test_a_group_that_goes_takes_its_configuration_and_leaves_its_phones(api, phone):
    device = phone()
    create(api, "vip")
    api("PUT", f"/groups/vip/members/{device}")
    api("PUT", "/groups/vip/config", json={"values": {"voice.jib.max": "200"}})
    assert api("DELETE", "/groups/vip").status_code == 204
    assert api("DELETE", "/groups/vip").status_code == 404
    assert api("GET", f"/devices/{device}").json()["groups"] == []
    assert api("GET", f"/devices/{device}/config").json()["effective"] == {}
    create(api, "vip")
    assert api("GET", "/groups/vip/config").json()["version"] == 0


def test_a_phone_that_is_forgotten_is_in_no_group(api, phone):
    create(api, "vip")
    device = phone()
    api("PUT", f"/groups/vip/members/{device}")
    api("DELETE", f"/devices/{device}")
    assert api("GET", "/groups/vip").json()["members"] == 0


def test_roles(as_role, phone):
    device = phone()
    create(as_role("engineer"), "vip")
    viewer, operator = as_role("viewer"), as_role("operator")
    assert viewer("GET", "/groups").status_code == viewer("GET", "/groups/vip/members").status_code == 200
    assert viewer("PUT", f"/groups/vip/members/{device}").status_code == 403
    assert operator("PUT", f"/groups/vip/members/{device}").status_code == 204
    assert operator("POST", "/groups", json={"name": "x"}).status_code == 403
    assert operator("PATCH", "/groups/vip", json={"order": 1}).status_code == 403
    assert operator("DELETE", "/groups/vip").status_code == 403
