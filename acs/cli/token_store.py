"""A token made straight in the store, for a server that does not run (yet)."""

from __future__ import annotations

import os
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from acs.cli import outcomes
from acs.cli.connection import error_text
from acs.data_directory import DataDirectory
from acs.datamodel import key_loading
from acs.operations import tokens, validation
from acs.operations.errors import Invalid
from acs.processes import StartError
from acs.store.calls import Call, Steps
from acs.store.embedded import EmbeddedRedis
from acs.store.errors import StoreError
from acs.store.runner_blocking import BlockingRunner

T = TypeVar("T")


def create_directly(data_dir: Path, redis_url: str | None, asked: dict[str, Any]) -> dict[str, Any]:
    """The new token as REST answers it. Without a URL, the private Redis of `data_dir` runs for a moment."""
    try:
        request = validation.read(tokens.TokenRequest, asked)
        with _store(data_dir, redis_url) as url:
            runner = BlockingRunner(url)
            try:
                made = _finished(
                    tokens.create(
                        _Immediate(runner),
                        request,
                        key_loading.shipped(),
                        by="command line",
                        now=time.time(),
                        randomness=os.urandom,
                    )
                )
            finally:
                runner.close()
    except Invalid as error:
        raise outcomes.CommandError("; ".join(map(error_text, msgspec.to_builtins(error.errors)))) from None
    except StartError as error:
        raise outcomes.CommandError(str(error)) from None
    except (StoreError, ValueError) as error:
        raise outcomes.Unreachable(str(error)) from None
    answer: dict[str, Any] = msgspec.to_builtins(made)
    return answer


@contextmanager
def _store(data_dir: Path, redis_url: str | None) -> Iterator[str]:
    """The URL of the Redis to use; the private one is stopped again at the end."""
    if redis_url:
        yield redis_url
        return
    directory = DataDirectory(data_dir)
    directory.lock()
    redis = EmbeddedRedis(directory.path)
    url = redis.start()
    try:
        yield url
    finally:
        redis.stop()


class _Immediate:
    """The store for operations, which await its answers: here they are there at once."""

    def __init__(self, runner: BlockingRunner) -> None:
        self._runner = runner

    async def run(self, call: Call[T]) -> T:
        return self._runner.run(call)

    async def run_all(self, calls: Sequence[Call[Any]]) -> list[Any]:
        return self._runner.run_all(calls)

    async def drive(self, steps: Steps[T]) -> T:
        return self._runner.drive(steps)


def _finished(operation: Coroutine[Any, Any, T]) -> T:
    """The result of an operation that never has to wait."""
    try:
        operation.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("the operation waits for something else than the store")
