"""A recorded session, played again with the code that serves phones: the same endpoint, session and rules.

What a replay does not have is a phone, a network and a store (`acs.southbound.stand_in_store`); its clock
shows the times at which the messages came. So it runs from its first line to its last without waiting.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import structlog
from twisted.internet.task import Clock

from acs.cwmp.session import SID_LENGTH
from acs.datamodel.keys import Catalogue
from acs.fleet.daily_window import DailyWindow
from acs.fleet.trace.blanking import Blanking, secret_parameter
from acs.fleet.trace.comparison import Replayed
from acs.fleet.trace.records import TraceMessage, TraceStart
from acs.southbound.conversation import Conversations
from acs.southbound.credentials import Authenticator, Mode
from acs.southbound.cwmp_endpoint import CwmpEndpoint
from acs.southbound.http_messages import Connection, Headers, Request, Response
from acs.southbound.session_cookie import set_cookie
from acs.southbound.session_steps import LinkMaker, LoginMaker, StunMaker
from acs.southbound.stand_in_store import NOBODY, StandInStore

log = structlog.get_logger("acs.replay")

#: Fields that were for the connection or the login of then.
_OF_THEN = frozenset(
    {"cookie", "authorization", "content-length", "content-encoding", "transfer-encoding", "expect"}
)


#: Messages that are played before others have their turn: some milliseconds of work.
_AT_ONCE = 10


class Replayer:
    """Plays sessions as `Conversations` with these parts would hold them; its arguments are the same.

    :param breathe: lets whatever else waits in this process have its turn.
    """

    def __init__(
        self,
        *,
        link: LinkMaker,
        connection_login: LoginMaker,
        catalogue: Catalogue,
        stun: StunMaker | None = None,
        config_window: DailyWindow | None = None,
        config_upload_every: int = 0,
        inform_interval: int = 0,
        secrets: tuple[str, ...] = (),
        breathe: Callable[[], Awaitable[object]],
    ) -> None:
        self._breathe = breathe
        self._parts: dict[str, Any] = {
            "link": link,
            "connection_login": connection_login,
            "catalogue": catalogue,
            "stun": stun,
            "config_window": config_window,
            "config_upload_every": config_upload_every,
            "inform_interval": inform_interval,
        }
        self._blanking = Blanking(secret_parameter(catalogue), secrets)

    async def __call__(self, start: TraceStart, messages: Sequence[TraceMessage]) -> list[Replayed]:
        """What is answered to these messages of a phone, in order, beginning from `start`."""
        play = _Play(start, self._parts)
        answers = []
        for number, message in enumerate(messages, 1):
            if number % _AT_ONCE == 0:
                await self._breathe()
            response = play.answer(message)
            body = response.body if isinstance(response.body, bytes) else b""
            kept, _ = self._blanking.body(body)
            noted = tuple(map(self._blanking.text, play.store.noted()))
            answers.append(Replayed(response.status, kept, noted))
        return answers


class _Play:
    """One replay."""

    def __init__(self, start: TraceStart, parts: dict[str, Any]) -> None:
        self._now = 0.0
        self._sid = start.sid
        self._connections: dict[int, Connection] = {}
        self.store = StandInStore(start, lambda: self._now)
        conversations = Conversations(
            NOBODY,
            store=self.store,
            logger=_Listener(self.store),
            clock=Clock(),
            now=lambda: self._now,
            randomness=self._as_then,
            **parts,
        )
        authenticator = Authenticator(Mode.NONE, "", "", b"replay")
        self._endpoint = CwmpEndpoint(conversations, authenticator, now=lambda: self._now)

    def _as_then(self, length: int) -> bytes:
        """The session has the id that it had, so that the IDs of its messages fit."""
        return bytes.fromhex(self._sid[SID_LENGTH // 2 :])[:length].ljust(length, b"\0")

    def answer(self, message: TraceMessage) -> Response:
        self._now = message.at
        if message.tasks is not None:
            self.store.change(message.tasks)
        method, target, version = (*message.start_line.split(" "), "/", "HTTP/1.1")[:3]
        fields = [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in message.headers
            if name.lower() not in _OF_THEN
        ]
        _, cookie = set_cookie(self._sid)
        request = Request(
            method,
            target.encode("latin-1", "replace"),
            Headers([*fields, (b"cookie", cookie)]),
            message.body,
            version=version.removeprefix("HTTP/"),
            connection=self._connections.setdefault(message.connection, Connection("replay")),
        )
        answer = self._endpoint.handle(request)
        return _run(answer) if inspect.iscoroutine(answer) else answer  # type: ignore[return-value]


def _run(work: Coroutine[Any, Any, Response]) -> Response:
    """The coroutine's result; it has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration as end:
        response: Response = end.value
        return response
    work.close()
    raise AssertionError("a replay waits for something")


class _Listener:
    """Takes what sessions write into the log: it did not happen. Only a rule that raises is told."""

    def __init__(self, store: StandInStore) -> None:
        self._store = store

    def is_enabled_for(self, level: int) -> bool:
        return False

    def debug(self, event: str, **more: Any) -> None:
        """Nothing that anybody should read."""

    info = warning = log = debug

    def error(self, event: str, **more: Any) -> None:
        error = more.get("exc_info")
        log.warning("a rule fails in a replay", exc_info=error)
        if error is not None:
            self._store.add(f"{event}: {type(error).__name__}: {error}")
