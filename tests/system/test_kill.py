"""No task is lost and none done twice, whatever is killed and whenever.

Independent phones (`independent_phone`) hold sessions with a real server while it is killed under them; what
the operator is told in the end is held against the phones' own ledgers.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.killing import processes, slay

sys.path.insert(0, str(Path(__file__).parent))

from independent_phone import NOT_ANSWERED, NOT_HEARD, NOT_REACHED, Phone, exchange, put_away

#: The `Server` of this directory's conftest, which cannot be imported by name.
Server = Any

#: Seconds in which a test must have come to its end; far more than it takes.
PATIENCE = 150.0
OPEN = ("pending", "running", "waiting")
LABEL = "Device.Line.1.Label"
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"


@pytest.fixture(autouse=True)
def _no_redis_is_left(tmp_path: Path) -> Iterator[None]:
    """Where a test fails between a kill and a start, the private Redis has nobody who would stop it."""
    yield
    for noted in tmp_path.glob("*/redis/redis.pid"):
        pid = int(noted.read_text())
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/cwd") == str(noted.parent.resolve()):
                os.kill(pid, signal.SIGKILL)


class Operator:
    """Puts down tasks and files over REST, and remembers those that were acknowledged."""

    def __init__(self, server: Server) -> None:
        self.server = server
        token = (server.data_dir / "local-admin.token").read_text().strip()
        self._headers = {"Authorization": f"Bearer {token}"}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.files: dict[str, str] = {}
        self._at_once = asyncio.Semaphore(8)

    async def call(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body; status 0 where nobody answered."""
        try:
            return await exchange(
                method, self.server.urls["web"] + path, body, {**self._headers, **(headers or {})}
            )
        except (OSError, EOFError, TimeoutError):
            return 0, b""

    async def insist(self, method: str, path: str) -> bytes:
        """The answer of a call that changes nothing, as soon as the server gives one."""
        while True:
            status, body = await self.call(method, path)
            if status == 200:
                return body
            assert status in (0, 502, 503), (status, body)
            await asyncio.sleep(0.2)

    async def task(self, phone: Phone, **request: Any) -> str:
        """The id of an acknowledged task; "" where the server did not acknowledge it."""
        status, body = await self.call(
            "POST", f"/api/v1/devices/{phone.id}/tasks", json.dumps(request).encode()
        )
        if status != 201:
            assert status in (0, 503), (status, body)
            return ""
        task = json.loads(body)
        self.tasks[task["id"]] = task
        return task["id"]

    async def file(self, name: str, content: bytes, **about: str) -> bool:
        query = "&".join(f"{key}={value.replace(' ', '%20')}" for key, value in about.items())
        status, body = await self.call("PUT", f"/api/v1/files/{name}?{query}", content)
        if status not in (200, 201):
            assert status in (0, 503), (status, body)
            return False
        digest = hashlib.sha256(content).hexdigest()
        assert json.loads(body)["sha256"] == digest
        self.files[name] = digest
        return True

    async def ended(self, *phones: Phone) -> None:
        """Wait until every acknowledged task has ended; the phones among these whose tasks are open call."""
        by_id = {phone.id: phone for phone in phones}
        while waited_for := [one for one in self.tasks.values() if one["state"] in OPEN]:
            await asyncio.gather(*map(self._look, waited_for[:400]))
            for task in waited_for[:400]:
                if self.tasks[task["id"]]["state"] in OPEN and task["device"] in by_id:
                    by_id[task["device"]].poke()
            await asyncio.sleep(0.3)

    async def find_unacknowledged(self, phones: list[Phone]) -> None:
        """Count those tasks, too, that were put down by a server killed before it could say so."""
        for phone in phones:
            found = json.loads(await self.insist("GET", f"/api/v1/devices/{phone.id}/tasks"))["items"]
            for task in found:
                self.tasks.setdefault(task["id"], task)

    async def _look(self, task: dict[str, Any]) -> None:
        async with self._at_once:
            status, body = await self.call("GET", f"/api/v1/tasks/{task['id']}")
        assert status in (200, 0, 503), f"task {task['id']} was acknowledged: {status} {body!r}"
        if status == 200:
            self.tasks[task["id"]] = json.loads(body)


@contextlib.asynccontextmanager
async def living(phones: list[Phone]) -> AsyncIterator[None]:
    lives = [asyncio.create_task(phone.live()) for phone in phones]
    test = asyncio.current_task()
    for life in lives:  # one that ends has met a fault of its own: the test need not go on
        life.add_done_callback(lambda ended: ended.cancelled() or test.cancel())
    try:
        yield
    finally:
        await put_away(*lives)
    faults = [life.exception() for life in lives if not life.cancelled()]
    assert not faults, faults


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - polled: what is looked at are plain counters of many phones
        await asyncio.sleep(0.005)


def lasting_ports() -> list[str]:
    """Flags with free ports that no client is given for its own end while the server is down: those are taken
    from a range that begins at 32768."""
    flags = []
    for name in ("cwmp", "files", "web"):
        while True:
            port = random.SystemRandom().randrange(15_000, 32_000)
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                break
        flags += [f"--{name}-port", str(port)]
    return flags


def port_of(server: Server) -> int:
    return int(server.urls["cwmp"].rpartition(":")[2])


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        async with asyncio.timeout(PATIENCE):
            await work()

    asyncio.run(in_time())


def report(operator: Operator) -> str:
    """What an assertion shows: the tasks that are not done, without their timelines."""
    return "\n".join(
        f"{task['type']} {task['id']} {task['state']} attempts={task['attempts']}"
        f" fault={task['fault']} evidence={task['evidence']}"
        for task in operator.tasks.values()
        if task["state"] != "done"
    )


def hold_against_ledgers(operator: Operator, phones: list[Phone]) -> None:
    """Each task that is called done was done, and nothing that disturbs was done twice."""
    by_id = {phone.id: phone.ledger for phone in phones}
    resets = dict.fromkeys(by_id, 0)
    for task in operator.tasks.values():
        ledger, key, kind = by_id[task["device"]], task["id"], task["type"]
        done = task["state"] == "done"
        if kind == "reboot":
            assert ledger.reboots[key] == done, (task, ledger.reboots)
        elif kind == "factory_reset":
            resets[task["device"]] += done
        elif kind == "download":
            assert ledger.downloads[key] == 1, (task, ledger.downloads)
            if done:
                assert ledger.fetched[key] == operator.files[task["request"]["file"]]
        elif kind == "upload":
            assert ledger.uploads[key] >= 1
            if done:
                assert ledger.sent[key] == task["result"]["sha256"]
        elif kind == "add_object":
            assert len(ledger.added[key]) == 1, (task, ledger.added)
            assert not done or task["result"]["object"] == ledger.added[key][0]
        elif kind == "set_parameter_values" and done:
            assert ledger.sets[key] >= 1
        elif kind == "delete_object" and done:
            assert ledger.deleted[key] == 1
    for phone in phones:
        ledger = phone.ledger
        for executed in (ledger.reboots, ledger.downloads):
            assert all(count == 1 for count in executed.values()), (phone.id, executed)
        assert all(len(made) == 1 for made in ledger.added.values()), (phone.id, ledger.added)
        assert ledger.resets == resets[phone.id], (phone.id, ledger.resets, resets[phone.id])


# --- the whole fleet, and everything that can be killed --------------------------------------------------


def kill_servers(server: Server, draw: random.Random) -> bool:
    slay(processes(server, "server"))
    return False


def kill_one_server(server: Server, draw: random.Random) -> bool:
    slay([draw.choice(processes(server, "server"))])
    return False


def kill_supervisor(server: Server, draw: random.Random) -> bool:
    slay(processes(server, "supervisor"))
    return True


def kill_redis(server: Server, draw: random.Random) -> bool:
    slay(processes(server, "redis"))
    return False


def kill_everything(server: Server, draw: random.Random) -> bool:
    slay([pid for kind in ("supervisor", "server", "worker", "redis") for pid in processes(server, kind)])
    return True


ROUNDS = (
    kill_one_server,
    kill_servers,
    kill_everything,
    kill_redis,
    kill_supervisor,
    kill_everything,
)

VERSIONED, UNVERSIONED, CONFIG = "v2.rom", "v3.rom", "site.cfg"


def wishes(number: int, draw: random.Random) -> list[dict[str, Any]]:
    """What one phone is to do, a few of every kind over the fleet; a phone that is reset adds no objects."""
    kinds: list[dict[str, Any]] = [
        {"type": "reboot"},
        {"type": "download", "file": CONFIG},
        {"type": "download", "file": VERSIONED if number % 2 else UNVERSIONED},
        {"type": "upload", "file_type": "1 Vendor Configuration File"},
        {"type": "set_parameter_values", "values": {LABEL: f"label {number}", INTERVAL: 900 + number}},
        {"type": "factory_reset"}
        if number % 4 == 0
        else {"type": "add_object", "object": "Device.Line.", "values": {"Label": f"new {number}"}},
    ]
    draw.shuffle(kinds)
    return kinds


def test_two_hundred_phones_and_everything_that_can_be_killed(start_server):
    server = start_server(*lasting_ports(), "--processes", "2", "--log-level", "warning")
    draw = random.Random(20)
    login = (server.login["username"], server.login["password"])
    phones = [Phone(port_of(server), f"{n:05}", random.Random(n), login) for n in range(200)]
    for number, phone in enumerate(phones):
        phone.repeats_lost_message = number % 3 == 0
        phone.delivered_by_response = number % 5 == 0
        phone.knows_m_events = number % 7 != 0
        if not phone.knows_m_events:  # it may be asked for how long it has been up
            phone.boot_seconds = 2.5
        phone.connection_each_message = number % 11 == 0

    async def work() -> None:
        operator = Operator(server)
        assert await operator.file(CONFIG, b"a = 1\n" * 20_000)
        assert await operator.file(VERSIONED, b"version=2.0 " + bytes(200_000), version="2.0")
        assert await operator.file(UNVERSIONED, b"version=3.0 " + bytes(200_000))
        async with living(phones):
            await until(lambda: all(phone.sessions for phone in phones))
            plans = [wishes(number, draw) for number in range(len(phones))]
            try:
                for number, kill in enumerate(ROUNDS):
                    wanted = [(phone, plan[number]) for phone, plan in zip(phones, plans, strict=True)]
                    await one_round(server, operator, wanted, kill, draw, number)
                await operator.ended(*phones)
                await operator.find_unacknowledged(phones)
                await operator.ended(*phones)
            finally:
                print(report(operator))
        assert all(task["state"] == "done" for task in operator.tasks.values()), report(operator)
        hold_against_ledgers(operator, phones)
        assert len(operator.tasks) > len(phones)
        assert sum(phone.broken for phone in phones) > len(phones) / 2
        for task in operator.tasks.values():
            if task["type"] == "upload":
                operator.files[task["result"]["file"]] = task["result"]["sha256"]
        stored = json.loads(await operator.insist("GET", "/api/v1/files?limit=500"))["items"]
        operator.files.update({file["name"]: file["sha256"] for file in stored})
        for name, digest in operator.files.items():
            content = await operator.insist("GET", f"/api/v1/files/{name}")
            assert hashlib.sha256(content).hexdigest() == digest
        assert not server.tracebacks()

    run(work)


async def one_round(
    server: Server,
    operator: Operator,
    wanted: list[tuple[Phone, dict[str, Any]]],
    kill: Callable[[Server, random.Random], bool],
    draw: random.Random,
    number: int,
) -> None:
    """Put a task down for every phone, and kill: in the midst of putting them down, or when all phones have
    just been woken to do them."""
    at_once = asyncio.Semaphore(6)
    together = number % 2 == 1

    async def put(phone: Phone, request: dict[str, Any]) -> None:
        async with at_once:
            if await operator.task(phone, **request) and not together:
                phone.poke()

    async def put_all() -> None:
        await asyncio.gather(*(put(phone, request) for phone, request in wanted))
        await operator.file(f"round{number}.cfg", os.urandom(100_000))

    putting = asyncio.create_task(put_all())
    if together:
        await putting
        before = sum(phone.sessions for phone, _ in wanted)
        for phone, _ in wanted:
            phone.poke()
        # however fast the server is: some are through, most are under way or about to begin
        through = draw.uniform(0.05, 0.25) * len(wanted)
        await until(lambda: sum(phone.sessions for phone, _ in wanted) - before >= through)
    else:
        await asyncio.sleep(draw.uniform(0.2, 0.8))
    if kill(server, draw):
        await asyncio.to_thread(server.process.wait)
        await asyncio.to_thread(server.start)
    await putting


# --- one phone that dies ---------------------------------------------------------------------------------

TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "reboot": ("Reboot", {"type": "reboot"}),
    "factory reset": ("FactoryReset", {"type": "factory_reset"}),
    "configuration": ("Download", {"type": "download", "file": CONFIG}),
    "firmware": ("Download", {"type": "download", "file": VERSIONED}),
    "firmware of no known version": ("Download", {"type": "download", "file": UNVERSIONED}),
    "upload": ("Upload", {"type": "upload", "file_type": "1 Vendor Configuration File"}),
    "set": ("SetParameterValues", {"type": "set_parameter_values", "values": {LABEL: "x"}}),
    "get": ("GetParameterValues", {"type": "get_parameter_values", "names": [LABEL]}),
    "names": ("GetParameterNames", {"type": "get_parameter_names", "path": "Device.Line."}),
    "attributes": ("GetParameterAttributes", {"type": "get_parameter_attributes", "names": [LABEL]}),
    "set attributes": (
        "SetParameterAttributes",
        {"type": "set_parameter_attributes", "attributes": {LABEL: {"notification": 1}}},
    ),
    "add": ("AddObject", {"type": "add_object", "object": "Device.Line.", "values": {"Label": "new"}}),
    "delete": ("DeleteObject", {"type": "delete_object", "object": "Device.Line.1."}),
    "schedule": ("ScheduleInform", {"type": "schedule_inform", "delay": 1}),
    "methods": ("GetRPCMethods", {"type": "get_rpc_methods"}),
}
#: What may not be done twice; of the others only the effect counts.
ONCE_ONLY = ("reboot", "factory_reset", "download", "add_object")


def test_a_phone_that_dies_in_the_middle_of_any_task(start_server):
    server = start_server(
        *lasting_ports(), "--cpe-auth", "none", "--processes", "2", "--log-level", "warning"
    )
    cases: list[tuple[str, list[tuple[str, str]], str]] = []
    for name, (method, _) in TASKS.items():
        for point in (NOT_REACHED, NOT_ANSWERED, NOT_HEARD):
            cases.append((name, [(method, point)], "K1"))
            if name in ("configuration", "firmware", "reboot"):  # without questions, without M events
                cases.append((name, [(method, point)], "K2"))
    for name in ("configuration", "firmware", "upload"):
        cases.append((name, [("TransferComplete", NOT_HEARD)], "K1"))
        cases.append((name, [(TASKS[name][0], NOT_ANSWERED), ("TransferComplete", NOT_HEARD)], "K1"))
    for name in ("reboot", "factory reset"):
        method = TASKS[name][0]
        cases.append((name, [(method, NOT_HEARD), ("Inform", NOT_HEARD)], "K1"))
        cases.append((name, [(method, NOT_ANSWERED), ("Inform", NOT_REACHED)], "K1"))
    phones = []
    for number, (_, _, model) in enumerate(cases):
        phone = Phone(port_of(server), f"{number:05}", random.Random(number), product_class=model)
        phone.knows_queue = phone.knows_m_events = model == "K1"
        phone.interval, phone.pause = 1.0, (0.1, 0.3)
        phones.append(phone)

    async def work() -> None:
        operator = Operator(server)
        assert await operator.file(CONFIG, b"a = 1\n" * 2_000)
        assert await operator.file(VERSIONED, b"version=2.0 " + bytes(20_000), version="2.0")
        assert await operator.file(UNVERSIONED, b"version=3.0 " + bytes(20_000))
        async with living(phones):
            await until(lambda: all(phone.sessions for phone in phones))
            tasks = []
            for phone, (name, dies, _) in zip(phones, cases, strict=True):
                phone.dies = list(dies)
                phone.ledger.methods.clear()
                tasks.append(await operator.task(phone, **TASKS[name][1]))
                phone.poke()
            try:
                await operator.ended(*phones)
            finally:
                print(report(operator))
            await until(lambda: not any(phone.dies for phone in phones))
            before = [phone.sessions for phone in phones]
            await until(lambda: all(p.sessions > was + 1 for p, was in zip(phones, before, strict=True)))
        assert all(task["state"] == "done" for task in operator.tasks.values()), report(operator)
        hold_against_ledgers(operator, phones)
        for phone, case, task in zip(phones, cases, map(operator.tasks.get, tasks), strict=True):
            name, [(_, point), *_], _ = case
            method = TASKS[name][0]
            executed = phone.ledger.methods[method]
            if point == NOT_HEARD and method not in ("GetParameterValues", "GetParameterNames"):
                # the answer arrived; the second SetParameterValues is the new object's
                assert executed == 1, (case, phone.ledger.methods)
            if task["type"] in ONCE_ONLY:
                assert executed == 1, (case, phone.ledger.methods)

    run(work)


# --- sessions that move ----------------------------------------------------------------------------------


def test_a_session_goes_on_in_whichever_process_gets_its_next_connection(start_server):
    server = start_server(*lasting_ports(), "--cpe-auth", "none", "--processes", "4")
    phones = [Phone(port_of(server), f"{n:05}", random.Random(n)) for n in range(12)]
    for phone in phones:
        phone.connection_each_message = True

    async def work() -> None:
        operator = Operator(server)
        async with living(phones):
            await until(lambda: all(phone.sessions for phone in phones))
            for phone in phones:
                for name in ("get", "set", "add", "names", "attributes", "set attributes", "methods"):
                    assert await operator.task(phone, **TASKS[name][1])
                phone.poke()
            await operator.ended(*phones)
        assert all(task["state"] == "done" for task in operator.tasks.values()), report(operator)
        assert all(task["attempts"] == 1 for task in operator.tasks.values())
        assert not any(phone.broken for phone in phones)
        hold_against_ledgers(operator, phones)
        taking_part = {line["pid"] for line in map(json.loads, server.log().splitlines()) if "pid" in line}
        assert not taking_part or len(taking_part) > 1

    run(work)


# --- stopping in order -----------------------------------------------------------------------------------


def test_a_stop_in_the_middle_of_sessions_loses_nothing(start_server):
    server = start_server(
        *lasting_ports(), "--cpe-auth", "none", "--processes", "2", "--log-level", "warning"
    )
    draw = random.Random(3)
    phones = [Phone(port_of(server), f"{n:05}", random.Random(n)) for n in range(60)]

    async def work() -> None:
        operator = Operator(server)
        assert await operator.file(CONFIG, b"a = 1\n" * 20_000)
        assert await operator.file(VERSIONED, b"version=2.0 " + bytes(200_000), version="2.0")
        assert await operator.file(UNVERSIONED, b"version=3.0 " + bytes(200_000))
        async with living(phones):
            await until(lambda: all(phone.sessions for phone in phones))
            plans = [wishes(number, draw) for number in range(len(phones))]
            for place in (0, 3):
                for phone, plan in zip(phones, plans, strict=True):
                    for request in plan[place : place + 3]:
                        assert await operator.task(phone, **request)
                for phone in phones:
                    phone.poke()
                await asyncio.sleep(draw.uniform(0.1, 0.3))
                assert await asyncio.to_thread(server.stop) == 0
                await asyncio.to_thread(server.start)
            await operator.ended(*phones)
        assert all(task["state"] == "done" for task in operator.tasks.values()), report(operator)
        hold_against_ledgers(operator, phones)
        assert not server.tracebacks()

    run(work)
