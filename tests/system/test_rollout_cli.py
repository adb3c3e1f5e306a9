"""`acs rollout` as an operator types it, against a server, its workers and phones."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.system.rollout_phones import Phones, eventually

OLD, NEW = "37.72.0.5", "37.72.0.12"
IMAGE = f"{NEW}.rom"


@pytest.fixture(scope="module")
def server(module_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    started = module_server("--cpe-auth", "none")
    image = tmp_path_factory.mktemp("images") / IMAGE
    image.write_bytes(b"firmware" * 1000)
    started.acs("file", "add", str(image), "--file-type", "1 Firmware Upgrade Image", "--version", NEW)
    return started


@pytest.fixture
def phones(server: Any) -> Iterator[Phones]:
    found = Phones(server.urls["cwmp"])
    yield found
    found.stop()


def known(server: Any, select: str, count: int) -> None:
    """Waits until so many phones that are meant have called."""
    eventually(lambda: server.api.get("/api/v1/devices", params={"q": select}).json()["total"] == count)


def test_from_plan_to_report(server: Any, phones: Phones, tmp_path: Any) -> None:
    serials = phones.start("001565a00001", 6)
    select = "serial ~ 001565a*"
    known(server, select, 6)
    options = ("--file", IMAGE, "-q", select, "--wave", "2", "--wave", "rest", "--informs", "0")
    plan = json.loads(server.acs("rollout", "plan", *options, "--json").stdout)
    assert (plan["total"], plan["takes"], plan["bytes"]) == (6, 6, 6 * 8000)
    assert [wave["phones"] for wave in plan["waves"]] == [2, 4]
    made = json.loads(server.acs("rollout", "create", "July", *options, "--json").stdout)
    assert made["state"] == "draft"
    assert "6 of 6" in server.acs("rollout", "plan", "July").stdout
    assert "July: running" in server.acs("rollout", "start", "July").stdout
    ended = server.acs("rollout", "watch", "July", "--interval", "0.3", "--timeout", "90")
    assert ended.stdout == "July: completed (6 succeeded)\n"
    assert "wave 2 of 2" in ended.stderr
    table = tmp_path / "july.csv"
    server.acs("rollout", "report", "July", "--csv", str(table))
    rows = {row["device"]: row for row in csv.DictReader(table.open())}
    assert {row["serial_number"] for row in rows.values()} == set(serials)
    assert {(row["version_before"], row["version_after"], row["outcome"]) for row in rows.values()} == {
        (OLD, NEW, "succeeded")
    }
    again = json.loads(server.acs("rollout", "plan", *options, "--json").stdout)
    assert [(one["why"], one["phones"]) for one in again["refused"]] == [("already", 6)]
    assert again["speed_of"] == made["id"]


def test_a_halt_has_its_exit_code_and_what_failed_is_listed(server: Any, phones: Phones) -> None:
    phones.start("001565b00001", 4, "bad-image")
    select = "serial ~ 001565b*"
    known(server, select, 4)
    made = ("create", "August", "--file", IMAGE, "-q", select, "--stop-failures", "1")
    server.acs("rollout", *made, "--start", "now", "--at-once", "2")
    ended = server.acs("rollout", "watch", "August", "--interval", "0.3", "--timeout", "90", check=False)
    assert ended.returncode == 7
    assert "August: halted: 2 phones failed, and at most 1 may" in ended.stderr
    listed = server.acs("rollout", "devices", "August", "--outcome", "failed").stdout
    assert "the image is damaged" in listed
    refused = server.acs("rollout", "abort", "August", check=False, input="")
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    server.acs("rollout", "abort", "August", "--yes")
    assert server.acs("rollout", "watch", "August", check=False).returncode == 8
    assert server.acs("rollout", "show", "September", check=False).returncode == 3
