"""Looking at phones: what is printed for people, and what for scripts."""

import json


def test_a_list_for_people_is_a_table(acs, phone):
    result = acs("device", "list")
    head, row = result.stdout.splitlines()
    assert head.split()[:3] == ["ID", "SOFTWARE", "IP"]
    assert row.split()[:4] == [phone["id"], "37.72.0.5", "192.0.2.7", "yes"]


def test_a_list_for_scripts_is_json_and_nothing_else(acs, phone):
    result = acs("device", "list", "--json")
    assert json.loads(result.stdout) == {"items": [phone], "total": 1}
    assert result.stderr == ""


def test_a_list_follows_the_cursor_to_the_end(acs, server, phone):
    server.on(
        "GET /devices",
        {"items": [phone], "next": "c1", "total": 2},
        {"items": [{**phone, "id": "A-B-2"}], "next": None, "total": 2},
    )
    assert len(json.loads(acs("device", "list", "--json").stdout)["items"]) == 2
    assert [asked.query.get("cursor") for asked in server.asked] == [None, "c1"]


def test_a_limit_ends_the_list(acs, server, phone):
    server.on("GET /devices", {"items": [phone], "next": "c1", "total": 9})
    result = acs("device", "list", "--limit", "1", "CP860")
    assert server.asked[0].query == {"q": "CP860", "limit": "1"}
    assert len(server.asked) == 1
    assert "1 of 9" in result.stderr


def test_a_device_may_be_named_by_its_serial_number_or_a_written_mac(acs, server, phone):
    assert phone["id"] in acs("device", "show", "0015651A2B3C").stdout
    acs("device", "show", "00:15:65:1A:2B:3C")
    searches = [asked.query["q"] for asked in server.asked if asked.path == "/devices"]
    assert searches == ["0015651A2B3C", "0015651A2B3C"]


def test_a_fragment_of_several_devices_lists_them(acs, server, phone):
    other = {**phone, "id": "001565-CP860-0015651A2B3D", "serial_number": "0015651A2B3D"}
    server.on("GET /devices", {"items": [phone, other], "next": None, "total": 2})
    result = acs("device", "show", "0015651A")
    assert result.exit_code == 2
    assert phone["id"] in result.stderr
    assert other["id"] in result.stderr


def test_an_exact_serial_number_wins_over_longer_ones(acs, server, phone):
    other = {**phone, "id": "001565-CP860-0015651A2B3C9", "serial_number": "0015651A2B3C9"}
    server.on("GET /devices", {"items": [other, phone], "next": None, "total": 2})
    assert acs("device", "show", "0015651a2b3c").exit_code == 0


def test_a_device_that_nobody_knows(acs, server):
    server.on("GET /devices", {"items": [], "next": None, "total": 0})
    result = acs("device", "show", "0015651A")
    assert result.exit_code == 3
    assert "0015651A" in result.stderr


def test_percent_signs_of_an_id_reach_the_server_encoded(acs, server):
    identifier = "001565-CP%2D860-1"
    server.on("GET /devices/001565-CP%252D860-1", {"id": identifier})
    assert identifier in acs("device", "show", identifier).stdout


def test_parameters_below_a_prefix(acs, server, phone):
    name = "Device.DeviceInfo.SoftwareVersion"
    entry = {"value": "37.72.0.5", "type": "xsd:string", "writable": False, "at": "2023-11-14T22:13:20Z"}
    server.on(f"GET /devices/{phone['id']}/parameters", {name: entry})
    row = acs("device", "parameters", phone["id"], "Device.DeviceInfo.").stdout.splitlines()[1]
    assert row.split()[:4] == [name, "37.72.0.5", "xsd:string", "no"]
    assert server.asked[-1].query == {"prefix": "Device.DeviceInfo."}


def test_nothing_is_cut_off_in_a_pipe(acs, server, phone):
    name, value = "Device." + "Long." * 40 + "Name", "v" * 300
    server.on(f"GET /devices/{phone['id']}/parameters", {name: {"value": value}})
    assert acs("device", "parameters", phone["id"]).stdout.splitlines()[1].split() == [name, value]


def test_square_brackets_in_values_are_printed_as_they_are(acs, server, phone):
    server.on(f"GET /devices/{phone['id']}/parameters", {"Device.X": {"value": "[bold]a[/bold]"}})
    assert "[bold]a[/bold]" in acs("device", "parameters", phone["id"]).stdout


def test_a_timeline(acs, server, phone):
    items = [{"at": "2023-11-14T22:13:20Z", "kind": "inform", "text": "It booted.", "data": {}}]
    server.on(f"GET /devices/{phone['id']}/timeline", {"items": items})
    assert "It booted." in acs("device", "timeline", phone["id"]).stdout
    assert json.loads(acs("device", "timeline", phone["id"], "--json").stdout)["items"] == items


def test_tags_are_put_on_and_taken_off(acs, server, phone):
    server.on(f"PATCH /devices/{phone['id']}", {**phone, "tags": ["lab"]})
    result = acs("device", "tag", phone["id"], "--add", "lab", "--remove", "site7")
    assert server.requests("PATCH")[0].json == {"tags": ["lab"]}
    assert result.stdout == "lab\n"


def test_waking_a_phone_says_how_it_went(acs, server, phone):
    server.on(f"POST /devices/{phone['id']}/wake", {"outcome": "refused", "text": "401 after the login"})
    result = acs("device", "wake", phone["id"])
    assert result.stdout == "refused: 401 after the login\n"
    assert result.exit_code == 1
    server.on(f"POST /devices/{phone['id']}/wake", {"outcome": "accepted", "text": "200"})
    assert acs("device", "wake", phone["id"]).exit_code == 0
