"""Events through rules, to real receivers over HTTP: signed, tried again, given up, sent once more."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from msgspec import structs
from redis import Redis
from rq import Queue, SimpleWorker

from acs.fleet.device import Device
from acs.fleet.fleet_event import Kind, event
from acs.fleet.hook import PAUSES, Rule, Webhook
from acs.fleet.identity import device_key
from acs.store import codec, devices, events, hooks, indexes, keyspace, notes, timeline
from acs.store.calls import Call, nothing
from acs.store.errors import StoreUnavailable
from workers import hooks as job
from workers.surroundings import current
from workers.timetable import QUEUE

SECRET = "0123456789abcdef"
PHONE = "001565-CP860-1"
KEY = device_key(PHONE)
#: What a unit test of jobs has to do with the time between attempts: skip it.
LATER = sum(PAUSES) + 1


class Receiver:
    """Takes calls; `answers` are the statuses of the next ones, then 204."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append((dict(self.headers), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the test says what came."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def bodies(self):
        return [json.loads(body) for _, body in self.calls]


@pytest.fixture
def receiver(runner) -> Iterator[Receiver]:
    made = Receiver()
    runner.run(hooks.put_webhook(Webhook("noc", made.url, SECRET)))
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def phone(runner):
    device = Device(PHONE, oui="001565", product_class="CP860", serial_number="1", ip="192.0.2.7")
    prefix = keyspace.device_prefix(KEY)
    runner.run_all(
        [
            Call(("SET", prefix + keyspace.DEVICE, codec.encode(device)), nothing),
            devices.register(PHONE),
            indexes.put(device),
        ]
    )
    return device


def has_rule(runner, **what):
    runner.run(hooks.put_rule(Rule("r", what.pop("kinds", ("device_offline",)), **what)))


def happens(runner, kind=Kind.DEVICE_OFFLINE, at=1.0, device=PHONE):
    made = event(kind, at, "It is offline", {"site": "site7"}, device=device)
    runner.run(events.push([made]))
    return made


def work(redis: Redis) -> None:
    """What is enqueued is done, in this process, and the next interval begins."""
    SimpleWorker([Queue(QUEUE, connection=redis)], connection=redis).work(burst=True)
    for key in redis.scan_iter("rq:job:deliver-*"):
        redis.delete(key)


def due_now(redis: Redis) -> None:
    """Time passes until everything that waits is due."""
    for name, at in redis.zrange(keyspace.DELIVERIES_DUE, 0, -1, withscores=True):
        redis.zadd(keyspace.DELIVERIES_DUE, {name: at - LATER})


def test_an_event_is_posted_signed(runner, redis, receiver, phone):
    has_rule(runner, webhook="noc")
    told = happens(runner)
    assert job.pass_on() == {"events": 1, "due": 1}
    work(redis)
    [(headers, body)] = receiver.calls
    moment, digest = (part.partition("=")[2] for part in headers["X-ACS-Signature"].split(","))
    signed = moment.encode() + b"." + body
    assert digest == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-ACS-Event"] == told.id
    assert json.loads(body) == {
        "id": told.id,
        "kind": "device_offline",
        "at": "1970-01-01T00:00:01Z",
        "text": "It is offline",
        "device": PHONE,
        "data": {"site": "site7"},
        "phone": {
            "id": PHONE,
            "model": "CP860",
            "serial_number": "1",
            "software_version": "",
            "ip": "192.0.2.7",
            "label": "",
            "tags": [],
        },
        "rule": "r",
        "webhook": "noc",
        "attempt": 1,
    }
    assert job.pass_on() == {"events": 0, "due": 0}
    assert runner.run(hooks.waiting()) == 0


@pytest.mark.parametrize(
    ("rule", "called"),
    [
        ({"select": "model = CP860"}, True),
        ({"select": "model = SIP-T46U"}, False),
        ({"select": "selector = gone"}, False),
        ({"kinds": ("device_back",)}, False),
        ({"kinds": ("*",)}, True),
        ({"enabled": False}, False),
    ],
)
def test_which_rules_call(runner, redis, receiver, phone, rule, called):
    has_rule(runner, webhook="noc", **rule)
    happens(runner)
    job.pass_on()
    work(redis)
    assert bool(receiver.calls) is called


def test_an_event_without_a_phone_is_meant_by_no_selector(runner, redis, receiver):
    happens(runner, Kind.SITE_OFFLINE, device="")
    has_rule(runner, webhook="noc", kinds=("*",), select="all")
    job.pass_on()
    assert runner.run(hooks.waiting()) == 0


def test_a_call_that_fails_is_made_again(runner, redis, receiver, phone):
    receiver.answers = [500, 302]
    has_rule(runner, webhook="noc")
    happens(runner)
    for _ in range(3):
        job.pass_on()
        work(redis)
        due_now(redis)
    assert [body["attempt"] for body in receiver.bodies()] == [1, 2, 3]
    assert len({body["id"] for body in receiver.bodies()}) == 1
    assert runner.run(hooks.waiting()) == 0


def test_a_call_is_not_made_again_before_its_time(runner, redis, receiver, phone):
    receiver.answers = [500]
    has_rule(runner, webhook="noc")
    happens(runner)
    for _ in range(3):
        job.pass_on()
        work(redis)
    assert len(receiver.calls) == 1


def test_what_nobody_takes_is_given_up_and_can_be_sent_again(runner, redis, receiver, phone):
    receiver.answers = [503] * (len(PAUSES) + 1)
    has_rule(runner, webhook="noc")
    happens(runner)
    for _ in range(len(PAUSES) + 3):
        job.pass_on()
        work(redis)
        due_now(redis)
    assert len(receiver.calls) == len(PAUSES) + 1
    [dead] = runner.run(hooks.dead())
    assert dead.last_error == "it answered 503"
    assert runner.run(hooks.waiting()) == 0
    assert runner.run(hooks.resend(dead, 1.0))
    assert not runner.run(hooks.resend(dead, 1.0))
    job.pass_on()
    work(redis)
    assert len(receiver.calls) == len(PAUSES) + 2
    assert runner.run(hooks.dead()) == []


@pytest.mark.parametrize("change", [{"enabled": False}, {"url": "http://127.0.0.1:1/"}])
def test_a_webhook_that_cannot_be_called(runner, redis, receiver, phone, change):
    runner.run(hooks.put_webhook(structs.replace(Webhook("noc", receiver.url, SECRET), **change)))
    has_rule(runner, webhook="noc")
    happens(runner)
    job.pass_on()
    work(redis)
    assert (receiver.calls, runner.run(hooks.waiting())) == ([], 1)


@pytest.fixture
def mute() -> Iterator[str]:
    """The URL of a receiver that says a piece of its answer every now and then, and never all of it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=drip, args=(connection,), daemon=True).start()

    def drip(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                connection.sendall(b"x")
                time.sleep(0.01)

    threading.Thread(target=trickle, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    listener.close()


def test_a_receiver_that_never_ends_its_answer_holds_up_nobody(
    runner, redis, receiver, phone, mute, monkeypatch
):
    monkeypatch.setattr(job, "PATIENCE", 2.0)
    monkeypatch.setattr(job, "CALLS_AT_ONCE", 2)
    runner.run(hooks.put_webhook(Webhook("mute", mute, SECRET)))
    runner.run_all([hooks.put_rule(Rule(name, ("*",), webhook=name)) for name in ("mute", "noc")])
    for second in range(4):
        happens(runner, at=float(second))
    job.pass_on()
    assert job.deliver() == {"taken": 4, "not_taken": 2}  # a slow one is called once in a run
    assert len(receiver.calls) == 4
    assert runner.run(hooks.waiting()) == 4
    assert job.deliver() == {"taken": 0, "not_taken": 2}
    late = [runner.run(hooks.get(name)) for name, _ in runner.run(hooks.due(LATER + 1e10, 10))]
    assert {(one.attempts, one.last_error) for one in late} == {(1, "it did not answer within 2 seconds")}


def test_however_much_waits_for_a_dead_receiver_others_are_called(
    runner, redis, receiver, phone, mute, monkeypatch
):
    monkeypatch.setattr(job, "PATIENCE", 1.0)
    runner.run(hooks.put_webhook(Webhook("mute", mute, SECRET)))
    rules = [Rule("m", ("ip_changed",), webhook="mute"), Rule("n", ("device_offline",), webhook="noc")]
    runner.run_all([hooks.put_rule(rule) for rule in rules])
    many = [event(Kind.IP_CHANGED, float(number), "It moved", device=PHONE) for number in range(1100)]
    runner.run(events.push(many))
    happens(runner, at=5000.0)
    assert [job.pass_on()["events"] for _ in range(2)] == [1000, 101]
    assert job.deliver() == {"taken": 1, "not_taken": job.CALLS_AT_ONCE}
    assert len(receiver.calls) == 1


# --- twice, and half-way ------------------------------------------------------------------------------------


def test_deliveries_that_a_killed_worker_took_are_due_again_after_the_lease(
    runner, redis, receiver, phone, monkeypatch
):
    has_rule(runner, webhook="noc")
    happens(runner)
    assert job.pass_on()["due"] == 1
    with monkeypatch.context() as patched:
        patched.setattr(job, "_prepared", killed)
        with suppress(StoreUnavailable):
            job.deliver()
    assert job.pass_on()["due"] == 0
    due_now(redis)
    assert job.pass_on()["due"] == 1
    job.deliver()
    assert len(receiver.calls) == 1


def killed(*_):
    raise StoreUnavailable("killed")


@pytest.mark.parametrize("calls", range(8))
def test_a_pass_that_dies_anywhere_is_made_good_by_the_next(
    runner, redis, receiver, phone, monkeypatch, calls
):
    has_rule(runner, webhook="noc", add_tags=("lost",))
    happens(runner, at=1.0)
    happens(runner, at=2.0)
    made = 0

    def dying(name):
        real = getattr(runner, name)

        def call(argument):
            nonlocal made
            made += 1
            if made > calls:
                raise StoreUnavailable("killed")
            return real(argument)

        return call

    with monkeypatch.context() as patched:
        for name in ("run", "drive"):
            patched.setattr(current().runner, name, dying(name))
        with suppress(StoreUnavailable):
            job.pass_on()
    job.pass_on()
    work(redis)
    due_now(redis)
    job.pass_on()
    work(redis)
    assert len(receiver.calls) == 2
    assert len({body["id"] for body in receiver.bodies()}) == 2


def test_two_rules_call_one_webhook_once(runner, redis, receiver, phone):
    for name in ("one", "other"):
        runner.run(hooks.put_rule(Rule(name, ("*",), webhook="noc")))
    happens(runner)
    job.pass_on()
    work(redis)
    assert len(receiver.calls) == 1


# --- tags ---------------------------------------------------------------------------------------------------


def tags(runner):
    return runner.run(devices.get(KEY)).notes.tags


def test_a_rule_changes_tags(runner, phone):
    runner.drive(notes.change(PHONE, lambda before: structs.replace(before, tags=("vip", "there"))))
    has_rule(runner, add_tags=("lost",), remove_tags=("there",))
    happens(runner)
    job.pass_on()
    assert tags(runner) == ("vip", "lost")
    assert "The rule r changed its tags" in runner.run(timeline.read(KEY))[0].text


def test_tags_that_are_so_already_are_no_news(runner, phone):
    has_rule(runner, add_tags=("lost",))
    happens(runner, at=1.0)
    happens(runner, at=2.0)
    job.pass_on()
    assert len(runner.run(timeline.read(KEY))) == 1


def test_a_tag_for_a_phone_that_is_gone(runner):
    has_rule(runner, add_tags=("lost",))
    happens(runner)
    assert job.pass_on()["events"] == 1
