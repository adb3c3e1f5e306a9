"""…/config/file: the provisioning files as they are served, and who sees the secrets in them."""

from __future__ import annotations

import subprocess

import pytest

KEY = "0123456789abcdef"
MAC = "0015658a3786"


@pytest.fixture
def device(phone) -> str:
    return phone(serial_number=MAC, server_host="acs.example")


def configure(api, path: str, **values: str) -> None:
    answer = api(
        "PUT", path, json={"values": {key.replace("__", "."): value for key, value in values.items()}}
    )
    assert answer.status_code == 200, answer.text


def test_the_two_files_of_a_phone(api, device):
    configure(api, "/config", voice__jib__max="300")
    configure(api, f"/devices/{device}/config", voice__jib__max="240")
    common = api("GET", f"/devices/{device}/config/file", params={"which": "common"})
    assert common.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert common.headers["Content-Disposition"] == 'attachment; filename="y000000000037.cfg"'
    assert common.headers["ETag"].startswith('"')
    assert "voice.jib.max = 300" in common.text.splitlines()
    assert "managementserver.url = http://acs.example:7547/" in common.text.splitlines()
    own = api("GET", f"/devices/{device}/config/file")
    assert own.headers["Content-Disposition"] == f'attachment; filename="{MAC}.cfg"'
    assert own.text == "#!version:1.0.0.1\nvoice.jib.max = 240\n"


def test_the_file_of_a_model_needs_no_phone(api):
    configure(api, "/models/CP860/config", voice__jib__max="250")
    found = api("GET", "/models/CP860/config/file")
    assert "voice.jib.max = 250" in found.text.splitlines()
    assert "managementserver.url = http://127.0.0.1:7547/" in found.text.splitlines()


@pytest.mark.parametrize(("role", "sees"), [("viewer", False), ("operator", False), ("engineer", True)])
def test_secrets_are_for_engineers_and_above(as_role, api, device, role, sees):
    configure(api, "/config", auto_provision__aes_key_16__com=KEY, auto_provision__aes_key_16__mac=KEY)
    for path in (f"/devices/{device}/config/file?which=common", "/models/CP860/config/file"):
        found = as_role(role)("GET", path)
        assert found.status_code == 200
        assert (KEY in found.text) is sees
        assert ("managementserver.password = secret" in found.text) is sees
        assert ("******" in found.text) is not sees


def test_encrypted_as_the_phone_gets_it(as_role, api, device):
    configure(api, "/config", auto_provision__aes_key_16__mac=KEY, account__1__label="Reception")
    path = f"/devices/{device}/config/file?encrypt=true"
    found = api("GET", path)
    assert found.headers["Content-Type"] == "application/octet-stream"
    arguments = ["openssl", "enc", "-d", "-aes-128-ecb", "-K", KEY.encode().hex()]
    text = subprocess.run(arguments, input=found.content, capture_output=True, check=True).stdout
    assert b"account.1.label = Reception" in text
    refused = as_role("operator")("GET", path)
    assert refused.status_code == 403
    assert "engineer" in refused.json()["detail"]


def test_without_a_key_there_is_nothing_to_encrypt(api, device):
    found = api("GET", f"/devices/{device}/config/file?encrypt=true")
    assert found.text == "#!version:1.0.0.1\n"


def test_a_common_key_that_differs_by_phone_makes_no_file_of_the_model(api, device):
    configure(api, "/config", auto_provision__aes_key_16__com="abcd{{ mac }}")
    refused = api("GET", "/models/CP860/config/file")
    assert refused.status_code == 409
    assert "auto_provision.aes_key_16.com" in refused.json()["detail"]
    assert api("GET", f"/devices/{device}/config/file?which=common&encrypt=true").status_code == 200


def test_what_has_no_file_is_told_why(api, phone):
    nameless = phone(serial_number="ABC")
    assert "MAC address" in api("GET", f"/devices/{nameless}/config/file").json()["detail"]
    refused = api("GET", "/models/GXP2135/config/file")
    assert refused.status_code == 409
    assert "--provisioning-models" in refused.json()["detail"]
    assert api("GET", "/devices/none/config/file").status_code == 404
    wrong = api("GET", f"/devices/{nameless}/config/file?which=boot")
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "which"
