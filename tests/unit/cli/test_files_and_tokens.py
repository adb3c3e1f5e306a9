"""Files to the server and back, firmware to a phone and its configuration from it; tokens."""

import json
from hashlib import sha256

import pytest

from acs.cli.sending import content_name
from acs.data_directory import DataDirectory
from acs.store import tokens
from acs.store.embedded import EmbeddedRedis
from acs.store.runner_blocking import BlockingRunner

TASK = "0123456789abcdef0123456789ab"
CONTENT = b"firmware" * 1000
DIGEST = sha256(CONTENT).hexdigest()


@pytest.fixture
def firmware(tmp_path):
    path = tmp_path / "CP860 v37 (new).rom"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def files(server):
    server.on("GET /files", {"items": [], "next": None, "total": 0})
    return server


def entry(name):
    return {"name": name, "size": len(CONTENT), "sha256": DIGEST, "file_type": "", "version": "", "model": ""}


def task(server, phone, kind, result=None):
    base = {"id": TASK, "device": phone["id"], "type": kind, "fault": None}
    server.on(f"POST /devices/{phone['id']}/tasks", (201, {**base, "state": "pending", "result": None}))
    server.on(f"GET /tasks/{TASK}", {**base, "state": "done", "result": result})


def test_a_file_is_sent_with_what_is_said_of_it(acs, files, firmware):
    files.on("PUT /files/new.rom", (201, entry("new.rom")))
    result = acs(
        "file", "add", str(firmware), "--name", "new.rom", "--version", "37.72.0.9", "--model", "CP860"
    )
    put = files.requests("PUT")[0]
    assert put.body == CONTENT
    assert put.query == {"version": "37.72.0.9", "model": "CP860"}
    assert "new.rom" in result.stdout


def test_a_file_that_is_there_already_is_not_sent_again(acs, files, firmware):
    files.on("GET /files", {"items": [entry("new.rom")], "next": None, "total": 1})
    assert acs("file", "add", str(firmware), "--name", "new.rom").exit_code == 0
    assert not files.requests("PUT")


def test_files_are_listed_fetched_and_removed(acs, files, tmp_path):
    files.on("GET /files", {"items": [entry("a.cfg")], "next": None, "total": 1})
    assert "a.cfg" in acs("file", "list").stdout
    files.on("GET /files/a.cfg", CONTENT)
    assert acs("file", "fetch", "a.cfg", str(tmp_path)).exit_code == 0
    assert (tmp_path / "a.cfg").read_bytes() == CONTENT
    files.on("DELETE /files/a.cfg", (204, None))
    assert acs("file", "remove", "a.cfg").stdout == "removed: a.cfg\n"


def test_a_file_goes_to_standard_output(acs, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files.on("GET /files/a.cfg", CONTENT)
    done = acs("file", "fetch", "a.cfg", "-")
    assert (done.exit_code, done.stdout_bytes, done.stderr) == (0, CONTENT, "")
    assert not (tmp_path / "-").exists()


def test_a_missing_file_leaves_nothing_behind(acs, files, tmp_path):
    result = acs("file", "fetch", "b.cfg", str(tmp_path))
    assert result.exit_code == 3
    assert not (tmp_path / "b.cfg").exists()


def test_the_name_of_a_content_has_its_hash_and_nothing_odd(firmware):
    assert content_name(firmware) == f"CP860_v37__new_-{DIGEST[:12]}.rom"


def test_a_local_file_is_stored_before_the_phone_fetches_it(acs, files, phone, firmware):
    name = content_name(firmware)
    files.on(f"PUT /files/{name}", (201, entry(name)))
    task(files, phone, "download")
    result = acs("device", "download", phone["id"], str(firmware), "--version", "37.72.0.9")
    assert result.exit_code == 0
    about = {"file_type": "1 Firmware Upgrade Image", "version": "37.72.0.9"}
    assert files.requests("PUT")[0].query == about
    assert files.requests("POST")[0].json == {"type": "download", "file": name}


def test_a_stored_file_or_an_address_is_named(acs, files, phone):
    task(files, phone, "download")
    acs("device", "download", phone["id"], "stored.rom", "--file-type", "firmware")
    acs("device", "download", phone["id"], "http://192.0.2.1/x.cfg", "--file-type", "config")
    assert [asked.json for asked in files.requests("POST")] == [
        {"type": "download", "file": "stored.rom", "file_type": "1 Firmware Upgrade Image"},
        {"type": "download", "url": "http://192.0.2.1/x.cfg", "file_type": "3 Vendor Configuration File"},
    ]


def test_an_upload_is_awaited_and_saved(acs, files, phone, tmp_path):
    task(files, phone, "upload", {"file": "phone.cfg", "size": len(CONTENT)})
    files.on("GET /files/phone.cfg", CONTENT)
    result = acs("device", "upload", phone["id"], "--save", str(tmp_path / "saved.cfg"))
    assert (tmp_path / "saved.cfg").read_bytes() == CONTENT
    assert "phone.cfg" in result.stdout
    assert files.requests("POST")[0].json == {"type": "upload", "file_type": "1 Vendor Configuration File"}


def test_a_token_is_printed_alone(acs, server):
    server.on("POST /tokens", (201, {"id": "1", "token": "acs_1_secret"}))
    result = acs("token", "create", "--role", "admin", "--expires-in", "2")
    assert result.stdout == "acs_1_secret\n"
    asked = server.requests("POST")[0].json
    assert (asked["role"], asked["expires_in"]) == ("admin", 172800)
    assert asked["name"]


def test_a_role_that_does_not_exist_is_named(acs, server):
    errors = [{"field": "role", "value": "boss", "message": "is none", "allowed": ["viewer", "admin"]}]
    server.on("POST /tokens", (422, {"title": "x", "errors": errors}))
    result = acs("token", "create", "--role", "boss")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "acs: role: boss: is none (allowed: viewer, admin)\n"


def test_tokens_are_listed_and_revoked(acs, server):
    item = {
        "id": "1",
        "name": "me",
        "role": "admin",
        "created_at": None,
        "created_by": "x",
        "expires_at": None,
    }
    server.on("GET /tokens", {"items": [item]})
    assert json.loads(acs("token", "list", "--json").stdout) == {"items": [item]}
    assert "me" in acs("token", "list").stdout
    server.on("DELETE /tokens/1", (204, None))
    assert acs("token", "revoke", "acs_1_secret").stdout == "revoked: 1\n"


def test_refusals(acs, server):
    item = {
        "at": "2023-11-14T22:13:20Z",
        "kind": "cwmp",
        "ip": "192.0.2.9",
        "text": "no XML",
        "excerpt": "GET",
    }
    server.on("GET /refusals", {"items": [item]})
    assert "no XML" in acs("refusals").stdout


def test_the_first_token_is_made_before_the_server_ever_ran(acs, tmp_path):
    """Put straight into the store that the server will have; it is there when Redis starts again."""
    home = tmp_path / "new"
    first = acs("token", "create", "--role", "admin", "--data-dir", str(home))
    assert first.exit_code == 0
    prefix, identifier, secret = first.stdout.strip().split("_")
    assert prefix == "acs"
    assert secret
    redis = EmbeddedRedis(home)
    runner = BlockingRunner(redis.start())
    try:
        kept = runner.run(tokens.get(identifier))
    finally:
        runner.close()
        redis.stop()
    assert (kept.role, kept.secret_sha256) == ("admin", sha256(secret.encode()).hexdigest())


def test_a_wrong_role_is_told_the_same_way_without_a_server(acs, tmp_path):
    result = acs("token", "create", "--role", "boss", "--data-dir", str(tmp_path / "new"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("acs: role: boss: ")
    assert "admin" in result.stderr


def test_a_data_directory_in_use_is_not_touched(acs, tmp_path):
    directory = DataDirectory(tmp_path / "new")
    directory.lock()
    try:
        result = acs("token", "create", "--role", "admin", "--data-dir", str(tmp_path / "new"))
    finally:
        directory.drop_lock()
    assert result.exit_code == 1
    assert "another server runs" in result.stderr
