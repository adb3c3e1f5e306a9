"""Files: put, listed, fetched whole and in part, replaced, removed."""

from __future__ import annotations

import hashlib
import os
import socket
from urllib.parse import urlsplit

import pytest

from acs.fleet.upload_names import name_of
from acs.store import files
from acs.store.files import StoredFile

FIRMWARE = "1 Firmware Upgrade Image"


def contents(data_dir):
    return {path.name for path in (data_dir / "files").iterdir()}


def test_a_large_file_goes_in_and_comes_out_unchanged(api, data_dir):
    content = os.urandom(20 << 20)
    digest = hashlib.sha256(content).hexdigest()
    about = {"version": "37.80.0.1", "model": "CP860"}
    put = api("PUT", "/files/CP860-37.80.0.1.rom", content=content, params=about)
    assert put.status_code == 201, put.text
    assert put.headers["Location"] == "/api/v1/files/CP860-37.80.0.1.rom"
    stored = put.json()
    assert stored.pop("created_at").endswith("Z")
    assert stored == {
        "name": "CP860-37.80.0.1.rom",
        "size": 20 << 20,
        "sha256": digest,
        "md5": hashlib.md5(content).hexdigest(),
        "file_type": FIRMWARE,
        "version": "37.80.0.1",
        "model": "CP860",
        "created_by": "Alice",
        "device": "",
        "task": "",
        "rollout": "",
        "resource": "",
        "path": "",
    }
    got = api("GET", "/files/CP860-37.80.0.1.rom")
    assert got.status_code == 200
    assert hashlib.sha256(got.content).hexdigest() == digest
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Length"] == str(20 << 20)
    assert got.headers["ETag"] == f'"{digest}"'
    assert digest in contents(data_dir)
    assert list((data_dir / "incoming").iterdir()) == []


def test_a_file_that_is_not_what_its_maker_says_is_refused(api, data_dir):
    content = b"an image"
    sums = {"sha256": hashlib.sha256(content).hexdigest(), "md5": hashlib.md5(content).hexdigest()}
    before = contents(data_dir)
    for field in sums:
        wrong = {**sums, field: sums[field][::-1]}
        answer = api("PUT", "/files/1.2.3.4.rom", content=content, params=wrong)
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert (error["field"], error["value"]) == (field, wrong[field])
        assert sums[field] in str(error["allowed"])
        answer = api("PUT", "/files/1.2.3.4.rom", content=content, params={field: "abc"})
        assert answer.json()["errors"][0]["field"] == field
    assert contents(data_dir) == before
    upper = {field: value.upper() for field, value in sums.items()}
    assert api("PUT", "/files/1.2.3.4.rom", content=content, params=upper).status_code == 201


@pytest.mark.parametrize("size", [0, 1, 65536, 65537])
def test_files_of_any_size_are_kept(api, size):
    content = os.urandom(size)
    assert api("PUT", "/files/a.cfg", content=content).json()["size"] == size
    assert api("GET", "/files/a.cfg").content == content


def test_a_chunked_body_is_taken(api):
    def chunks():
        for _ in range(100):
            yield b"x" * 5000

    assert api("PUT", "/files/a.cfg", content=chunks()).json()["size"] == 500_000


def test_putting_again_replaces(api):
    assert api("PUT", "/files/a.cfg", content=b"one").status_code == 201
    again = api("PUT", "/files/a.cfg", content=b"two", params={"file_type": "X 001565 Odd"})
    assert (again.status_code, again.json()["file_type"]) == (200, "X 001565 Odd")
    assert api("GET", "/files/a.cfg").content == b"two"
    assert api("GET", "/files").json()["total"] == 1


def test_head_range_and_etag(api):
    api("PUT", "/files/a.cfg", content=b"0123456789")
    head = api("HEAD", "/files/a.cfg")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", "10")
    part = api("GET", "/files/a.cfg", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    beyond = api("GET", "/files/a.cfg", headers={"Range": "bytes=20-"})
    assert beyond.status_code == 416
    known = api("GET", "/files/a.cfg", headers={"If-None-Match": head.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("*/*", False),
        ("application/json, */*", False),
        ("application/octet-stream", False),
    ],
)
def test_what_is_known_of_a_file_is_had_by_asking_for_json_alone(api, accept, is_json):
    api("PUT", "/files/a.cfg", content=b"{}")
    answer = api("GET", "/files/a.cfg", headers={"Accept": accept})
    assert (answer.headers["Content-Type"] == "application/json") == is_json
    assert (answer.json() == {}) != is_json


def test_the_list_is_in_order_of_names_and_in_pages(api):
    names = [f"f{number:03}.cfg" for number in range(25)]
    for name in reversed(names):
        api("PUT", f"/files/{name}", content=name.encode())
    seen, cursor = [], ""
    while cursor is not None:
        page = api("GET", "/files", params={"limit": 10, "cursor": cursor}).json()
        seen += [item["name"] for item in page["items"]]
        assert page["total"] == 25
        cursor = page["next"]
    assert seen == names


@pytest.mark.parametrize(
    "name", [".hidden", "a b", "a%2Fb", "..", "%2e%2e%2fpasswd", "x" * 129, "%C3%A4.cfg", "a%00.cfg", "a;b"]
)
def test_a_name_that_cannot_be_is_refused(api, name, data_dir):
    answer = api("PUT", f"/files/{name}", content=b"x", params={"file_type": FIRMWARE})
    assert answer.status_code in (404, 422)  # an HTTP client may already take `..` out of the path
    if answer.status_code == 422:
        [error] = answer.json()["errors"]
        assert error["field"] == "name"
        assert "128" in error["allowed"]
    assert api("GET", f"/files/{name}").status_code == 404
    assert list((data_dir / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("a.bin", {}, "file_type"),
        ("a.rom", {"file_type": "firmware"}, "file_type"),
        ("a.rom", {"file_type": "1 " + "x" * 64}, "file_type"),
        ("a.rom", {"colour": "red"}, "colour"),
        ("a.rom", {"version": "1" * 65}, "version"),
    ],
)
def test_what_is_said_of_a_file_is_checked(api, name, query, field):
    answer = api("PUT", f"/files/{name}", content=b"x", params=query)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert api("GET", f"/files/{name}").status_code == 404


def test_a_file_that_is_too_large_is_refused_with_the_limit(api, data_dir):
    before = contents(data_dir)
    answer = api("PUT", "/files/a.rom", content=b"x" * ((32 << 20) + 1))
    assert answer.status_code == 413
    assert str(32 << 20) in answer.json()["detail"]
    assert contents(data_dir) == before
    assert list((data_dir / "incoming").iterdir()) == []


def test_an_upload_that_breaks_off_leaves_nothing(api, data_dir, base_url):
    url = urlsplit(base_url)
    with socket.create_connection((url.hostname, url.port)) as connection:
        head = (
            f"PUT /api/v1/files/a.rom HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n"
            "Content-Length: 1000000\r\n\r\n"
        )
        connection.sendall(head.encode() + b"x" * 500_000)
    while list((data_dir / "incoming").iterdir()):
        assert api("GET", "/healthz").status_code == 200
    assert api("GET", "/files/a.rom").status_code == 404


def test_a_stranger_cannot_fill_the_disk(anonymous, data_dir):
    before = contents(data_dir)
    answer = anonymous("PUT", "/files/a.rom", content=b"x" * (8 << 20))
    assert answer.status_code == 401
    assert contents(data_dir) == before


def test_a_removed_file_is_gone_but_a_twin_is_not(api, data_dir):
    for name in ("one.cfg", "two.cfg"):
        api("PUT", f"/files/{name}", content=b"the same")
    digest = hashlib.sha256(b"the same").hexdigest()
    assert api("DELETE", "/files/one.cfg").status_code == 204
    assert api("GET", "/files/one.cfg").status_code == 404
    assert api("DELETE", "/files/one.cfg").status_code == 404
    assert api("GET", "/files/two.cfg").content == b"the same"
    assert api("DELETE", "/files/two.cfg").status_code == 204
    # its bytes wait for tasks already put down: from now on, however old the file is
    assert digest in contents(data_dir)
    again = api("PUT", "/files/three.cfg", content=b"the same")
    assert again.status_code == 201
    assert api("GET", "/files/three.cfg").content == b"the same"


def test_the_grace_of_removed_bytes_begins_with_the_removal(api, data_dir):
    api("PUT", "/files/one.cfg", content=b"old bytes")
    path = data_dir / "files" / hashlib.sha256(b"old bytes").hexdigest()
    os.utime(path, (1000, 1000))
    api("DELETE", "/files/one.cfg")
    assert path.stat().st_mtime > 1000


def test_bytes_that_this_server_has_not_are_a_problem_not_a_crash(api, data_dir):
    api("PUT", "/files/lost.cfg", content=b"lost bytes")
    (data_dir / "files" / hashlib.sha256(b"lost bytes").hexdigest()).unlink()
    answer = api("GET", "/files/lost.cfg")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_what_one_phone_sent_is_listed_newest_first(api, store, phone):
    mine, other = phone(serial_number="0015650001"), phone(serial_number="00156500012")
    for device in (mine, other):
        for number in range(3):
            name, extension = name_of(device, 1_800_000_000.0 + number, "1 Vendor Configuration File", "x")
            facts = {"device": device, "rollout": "s1-6b49d200"}
            store.run(files.put(StoredFile(f"{name}.{extension}", "0" * 64, 10, **facts)))
    first = api("GET", f"/devices/{mine}/files", params={"limit": 2}).json()
    rest = api("GET", f"/devices/{mine}/files", params={"limit": 2, "cursor": first["next"]}).json()
    listed = [one["name"].rpartition("-20270115T08000")[2] for one in first["items"] + rest["items"]]
    assert listed == ["2-config.cfg", "1-config.cfg", "0-config.cfg"]
    assert (first["total"], rest["next"]) == (3, None)
    assert {one["device"] for one in first["items"]} == {mine}
    assert first["items"][0]["rollout"] == "s1-6b49d200"
    assert api("GET", "/devices/nobody/files").status_code == 404
