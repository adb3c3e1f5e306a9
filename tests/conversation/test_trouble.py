"""What goes wrong on the server's side, and whom it may touch: one phone at most."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import phone_texts as texts
import pytest
from desk import Operator, Server, eventually

from acs.fleet.task import GetParameterValuesWork, SetParameterValuesWork

LABEL = "Device.Line.1.Label"
WORK = GetParameterValuesWork(names=(LABEL,))


@pytest.mark.parametrize("rule", ["absorb", "next_step", "completed", "noticed"])
def test_a_rule_that_fails_costs_one_phone_its_session_and_nobody_else(start_server, operator, rule):
    server = start_server(poisoned_rule=rule)
    bad, good = server.phone("POISON" + rule), server.phone()
    bad.opens("0 BOOTSTRAP")
    good.opens("0 BOOTSTRAP")
    if rule == "noticed":
        bad.sends(texts.transfer_complete("k"))
    else:
        bad.sends_nothing()
        if rule == "completed":
            bad.answers(bad.gets(), bad.obeys(bad.gets()))
    bad.gets_nothing()
    good.sends_nothing()
    good.goes_on_until()
    assert operator.device(good).learning == "complete"
    assert eventually(lambda: "Internal error (ZeroDivisionError)" in operator.told(bad))
    assert "ZeroDivisionError" in server.log
    assert operator.session(bad) is None or rule == "absorb"
    bad.opens("2 PERIODIC")


def test_a_phone_whose_inform_breaks_a_rule_still_gets_its_other_answers(start_server):
    phone = start_server(poisoned_rule="absorb").phone("POISONagain")
    phone.opens("7 TRANSFER COMPLETE")
    phone.sends(texts.transfer_complete("k"))
    phone.gets("TransferCompleteResponse")
    phone.sends_nothing()
    phone.gets_nothing()


def test_no_session_asks_for_ever(start_server, operator):
    server = start_server(most_requests=5)
    phone = server.phone()
    phone.opens("0 BOOTSTRAP")
    phone.sends_nothing()
    for number in range(10):
        if phone.last.status == 204:
            break
        phone.answers(phone.gets(), texts.fault(9002, f"no {number}"))
    phone.gets_nothing()
    assert "Ended after 5 requests" in operator.told(phone)


class OwnRedis:
    """A Redis that may go away and come back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.start()

    def start(self) -> None:
        arguments = ["--port", "0", "--unixsocket", str(self.socket), "--appendonly", "yes"]
        command = ["redis-server", *arguments, "--appendfsync", "always", "--dir", str(self._folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not self.socket.exists():
            assert time.monotonic() < deadline, "redis-server does not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


@pytest.fixture
def own_redis(tmp_path_factory):
    redis = OwnRedis(tmp_path_factory.mktemp("r"))
    yield redis
    redis.stop()


def test_while_the_store_is_away_phones_are_asked_to_come_back_each_at_its_time(own_redis):
    server = Server(own_redis.url)
    try:
        first, second = server.phone("A1"), server.phone("B2")
        first.holds_session("0 BOOTSTRAP")
        first.opens("2 PERIODIC")
        own_redis.stop()
        waits = []
        for phone in (first, second, first):
            phone.sends(phone.inform("2 PERIODIC"))
            waits.append(int(phone.gets_status(503).headers["retry-after"]))
        assert waits[0] == waits[2] != waits[1]
        first.sends_nothing()
        first.gets_status(503)
        own_redis.start()

        def back() -> bool:
            first.sends(first.inform("2 PERIODIC"))
            return first.last.status == 200

        assert eventually(back)
        first.sends_nothing()
        first.gets_nothing()
    finally:
        server.stop()


def test_a_session_goes_on_when_redis_was_away_for_a_moment(own_redis):
    server = Server(own_redis.url)
    try:
        phone = server.phone()
        phone.holds_session("0 BOOTSTRAP")
        operator = Operator(own_redis.url)
        task = operator.asks(phone, SetParameterValuesWork(values={LABEL: "b"}))
        phone.opens("2 PERIODIC")
        phone.sends_nothing()
        asked = phone.gets("SetParameterValues")
        own_redis.stop()
        own_redis.start()
        phone.answers(asked, texts.status_response("SetParameterValues"))
        phone.gets_nothing()
        assert operator.task(task).state == "done"
    finally:
        server.stop()
