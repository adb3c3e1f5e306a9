"""Action URLs on the files port: what phones tell of themselves at the moment it happens.

    GET  …/a/<token>/<event>?mac=…&ip=…      one of the guide's events

The token is the fleet's: who does not show it gets 404. The phone is found by its MAC address, told in the
query or the User-Agent; nothing is kept of one that never called by CWMP. Events of calls are answered and
forgotten, unless the installation keeps them. Each other event is a sign of life, a line of the phone's
timeline and an event of the fleet.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from hmac import compare_digest

import structlog

from acs.fleet import action_urls as rules
from acs.fleet import user_agent
from acs.fleet.attributes import read_mac
from acs.fleet.changes import TimelineEntry
from acs.fleet.identity import device_key
from acs.southbound.http_messages import Request, RequestHead, Response, refused_unless_read, text_response
from acs.southbound.signs_of_life import SignsOfLife
from acs.store import events, fetches, timeline
from acs.store.errors import StoreError
from acs.store.fetches import Asking
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.actions")

_PATH = re.compile(r"(?:/[^/]*)*?/a/([0-9a-f]{32})/([a-z_]{1,40})")
_NOTED = text_response(200, "noted")
_NOT_FOUND = text_response(404, "there is nothing here")


class ActionUrls:
    """Its `claims`, `begin` and `handle` are used by the files port (`acs.southbound.files_port`).

    :param keep_calls: keep events of calls, too.
    :param now: seconds since the epoch.
    """

    kind = "action"

    def __init__(
        self,
        runner: ReactorRunner,
        token: str,
        signs: SignsOfLife,
        *,
        keep_calls: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._runner = runner
        self._token = token
        self._signs = signs
        self._keep_calls = keep_calls
        self._now = now

    def claims(self, path: str) -> bool:
        return _PATH.fullmatch(path) is not None

    def begin(self, head: RequestHead) -> Response | None:
        return refused_unless_read(head.method)

    async def handle(self, request: Request) -> Response:
        match = _PATH.fullmatch(request.path)
        assert match is not None
        token, name = match[1], match[2]
        if not compare_digest(token, self._token) or name not in rules.EVENTS:
            return _NOT_FOUND
        if name in rules.OF_CALLS and not self._keep_calls:
            return _NOTED
        query = request.query
        mac = read_mac(query.get("mac", "")) or user_agent.read(request.headers.text(b"user-agent")).mac
        if not mac:
            return _NOTED
        try:
            await self._note(rules.read(name, query), mac)
        except StoreError as error:
            log.warning("an action URL was lost", peer=request.peer, action=name, reason=str(error))
            return text_response(503, "The server's store is not available.", ((b"Retry-After", b"10"),))
        return _NOTED

    async def _note(self, action: rules.ActionUrl, mac: str) -> None:
        asking: Asking = await self._runner.drive(fetches.who(mac))
        if asking.device is None:
            return
        now, device = self._now(), asking.device
        self._signs.spoke(device, now)
        event = rules.told_event(action, device.id, now)
        line = TimelineEntry(now, "action", event.text, dict(event.data))
        await self._runner.run_all([events.push((event,)), timeline.push(device_key(device.id), (line,))])
