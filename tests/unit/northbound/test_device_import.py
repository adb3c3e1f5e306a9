"""Lists of phones: taken whole, or refused with every line that is wrong."""

from __future__ import annotations

import pytest

from acs.store import awaited
from acs.store.calls import Call

JITTER = "voice.jib.max"


@pytest.fixture(autouse=True)
def groups(api):
    for name in ("site7", "vip"):
        api("POST", "/groups", json={"name": name})


@pytest.fixture
def known(phone, store):
    """A phone with this MAC address has called."""

    def know(mac: str) -> str:
        device = phone(serial_number=mac)
        store.drive(awaited.meet(mac, device))
        return device

    return know


def send(api, text, status=200):
    content = text if isinstance(text, bytes) else text.encode()
    answer = api("POST", "/devices/import", content=content, headers={"Content-Type": "text/csv"})
    assert answer.status_code == status, answer.text
    return answer.json()


def faults(api, text):
    """Line, field, message of all that is wrong."""
    problem = send(api, text, 422)
    return [(error["line"], error["field"], error["message"]) for error in problem["errors"]]


def awaited_macs(api):
    return [one["mac"] for one in api("GET", "/awaited").json()["items"]]


def test_known_phones_get_theirs_and_the_others_are_awaited(api, known):
    device = known("001565000001")
    text = "mac,group,extension\n00:15:65:00:00:01,vip site7,2001\n0015-6500-0002,,2002\n".replace(
        "0015-6500-0002", "00-15-65-00-00-02"
    )
    assert send(api, text) == {"phones": 2, "known": 1, "awaited": 1, "changed": 2}
    shown = api("GET", f"/devices/{device}").json()
    assert (shown["groups"], shown["attributes"]) == (["site7", "vip"], {"extension": "2001"})
    [waiting] = api("GET", "/awaited").json()["items"]
    assert waiting["at"].endswith("Z")
    assert {**waiting, "at": ""} == {
        "mac": "001565000002",
        "groups": [],
        "tags": [],
        "label": "",
        "attributes": {"extension": "2002"},
        "at": "",
        "by": "Alice",
    }
    told = [entry["text"] for entry in api("GET", f"/devices/{device}/timeline").json()["items"]]
    assert told == ["Imported by Alice: groups: site7, vip; attributes: extension"]


def test_the_same_list_again_changes_nothing(api, known):
    known("001565000001")
    text = "mac,group,extension\n001565000001,vip,2001\n001565000002,,2002\n"
    send(api, text)
    assert send(api, text)["changed"] == 0


@pytest.mark.parametrize(
    "text",
    [
        "mac;group;name\n001565000001;vip;Anna\n",
        "mac\tgroup\tname\n001565000001\tvip\tAnna\n",
        "\ufeffMAC,Group,Name\r\n001565000001,vip,Anna\r\n\r\n",
        'mac, group, name\n001565000001, vip, "Anna"\n'.replace(' "', '"').replace(", ", ","),
        "name,mac,group\nAnna,001565000001,vip",
    ],
    ids=["semicolons", "tabs", "as a spreadsheet saves it", "quoted", "other columns, no last line end"],
)
def test_lists_as_programs_write_them(api, text):
    send(api, text)
    [waiting] = api("GET", "/awaited").json()["items"]
    assert (waiting["mac"], waiting["groups"], waiting["attributes"]) == (
        "001565000001",
        ["vip"],
        {"name": "Anna"},
    )


def test_every_bad_line_is_named_and_nothing_is_taken(api, known):
    device = known("001565000001")
    text = (
        "mac,group,extension\n"
        "001565000001,vip,2001\n"
        "0015650000,vip,2002\n"
        "001565000003,nobody,2003\n"
        "001565000004,vip\n"
        "001565000005,vip,20\x0105\n"
        "\n"
        "00:15:65:00:00:01,vip,2007\n"
        "001565000008,vip,2008\n"
    )
    assert faults(api, text) == [
        (3, "line 3: mac", "is no MAC address"),
        (4, "line 4: group", "does not exist"),
        (5, "line 5", "has 2 columns"),
        (6, "line 6: extension", "has control characters"),
        (8, "line 8: mac", "is in line 2 already"),
    ]
    assert awaited_macs(api) == []
    assert api("GET", f"/devices/{device}").json()["attributes"] == {}
    assert api("GET", "/groups/vip").json()["members"] == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("group\nvip\n", (1, "line 1: mac", "is missing among the columns")),
        ("", (1, "line 1: mac", "is missing among the columns")),
        ("mac,a b\n001565000001,x\n", (1, "line 1: column 2", "is no name of an attribute")),
        ("mac,\n001565000001,x\n", (1, "line 1: column 2", "is no name of an attribute")),
        ("mac,x,x\n001565000001,1,2\n", (1, "line 1: column 3", "is there twice")),
        (
            "mac,model\n001565000001,T46\n",
            (1, "line 1: column 2", "is known from the phone itself and cannot be set"),
        ),
        ("mac,x\n", (2, "line 2", "is missing: the list has no phones")),
        (b"mac,x\n001565000001,\xe4\n", (2, "line 2", "is no UTF-8 text")),
        ('mac,x\n001565000001,"a" b\n', (2, "line 2", "is no CSV: ',' expected after '\"'")),
        (f"mac,x\n001565000001,{'y' * 257}\n", (2, "line 2: x", "is longer than 256 characters")),
    ],
)
def test_lists_that_are_none(api, text, found):
    assert faults(api, text) == [found]
    assert awaited_macs(api) == []


def test_lines_are_counted_as_an_editor_counts_them(api):
    text = 'mac,note\n001565000001,"two\nlines"\n\nxx,fine\n'
    assert faults(api, text) == [
        (2, "line 2: note", "has control characters"),
        (5, "line 5: mac", "is no MAC address"),
    ]


def test_an_empty_cell_removes_and_a_column_that_is_not_there_leaves(api, known):
    device = known("001565000001")
    send(api, "mac,group,extension,name\n001565000001,vip,2001,Anna\n")
    send(api, "mac,extension\n001565000001,\n")
    shown = api("GET", f"/devices/{device}").json()
    assert (shown["groups"], shown["attributes"]) == (["vip"], {"name": "Anna"})
    send(api, "mac,group\n001565000001,\n")
    assert api("GET", f"/devices/{device}").json()["groups"] == []


def test_a_phone_to_come_has_a_layer_of_its_own_already(api):
    send(api, "mac,group,name\n001565000001,vip,Anna\n")
    values = {"account.1.label": "{{ name }}", JITTER: "210"}
    for spelling in ("001565000001", "00:15:65:00:00:01"):
        answer = api("PATCH", f"/devices/{spelling}/config", json={"values": values})
        assert answer.status_code == 200
    api("PUT", "/groups/vip/config", json={"values": {JITTER: "200", "voice.cng": "1"}})
    shown = api("GET", "/devices/001565000001/config").json()
    assert {key: one["value"] for key, one in shown["effective"].items()} == {
        "account.1.label": "Anna",
        JITTER: "210",
        "voice.cng": "1",
    }
    assert [one["name"] for one in shown["layers"]] == ["fleet", "group:vip", "phone:001565000001"]


def test_a_phone_to_come_joins_and_leaves_groups(api):
    send(api, "mac\n001565000001\n")
    assert api("PUT", "/groups/vip/members/00:15:65:00:00:01").status_code == 204
    page = api("GET", "/groups/vip/members").json()
    assert page["items"] == [{"id": "001565000001", "awaited": True}]
    assert api("DELETE", "/groups/vip/members/001565000001").status_code == 204
    assert api("GET", "/groups/vip").json()["members"] == 0


def test_a_phone_that_is_awaited_no_longer_leaves_nothing(api, store):
    def keys():
        return sorted(store.run(Call(("KEYS", "*mac*"), list)))

    send(api, "mac,group\n001565000001,vip\n")
    api("PATCH", "/devices/001565000001/config", json={"values": {JITTER: "210"}})
    assert len(keys()) == 3
    assert api("DELETE", "/awaited/00-15-65-00-00-01").status_code == 204
    assert api("DELETE", "/awaited/00-15-65-00-00-01").status_code == 404
    assert api("DELETE", "/awaited/x").status_code == 404
    assert keys() == []
    assert api("GET", "/groups/vip").json()["members"] == 0


def test_long_lists_and_pages_of_them(api):
    lines = [f"{number:012x},vip,{number}" for number in range(1, 451)]
    assert send(api, "\n".join(["mac,group,extension", *lines]))["awaited"] == 450
    page = api("GET", "/awaited?limit=400").json()
    assert (len(page["items"]), page["total"]) == (400, 450)
    rest = api("GET", f"/awaited?limit=400&cursor={page['next']}").json()
    assert (len(rest["items"]), rest["next"]) == (50, None)
    assert api("GET", "/groups/vip").json()["members"] == 450


def test_attributes_can_be_noted_one_phone_at_a_time(api, phone):
    device = phone()
    noted = api("PATCH", f"/devices/{device}", json={"attributes": {"extension": "2001", "room": "12"}})
    assert noted.json()["attributes"] == {"extension": "2001", "room": "12"}
    noted = api("PATCH", f"/devices/{device}", json={"attributes": {"room": None}})
    assert noted.json()["attributes"] == {"extension": "2001"}
    for wrong in ({"a b": "x"}, {"mac": "x"}, {"x": "a\nb"}, {"x": 1}):
        assert api("PATCH", f"/devices/{device}", json={"attributes": wrong}).status_code == 422
    assert api("PATCH", f"/devices/{device}", json={"attributes": None}).json()["attributes"] == {}


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 403), ("engineer", 200)])
def test_roles(as_role, role, status):
    caller = as_role(role)
    send(caller, "mac\n001565000001\n", status)
    assert caller("GET", "/awaited").status_code == 200
    assert caller("DELETE", "/awaited/001565000001").status_code == (204 if status == 200 else 403)


@pytest.mark.parametrize("content", [b'{"name":"a"}\n', b'mac,"na"me\n', b'"mac'])
def test_a_first_line_that_is_no_csv_is_named(api, content):
    answer = api("POST", "/devices/import", content=content)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["line"] == 1


# --- tags, labels, and the way back -------------------------------------------------------------------------


def exported(api, **query):
    answer = api("GET", "/devices/export", params=query)
    assert answer.status_code == 200, answer.text
    return answer.text.replace("\r\n", "\n")


def test_tags_and_labels_are_the_phones_own(api, known, store):
    device = known("001565000001")
    send(api, "mac;tags;label\n001565000001;vip night;Reception\n001565000002;vip;Hall\n")
    shown = api("GET", f"/devices/{device}").json()
    assert (shown["tags"], shown["label"], shown["attributes"]) == (["vip", "night"], "Reception", {})
    [waiting] = api("GET", "/awaited").json()["items"]
    assert (waiting["tags"], waiting["label"]) == (["vip"], "Hall")
    came = known("001565000002")
    shown = api("GET", f"/devices/{came}").json()
    assert (shown["tags"], shown["label"]) == (["vip"], "Hall")
    assert [one["id"] for one in api("GET", "/devices", params={"q": "tag = vip"}).json()["items"]] == [
        device,
        came,
    ]
    send(api, "mac,tags,label\n001565000001,,\n")
    shown = api("GET", f"/devices/{device}").json()
    assert (shown["tags"], shown["label"]) == ([], "")
    assert faults(api, f"mac,tags,label\n001565000001,{'x' * 65},{'y' * 201}\n") == [
        (2, "line 2: tags", "is no tag"),
        (2, "line 2: label", "is too long"),
    ]


def test_a_dry_run_says_the_same_and_does_nothing(api, known):
    known("001565000001")
    text = "mac,group,name\n001565000001,site7,Anna\n001565000002,,Bert\n"

    def dry():
        content = {"content": text.encode(), "headers": {"Content-Type": "text/csv"}}
        return api("POST", "/devices/import", params={"dry_run": 1}, **content).json()

    assert dry() == {"phones": 2, "known": 1, "awaited": 1, "changed": 2}
    assert awaited_macs(api) == []
    assert api("GET", "/groups/site7").json()["members"] == 0
    send(api, text)
    assert dry() == {"phones": 2, "known": 1, "awaited": 1, "changed": 0}


def test_what_is_exported_can_be_imported(api, known):
    known("001565000001")
    text = (
        "mac,group,tags,label,extension,name\n"
        "001565000001,site7 vip,night,Reception,2001,'=Anna\n"
        '001565000002,,vip,,2002,"Bert, ""B"""\n'
    )
    send(api, text)
    assert exported(api) == text
    assert "'=Anna" not in api("GET", "/awaited").text
    assert send(api, exported(api))["changed"] == 0
    # in an empty server, the same list
    for mac in ("001565000001", "001565000002"):
        api("DELETE", f"/awaited/{mac}")


def test_secrets_are_not_exported_and_stay_when_the_list_comes_back(api, known):
    known("001565000001")
    send(api, "mac,sip_password\n001565000001,geheim-1\n001565000002,geheim-2\n")
    assert "geheim" not in exported(api)
    assert "geheim" not in exported(api, columns="mac,sip_password")
    assert send(api, exported(api))["changed"] == 0


def test_an_export_has_the_columns_and_the_phones_that_were_asked_for(api, known):
    device = known("001565000001")
    send(api, "mac,extension\n001565000001,2001\n001565000002,2002\n")
    assert exported(api, columns="id,model,extension,state", q="all") == (
        f"id,model,extension,state\n{device},CP860,2001,online\n"
    )
    assert exported(api, columns="mac,state").endswith("001565000002,awaited\n")
    for query in ({"columns": "mac,mac"}, {"columns": "9th"}, {"columns": "mac,"}, {"q": "model ="}):
        answer = api("GET", "/devices/export", params=query)
        assert answer.status_code == 422, query
