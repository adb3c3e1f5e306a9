"""Runs store calls one after the other, for jobs and commands: no reactor, no loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, TimeoutError
from redis.retry import Retry

from acs.store.calls import Call, Steps, in_order
from acs.store.errors import StoreRefused, StoreUnavailable, without_password

T = TypeVar("T")

#: Seconds to wait for a connection, and for an answer; no call takes long.
PATIENCE = 10


class BlockingRunner:
    """One Redis (`redis://`, `rediss://` or `unix://`). Connects when it is first used, and again when it
    must.

    Nothing is tried twice: whether a call was executed before its connection broke, nobody knows.
    """

    def __init__(self, url: str) -> None:
        self._redis: Any = Redis.from_url(
            url,
            protocol=2,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        # Calls read raw answers: the library's own readers, keyed by command, would get in between.
        self._redis.response_callbacks.clear()
        self._shown = without_password(url)

    def run(self, call: Call[T]) -> T:
        """The answer of one call. Raises `StoreUnavailable` or `StoreRefused`."""
        answer: T = self.run_all((call,))[0]
        return answer

    def run_all(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """The answers of all calls, in order, in one round trip.

        All are executed, even if one of them is refused; the first refusal is raised.
        """
        commands, places = in_order(calls)
        if not commands:
            return []
        try:
            answers = self._send([call.parts for call in commands])
            for place, call in enumerate(commands):
                if isinstance(answers[place], NoScriptError) and call.script is not None:
                    load = ("SCRIPT LOAD", call.script.text)
                    answers[place] = self._send([load, call.parts])[1]
        except (RedisConnectionError, TimeoutError, OSError) as error:
            raise StoreUnavailable(f"Redis at {self._shown} cannot be reached: {error}") from error
        for answer in answers:
            if isinstance(answer, (RedisConnectionError, ReadOnlyError)):
                raise StoreUnavailable(f"Redis at {self._shown} is not ready: {answer}") from answer
            if isinstance(answer, RedisError):
                raise StoreRefused(f"Redis refused: {answer}") from answer
        return [call.decode(answers[place]) for call, place in zip(calls, places, strict=True)]

    def drive(self, steps: Steps[T]) -> T:
        """Run calls that depend on each other to their end."""
        try:
            calls = next(steps)
            while True:
                calls = steps.send(self.run_all(calls))
        except StopIteration as end:
            result: T = end.value
            return result

    def close(self) -> None:
        self._redis.close()

    def _send(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for parts in commands:
                pipeline.execute_command(*parts)
            answers: list[Any] = pipeline.execute(raise_on_error=False)
            return answers
