"""The connection-request server of a swarm: one port, a path for each phone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from random import Random

import httpx

from acs.simulator.connection_requests import ConnectionRequestServer
from acs.simulator.phone import MOST_CONNECTION_REQUESTS, Phone
from acs.simulator.state import PhoneState
from acs.simulator.tally import Tally

MakePhone = Callable[..., PhoneState]
MS = "Device.ManagementServer."


def served(state: PhoneState, ask: Callable[[httpx.AsyncClient, str], Awaitable[None]]) -> Phone:
    """Run `ask(client, url of the phone)` against a server with this phone behind it."""

    async def run() -> Phone:
        phone = Phone(state, Tally(), Random(1))
        phone._off = False
        server = ConnectionRequestServer({state.identity.serial: phone}.get)
        port = await server.listen("127.0.0.1", 0)
        try:
            async with httpx.AsyncClient() as client:
                await ask(client, f"http://127.0.0.1:{port}/{state.identity.serial}")
        finally:
            server.close()
        return phone

    return asyncio.run(run())


def with_login(state: PhoneState) -> PhoneState:
    state.tree.put(MS + "ConnectionRequestUsername", "wake")
    state.tree.put(MS + "ConnectionRequestPassword", "up")
    return state


def test_without_a_user_name_nobody_is_asked(make_phone: MakePhone) -> None:
    async def ask(client: httpx.AsyncClient, url: str) -> None:
        assert (await client.get(url)).status_code == 204

    phone = served(make_phone(), ask)
    assert [event.event_code for event in phone.state.inform().event] == ["6 CONNECTION REQUEST"]


def test_digest(make_phone: MakePhone) -> None:
    async def ask(client: httpx.AsyncClient, url: str) -> None:
        assert (await client.get(url)).status_code == 401
        assert (await client.get(url, auth=httpx.DigestAuth("wake", "wrong"))).status_code == 401
        assert (await client.get(url, auth=httpx.DigestAuth("wake", "up"))).status_code == 204

    phone = served(with_login(make_phone()), ask)
    assert "6 CONNECTION REQUEST" in phone.state.events


def test_an_answer_cannot_be_used_twice(make_phone: MakePhone) -> None:
    async def ask(client: httpx.AsyncClient, url: str) -> None:
        accepted = await client.get(url, auth=httpx.DigestAuth("wake", "up"))
        assert accepted.status_code == 204
        header = accepted.request.headers["Authorization"]
        assert (await client.get(url, headers={"Authorization": header})).status_code == 401

    served(with_login(make_phone()), ask)


def test_no_qop(make_phone: MakePhone) -> None:
    async def ask(client: httpx.AsyncClient, url: str) -> None:
        challenge = (await client.get(url)).headers["WWW-Authenticate"]
        assert re.match(r'Digest realm="[^"]*", nonce="[^"]*"', challenge)
        assert "qop" not in challenge
        accepted = await client.get(url, auth=httpx.DigestAuth("wake", "up"))
        assert accepted.status_code == 204

    served(with_login(make_phone("no-qop-connection-requests")), ask)


def test_a_phone_in_a_session_declines(make_phone: MakePhone) -> None:
    state = make_phone()

    async def run() -> None:
        phone = Phone(state, Tally(), Random(1))
        phone._off = False
        phone.session_over.clear()
        assert not phone.accept_connection_request()

    asyncio.run(run())
    assert "6 CONNECTION REQUEST" not in state.events


def test_too_many_in_a_minute_are_declined(make_phone: MakePhone, clock) -> None:
    async def run() -> None:
        phone = Phone(make_phone(), Tally(), Random(1))
        accepted = [phone.accept_connection_request() for _ in range(MOST_CONNECTION_REQUESTS + 1)]
        assert accepted == [True] * MOST_CONNECTION_REQUESTS + [False]
        clock.now += 60
        assert phone.accept_connection_request()

    asyncio.run(run())


def test_busy_persona(make_phone: MakePhone) -> None:
    async def ask(client: httpx.AsyncClient, url: str) -> None:
        assert (await client.get(url)).status_code == 503

    served(make_phone("503-to-connection-requests"), ask)


def test_unknown_paths_and_methods(make_phone: MakePhone) -> None:
    async def ask(client: httpx.AsyncClient, url: str) -> None:
        assert (await client.get(url + "0")).status_code == 404
        assert (await client.post(url)).status_code == 405

    served(make_phone(), ask)
