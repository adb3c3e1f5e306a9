"""Events through the rules: `pass_on` finds what is to be done, `deliver` calls a webhook for one event.

What is to be called is in the store before anything is called, under an id drawn from webhook and event. A
delivery is taken for some time; whoever dies over it, it is due again then. So a webhook may be called twice
for one event, never not at all: receivers tell by the event's id.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import httpx
import msgspec
from msgspec import structs
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

#: Events that go through the rules in one run, and deliveries begun.
EVENTS_AT_ONCE = 1000
DELIVERIES_AT_ONCE = 200

#: Seconds for which a delivery is taken, and for which a receiver is waited for.
LEASE = 60
PATIENCE = 10.0

#: A tag may be on so many, as operators have it.
MOST_TAGS = 50

_log = logging.getLogger(__name__)


def pass_on() -> dict[str, int]:
    """Put new events through the rules, then have every delivery made that is due."""
    runner, now = current().runner, time.time()
    passed = _through_rules(runner, now)
    with Redis.from_url(current().redis_url) as connection:
        queue = Queue(QUEUE, connection=connection)
        begun = sum(
            _begin(runner, queue, *one, now) for one in runner.run(hooks.due(now, DELIVERIES_AT_ONCE))
        )
    return {"events": passed, "deliveries": begun}


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


def _begin(runner: BlockingRunner, queue: Queue, name: str, found: float, now: float) -> bool:
    """Enqueue the job of one delivery; a job that is lost leaves it due again after the lease."""
    if not runner.run(hooks.claim(name, found, now + LEASE)):
        return False
    try:
        queue.enqueue(
            "workers.hooks.deliver",
            name,
            job_id=f"deliver-{name}-{int(found * 1000)}",
            unique=True,
            job_timeout=LEASE,
            result_ttl=LEASE,
            failure_ttl=3600,
            description=f"webhook call {name}",
        )
    except DuplicateJobError:
        return False
    return True


def deliver(name: str) -> dict[str, Any]:
    """Make one delivery; returns how that went."""
    runner, now = current().runner, time.time()
    one: Delivery | None = runner.run(hooks.get(name))
    if one is None:
        return {"delivery": name, "outcome": "gone"}
    fault = _call(runner, one, now)
    if not fault:
        runner.run(hooks.done(one))
        return {"delivery": name, "outcome": "taken"}
    one = structs.replace(one, attempts=one.attempts + 1, last_error=fault[:500], last_at=now)
    pause = hook.pause(one.attempts)
    if pause is None:
        runner.run(hooks.give_up(one))
    else:
        runner.run_all(hooks.failed(one, now + pause))
    _log.warning("the webhook %s did not take event %s: %s", one.webhook, one.event.id, fault)
    return {"delivery": name, "outcome": "given up" if pause is None else "to be tried again", "why": fault}


def _call(runner: BlockingRunner, one: Delivery, now: float) -> str:
    """Call the webhook; why that failed, "" where it did not."""
    webhook = runner.run(hooks.webhook(one.webhook))
    if webhook is None:
        return "there is no such webhook any more"
    if not webhook.enabled:
        return "the webhook is turned off"
    body = msgspec.json.encode(hook.payload(one, _phone(runner, one.event.device)))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "acs-webhook",
        hook.EVENT: one.event.id,
        hook.SIGNATURE: hook.signature(webhook.secret, int(now), body),
    }
    try:
        answer = httpx.post(webhook.url, content=body, headers=headers, timeout=PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}: {error}"
    if answer.is_success:
        return ""
    return f"it answered {answer.status_code}"


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
