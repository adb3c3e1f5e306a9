"""Profiles, timelines, files, tokens, secrets, refusals: the small nouns."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from acs.fleet.changes import TimelineEntry
from acs.fleet.profile import ModelProfile
from acs.store import files, profiles, refusals, secrets, timeline, tokens

KEY = "0123456789abcdef"
MODEL = "001565|CP860|37.72.0.5"


# --- profiles -------------------------------------------------------------------------------------------


def test_nothing_is_known_of_a_new_model(store: Any) -> None:
    assert store.run(profiles.load(MODEL)) is None


def test_a_profile_is_written_over_the_version_it_grew_from(store: Any) -> None:
    first = ModelProfile(MODEL, version=1, names={"Device.A": True}, bad_names=("Device.B",))
    second = structs.replace(first, version=2, batch=128)
    assert store.run(profiles.save(first, over=0)) == profiles.SavedProfile(True, first)
    assert store.run(profiles.save(second, over=1)).saved
    assert store.run(profiles.load(MODEL)) == second


def test_who_learnt_at_the_same_time_gets_what_the_other_learnt(store: Any) -> None:
    mine, theirs = ModelProfile(MODEL, version=1, batch=32), ModelProfile(MODEL, version=1, batch=16)
    store.run(profiles.save(theirs, over=0))
    assert store.run(profiles.save(mine, over=0)) == profiles.SavedProfile(False, theirs)
    assert store.run(profiles.load(MODEL)) == theirs


def test_a_profile_must_count_up() -> None:
    with pytest.raises(ValueError, match="cannot follow version 3"):
        profiles.save(ModelProfile(MODEL, version=3), over=3)


# --- timelines ------------------------------------------------------------------------------------------


def entry(at: float, text: str = "came") -> TimelineEntry:
    return TimelineEntry(at, "inform", text, {"n": 1})


def test_a_timeline_reads_newest_first(store: Any) -> None:
    store.run(timeline.push(KEY, [entry(1), entry(2)]))
    store.run(timeline.push(KEY, [entry(3)]))
    assert store.run(timeline.read(KEY)) == [entry(3), entry(2), entry(1)]


def test_a_timeline_is_read_page_by_page(store: Any) -> None:
    store.run(timeline.push(KEY, [entry(at) for at in (1, 2, 3, 4, 5)]))
    assert [one.at for one in store.run(timeline.read(KEY, limit=2))] == [5, 4]
    assert [one.at for one in store.run(timeline.read(KEY, limit=2, before=4))] == [3, 2]
    assert store.run(timeline.read(KEY, limit=2, before=1)) == []


def test_lines_of_one_moment_are_not_parted_by_a_page(store: Any) -> None:
    store.run(timeline.push(KEY, [entry(1), entry(2, "a"), entry(2, "b"), entry(2, "c"), entry(3)]))
    assert [one.text for one in store.run(timeline.read(KEY, limit=2))] == ["came", "c", "b", "a"]
    assert [one.at for one in store.run(timeline.read(KEY, limit=2, before=2))] == [1]


def test_a_timeline_keeps_the_newest(store: Any) -> None:
    for start in range(0, timeline.CAP + 50, 50):
        store.run(timeline.push(KEY, [entry(at) for at in range(start, start + 50)]))
    assert [one.at for one in store.run(timeline.read(KEY))] == list(range(timeline.CAP + 49, 49, -1))


# --- files ----------------------------------------------------------------------------------------------


def stored_file(name: str, content: str = "a", **fields: Any) -> files.StoredFile:
    return files.StoredFile(name=name, sha256=content * 64, size=10, **fields)


def test_a_file_is_found_by_its_name(store: Any) -> None:
    firmware = stored_file("fw ü.rom", file_type="1 Firmware Upgrade Image", version="37.80.0.1")
    assert store.run(files.put(firmware)) is None
    assert store.run(files.get("fw ü.rom")) == firmware
    assert store.run(files.get("other")) is None


def test_files_are_listed_by_name_page_by_page(store: Any) -> None:
    for name in ("c", "a", "b"):
        store.run(files.put(stored_file(name)))
    page = store.drive(files.page(limit=2))
    assert ([file.name for file in page.files], page.next, page.total) == (["a", "b"], "b", 3)
    rest = store.drive(files.page(cursor="b", limit=2))
    assert ([file.name for file in rest.files], rest.next) == (["c"], None)


def test_content_is_unused_when_its_last_name_goes(store: Any) -> None:
    one, other = stored_file("one"), stored_file("other")
    store.run_all([files.put(one), files.put(other)])
    assert store.run(files.delete("one")) == files.GivenUp(one, content_unused=False)
    assert store.run(files.delete("other")) == files.GivenUp(other, content_unused=True)
    assert store.run(files.delete("other")) is None
    assert store.drive(files.page(limit=10)).total == 0
    assert store.raw.keys() == []


def test_a_name_that_is_used_again_gives_its_content_up(store: Any) -> None:
    old, new = stored_file("fw", "a"), stored_file("fw", "b")
    store.run(files.put(old))
    assert store.run(files.put(old)) == files.GivenUp(old, content_unused=False)
    assert store.run(files.put(new)) == files.GivenUp(old, content_unused=True)
    assert store.run(files.get("fw")) == new
    assert store.run(files.delete("fw")) == files.GivenUp(new, content_unused=True)


# --- tokens and secrets ---------------------------------------------------------------------------------


def test_a_token_lives_until_it_is_revoked(store: Any) -> None:
    token = tokens.Token("t1", "admin", "f" * 64, name="ci", created_at=2.0)
    older = tokens.Token("t2", "reader", "e" * 64, created_at=1.0)
    assert store.run_all([tokens.create(token), tokens.create(older)]) == [True, True]
    assert store.run(tokens.get("t1")) == token
    assert store.run(tokens.list_all()) == [older, token]
    assert store.run_all([tokens.revoke("t1"), tokens.revoke("t1")]) == [True, False]
    assert store.run(tokens.get("t1")) is None


def test_a_taken_token_id_is_not_overwritten_by_accident(store: Any) -> None:
    token, other = tokens.Token("t1", "admin", "f" * 64), tokens.Token("t1", "admin", "0" * 64)
    assert store.run_all([tokens.create(token), tokens.create(other)]) == [True, False]
    assert store.run(tokens.get("t1")) == token
    store.run(tokens.replace(other))
    assert store.run(tokens.get("t1")) == other


def test_the_first_server_to_start_makes_the_secrets(store: Any) -> None:
    assert store.run(secrets.ensure({"a": b"1", "b": b"\xff"})) == {"a": b"1", "b": b"\xff"}
    assert store.run(secrets.ensure({"c": b"3", "a": b"2"})) == {"c": b"3", "a": b"1"}
    assert store.run(secrets.get("b")) == b"\xff"
    assert store.run(secrets.get("none")) is None
    store.run(secrets.put("a", b"new"))
    assert store.run(secrets.get("a")) == b"new"


# --- refusals -------------------------------------------------------------------------------------------


def test_refusals_are_cut_and_capped(store: Any) -> None:
    for number in range(refusals.CAP + 5):
        store.run(refusals.push(refusals.Refusal(float(number), "192.0.2.1", "no SOAP", b"x" * 1000, "cwmp")))
    kept = store.run(refusals.read())
    assert len(kept) == refusals.CAP
    assert kept[0] == refusals.Refusal(refusals.CAP + 4.0, "192.0.2.1", "no SOAP", b"x" * 200, "cwmp")
    assert store.run(refusals.read(2)) == kept[:2]
