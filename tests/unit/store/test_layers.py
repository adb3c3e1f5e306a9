"""Layers in Redis: written over the version they grew from, told to all processes, gone with their owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from acs.cwmp.session import begin
from acs.fleet.device import Device
from acs.fleet.identity import device_key
from acs.fleet.layers import EMPTY, Group, Layer, Version, merged, written
from acs.store import codec, groups, keyspace, layers, sessions
from acs.store.calls import Call
from acs.store.errors import StoreConflict
from acs.store.layer_cache import LayerCache, LayerWatch
from acs.store.runner_blocking import BlockingRunner

DEVICE = "001565-CP860-0015651A2B3C"
NAMESPACE = "urn:dslforum-org:cwmp-1-0"


def make(layer: Layer, **wanted: str | None) -> tuple[Layer, Version] | None:
    values = merged(layer, wanted, replace=False)
    return written(layer, values, touched=wanted, now=False, at=5.0, by="Alice", reason="")


def put(store: Any, place: layers.Place, **wanted: str | None) -> Any:
    return store.drive(layers.edit(place, lambda layer, _: make(layer, **wanted)))


def know(store: Any, device_id: str = DEVICE) -> None:
    key = keyspace.device_prefix(device_key(device_id)) + keyspace.DEVICE
    store.run(Call(("SET", key, codec.encode(Device(device_id))), bool))


PLACES = [layers.of_fleet(), layers.of_model("CP860 {x}"), layers.of_group("site7"), layers.of_phone(DEVICE)]


@pytest.fixture(params=PLACES, ids=lambda place: place.name.partition(":")[0])
def place(request: pytest.FixtureRequest, store: Any) -> layers.Place:
    know(store)
    store.run(groups.create(Group("site7")))
    return request.param


@pytest.fixture
def others(redis_process: Any) -> Iterator[BlockingRunner]:
    """Somebody else, who writes in the middle of what we do."""
    runner = BlockingRunner(redis_process.url)
    yield runner
    runner.close()


def test_a_layer_that_was_never_written_is_empty(store, place):
    assert store.run(layers.get(place)).layer == EMPTY
    assert store.run(layers.history(place)) == []


def test_what_is_written_is_read_with_its_versions(store, place):
    put(store, place, a="1")
    put(store, place, b="2", a=None)
    assert store.run(layers.get(place)).layer == Layer(2, 5.0, "Alice", "", {"b": "2"})
    newest, first = store.run(layers.history(place))
    assert (newest.number, newest.changes) == (2, {"a": ("1", None), "b": (None, "2")})
    assert (first.number, first.changes) == (1, {"a": (None, "1")})


def test_of_two_who_write_over_the_same_version_one_is_told(store, place):
    one, other = make(EMPTY, a="1"), make(EMPTY, a="2")
    assert store.run(layers.write(place, *one)) == "written"
    assert store.run(layers.write(place, *other)) == "changed"
    assert store.run(layers.get(place)).layer.values == {"a": "1"}
    assert len(store.run(layers.history(place))) == 1


def test_an_edit_is_made_again_over_what_somebody_else_wrote(store, others, place):
    seen = []

    def changed(layer, _):
        if not seen:
            others.run(layers.write(place, *make(layer, theirs="1")))
        seen.append(layer.version)
        return make(layer, ours="1")

    edited = store.drive(layers.edit(place, changed))
    assert seen == [0, 1]
    assert edited.layer.values == {"ours": "1", "theirs": "1"}


def test_an_edit_gives_up_when_others_are_always_quicker(store, others, place):
    def changed(layer, _):
        others.run(layers.write(place, *make(layer, a=str(layer.version))))
        return make(layer, ours="1")

    with pytest.raises(StoreConflict):
        store.drive(layers.edit(place, changed))


def test_histories_are_bounded(store, monkeypatch):
    know(store)
    monkeypatch.setattr(layers, "PHONE_HISTORY", 3)
    monkeypatch.setattr(layers, "SHARED_HISTORY", 4)
    for place, kept in ((layers.of_phone(DEVICE), 3), (layers.of_fleet(), 4)):
        for number in range(6):
            put(store, place, a=str(number))
        assert [one.number for one in store.run(layers.history(place))] == list(range(6, 6 - kept, -1))


@pytest.mark.parametrize("place", [layers.of_phone(DEVICE), layers.of_group("x"), layers.of_awaited("00")])
def test_nobody_writes_for_who_does_not_exist(store, place):
    assert put(store, place, a="1") is None
    assert not store.raw.keys("*")


def test_a_session_reads_the_phones_own_layer_along(store):
    know(store)
    put(store, layers.of_phone(DEVICE), a="1")
    key = device_key(DEVICE)
    opened = store.run(sessions.open_session(key, begin(key + "0" * 16, NAMESPACE, now=1.0)))
    assert opened.layer.values == {"a": "1"}
    assert store.run(sessions.load_session(key)).layer.values == {"a": "1"}


# --- what a process knows ---------------------------------------------------------------------------------


def test_a_cache_learns_what_changed_and_what_is_gone(store):
    cache = LayerCache()
    assert store.drive(cache.refresh()) is False
    for name, order in (("late", 9), ("early", 1)):
        store.run(groups.create(Group(name, order)))
        put(store, layers.of_group(name), key=name)
    put(store, layers.of_fleet(), key="fleet")
    put(store, layers.of_model("CP860"), key="model")
    put(store, layers.of_model("T46"), key="other")
    assert store.drive(cache.refresh()) is True
    own = Layer(1, values={"key": "own"})

    def names(**how):
        known = cache.layers_for(DEVICE, "CP860", ("early", "late", "unknown"), own)
        return [one.name for one in known]

    assert names() == ["fleet", "model:CP860", "group:early", "group:late", f"phone:{DEVICE}"]
    store.drive(groups.change("early", lambda group: Group("early", 10)))
    put(store, layers.of_model("CP860"), key=None)
    store.drive(cache.refresh())
    assert names() == ["fleet", "group:late", "group:early", f"phone:{DEVICE}"]
    assert store.run(groups.delete("late")) == "deleted"
    store.drive(cache.refresh())
    assert names() == ["fleet", "group:early", f"phone:{DEVICE}"]


def test_a_refresh_brings_only_what_is_new(store):
    put(store, layers.of_model("A"), key="1")
    cache = LayerCache()
    store.drive(cache.refresh())
    put(store, layers.of_model("B"), key="1")
    changed = store.run(layers.changed_since(cache.epoch))
    assert list(changed.layers) == ["model:B"]


def test_a_redis_that_was_emptied_is_believed(store):
    put(store, layers.of_fleet(), key="1")
    put(store, layers.of_fleet(), key="2")
    cache = LayerCache()
    store.drive(cache.refresh())
    store.raw.flushall()
    put(store, layers.of_model("CP860"), key="1")
    store.drive(cache.refresh())
    assert [one.name for one in cache.layers_for(DEVICE, "CP860", (), None)] == ["model:CP860"]


def test_a_phones_own_layer_is_no_matter_of_other_processes(store):
    know(store)
    put(store, layers.of_phone(DEVICE), a="1")
    assert store.run(layers.changed_since(0)).epoch == 0


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_a_change_elsewhere_is_known_here_before_long(told, redis_process, reactor_runner, loop, wait):
    """Told on the channel, where nobody looks for a minute; else found by looking."""
    cache = LayerCache()
    watch = LayerWatch(redis_process.url, reactor_runner, cache, poll=60 if told else 0.05)

    async def until(true: Callable[[], bool]) -> None:
        while not true():  # noqa: ASYNC110 - what is waited for is in Redis, which sets no event
            await asyncio.sleep(0.01)

    def run(coroutine: Any) -> None:
        wait(Deferred.fromFuture(loop.create_task(coroutine)))

    async def start() -> None:
        await Deferred.fromCoroutine(watch.start()).asFuture(loop)

    run(start())
    run(until(lambda: redis_process.raw.pubsub_numsub(keyspace.CONFIG_CHANNEL)[0][1] == 1))
    if told:
        others = BlockingRunner(redis_process.url)
        put(others, layers.of_fleet(), a="1")
        others.close()
    else:
        redis_process.raw.incr(keyspace.EPOCH)
    run(until(lambda: cache.epoch == 1))
    wait(watch.stop())
