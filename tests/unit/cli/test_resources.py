"""`acs resource` on files of this machine, and `attach`, which stores a file and tells phones of it."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

RULES = b'<DialRule>\n  <Data Prefix="1" Replace="104"/>\n</DialRule>\n'
CONTACTS = b'<root_contact>\n<contact display_name="Ann" office_number="1"/>\n</root_contact>\n'
MENU = b"""<YealinkIPPhoneMenu><Title>Us</Title>
<MenuItem><Name>Sales</Name><URL>http://a/b.xml</URL></MenuItem></YealinkIPPhoneMenu>"""
DEPARTMENT = b"<YealinkIPPhoneDirectory/>"


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "dialplan.xml"
    path.write_bytes(RULES)
    return path


def test_the_kinds_and_their_columns_are_shown(acs):
    assert "custom_softkey_talking.url" in acs("resource", "kinds").stdout
    assert "32 characters" in acs("resource", "kinds", "replace-rules").stdout
    items = json.loads(acs("resource", "kinds", "--json").stdout)["items"]
    assert len(items) == 13
    assert acs("resource", "kinds", "logo").exit_code == 3


def test_a_good_file_is_known_by_its_first_element(acs, rules):
    result = acs("resource", "check", str(rules))
    assert (result.exit_code, result.stdout) == (0, f"{rules}: good (replace-rules)\n")


def test_faults_are_told_with_file_and_line(acs, rules):
    rules.write_bytes(b'<DialRule>\n<Data Prefix="(" Replace="2"/>\n</DialRule>')
    result = acs("resource", "check", str(rules))
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{rules}:2: error: Data Prefix: ")
    found = json.loads(acs("resource", "check", "--json", str(rules)).stdout)
    assert (found["ok"], found["kind"], found["findings"][0]["line"]) == (False, "replace-rules", 2)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'<DialRule>\n<Data Prefix="1" Replace="2"', 2),
        ('<DialRule>\n<Data Prefix=\u201d1\u201d Replace="2"/>\n</DialRule>'.encode(), 2),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>\n<DialRule/>', 1),
    ],
)
def test_a_file_that_is_no_xml_is_told_with_its_line_as_well(acs, rules, content, line):
    rules.write_bytes(content)
    result = acs("resource", "check", str(rules))
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{rules}:{line}: error: ")


def test_doubts_are_told_and_do_no_harm(acs, rules):
    rules.write_bytes(RULES.replace(b'"104"', b'""'))
    result = acs("resource", "check", str(rules))
    assert result.exit_code == 0
    assert f"{rules}:2: warning: Data Replace: " in result.stdout


def test_a_file_of_no_kind_and_one_that_is_not_there_end_with_2(acs, rules):
    rules.write_bytes(b"<html/>")
    for name in (str(rules), str(rules) + "x"):
        result = acs("resource", "check", name)
        assert (result.exit_code, name in result.stderr) == (2, True)
    assert acs("resource", "check", "--kind", "dial-now", str(rules)).exit_code == 1
    assert acs("resource", "check", "--kind", "logo", str(rules)).exit_code == 2


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("rules.csv", b"prefix,replace\n1,104\n"),
        ("rules.json", b'[{"prefix": "1", "replace": "104"}]'),
        ("rules.txt", b"prefix;replace\r\n1;104\r\n"),
    ],
)
def test_a_table_becomes_a_file(acs, tmp_path, name, table):
    (tmp_path / name).write_bytes(table)
    result = acs("resource", "build", "replace-rules", str(tmp_path / name))
    assert (result.exit_code, result.stdout_bytes) == (0, RULES)
    out = tmp_path / "out.xml"
    acs("resource", "build", "replace-rules", str(tmp_path / name), "-o", str(out))
    assert out.read_bytes() == RULES


def test_a_table_comes_from_standard_input(acs):
    result = acs("resource", "build", "replace-rules", "-", input="prefix,replace\n1,104\n")
    assert result.stdout_bytes == RULES


def test_wrong_rows_are_told_by_number_and_nothing_is_built(acs, tmp_path):
    table = tmp_path / "rules.csv"
    table.write_bytes(b"prefix,replace\n1,104\n(,2\n3,$1\n")
    out = tmp_path / "out.xml"
    result = acs("resource", "build", "replace-rules", str(table), "-o", str(out))
    assert result.exit_code == 1
    assert f"{table}: row 2: error: Data Prefix: " in result.stderr
    assert f"{table}: row 3: error: Data Replace: " in result.stderr
    assert not out.exists()


def test_a_file_becomes_a_table_again(acs, rules):
    assert acs("resource", "rows", str(rules)).stdout == "prefix,replace,lines\n1,104,\n"
    as_json = json.loads(acs("resource", "rows", str(rules), "--format", "json").stdout)
    assert as_json == [{"prefix": "1", "replace": "104", "lines": ""}]
    rules.write_bytes(b"<DialNow/>")
    assert acs("resource", "rows", "--kind", "replace-rules", str(rules)).exit_code == 1


# --- attach ---------------------------------------------------------------------------------------------


@pytest.fixture
def store(server):
    server.on("GET /files", {"items": [], "next": None, "total": 0})
    server.on("GET /resources", {"items": [], "base_url": "http://acs:7567"})

    def takes(name, layer):
        server.on(f"PUT /files/{name}", (201, {"name": name, "resource": "x"}))
        server.on(f"PATCH {layer}", {"values": {}, "version": 7})
        return server

    return takes


@pytest.mark.parametrize(
    ("options", "layer"),
    [
        (["--fleet"], "/config"),
        (["--model", "CP860"], "/models/CP860/config"),
        (["--group", "s"], "/groups/s/config"),
    ],
)
def test_a_file_is_stored_and_its_key_set(acs, store, rules, options, layer):
    server = store("dialplan.xml", layer)
    result = acs("resource", "attach", str(rules), *options, "-m", "short dials")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "dialplan_replace_rule.url = http://acs:7567/r/dialplan.xml\n"
    (put,) = server.requests("PUT")
    assert (put.query, put.body) == ({"resource": "replace-rules"}, RULES)
    assert server.requests("PATCH")[0].json == {
        "values": {"dialplan_replace_rule.url": "http://acs:7567/r/dialplan.xml"},
        "reason": "short dials",
    }


def test_a_file_is_attached_to_one_phone_under_another_name(acs, store, rules, phone):
    server = store("ours.xml", f"/devices/{quote(phone['id'], safe='')}/config")
    words = ("resource", "attach", str(rules), phone["id"], "--name", "ours.xml", "--base-url", "http://b/x/")
    result = acs(*words)
    assert result.exit_code == 0, result.stderr
    values = server.requests("PATCH")[0].json["values"]
    assert values == {"dialplan_replace_rule.url": "http://b/x/r/ours.xml"}


def test_a_menu_is_one_of_five_phone_books(acs, store, tmp_path):
    (tmp_path / "Menu.xml").write_bytes(MENU)
    server = store("Menu.xml", "/config")
    acs("resource", "attach", str(tmp_path / "Menu.xml"), "--fleet", "--book", "3")
    acs("resource", "attach", str(tmp_path / "Menu.xml"), "--fleet")
    keys = [key for asked in server.requests("PATCH") for key in asked.json["values"]]
    assert keys == ["remote_phonebook.data.3.url", "remote_phonebook.data.1.url"]
    assert acs("resource", "attach", str(tmp_path / "Menu.xml"), "--fleet", "--book", "6").exit_code == 2


def test_what_cannot_be_attached_is_told_before_anything_is_stored(acs, store, tmp_path, rules, server):
    (tmp_path / "d.xml").write_bytes(DEPARTMENT)
    department = acs("resource", "attach", str(tmp_path / "d.xml"), "--fleet")
    assert (department.exit_code, "acs file add --resource" in department.stderr) == (2, True)
    assert acs("resource", "attach", str(rules), "--fleet", "--book", "1").exit_code == 2
    assert acs("resource", "attach", str(rules)).exit_code == 2
    assert acs("resource", "attach", str(rules), "--fleet", "--model", "CP860").exit_code == 2
    assert acs("resource", "attach", str(rules), "--fleet", "more").exit_code == 2
    assert not server.requests("PUT")
    assert not server.requests("PATCH")


def test_a_file_that_the_server_refuses_is_not_attached(acs, store, rules):
    server = store("dialplan.xml", "/config")
    problem = {"errors": [{"field": "line 2", "message": "Data Prefix: is blank", "line": 2}]}
    server.on("PUT /files/dialplan.xml", (422, problem))
    result = acs("resource", "attach", str(rules), "--fleet")
    assert (result.exit_code, "line 2: Data Prefix: is blank" in result.stderr) == (1, True)
    assert not server.requests("PATCH")


def test_a_server_that_does_not_know_its_address_needs_it(acs, store, rules):
    server = store("dialplan.xml", "/config")
    server.on("GET /resources", {"items": [], "base_url": ""})
    result = acs("resource", "attach", str(rules), "--fleet")
    assert (result.exit_code, "--base-url" in result.stderr) == (2, True)


def test_a_file_is_stored_as_a_resource_without_being_attached(acs, store, tmp_path):
    (tmp_path / "contact.xml").write_bytes(CONTACTS)
    server = store("contact.xml", "/config")
    acs("file", "add", str(tmp_path / "contact.xml"), "--resource", "local-contacts")
    assert server.requests("PUT")[0].query == {"resource": "local-contacts"}
