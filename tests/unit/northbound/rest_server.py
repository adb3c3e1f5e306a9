"""The web port alone, as a process of its own: `rest_server.py REDIS_URL DATA_DIR [WEB [APPROVAL]]`.

It prints its port. WEB is JSON of what is set for the web port; APPROVAL are the phones from which on a
rollout needs a second person.

Connection requests go nowhere: a serial number that begins with SLOW takes a minute, one with GONE fails in
the sender itself, all others answer at once.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet import asyncioreactor

from acs import logs
from acs.datamodel import key_loading, model_files
from acs.fleet.device import WakeRecord
from acs.fleet.provisioning import AcsAccount
from acs.northbound.rest.routing import Services
from acs.northbound.web import Web
from acs.operations import backups
from acs.store.runner_reactor import ReactorRunner
from acs.store.shapes import Shapes


def main(redis_url: str, data_dir: Path, web: Web, rollout_approval: int = 0) -> None:
    log_file = (data_dir / "server.log").open("w", encoding="utf-8")  # closed when nobody holds it
    logs.start("info", log_file)
    asyncioreactor.install()
    from twisted.internet import reactor  # only after its kind was chosen
    from twisted.internet.task import deferLater

    from acs.northbound.console.rooms import rooms as console_rooms
    from acs.northbound.nbi.room import rooms as nbi_rooms
    from acs.northbound.rest.site import make_site
    from acs.northbound.soap.room import rooms as soap_rooms
    from acs.southbound.replay import Replayer

    loop: Any = reactor
    runner = ReactorRunner(redis_url)

    async def wake(device_id: str, by: str) -> WakeRecord:
        serial = device_id.rpartition("-")[2]
        if serial.startswith("SLOW"):
            await deferLater(loop, 60)
        if serial.startswith("GONE"):
            raise RuntimeError("the sender is broken")
        return WakeRecord(time.time(), "accepted", f"{serial} took it, asked for by {by}")

    services = Services(
        runner=runner,
        shapes=Shapes(),
        wake=wake,
        replay=Replayer(
            link=lambda device, now: lambda one: f"http://files.test/{one.id}",
            connection_login=lambda device, notes: None,
            catalogue=key_loading.shipped(),
            breathe=lambda: deferLater(loop, 0),
        ),
        files=data_dir / "files",
        incoming=data_dir / "incoming",
        reactor=loop,
        now=time.time,
        randomness=os.urandom,
        catalogue=key_loading.shipped(),
        models=model_files.with_own(""),
        account=lambda host: AcsAccount(f"http://{host}:7547/", "fleet", "secret"),
        file_limit=32 << 20,
        version="1.2.3",
        web=web,
        rollout_approval=rollout_approval,
        backup=backups.Source(redis_url, data_dir, None, "1.2.3"),
    )

    def listen(_: object) -> None:
        rooms = {**console_rooms(services), **soap_rooms(services), **nbi_rooms(services)}
        port = loop.listenTCP(0, make_site(services, rooms=rooms), interface="127.0.0.1")
        print(port.getHost().port, flush=True)

    loop.callWhenRunning(lambda: runner.start().addCallback(listen))
    loop.run()


if __name__ == "__main__":
    _web = msgspec.json.decode((sys.argv[3:] or ["{}"])[0], type=Web)
    main(sys.argv[1], Path(sys.argv[2]), _web, int((sys.argv[4:] or ["0"])[0]))
