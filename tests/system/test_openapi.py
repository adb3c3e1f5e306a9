"""The OpenAPI document, held against a running server with phones: schemathesis makes requests from it, right
and wrong ones, and looks whether the answers are those that are documented."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

SCHEMATHESIS = Path(sys.executable).with_name("st")

#: made for each operation, beside those that are made for each of its parts
EXAMPLES = 5
SEED = 1

#: left out, each with its reason
EXCLUDED = {
    "DELETE /api/v1/tokens/{token}": "may revoke the token that the calls are made with",
    "DELETE /api/v1/account/token": "revokes it",
    "DELETE /api/v1/session": "is for browsers: it ends the cookie's session",
}

#: Checks that are not made. A selector, a cursor, the value of a key have more to them than a schema says:
#: what is right by the schema may be refused with a 422 that names the field.
NO_CHECKS = "positive_data_acceptance"


@pytest.fixture(scope="module")
def server(module_server):
    server = module_server("--cpe-auth", "none", "--rollout-approval", "0")
    server.acs("simulate", "--phones", "3", "--sessions", "2", "--interval", "1", "--quiet")
    return server


def test_the_document_is_openapi_3_1(server):
    document = server.api.get("/api/openapi.json").json()
    faults = [
        f"{list(fault.path)}: {fault.message}" for fault in OpenAPIV31SpecValidator(document).iter_errors()
    ]
    assert faults == []


@pytest.mark.timeout(600)
def test_no_server_error_and_no_answer_that_is_not_documented(server, tmp_path):
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(_settings(_known(server), server.api.headers["Authorization"]))
    chosen = [f"--exclude-name={operation}" for operation in EXCLUDED]
    done = subprocess.run(
        [
            str(SCHEMATHESIS),
            f"--config-file={settings}",
            "run",
            f"{server.urls['web']}/api/openapi.json",
            "--phases=examples,coverage,fuzzing",
            f"--exclude-checks={NO_CHECKS}",
            f"--max-examples={EXAMPLES}",
            f"--seed={SEED}",
            "--generation-deterministic",
            "--continue-on-failure",
            "--no-shrink",
            "--warnings=off",
            "--no-color",
            "--workers=1",
            "--request-timeout=60",
            *chosen,
        ],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "160"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, _short(done.stdout + done.stderr)
    assert "No issues found" in done.stdout, _short(done.stdout)
    assert server.tracebacks() == []


def _known(server) -> dict[str, list[str]]:
    """What stands in places of paths, so that not everything is a 404."""
    api = server.api
    devices = [one["id"] for one in api.get("/api/v1/devices").json()["items"]]
    assert devices
    task = api.post(f"/api/v1/devices/{devices[0]}/tasks", json={"type": "reboot"}).json()["id"]
    definition = {"name": "restart", "kind": "reboot", "select": "model = CP860"}
    rollout = api.post("/api/v1/rollouts", json=definition).json()["id"]
    api.post("/api/v1/groups", json={"name": "lobby"})
    api.post("/api/v1/selectors", json={"name": "all", "select": "all"})
    api.put("/api/v1/files/a.cfg", content=b"#!version:1.0.0.1\n")
    api.patch("/api/v1/config", json={"values": {"local_time.time_zone": "+1"}})
    return {
        "device": devices,
        "member": devices,
        "task": [task],
        "rollout": [rollout],
        "group": ["lobby"],
        "selector": ["all"],
        "name": ["a.cfg"],
        "model": ["CP860"],
        "version": ["1"],
        "kind": ["dial-now"],
    }


#: How wrong requests may be refused; 413, 414 and 431 are those that are too long for anybody to look at.
REFUSALS = (400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 416, 422, 429, 431)


def _settings(known: dict[str, list[str]], authorization: str) -> str:
    lines = ["[headers]", f"Authorization = {json.dumps(authorization)}", "[parameters]"]
    lines += [f'"path.{place}" = {{dictionary = "{place}", probability = 0.7}}' for place in known]
    for place, values in known.items():
        lines += [f"[dictionaries.{place}]", f"values = {json.dumps(values)}"]
    lines += ["[checks.negative_data_rejection]", f"expected-statuses = {list(REFUSALS)}"]
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    """Without lines that are longer than anybody reads."""
    return "\n".join(line[:400] for line in text.splitlines())
