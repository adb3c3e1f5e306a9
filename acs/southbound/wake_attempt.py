"""One attempt to wake one phone: way after way, until it comes, declines, or no way is left.

That a phone took a request proves little: behind NAT, another one may have answered. What counts is the
Inform that follows. It may come before the phone's answer (quirk 33), and datagrams are not answered at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from acs.fleet import waking
from acs.fleet.changes import TimelineEntry
from acs.fleet.device import WakeRecord
from acs.fleet.fleet_event import FleetEvent, event
from acs.fleet.identity import device_key
from acs.fleet.metrics import CONNECTION_REQUESTS, Tally
from acs.fleet.waking import Attempt, Kind, Way
from acs.southbound.stun_messages import Address
from acs.southbound.wake import Outcome
from acs.southbound.wake_ways import WakeWays, way_text
from acs.store import devices, events, timeline, wakes
from acs.store.devices import KnownDevice
from acs.store.runner_reactor import ReactorRunner
from acs.store.wakes import Job

#: Seconds after which the Inform is looked for, one look after the other: of a phone that took the request,
#: and of one that was sent datagrams. With each of the first of those looks another copy leaves.
LOOKS = (0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 4.0, 4.0)
UDP_LOOKS = (0.3, 0.4, 0.6, 0.9, 1.3, 1.5)
COPIES = 4


class Means(Struct, frozen=True):
    """What attempts need. `now` gives seconds since the epoch, `chance` a number from 0 to 1."""

    runner: ReactorRunner
    ways: WakeWays
    now: Callable[[], float]
    #: the reactor, for pauses
    clock: Any
    chance: Callable[[], float]
    #: seconds between two requests to one phone, in which it is not asked again
    spacing: float = 0.0
    looks: tuple[float, ...] = LOOKS
    udp_looks: tuple[float, ...] = UDP_LOOKS
    #: counts attempts
    tally: Tally = field(default_factory=Tally)


async def attempt(means: Means, job: Job, told: Deferred[WakeRecord]) -> None:
    """Try to wake the job's phone and end the job or put it off; `told` gets the first outcome."""
    key = device_key(job.device_id)
    calls: list[Any] = [devices.get(key), wakes.history(key), wakes.binding(key)]
    known, history, binding = await means.runner.run_all(calls)
    if known is None:
        await means.runner.run(wakes.finish(job))
        told.callback(WakeRecord(means.now(), "unknown", "no such phone is known"))
    elif job.attempts > 1 and known.last_inform > job.asked_at:
        await means.runner.run(wakes.finish(job))
        told.callback(WakeRecord(means.now(), Kind.CAME, "it has called meanwhile"))
    else:
        addresses = means.ways.udp_addresses(known, binding)
        await _Attempt(means, job, known, told).run(history, addresses)


class _Attempt:
    def __init__(self, means: Means, job: Job, known: KnownDevice, told: Deferred[WakeRecord]) -> None:
        self._means = means
        self._job = job
        self._known = known
        self._key = device_key(job.device_id)
        self._told = told
        self._tried: list[Attempt] = []
        self._asked_at = means.now()

    async def run(self, history: tuple[Attempt, ...], addresses: tuple[Address, ...]) -> None:
        order = waking.ways(self._known.device, udp=bool(addresses), history=history)
        outcome = Outcome(Kind.UNREACHABLE, "no way leads to it")
        said: list[str] = []
        for way in order:
            by_udp = way is Way.UDP
            outcome, came = await (self._by_udp(addresses) if by_udp else self._by_http())
            if came:
                remembered = wakes.push_attempts(self._key, self._tried)
                await self._means.runner.run_all((remembered, wakes.finish(self._job)))
                return
            said.append(f"{outcome.text} ({way_text(way)})" if len(order) > 1 else outcome.text)
            if outcome.kind is Kind.DECLINED:
                break
        await self._failed(outcome, "; ".join(said))

    async def _by_http(self) -> tuple[Outcome, bool]:
        means, sent_at = self._means, self._means.now()
        outcome = await means.ways.by_http(self._known)
        came: KnownDevice | None = None
        if outcome.kind is Kind.ACCEPTED:
            await self._say(WakeRecord(means.now(), outcome.kind, outcome.text), last=False)
            came = await self._look_for_inform(sent_at, means.looks, lambda: None)
            if came is None:
                text = f"{outcome.text}, but it did not call within {sum(means.looks):g} s"
                outcome = Outcome(Kind.UNANSWERED, text, outcome.status)
        self._note(sent_at, Way.HTTP, outcome, came)
        return outcome, came is not None

    async def _by_udp(self, addresses: tuple[Address, ...]) -> tuple[Outcome, bool]:
        means, sent_at = self._means, self._means.now()
        request = means.ways.udp_request(self._known, addresses)
        means.ways.send(request)
        copies = 1

        def another() -> None:
            nonlocal copies
            if copies < COPIES:
                copies += 1
                means.ways.send(request)

        came = await self._look_for_inform(sent_at, means.udp_looks, another)
        if came is None:
            patience = sum(means.udp_looks)
            text = f"sent to {request.where}, and it did not call within {patience:g} s"
            outcome = Outcome(Kind.UNANSWERED, text)
        else:
            outcome = Outcome(Kind.CAME, f"the phone called after a request by UDP to {request.where}")
            await self._say(WakeRecord(means.now(), outcome.kind, outcome.text), last=False)
        self._note(sent_at, Way.UDP, outcome, came)
        return outcome, came is not None

    async def _look_for_inform(
        self, since: float, looks: tuple[float, ...], between: Callable[[], None]
    ) -> KnownDevice | None:
        """The phone once its Inform came, None when it did not within these looks."""
        for pause in looks:
            await deferLater(self._means.clock, pause)
            known = await self._means.runner.run(devices.get(self._key))
            if known is not None and known.last_inform >= since:
                return known
            between()
        return None

    def _note(self, sent_at: float, way: Way, outcome: Outcome, came: KnownDevice | None) -> None:
        after = came.last_inform - sent_at if came is not None else None
        self._tried.append(Attempt(sent_at, way, outcome.kind, outcome.text, after))
        ended = outcome.kind if came is None else Kind.CAME
        self._means.tally.count(CONNECTION_REQUESTS, way, ended)

    async def _failed(self, outcome: Outcome, text: str) -> None:
        """Try again later, or say what is left to wait for."""
        means, job, known = self._means, self._job, self._known
        now = means.now()
        if outcome.kind is Kind.DECLINED and known.session is not None:
            text = f"{text}; a session with it is open"
        pause = waking.pause(outcome.kind, job.attempts, means.chance())
        if pause is not None:
            pause = max(pause, self._asked_at + means.spacing - now)
            record = WakeRecord(now, outcome.kind, f"{text}; asked again in {pause:.0f} s", now + pause)
        else:
            left = waking.left_to_wait(known.device, known.last_inform, now)
            tried = f"tried {job.attempts} times; {left}" if job.attempts > 1 else left
            due = waking.next_inform(known.device, known.last_inform)
            record = WakeRecord(now, outcome.kind, f"{text}; {tried}", next_inform=due)
        await self._say(record, last=True)

    async def _say(self, record: WakeRecord, *, last: bool) -> None:
        """Record an outcome and tell whoever waits for the first one. `last` ends the attempt."""
        entry = TimelineEntry(
            record.at, "wake", f"connection request: {record.text}", {"outcome": record.outcome}
        )
        calls: list[Any] = [devices.put_wake(self._key, record), timeline.push(self._key, [entry])]
        if last:
            if not record.again_at:
                calls.append(events.push((_failure(record, self._job),)))
            calls.append(wakes.push_attempts(self._key, self._tried))
            calls.append(wakes.finish(self._job, again_at=record.again_at))
        else:
            calls.append(wakes.sent(self._job))
        await self._means.runner.run_all(calls)
        if not self._told.called:
            self._told.callback(record)


def _failure(record: WakeRecord, job: Job) -> FleetEvent:
    """For whoever wants to hear of phones that nothing reaches."""
    facts = {"outcome": record.outcome, "attempts": job.attempts, "by": job.by}
    return event("wake_failed", record.at, f"Not woken: {record.text}", facts, device=job.device_id)
