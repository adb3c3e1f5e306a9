"""Waking phones: a connection request asks a phone to open a session now, and this tells how that went.

The first GET goes without credentials, because only the phone's challenge tells how it wants them. The
second goes on a fresh connection, because phones close theirs after a 401 (quirk 12). A redirect is not
followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred, DeferredSemaphore, succeed
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.python.failure import Failure

from acs.fleet.waking import Kind
from acs.southbound.connection_request import MalformedUrl, NoAnswer, Reply, Target, get, parse_url
from acs.southbound.digest import ServerChallenge, answer, challenges
from acs.southbound.tls import ClientContext

#: Seconds for one phone, all attempts together. A phone that is there answers within one.
TIMEOUT = 10.0

#: Connection requests under way at once, in one process.
LIMIT = 100

#: GETs for one wake: without credentials, with them, and once more where the phone calls its nonce stale.
_TRIES = 3


class Outcome(Struct, frozen=True):
    """How a connection request went; `text` is a sentence for the operator, `status` 0 where there was
    none."""

    kind: Kind
    text: str
    status: int = 0


class Waker:
    """Sends connection requests, so many at once at most, and never two to the same URL at the same time.

    :param limit: connection requests under way at once.
    :param timeout: seconds for each, from when its turn came.
    :param randomness: gives so many random bytes.
    """

    def __init__(
        self,
        limit: int = LIMIT,
        *,
        timeout: float = TIMEOUT,
        randomness: Callable[[int], bytes] = os.urandom,
        reactor: Any = None,
    ) -> None:
        if reactor is None:
            from twisted.internet import reactor
        self._reactor = reactor
        self._timeout = timeout
        self._randomness = randomness
        self._turns = DeferredSemaphore(limit)
        self._tls = ClientContext()
        self._waiting: dict[str, list[Deferred[Outcome]]] = {}

    @property
    def under_way(self) -> int:
        """Phones being woken, or waiting for their turn."""
        return len(self._waiting)

    def wake(self, url: str, username: str = "", password: str = "") -> Deferred[Outcome]:
        """Ask the phone at this ConnectionRequestURL for a session. Never fails: the outcome tells how it
        went.

        While a request is under way to the same URL, its outcome is this one's too.
        """
        outcome: Deferred[Outcome] = Deferred()
        waiting = self._waiting.setdefault(url, [])
        waiting.append(outcome)
        if len(waiting) == 1:
            work = self._turns.run(self._wake, url, username, password)
            work.addErrback(_unforeseen)
            work.addCallback(self._tell_all, url)
        return outcome

    def _tell_all(self, outcome: Outcome, url: str) -> None:
        for waiting in self._waiting.pop(url):
            if not waiting.called:  # else cancelled by who asked
                waiting.callback(outcome)

    def _wake(self, url: str, username: str, password: str) -> Deferred[Outcome]:
        try:
            target = parse_url(url)
        except MalformedUrl as error:
            return succeed(Outcome(Kind.MALFORMED_URL, str(error)))
        talk = Deferred.fromCoroutine(self._talk(target, username, password))
        talk.addErrback(_unreachable, target)
        return talk.addTimeout(self._timeout, self._reactor, _timed_out)

    async def _talk(self, target: Target, username: str, password: str) -> Outcome:
        authorization: bytes | None = None
        for _ in range(_TRIES):
            reply: Reply = await get(self._reactor, target, authorization, self._tls)
            if reply.status != 401:
                return _outcome(reply.status)
            offered = challenges(reply.challenges)
            if authorization is not None and not _stale(offered):
                return _refused("the phone does not accept the user name and password known for it")
            if not username:
                return _refused("the phone asks for a user name and password, and none are known for it")
            authorization = answer(
                offered,
                method="GET",
                uri=target.path,
                username=username,
                password=password,
                cnonce=self._randomness(8).hex(),
            )
            if authorization is None:
                return _refused("the phone asks for a kind of login that this server does not know")
        return _refused("the phone calls each of its own nonces stale")


def _stale(offered: list[ServerChallenge]) -> bool:
    return any(challenge.fields.get(b"stale", b"").lower() == b"true" for challenge in offered)


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(Kind.ACCEPTED, f"the phone accepted the connection request ({status})", status)
    if status == 503:
        text = "the phone declined for now: it is in a session, or was asked too often (503)"
        return Outcome(Kind.DECLINED, text, status)
    return Outcome(Kind.UNEXPECTED, f"the phone answered with status {status}", status)


def _refused(text: str) -> Outcome:
    return Outcome(Kind.REFUSED, text, 401)


def _unreachable(failure: Failure, target: Target) -> Outcome | Failure:
    """An outcome for what a network does; anything else goes on as the failure it is."""
    if isinstance(failure.value, ValueError):  # no name that could be looked up
        return Outcome(Kind.MALFORMED_URL, f"{target.host!r} in the ConnectionRequestURL is no host name")
    if not isinstance(failure.value, ConnectError | DNSLookupError | NoAnswer | OSError):
        return failure
    told = " ".join(str(failure.value).split()).rstrip(".") or type(failure.value).__name__
    return Outcome(Kind.UNREACHABLE, f"{target.authority} cannot be reached: {told}")


def _timed_out(result: object, timeout: float) -> Outcome:
    return Outcome(Kind.TIMED_OUT, f"the phone did not answer within {timeout:g} seconds")


def _unforeseen(failure: Failure) -> Outcome:
    return Outcome(Kind.UNREACHABLE, f"the connection request failed: {failure.value!r}")
