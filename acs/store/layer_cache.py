"""The shared layers as one process knows them, so that a session need not ask for them.

`LayerCache` is filled by a `refresh` and then only learns what changed since its epoch. `LayerWatch`
refreshes it whenever a change is told, and every few seconds in case one was not heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from twisted.internet.defer import Deferred, succeed

from acs.fleet.desired import NamedLayer, in_order
from acs.fleet.layers import EMPTY, FLEET, Group, Layer, group_layer, model_layer, phone_layer
from acs.store import keyspace, layers
from acs.store.calls import Steps
from acs.store.errors import StoreError
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.store")

#: Seconds after which this process looks for changes that it was not told of.
POLL = 3.0


class LayerCache:
    """All shared layers and groups at `epoch`."""

    def __init__(self) -> None:
        self.epoch = 0
        self._layers: dict[str, Layer] = {}
        self._groups: dict[str, Group] = {}

    def refresh(self) -> Steps[bool]:
        """Learn what changed; True where something did."""
        changed: layers.Changed
        [changed] = yield [layers.changed_since(self.epoch)]
        if changed.epoch < self.epoch and not changed.anew:
            return False  # a later answer was quicker
        if changed.anew:
            self._layers.clear()
            self._groups.clear()
        for name, layer in changed.layers.items():
            _put(self._layers, name, layer)
        for name, group in changed.groups.items():
            _put(self._groups, name, group)
        moved = changed.epoch != self.epoch
        self.epoch = changed.epoch
        return moved

    def layer(self, name: str) -> Layer:
        """A shared layer as it stands, by its name."""
        return self._layers.get(name, EMPTY)

    def with_layer(self, name: str, layer: Layer) -> LayerCache:
        """The same layers but for this one: what would be if it were written."""
        changed = LayerCache()
        changed.epoch = self.epoch
        changed._layers = {**self._layers, name: layer}
        changed._groups = self._groups
        return changed

    def groups(self, names: Iterable[str]) -> list[Group]:
        """The groups of these names that there are."""
        return [self._groups[name] for name in names if name in self._groups]

    def layers_for(
        self, device_id: str, model: str, groups: Iterable[str], own: Layer | None
    ) -> tuple[NamedLayer, ...]:
        """A phone's layers, the weakest first, without the empty ones; `own` is its own layer."""
        known = in_order(self.groups(groups))
        names = (FLEET, model_layer(model), *(group_layer(group.name) for group in known))
        shared = ((name, self._layers.get(name)) for name in names)
        every = (*shared, (phone_layer(device_id), own))
        return tuple(NamedLayer(name, layer) for name, layer in every if layer is not None and layer.values)


def _put(known: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        known.pop(name, None)
    else:
        known[name] = value


class LayerWatch:
    """Keeps a cache fresh until it is stopped. Lives on the asyncio loop of the reactor."""

    def __init__(self, url: str, runner: ReactorRunner, cache: LayerCache, *, poll: float = POLL) -> None:
        self._url = url
        self._runner = runner
        self._cache = cache
        self._poll = poll
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Fill the cache, then watch. Raises StoreError."""
        await self._runner.drive(self._cache.refresh())
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def stop(self) -> Deferred[None]:
        stopped: Deferred[None] = Deferred()
        task, self._task = self._task, None
        if task is None:
            return succeed(None)
        task.add_done_callback(lambda _: stopped.callback(None))
        task.cancel()
        return stopped

    async def _watch(self) -> None:
        while True:
            with suppress(RedisError, OSError):
                await self._listen()
            await asyncio.sleep(
                self._poll
            )  # Redis is away: the runner says so, and this goes on when it is back

    async def _listen(self) -> None:
        redis: Any = Redis.from_url(self._url, protocol=2)
        try:
            listening = redis.pubsub(ignore_subscribe_messages=True)
            await listening.subscribe(keyspace.CONFIG_CHANNEL)
            while True:
                await self._refresh()
                deadline = asyncio.get_running_loop().time() + self._poll
                while (left := deadline - asyncio.get_running_loop().time()) > 0:
                    if await listening.get_message(timeout=left) is not None:
                        break
        finally:
            await redis.aclose()

    async def _refresh(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await self._runner.drive(self._cache.refresh()).asFuture(loop)
        except StoreError as error:
            log.warning("shared configuration may be old", reason=str(error))
