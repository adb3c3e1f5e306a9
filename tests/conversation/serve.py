"""A server process for the conversations: the CWMP endpoint alone, on a free port, over a given Redis.

Prints its port on a line of its own when it is ready. Settings come as one JSON object in the first argument.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys

from twisted.internet import asyncioreactor

asyncioreactor.install(asyncio.new_event_loop())

import structlog  # noqa: E402 - a reactor is chosen before anything else may import one
from twisted.internet import defer, reactor, task  # noqa: E402 - as above

from acs.cwmp import session  # noqa: E402 - as above
from acs.cwmp.session import Patience  # noqa: E402 - as above
from acs.fleet import inform, notices, planner  # noqa: E402 - as above
from acs.southbound.conversation import Conversations  # noqa: E402 - as above
from acs.southbound.credentials import Authenticator  # noqa: E402 - as above
from acs.southbound.cwmp_endpoint import CwmpEndpoint  # noqa: E402 - as above
from acs.southbound.http import HttpFactory, text_response  # noqa: E402 - as above
from acs.southbound.plain_tcp import PlainPort  # noqa: E402 - as above
from acs.store.runner_reactor import ReactorRunner  # noqa: E402 - as above

SETTINGS = {
    "redis": "",
    "auth": "none",
    "patience": {},
    # A process that stops dead when this method is about to leave, after it was stored.
    "die_before_speaking": "",
    # A rule that raises for phones whose serial number begins with POISON.
    "poisoned_rule": "",
    "most_requests": 0,
    "upload_every": 0,
}


class CountingRunner(ReactorRunner):
    """Tells how many round trips were made, for tests that hold the smallest session to two."""

    trips = 0

    def run(self, call):
        CountingRunner.trips += not call.first
        return super().run(call)

    def run_all(self, calls):
        CountingRunner.trips += 1
        return super().run_all(calls)


def poison(name: str) -> None:
    """Have one rule raise for some phones, as a bug in it would."""
    module = {"absorb": inform, "noticed": notices}.get(name, planner)
    rule = getattr(module, name)

    def poisoned(first, *others, **more):
        serial = others[0].device_id.serial_number if name == "absorb" else first.device.serial_number
        return 1 / 0 if serial.startswith("POISON") else rule(first, *others, **more)

    setattr(module, name, poisoned)


async def serve(settings: dict) -> None:
    if settings["poisoned_rule"]:
        poison(settings["poisoned_rule"])
    session.MOST_REQUESTS = settings["most_requests"] or session.MOST_REQUESTS
    runner = CountingRunner(settings["redis"])
    await runner.start()
    conversations = Conversations(
        runner,
        clock=reactor,
        link=lambda device, now: lambda one: f"http://files.test/{one.id}",
        connection_login=lambda device, notes: None,
        patience=Patience(**settings["patience"]),
        tick=0.05,
        lost_grace=0.2,
        config_upload_every=settings["upload_every"],
    )
    conversations.start()
    authenticator = Authenticator(settings["auth"], "fleet", "secret", b"k" * 32)
    endpoint = CwmpEndpoint(conversations, authenticator)
    fatal = f"<cwmp:{settings['die_before_speaking']}>".encode()

    def handle(request):
        if request.path == "/trips":
            return text_response(200, str(CountingRunner.trips))
        answer = defer.maybeDeferred(endpoint.handle, request)
        if settings["die_before_speaking"]:
            answer.addCallback(lambda response: os._exit(9) if fatal in response.body else response)
        return answer

    factory = HttpFactory(handle)
    listener = socket.create_server(("127.0.0.1", 0))
    PlainPort(factory, listener)
    print(listener.getsockname()[1], flush=True)


def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    settings = {**SETTINGS, **json.loads(sys.argv[1])}
    reactor.callWhenRunning(lambda: defer.Deferred.fromCoroutine(serve(settings)).addErrback(_die))
    parent = os.getppid()
    task.LoopingCall(lambda: os.getppid() == parent or reactor.stop()).start(1)
    reactor.run()


def _die(failure) -> None:
    failure.printTraceback(file=sys.stderr)
    os._exit(1)


if __name__ == "__main__":
    main()
