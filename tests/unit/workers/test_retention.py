"""Uploads that go: by what schedules keep, in bounded runs, which may be done twice and die anywhere."""

from __future__ import annotations

from hashlib import sha256

import pytest

from acs.fleet.retention import Keep
from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.rollout import Rollout
from acs.fleet.schedule import Schedule, rollout_id
from acs.fleet.upload_names import name_of
from acs.store import files, schedules
from acs.store.files import StoredFile
from tests.unit.workers.rollout_fleet import Crash, MortalRunner
from workers import retention, surroundings

CONFIG = "1 Vendor Configuration File"
DAY = 86_400.0
NOW = 1_800_000_000.0


@pytest.fixture
def keeps(runner, monkeypatch):
    """`keeps("s1", Keep(count=1))`: a schedule; the server keeps four others."""
    here = surroundings.current()
    surroundings.settle(surroundings.Surroundings(here.redis_url, here.data_dir, uploads_keep=4))
    monkeypatch.setattr(retention.time, "time", lambda: NOW)

    def make(identifier: str, keep: Keep | None) -> None:
        template = Rollout(id="t", definition=Definition(name="x", kind=Kind.BACKUP))
        made = Schedule(id=identifier, name=identifier, cron="@daily", template=template, keep=keep)
        runner.run(schedules.create(made))

    return make


@pytest.fixture
def sent(runner, tmp_path):
    """`sent(phone, 3, schedule="s1")`: so many uploads, the last of them a day ago."""

    def make(device: str, count: int, *, schedule: str = "", file_type: str = CONFIG) -> list[str]:
        names = []
        for number in range(count):
            at = NOW - (count - number) * DAY
            name, extension = name_of(device, at, file_type, "x")
            content = f"{device} {at} {schedule}".encode()
            digest = sha256(content).hexdigest()
            (tmp_path / "files").mkdir(exist_ok=True)
            (tmp_path / "files" / digest).write_bytes(content)
            name = f"{name}-{schedule}.{extension}" if schedule else f"{name}.{extension}"
            rollout = rollout_id(schedule, at) if schedule else ""
            kept = StoredFile(
                name, digest, len(content), file_type, created_at=at, device=device, rollout=rollout
            )
            runner.run(files.put(kept))
            names.append(name)
        return names

    return make


def left(runner, device="") -> list[str]:
    page = runner.drive(files.page(limit=10_000))
    return [file.name for file in page.files if not device or file.device == device]


def test_a_schedule_keeps_what_it_says(runner, keeps, sent, tmp_path):
    keeps("s1", Keep(count=1))
    names = sent("A-B-1", 3, schedule="s1") + sent("A-B-2", 2, schedule="s1")
    assert retention.drop_surplus() == {"looked_at": 5, "dropped": 3}
    assert left(runner) == [names[2], names[4]]
    assert retention.drop_surplus() == {"looked_at": 2, "dropped": 0}
    # the bytes stay for a day
    assert len(list((tmp_path / "files").iterdir())) == 5
    assert max(path.stat().st_mtime for path in (tmp_path / "files").iterdir()) >= NOW


def test_all_else_is_kept_as_the_server_is_set(runner, keeps, sent):
    keeps("s1", Keep(count=1))
    by_hand = sent("A-B-1", 6)
    gone = sent("A-B-2", 6, schedule="s9")
    retention.drop_surplus()
    assert left(runner) == [*by_hand[2:], *gone[2:]]


def test_what_operators_stored_is_theirs(runner, keeps, sent):
    keeps("s1", Keep(count=1))
    for number in range(9):
        runner.run(files.put(StoredFile(f"{number}.cfg", "ab" * 32, 1, "3 Vendor Configuration File")))
    assert retention.drop_surplus()["dropped"] == 0


def test_nothing_is_looked_at_where_all_is_kept(runner, sent):
    sent("A-B-1", 3)
    assert retention.drop_surplus() == {"looked_at": 0, "dropped": 0}


def test_a_run_is_bounded_and_the_next_goes_on(runner, keeps, sent, monkeypatch):
    monkeypatch.setattr(retention, "PAGE", 4)
    monkeypatch.setattr(retention, "PAGES", 2)
    keeps("s1", Keep(count=1))
    for number in range(9):
        sent(f"A-B-{number}", 3, schedule="s1")
    runs = [retention.drop_surplus() for _ in range(8)]
    assert all(run["looked_at"] <= 8 for run in runs)
    assert sum(run["dropped"] for run in runs) == 18
    assert len(left(runner)) == 9


def test_one_phone_with_more_than_a_run_can_take(runner, keeps, sent, monkeypatch):
    monkeypatch.setattr(retention, "PAGE", 3)
    monkeypatch.setattr(retention, "PAGES", 2)
    keeps("s1", Keep(count=1))
    sent("A-B-1", 3, schedule="s1")
    sent("A-B-2", 20, schedule="s1")
    for _ in range(3):
        retention.drop_surplus()
    assert len(left(runner, "A-B-1")) == len(left(runner, "A-B-2")) == 1


@pytest.mark.parametrize("trips", range(1, 10))
def test_a_worker_that_dies_drops_no_file_too_many(runner, keeps, sent, monkeypatch, trips):
    keeps("s1", Keep(count=2))
    names = sent("A-B-1", 5, schedule="s1")
    mortal = MortalRunner(runner)
    mortal.left = trips
    here = surroundings.current()
    with monkeypatch.context() as patched:
        patched.setitem(here.__dict__, "runner", mortal)
        try:
            retention.drop_surplus()
        except Crash:
            assert set(names[3:]) <= set(left(runner))
    retention.drop_surplus()
    assert left(runner) == names[3:]
