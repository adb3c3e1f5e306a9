"""A session of an independent phone is recorded by whichever process holds it, and played again."""

from __future__ import annotations

import asyncio
import random
import time

from tests.system.independent_phone import Phone, put_away

SECRET = "s3cret-of-the-phone"
PASSWORD = "Device.ManagementServer.ConnectionRequestPassword"


async def until(what, *, seconds: float = 60, meanwhile=lambda: None):
    """What is true at last. Others on this machine may be slow, too."""
    deadline = time.monotonic() + seconds
    meanwhile()
    while not (found := await asyncio.to_thread(what)):
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.5)
        meanwhile()
    return found


def test_recorded_in_two_processes_and_played_again(start_server):
    server = start_server("--processes", "2", "--stun-port", "none")
    port = int(server.urls["cwmp"].rpartition(":")[2])
    phone = Phone(port, "TRACE1", random.Random(1), (server.login["username"], server.login["password"]))
    phone.connection_each_message = True
    base = f"/api/v1/devices/{phone.id}"

    def of(path: str):
        answer = server.api.get(base + path)
        return answer.json() if answer.status_code == 200 else None

    def ended() -> list:
        """Those that are over; a process that was left may have said so first."""
        return [one for one in of("/traces")["items"] if one["state"] in ("done", "superseded")]

    async def work() -> str:
        life = asyncio.create_task(phone.live())
        try:
            await until(lambda: (found := of("")) and found["learning"]["state"] == "complete")
            task = {"type": "set_parameter_values", "values": {PASSWORD: SECRET}}
            made = await asyncio.to_thread(server.api.post, f"{base}/traces", json={"sessions": 2})
            assert made.status_code == 201
            put = await asyncio.to_thread(server.api.post, f"{base}/tasks", json=task)
            assert put.status_code == 201
            await until(lambda: len(ended()) == 2, meanwhile=phone.poke)
        finally:
            await put_away(life)
        return max(ended(), key=lambda one: one["size"])["id"]

    trace = asyncio.run(work())
    view = of(f"/traces/{trace}")
    names = [one["name"] for one in view["messages"]]
    assert {"Inform", "InformResponse", "SetParameterValues"} <= set(names)
    assert len({one["connection"] for one in view["messages"]}) > 1
    shown = server.acs("device", "trace", phone.id, "--show", trace).stdout
    for secret in (SECRET, server.login["password"]):
        assert secret not in shown
        assert secret not in str(view)
    replay = server.api.post(f"{base}/traces/{trace}/replay").json()
    assert [step["diff"] for step in replay["steps"] if step["outcome"] == "differs"] == []
    assert replay["same"]
    assert replay["played"] >= 3
    assert of("/traces")["armed"] is None
    assert server.tracebacks() == []
