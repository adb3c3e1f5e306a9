"""Resource files over REST: the kinds, checking, building and reading back, and storing with a check."""

from __future__ import annotations

import pytest

from acs.datamodel.resources import KINDS

RULES = b"""<DialRule>
  <Data Prefix="1" Replace="05928665234"/>
  <Data Prefix="2(xx)" Replace="002$1"/>
</DialRule>
"""
ROWS = [
    {"prefix": "1", "replace": "05928665234", "lines": ""},
    {"prefix": "2(xx)", "replace": "002$1", "lines": ""},
]
BAD = b'<DialRule>\n<Data Prefix="1" Replace="2"/>\n<Data Prefix="(" Replace="2"/>\n</DialRule>\n'


def test_the_kinds_are_listed_with_their_columns_and_keys(as_role):
    answer = as_role("viewer")("GET", "/resources")
    assert answer.status_code == 200
    kinds = {item["name"]: item for item in answer.json()["items"]}
    assert list(kinds) == list(KINDS)
    assert kinds["replace-rules"]["key"] == "dialplan_replace_rule.url"
    assert [column["name"] for column in kinds["dial-now"]["columns"]] == ["rule", "lines"]
    assert kinds["softkeys-talking"]["columns"][0]["values"][:3] == ["", "Talk", "Hold"]
    assert answer.json()["base_url"] == ""


def test_a_good_file_is_good(api):
    answer = api("POST", "/resources/replace-rules/check", content=RULES)
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "findings": []})


def test_a_bad_file_is_told_line_by_line(api):
    answer = api("POST", "/resources/replace-rules/check", content=BAD)
    assert answer.status_code == 200
    assert not answer.json()["ok"]
    (finding,) = answer.json()["findings"]
    assert (finding["line"], finding["severity"], finding["where"]) == (3, "error", "Data Prefix")


def test_rows_become_a_file_and_a_file_rows(api):
    built = api("POST", "/resources/replace-rules/build", json={"rows": ROWS})
    assert (built.status_code, built.content) == (200, RULES)
    assert built.headers["Content-Type"] == "application/xml"
    assert api("POST", "/resources/replace-rules/rows", content=RULES).json() == {"rows": ROWS}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rows": [ROWS[0], {"prefix": "(", "replace": "2"}]}, "rows[1]"),
        ({"rows": [{"prefix": "", "replace": "2"}]}, "rows[0].prefix"),
        ({"rows": [{"prefix": "1", "replace": "2", "colour": "red"}]}, "rows[0].colour"),
        ({"rows": 3}, "rows"),
        ({}, "rows"),
    ],
)
def test_a_wrong_row_is_told_by_its_place(api, body, field):
    answer = api("POST", "/resources/replace-rules/build", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_what_is_no_file_of_the_kind_gives_no_rows(api):
    answer = api("POST", "/resources/replace-rules/rows", content=b"<DialNow/>")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["line"] == 1


@pytest.mark.parametrize("what", ["check", "build", "rows"])
def test_an_unknown_kind_is_not_found(api, what):
    answer = api("POST", f"/resources/logo/{what}", json={"rows": []})
    assert answer.status_code == 404
    assert "logo" in answer.json()["detail"]


def test_a_resource_file_is_stored_with_its_kind_and_an_address(api):
    put = api("PUT", "/files/dialplan.xml", content=RULES, params={"resource": "replace-rules"})
    assert put.status_code == 201, put.text
    assert (put.json()["resource"], put.json()["path"]) == ("replace-rules", "/r/dialplan.xml")
    assert put.json()["file_type"] == ""
    assert api("GET", "/files/dialplan.xml").content == RULES
    listed = api("GET", "/files").json()["items"]
    assert [(item["name"], item["resource"]) for item in listed] == [("dialplan.xml", "replace-rules")]


def test_a_bad_resource_file_is_not_stored_and_each_line_is_told(api):
    content = BAD.replace(b'Replace="2"', b'Replace="$1"')
    answer = api("PUT", "/files/dialplan.xml", content=content, params={"resource": "replace-rules"})
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert [(error["line"], error["field"]) for error in errors] == [(2, "line 2"), (3, "line 3")]
    assert "Data Replace" in errors[0]["message"]
    assert api("GET", "/files/dialplan.xml").status_code == 404


def test_a_bad_file_does_not_take_the_place_of_a_good_one(api):
    where = {"params": {"resource": "replace-rules"}}
    api("PUT", "/files/dialplan.xml", content=RULES, **where)
    assert api("PUT", "/files/dialplan.xml", content=b"nothing", **where).status_code == 422
    assert api("GET", "/files/dialplan.xml").content == RULES


def test_an_unknown_kind_cannot_be_stored(api):
    answer = api("PUT", "/files/logo.dob", content=b"x", params={"resource": "logo"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["field"], error["value"]) == ("resource", "logo")
    assert error["allowed"] == list(KINDS)


def test_a_resource_file_that_is_too_large_is_refused(api):
    content = b"<DialNow>" + b" " * (5 << 20) + b"</DialNow>"
    answer = api("PUT", "/files/dialnow.xml", content=content, params={"resource": "dial-now"})
    assert answer.status_code == 422
    assert "too large" in answer.json()["errors"][0]["message"]


def test_a_viewer_checks_but_does_not_store(as_role):
    viewer = as_role("viewer")
    assert viewer("POST", "/resources/replace-rules/check", content=RULES).status_code == 200
    params = {"resource": "replace-rules"}
    assert viewer("PUT", "/files/a.xml", content=RULES, params=params).status_code == 403
