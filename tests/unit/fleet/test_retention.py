"""Which uploads are dropped: never the newest, never what a schedule keeps."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.fleet.retention import Keep, Sent, read_keep, surplus

DAY = 86_400.0
NOW = 1000 * DAY


def sent(*days: float, schedule: str = "", device: str = "d", file_type: str = "1 Vendor Configuration File"):
    return [
        Sent(f"{device}-{schedule}-{day}-{file_type[0]}", device, file_type, day * DAY, schedule)
        for day in days
    ]


def left(files, keeps, most=0):
    dropped = surplus(files, keeps, most, NOW)
    assert len(dropped) == len(set(dropped))
    return [one for one in files if one.name not in dropped]


def test_the_last_so_many_are_kept():
    files = sent(995, 996, 997, 998, schedule="s")
    assert [one.at / DAY for one in left(files, {"s": Keep(count=2)})] == [997, 998]


def test_the_last_days_are_kept_and_the_newest_however_old():
    files = sent(900, 980, 995, schedule="s")
    assert [one.at / DAY for one in left(files, {"s": Keep(days=10)})] == [995]
    assert [one.at / DAY for one in left(sent(900, 910, schedule="s"), {"s": Keep(days=10)})] == [910]


def test_each_schedule_keeps_its_own():
    nightly, weekly = sent(995, 996, 997, schedule="n"), sent(980, 987, 994, schedule="w")
    kept = left([*nightly, *weekly], {"n": Keep(count=1), "w": Keep(count=2)})
    assert sorted(one.at / DAY for one in kept) == [987, 994, 997]


def test_what_somebody_asked_for_by_hand_is_not_a_schedules():
    files = [*sent(990, 991), *sent(992, 993, schedule="s")]
    assert [one.at / DAY for one in left(files, {"s": Keep(count=1)})] == [990, 991, 993]


def test_all_else_is_bounded_by_phone_and_type():
    files = [
        *sent(*range(10)),
        *sent(*range(10), device="e"),
        *sent(*range(3), file_type="2 Vendor Log File"),
    ]
    kept = left(files, {}, most=4)
    assert Counter((one.device, one.file_type[0]) for one in kept) == {
        ("d", "1"): 4,
        ("e", "1"): 4,
        ("d", "2"): 3,
    }


def test_files_of_a_schedule_that_is_gone_are_like_all_others():
    assert len(left(sent(*range(10), schedule="gone"), {"s": Keep(count=1)}, most=3)) == 3


FILES = st.tuples(
    st.sampled_from("de"), st.sampled_from("12"), st.sampled_from(["", "a", "b"]), st.integers(0, 1000)
)
KEEPS = st.integers(1, 5).map(lambda n: Keep(count=n)) | st.integers(1, 900).map(lambda n: Keep(days=n))


@given(st.lists(FILES), st.dictionaries(st.sampled_from("ab"), KEEPS), st.integers(0, 5))
def test_the_newest_of_each_phone_and_type_stays(listed, keeps, most):
    files = [
        Sent(f"f{number}", device, kind, float(day) * DAY, schedule)
        for number, (device, kind, schedule, day) in enumerate(listed)
    ]
    kept = left(files, keeps, most)
    groups = {(one.device, one.file_type) for one in files}
    for group in groups:
        newest = max(one.at for one in files if (one.device, one.file_type) == group)
        assert any((one.device, one.file_type) == group and one.at == newest for one in kept)
    for schedule in keeps:
        for group in groups:
            own = [one for one in files if one.schedule == schedule and (one.device, one.file_type) == group]
            if own:
                assert any(one in kept for one in own)
    assert left(kept, keeps, most) == kept


@pytest.mark.parametrize(
    ("given_", "keep"),
    [(7, Keep(count=7)), ("7", Keep(count=7)), ("30d", Keep(days=30)), (" 2 D ", Keep(days=2))],
)
def test_how_it_is_written(given_, keep):
    assert read_keep(given_) == keep


@pytest.mark.parametrize("given_", [0, -1, "0d", "", "d", "1w", "1.5", "10001", "٣"])
def test_what_cannot_be_kept(given_):
    with pytest.raises(ValueError, match="a number of files"):
        read_keep(given_)
