"""What both runners promise; what the reactor's adds: one connection for all, and what if it breaks."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults

from acs.store import devices, tokens
from acs.store import runner_reactor as reactor_module
from acs.store.calls import Call, Steps, script, scripted, truth
from acs.store.errors import StoreRefused, StoreUnavailable
from acs.store.runner_blocking import BlockingRunner
from acs.store.runner_reactor import ReactorRunner

Wait = Callable[[Deferred[Any]], Any]


def get(key: str) -> Call[Any]:
    return Call(("GET", key), lambda answer: answer)


def put(key: str, value: bytes) -> Call[Any]:
    return Call(("SET", key, value), lambda answer: answer)


# --- both -----------------------------------------------------------------------------------------------


def test_answers_are_raw_whatever_the_command(store: Any) -> None:
    """The library's own readers, which make a bool of SET's OK, stay out of it."""
    assert store.run(put("a", b"\x00\xff")) == b"OK"
    assert store.run(get("a")) == b"\x00\xff"
    assert store.run(get("nothing")) is None


def test_many_calls_are_one_round_trip_and_answer_in_order(store: Any) -> None:
    assert store.run_all([put("a", b"1"), get("a"), put("a", b"2"), get("a")]) == [b"OK", b"1", b"OK", b"2"]
    assert store.run_all([]) == []


def test_a_refused_call_fails_alone(store: Any) -> None:
    """An error answer belongs to its command; the next one is none the worse."""
    store.run(put("a", b"no number"))
    with pytest.raises(StoreRefused, match="not an integer"):
        store.run(Call(("INCR", "a"), int))
    assert store.run(get("a")) == b"no number"


def test_of_several_calls_all_are_executed_though_one_is_refused(store: Any) -> None:
    with pytest.raises(StoreRefused):
        store.run_all([put("a", b"x"), Call(("INCR", "a"), int), put("b", b"y")])
    assert store.run(get("b")) == b"y"


def test_an_answer_that_cannot_be_read_fails_that_call_alone(store: Any) -> None:
    store.run(put("a", b"no number"))
    with pytest.raises(ValueError, match="invalid literal"):
        store.run(Call(("GET", "a"), int))
    assert store.run(get("a")) == b"no number"


def test_what_comes_first_is_sent_first(store: Any) -> None:
    call = Call(("GET", "a"), lambda answer: answer, first=(put("a", b"before"),))
    assert store.run(call) == b"before"
    assert store.run_all([call, put("a", b"after"), get("a")]) == [b"before", b"OK", b"after"]


def test_a_script_that_redis_forgot_is_loaded_again(store: Any) -> None:
    add = devices.register("001565-CP860-1")
    push = scripted(script("push_capped"), (b"list",), (2, b"x", b"y", b"z"), lambda answer: answer)
    store.raw.script_flush()
    assert store.run_all([add, push, add]) == [True, None, False]
    store.raw.script_flush()
    store.run(push)
    assert store.raw.lrange("list", 0, -1) == [b"z", b"y"]


def test_steps_are_driven_to_their_end(store: Any) -> None:
    def four_times() -> Steps[int]:
        total = 0
        for _ in range(4):
            [n] = yield [Call(("INCR", "n"), int)]
            total += n
        return total

    assert store.drive(four_times()) == 1 + 2 + 3 + 4

    def without_a_call() -> Steps[str]:
        return "done"
        yield []

    assert store.drive(without_a_call()) == "done"


def test_steps_end_with_the_error_of_their_call(store: Any) -> None:
    def steps() -> Steps[None]:
        yield [put("a", b"x")]
        yield [Call(("INCR", "a"), int)]

    with pytest.raises(StoreRefused):
        store.drive(steps())


def test_a_redis_that_is_not_there_is_named() -> None:
    with pytest.raises(StoreUnavailable, match=r"unix:///nowhere/redis\.sock"):
        BlockingRunner("unix:///nowhere/redis.sock").run(get("a"))


def test_password_and_database_come_from_the_url(
    mortal_redis: Any, loop: asyncio.AbstractEventLoop, wait: Wait
) -> None:
    mortal_redis.kill()
    mortal_redis.start("--requirepass", "se cret")
    url = f"unix://:se%20cret@{mortal_redis.socket}?db=3"
    runner = ReactorRunner(url, loop=loop)
    wait(runner.start())
    wait(runner.run(put("a", b"3")))
    assert BlockingRunner(url).run(get("a")) == b"3"
    assert BlockingRunner(url.replace("db=3", "db=0")).run(get("a")) is None
    wait(runner.stop())
    for wrong in (f"unix://:wrong@{mortal_redis.socket}", mortal_redis.url):
        locked_out = ReactorRunner(wrong, loop=loop)
        with pytest.raises(StoreUnavailable):
            wait(locked_out.start())
        wait(locked_out.stop())
        with pytest.raises((StoreUnavailable, StoreRefused)):
            BlockingRunner(wrong).run(get("a"))


def test_no_error_shows_the_password() -> None:
    with pytest.raises(StoreUnavailable) as error:
        BlockingRunner("redis://acs:topsecret@127.0.0.1:1/0").run(get("a"))
    assert "topsecret" not in str(error.value)
    assert "127.0.0.1:1" in str(error.value)


# --- on the reactor -------------------------------------------------------------------------------------


@pytest.fixture
def runner(mortal_redis: Any, loop: asyncio.AbstractEventLoop, wait: Wait) -> Iterator[ReactorRunner]:
    runner = ReactorRunner(mortal_redis.url, loop=loop)
    wait(runner.start())
    yield runner
    wait(runner.stop())


def test_many_callers_get_their_own_answers(reactor_runner: ReactorRunner, wait: Wait) -> None:
    async def one(number: int) -> bool:
        for step in range(20):
            await reactor_runner.run(put(f"k{number}", b"%d" % step))
            if await reactor_runner.run(get(f"k{number}")) != b"%d" % step:
                return False
        return True

    assert all(wait(gatherResults([ensureDeferred(one(number)) for number in range(50)])))


def test_a_caller_that_no_longer_waits_disturbs_nobody(reactor_runner: ReactorRunner, wait: Wait) -> None:
    given_up = reactor_runner.run(get("a"))
    given_up.addErrback(lambda failure: None)
    other = reactor_runner.run(put("b", b"1"))
    given_up.cancel()
    assert wait(other) == b"OK"


def test_calls_in_flight_fail_when_the_connection_breaks(
    runner: ReactorRunner, mortal_redis: Any, wait: Wait
) -> None:
    """Whether they were executed nobody knows, so they are not repeated."""
    waiting = runner.run(Call(("BLPOP", "nothing", 0), lambda answer: answer))
    wait(_a_moment(runner))
    mortal_redis.kill()
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        wait(waiting)


def test_calls_made_in_the_first_second_of_a_loss_are_answered_when_redis_is_back(
    mortal_redis: Any, loop: asyncio.AbstractEventLoop, wait: Wait
) -> None:
    told: list[str] = []
    lost: asyncio.Future[None] = loop.create_future()

    def on_lost(reason: str) -> None:
        told.append("lost")
        lost.set_result(None)

    runner = ReactorRunner(mortal_redis.url, loop=loop, on_lost=on_lost, on_back=lambda: told.append("back"))
    wait(runner.start())
    mortal_redis.kill()
    loop.run_until_complete(lost)
    assert not runner.connected
    early = [runner.run(tokens.revoke("x")), runner.run(put("a", b"1"))]
    mortal_redis.start()
    assert [wait(one) for one in early] == [False, b"OK"]
    assert told == ["lost", "back"]
    assert runner.connected
    wait(runner.stop())


def test_later_calls_fail_at_once_until_redis_is_back(
    mortal_redis: Any,
    loop: asyncio.AbstractEventLoop,
    wait: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reactor_module, "GRACE", 0.01)
    back: asyncio.Future[None] = loop.create_future()
    runner = ReactorRunner(mortal_redis.url, loop=loop, on_back=lambda: back.set_result(None))
    wait(runner.start())
    mortal_redis.kill()
    loop.run_until_complete(asyncio.sleep(0.1))
    late = runner.run(get("a"))
    assert late.called
    with pytest.raises(StoreUnavailable):
        wait(late)
    with pytest.raises(StoreUnavailable):
        wait(runner.run_all([get("a"), get("b")]))
    mortal_redis.start()
    loop.run_until_complete(back)
    assert wait(runner.run(put("a", b"1"))) == b"OK"
    wait(runner.stop())


def test_a_redis_that_hangs_is_given_up(
    mortal_redis: Any,
    loop: asyncio.AbstractEventLoop,
    wait: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reactor_module, "ANSWER_TIMEOUT", 0.1)
    runner = ReactorRunner(mortal_redis.url, loop=loop)
    wait(runner.start())
    with pytest.raises(StoreUnavailable, match="no answer"):
        wait(runner.run(Call(("BLPOP", "nothing", 0), lambda answer: answer)))
    assert wait(runner.run(put("a", b"1"))) == b"OK"
    wait(runner.stop())


def test_a_start_without_redis_fails_and_names_it(loop: asyncio.AbstractEventLoop, wait: Wait) -> None:
    runner = ReactorRunner("unix:///nowhere/redis.sock", loop=loop)
    with pytest.raises(StoreUnavailable, match=r"unix:///nowhere/redis\.sock"):
        wait(runner.start())
    with pytest.raises(StoreUnavailable):
        wait(runner.run(get("a")))
    wait(runner.stop())


def test_after_stop_calls_fail(runner: ReactorRunner, wait: Wait) -> None:
    in_flight = runner.run(Call(("BLPOP", "nothing", 0), lambda answer: answer))
    wait(_a_moment(runner))
    wait(runner.stop())
    with pytest.raises(StoreUnavailable, match="stopping"):
        wait(in_flight)
    with pytest.raises(StoreUnavailable, match="stopping"):
        wait(runner.run(get("a")))


def _a_moment(runner: ReactorRunner) -> Deferred[None]:
    """Long enough for what was asked to leave."""
    assert runner._loop is not None
    return Deferred.fromFuture(asyncio.ensure_future(asyncio.sleep(0.05), loop=runner._loop))


PROGRAM = """
import asyncio, sys
from acs.store.calls import Call
from acs.store.runner_reactor import ReactorRunner
if sys.argv[2] == "uvloop":
    import uvloop
    loop = uvloop.new_event_loop()
else:
    loop = asyncio.new_event_loop()
from twisted.internet import asyncioreactor
asyncioreactor.install(loop)
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred

async def main():
    runner = ReactorRunner(sys.argv[1])
    await runner.start()
    print(await runner.run(Call(("ECHO", "hello"), bytes.decode)))
    await runner.stop()

def begin():
    ensureDeferred(main()).addErrback(lambda failure: print(failure)).addBoth(lambda _: reactor.stop())

reactor.callWhenRunning(begin)
reactor.run()
"""


@pytest.mark.parametrize("loop_name", ["asyncio", "uvloop"])
def test_it_runs_under_the_reactor(redis_process: Any, loop_name: str) -> None:
    """In a program of its own, because a process has one reactor for its life."""
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, redis_process.url, loop_name],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert answer.stdout.splitlines()[-1] == "hello", answer.stdout + answer.stderr


def test_a_truth_is_what_redis_counted() -> None:
    assert truth(1) is True
    assert truth(0) is False
