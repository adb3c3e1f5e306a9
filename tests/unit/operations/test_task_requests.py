"""Task requests: the work, its schedule, and what a stored file adds."""

from __future__ import annotations

import pytest

from acs.fleet.device import Device
from acs.fleet.task import DownloadWork, RebootWork
from acs.operations.errors import Invalid
from acs.operations.task_requests import REQUESTS, WORKS, Schedule, prepared, read
from acs.store.files import StoredFile

FIRMWARE = "1 Firmware Upgrade Image"
NOW = 1_900_000_000.0


def test_work_and_schedule_are_told_apart():
    work, schedule = read({"type": "reboot", "priority": 3, "expires_in": 60})
    assert work == RebootWork()
    assert schedule == Schedule(priority=3, expires_in=60.0)
    assert schedule.ends(NOW) == NOW + 60
    assert schedule.starts() == 0


def test_every_type_of_work_has_its_request():
    assert set(REQUESTS) == set(WORKS)
    for tag, work in WORKS.items():
        assert set(work.__struct_fields__) <= set(REQUESTS[tag].__struct_fields__)


def test_requests_do_not_share_what_they_default_to():
    one, _ = read({"type": "add_object", "object": "Device.T."})
    two, _ = read({"type": "add_object", "object": "Device.T."})
    assert one.values == {}
    assert one.values is not two.values


@pytest.mark.parametrize(
    ("model", "product_class", "fits"),
    [
        ("CP860", "CP860", True),
        ("cp860 ", "CP860", True),
        ("T22P", "SIP-T22P", True),
        ("SIP-T22P", "T22P", True),
        ("", "CP860", True),
        ("VP59", "", True),
        ("VP59", "CP860", False),
        ("CP86", "CP860", False),
    ],
)
def test_firmware_must_be_for_the_model(canned, finish, model, product_class, fits):
    runner = canned(StoredFile("fw.rom", "ab" * 32, 9, FIRMWARE, "2.0", model))
    device = Device(id="x", product_class=product_class)
    work = DownloadWork(file="fw.rom")
    if fits:
        done = finish(prepared(runner, device, work, Schedule(), now=NOW))
        assert done == DownloadWork(
            file="fw.rom", file_type=FIRMWARE, size=9, sha256="ab" * 32, version="2.0"
        )
    else:
        with pytest.raises(Invalid, match="firmware for"):
            finish(prepared(runner, device, work, Schedule(), now=NOW))


def test_what_the_operator_says_counts_before_what_the_file_says(canned, finish):
    runner = canned(StoredFile("a.bin", "ab" * 32, 9, FIRMWARE, "2.0"))
    asked = DownloadWork(file="a.bin", file_type="2 Web Content", version="3.0")
    work = finish(prepared(runner, Device(id="x"), asked, Schedule(), now=NOW))
    assert (work.file_type, work.version) == ("2 Web Content", "3.0")


def test_all_that_is_wrong_is_named_at_once(canned, finish):
    work = DownloadWork(file="gone.rom", delay=-1, username="x" * 257)
    schedule = Schedule(expires_at=NOW - 1)
    with pytest.raises(Invalid) as refused:
        finish(prepared(canned(None), Device(id="x"), work, schedule, now=NOW))
    assert [error.field for error in refused.value.errors] == ["expires_at", "file", "username", "delay"]


def test_a_time_of_zero_is_a_time_that_has_passed_and_not_never(canned, finish):
    work, schedule = read({"type": "reboot", "expires_at": 0})
    with pytest.raises(Invalid) as refused:
        finish(prepared(canned(), Device(id="x"), work, schedule, now=NOW))
    assert [error.field for error in refused.value.errors] == ["expires_at"]
