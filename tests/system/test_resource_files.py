"""A table becomes a file, phones learn its address, one fetches it, and its dial plan is tried."""

from __future__ import annotations

import json
import re

import httpx

TABLE = "prefix,replace\n001(xxx)45(xx),9001$145$2\n1,104\n"
MAC = "001565500001"
USER_AGENT = {"User-Agent": "Yealink CP860 37.72.0.5 00:15:65:50:00:01"}


def test_from_a_table_to_a_phone(start_server, tmp_path):
    server = start_server("--public-host", "localhost")
    server.acs("simulate", "--first-mac", MAC, "--sessions", "1")
    (tmp_path / "rules.csv").write_text(TABLE)
    built = tmp_path / "dialplan.xml"
    server.acs("resource", "build", "replace-rules", str(tmp_path / "rules.csv"), "-o", str(built))
    server.acs("resource", "attach", str(built), "--model", "CP860")

    answer = server.api.get(f"/api/v1/devices/001565-CP860-{MAC}/config")
    assert answer.status_code == 200, answer.text
    config = answer.json()
    url = config["effective"]["dialplan_replace_rule.url"]["value"]
    assert re.fullmatch(r"http://localhost:\d+/r/dialplan\.xml", url)

    login = httpx.DigestAuth(server.login["username"], server.login["password"])
    with httpx.Client(auth=login, headers=USER_AGENT, trust_env=False) as phone:
        assert phone.get(url, auth=None).status_code == 401
        fetched = phone.get(url)
        assert (fetched.status_code, fetched.content) == (200, built.read_bytes())
        assert phone.get(url, headers={"If-None-Match": fetched.headers["ETag"]}).status_code == 304
    timeline = server.acs("device", "timeline", MAC).stdout
    assert "Fetched dialplan.xml" in timeline

    tried = json.loads(server.acs("dialplan", "try", "0012354599", "--device", MAC, "--json").stdout)
    assert tried["dialled"] == "90012354599"
    assert tried["steps"][0]["origin"] == "dialplan.xml:2"


def test_a_file_that_no_phone_could_use_is_neither_stored_nor_attached(shared_server, tmp_path):
    bad = tmp_path / "contact.xml"
    bad.write_text('<root_contact>\n<contact display_name=""/>\n</root_contact>\n')
    refused = shared_server.acs("resource", "attach", str(bad), "--fleet", check=False)
    assert (refused.returncode, "line 2: contact display_name: is blank" in refused.stderr) == (1, True)
    assert shared_server.api.get("/api/v1/files/contact.xml").status_code == 404
    assert "local_contact.data.url" not in shared_server.api.get("/api/v1/config").json()["values"]
