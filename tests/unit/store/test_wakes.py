"""The wake queue: who is claimed when, and that nobody is lost or asked twice at the same time."""

from __future__ import annotations

from acs.fleet.waking import HISTORY, Attempt
from acs.store import wakes
from acs.store.wakes import Binding, Pace

NOW = 1_700_000_000.0
FREE = Pace(at_once=1000, per_second=1000, spacing=10)


def claim(store, *, pace=FREE, most=100, lease=60.0, now=NOW):
    return store.run(wakes.claim(pace, most=most, lease=lease, now=now)).jobs


def enqueue(store, *ids, now=NOW, by="ann"):
    return store.drive(wakes.enqueue(ids, by=by, now=now))


def names(jobs):
    return {job.device_id for job in jobs}


def test_a_phone_is_in_the_queue_once_and_claimed_once(store) -> None:
    assert enqueue(store, "a", "b") == 2
    assert enqueue(store, "b", "c") == 1
    jobs = claim(store)
    assert names(jobs) == {"a", "b", "c"}
    assert {(job.attempts, job.asked_at, job.by) for job in jobs} == {(1, NOW, "ann")}
    assert claim(store) == ()


def test_thousands_are_put_in_at_once(store) -> None:
    assert enqueue(store, *(f"phone{number}" for number in range(1800))) == 1800
    overview = store.drive(wakes.overview(limit=5, now=NOW))
    assert (overview.total, overview.under_way, len(overview.items)) == (1800, 0, 5)


def test_a_finished_phone_is_gone_and_one_put_off_comes_back(store) -> None:
    enqueue(store, "a", "b")
    a, b = sorted(claim(store), key=lambda job: job.device_id)
    assert store.run(wakes.finish(a))
    assert store.run(wakes.finish(b, again_at=NOW + 30))
    assert claim(store, now=NOW + 29) == ()
    [again] = claim(store, now=NOW + 31)
    assert (again.device_id, again.attempts) == ("b", 2)


def test_the_phones_of_a_process_that_died_are_claimed_by_another_when_their_lease_ends(store) -> None:
    enqueue(store, "a")
    [first] = claim(store, lease=60)
    assert claim(store, now=NOW + 59) == ()
    [second] = claim(store, now=NOW + 61)
    assert second.attempts == 2
    # should the first have been slow, not dead: its end counts for nothing
    assert not store.run(wakes.finish(first))
    assert store.drive(wakes.waiting("a", NOW + 61)).under_way
    assert store.run(wakes.finish(second))
    assert store.drive(wakes.waiting("a", NOW + 61)) is None


def test_no_more_than_so_many_at_once(store) -> None:
    enqueue(store, *"abcde")
    pace = Pace(at_once=2, per_second=100, spacing=0)
    first = claim(store, pace=pace)
    assert len(first) == 2
    assert claim(store, pace=pace, now=NOW + 5) == ()
    store.run(wakes.finish(first[0]))
    store.run(wakes.sent(first[1]))  # it waits for the Inform only: that is room for another
    assert len(claim(store, pace=pace, now=NOW + 5)) == 2


def test_no_more_than_so_many_a_second_whoever_claims_them(store) -> None:
    enqueue(store, *(f"phone{number:03}" for number in range(100)))
    pace = Pace(at_once=1000, per_second=10, spacing=0)
    taken = 0
    for tick in range(21):  # two seconds, ten looks a second
        taken += len(claim(store, pace=pace, most=50, now=NOW + tick / 10))
    assert taken in (29, 30)  # the full bucket, and two seconds


def test_a_phone_is_left_alone_for_the_spacing(store) -> None:
    enqueue(store, "a")
    store.run(wakes.finish(claim(store)[0]))
    enqueue(store, "a", now=NOW + 1)
    assert claim(store, now=NOW + 2) == ()
    assert names(claim(store, now=NOW + 10.5)) == {"a"}


def test_asking_again_for_a_phone_that_waits_asks_it_now_and_anew(store) -> None:
    enqueue(store, "a")
    store.run(wakes.finish(claim(store)[0], again_at=NOW + 300))
    enqueue(store, "a", now=NOW + 20, by="bob")
    [job] = claim(store, now=NOW + 20)
    assert (job.attempts, job.by, job.asked_at) == (1, "bob", NOW + 20)


def test_one_phone_is_claimed_past_pace_and_spacing_but_not_while_it_is_under_way(store) -> None:
    def claim_one(now):
        return store.run(wakes.claim_one("a", by="ann", lease=60, now=now))

    first = claim_one(NOW)
    assert (first.device_id, first.attempts) == ("a", 1)
    assert claim_one(NOW + 1) is None
    store.run(wakes.sent(first))
    second = claim_one(NOW + 2)
    assert second.mark != first.mark
    assert not store.run(wakes.finish(first))
    assert store.run(wakes.finish(second))


def test_a_lease_that_was_sent_is_still_found_when_its_process_died(store) -> None:
    enqueue(store, "a")
    store.run(wakes.sent(claim(store)[0]))
    assert names(claim(store, now=NOW + 61)) == {"a"}


def test_the_queue_can_be_emptied(store) -> None:
    enqueue(store, "a", "b")
    assert store.run(wakes.clear()) == 2
    assert claim(store) == ()
    assert enqueue(store, "a") == 1


def test_the_history_of_a_phone_is_bounded_and_its_newest_comes_first(store) -> None:
    for number in range(HISTORY + 5):
        store.run(wakes.push_attempts("k", [Attempt(float(number), "http", "accepted", "", 0.5)]))
    history = store.run(wakes.history("k"))
    assert [attempt.at for attempt in history] == [float(n) for n in range(HISTORY + 4, 4, -1)]


def test_bindings_and_counts(store) -> None:
    assert store.run(wakes.binding("k")) is None
    store.run(wakes.put_binding("k", Binding("192.0.2.1:5", NOW)))
    assert store.run(wakes.binding("k")) == Binding("192.0.2.1:5", NOW)
    for _ in range(2):
        store.run_all(wakes.count({"malformed": 2, "answered": 1}))
    assert store.drive(wakes.overview(limit=1, now=NOW)).counts == {"malformed": 4, "answered": 2}
