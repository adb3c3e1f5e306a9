"""Events through the rules: `pass_on` finds what is to be done, `deliver` calls the webhooks that are due.

What is to be called is in the store before anything is called, under an id drawn from webhook and event. A
delivery is taken for some time; whoever dies over it, it is due again then. So a webhook may be called twice
for one event, never not at all: receivers tell by the event's id.

What is due is called all at once, and for so long at most: a receiver that is dead or slow holds up neither
the others nor the worker, however much waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpx
import msgspec
from msgspec import Struct, structs
from redis import Redis
from rq import Queue
from rq.exceptions import DuplicateJobError

from acs.fleet import hook
from acs.fleet.changes import TimelineEntry
from acs.fleet.device import OperatorNotes
from acs.fleet.fleet_event import FleetEvent
from acs.fleet.hook import Delivery, Rule
from acs.fleet.identity import device_key
from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.parsing import parse
from acs.store import devices, events, hooks, notes, selection, timeline
from acs.store.runner_blocking import BlockingRunner
from acs.store.shapes import Shapes
from workers.surroundings import current
from workers.timetable import QUEUE

#: Events that go through the rules in one run, deliveries whose ids are looked at, and calls of all webhooks
#: and of one at the same time.
EVENTS_AT_ONCE = 1000
DELIVERIES_AT_ONCE = 100_000
ALL_CALLS_AT_ONCE = 1000
CALLS_AT_ONCE = 20

#: Seconds for which a delivery is taken, and for which a receiver is waited for, from the first byte to the
#: status.
LEASE = 60
PATIENCE = 10.0

#: Seconds from one job that delivers to the next: one that has not begun then is not needed any more.
DELIVERED_EVERY = 5

#: Seconds after which a job that delivers begins no more calls.
ENOUGH = 20.0

#: A tag may be on so many, as operators have it.
MOST_TAGS = 50

_log = logging.getLogger(__name__)


def pass_on() -> dict[str, int]:
    """Put new events through the rules, then have every delivery made that is due."""
    runner, now = current().runner, time.time()
    passed = _through_rules(runner, now)
    due = len(runner.run(hooks.due(now, DELIVERIES_AT_ONCE)))
    if due:
        with Redis.from_url(current().redis_url) as connection:
            _have_delivered(Queue(QUEUE, connection=connection), now)
    return {"events": passed, "due": due}


def _through_rules(runner: BlockingRunner, now: float) -> int:
    place, rules = runner.run_all([events.passed(), hooks.rules()])
    new = runner.run(events.after(place, EVENTS_AT_ONCE))
    for kept in new:
        for rule in rules:
            if hook.concerns(rule, kept.event.kind) and _meant(runner, rule, kept.event.device, now):
                _act(runner, rule, kept.event, now)
    if new:
        runner.run(events.note_passed(place, new[-1].place))
    return len(new)


def _meant(runner: BlockingRunner, rule: Rule, device_id: str, now: float) -> bool:
    """Whether the rule's selector means this phone; one without a phone is meant by no selector."""
    if not rule.select:
        return True
    if not device_id:
        return False
    try:
        query = parse(f'id = "{device_id}" and ({rule.select})')
        chosen = runner.drive(selection.prepare(query, Shapes(), now=now))
        return bool(runner.drive(chosen.page(limit=1)).ids)
    except SelectorError as error:  # a saved selector it uses was changed or is gone
        _log.warning("the rule %s cannot be used: %s", rule.name, error)
        return False


def _act(runner: BlockingRunner, rule: Rule, event: FleetEvent, now: float) -> None:
    if rule.webhook:
        runner.run(hooks.add(hook.delivery(rule, event, now)))
    if event.device and (rule.add_tags or rule.remove_tags):
        _tag(runner, rule, event, now)


def _tag(runner: BlockingRunner, rule: Rule, event: FleetEvent, now: float) -> None:
    changed = False

    def tagged(before: OperatorNotes) -> OperatorNotes:
        nonlocal changed
        kept = [tag for tag in before.tags if tag not in rule.remove_tags]
        tags = tuple(dict.fromkeys((*kept, *rule.add_tags)))[:MOST_TAGS]
        changed = tags != before.tags
        return structs.replace(before, tags=tags)

    runner.drive(notes.change(event.device, tagged))
    if changed:
        done = [f"+{tag}" for tag in rule.add_tags] + [f"-{tag}" for tag in rule.remove_tags]
        text = f"The rule {rule.name} changed its tags over {event.kind}: {', '.join(done)}"
        entry = TimelineEntry(now, "device", text, {"rule": rule.name, "event": event.id})
        runner.run(timeline.push(device_key(event.device), (entry,)))


# --- webhooks -----------------------------------------------------------------------------------------------


def _have_delivered(queue: Queue, now: float) -> None:
    with suppress(DuplicateJobError):
        queue.enqueue(
            "workers.hooks.deliver",
            job_id=f"deliver-{int(now // DELIVERED_EVERY)}",
            unique=True,
            job_timeout=LEASE,
            ttl=2 * DELIVERED_EVERY,
            result_ttl=2 * DELIVERED_EVERY,
            failure_ttl=3600,
            description="webhook calls",
        )


def deliver() -> dict[str, int]:
    """Make the deliveries that are due; returns how many were taken, and how many were not."""
    counted: Counter[bool] = Counter()
    slow: set[str] = set()
    until = time.time() + ENOUGH
    while faults := _deliver_some(current().runner, time.time(), slow):
        counted.update(not fault for fault in faults)
        if time.time() > until:
            break
    return {"taken": counted[True], "not_taken": counted[False]}


def _deliver_some(runner: BlockingRunner, now: float, slow: set[str]) -> list[str]:
    """Make some of them at once; why each failed, "" where it did not.

    :param slow: the marks of webhooks that are not called any more in this run, because others would wait for
        them; those that turn out to be slow are added.
    """
    due: list[tuple[str, float]] = runner.run(hooks.due(now, DELIVERIES_AT_ONCE))
    chosen = _chosen(due, slow)
    found: list[Delivery | None] = runner.run_all([hooks.get(name) for name, _ in chosen])
    claimed = runner.run_all([hooks.claim(name, at, now + LEASE) for name, at in chosen])
    ours = [one for one, is_ours in zip(found, claimed, strict=True) if is_ours and one is not None]
    faults = asyncio.run(_call_all([_prepared(runner, one, now) for one in ours]))
    for one, fault in zip(ours, faults, strict=True):
        _end(runner, one, fault, time.time())
        if fault == _too_slow():
            slow.add(hook.mark(one.id))
    return faults


def _chosen(due: Sequence[tuple[str, float]], slow: set[str]) -> list[tuple[str, float]]:
    """The first of each webhook, as many as it is called for at once."""
    chosen: list[tuple[str, float]] = []
    calls: Counter[str] = Counter()
    for name, at in due:
        mark = hook.mark(name)
        if mark not in slow and calls[mark] < CALLS_AT_ONCE and len(chosen) < ALL_CALLS_AT_ONCE:
            calls[mark] += 1
            chosen.append((name, at))
    return chosen


def _end(runner: BlockingRunner, one: Delivery, fault: str, now: float) -> None:
    if not fault:
        runner.run(hooks.done(one))
        return
    one = structs.replace(one, attempts=one.attempts + 1, last_error=fault[:500], last_at=now)
    pause = hook.pause(one.attempts)
    if pause is None:
        runner.run(hooks.give_up(one))
    else:
        runner.run_all(hooks.failed(one, now + pause))
    _log.warning("the webhook %s did not take event %s: %s", one.webhook, one.event.id, fault)


class _Post(Struct, frozen=True):
    """A call to be made, or why it cannot be."""

    url: str = ""
    body: bytes = b""
    headers: dict[str, str] = {}
    fault: str = ""


def _prepared(runner: BlockingRunner, one: Delivery, now: float) -> _Post:
    webhook = runner.run(hooks.webhook(one.webhook))
    if webhook is None:
        return _Post(fault="there is no such webhook any more")
    if not webhook.enabled:
        return _Post(fault="the webhook is turned off")
    body = msgspec.json.encode(hook.payload(one, _phone(runner, one.event.device)))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "acs-webhook",
        hook.EVENT: one.event.id,
        hook.SIGNATURE: hook.signature(webhook.secret, int(now), body),
    }
    return _Post(webhook.url, body, headers)


async def _call_all(posts: Sequence[_Post]) -> list[str]:
    """Make these calls; why each failed, "" where it did not."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=None, limits=limits) as client:
        return list(await asyncio.gather(*(_call(client, post) for post in posts)))


async def _call(client: httpx.AsyncClient, post: _Post) -> str:
    if post.fault:
        return post.fault
    try:
        async with (
            asyncio.timeout(PATIENCE),
            client.stream("POST", post.url, content=post.body, headers=post.headers) as answer,
        ):
            # the body of the answer is nobody's business, and may have no end
            return "" if answer.is_success else f"it answered {answer.status_code}"
    except TimeoutError:
        return _too_slow()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}: {error}"


def _too_slow() -> str:
    return f"it did not answer within {PATIENCE:g} seconds"


def _phone(runner: BlockingRunner, device_id: str) -> dict[str, Any] | None:
    known = runner.run(devices.get(device_key(device_id))) if device_id else None
    if known is None:
        return None
    device = known.device
    return {
        "id": device.id,
        "model": device.product_class,
        "serial_number": device.serial_number,
        "software_version": device.software_version,
        "ip": device.ip,
        "label": known.notes.label,
        "tags": list(known.notes.tags),
    }
