"""Presence: which phones are late, offline or back, which sites are cut off, and how many there are of each.

`look` reads the phones whose time has come and no others. Every decision follows from what is stored, is
written in an order in which a crash leaves it to be made again, and makes the same events again: two jobs at
a time, or one that dies, do no harm.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, structs

from acs.fleet import alert as alerting
from acs.fleet import presence as rules
from acs.fleet import site as sites
from acs.fleet.changes import TimelineEntry
from acs.fleet.fleet_event import FleetEvent, Kind, event
from acs.fleet.identity import device_key
from acs.fleet.presence import Judgement, State
from acs.store import alerts, devices, events, presence, timeline
from acs.store import sites as site_store
from acs.store.calls import Call
from acs.store.devices import KnownDevice
from acs.store.presence import OUTAGE, Up
from acs.store.runner_blocking import BlockingRunner
from workers.surroundings import current

#: Phones looked at in one round trip, and batches in one run; the rest is due at the next.
BATCH = 500
MOST_BATCHES = 40

_TEXTS = {
    Kind.DEVICE_LATE: "Its Inform is late",
    Kind.DEVICE_OFFLINE: "It is offline",
    Kind.FLAPPING: "It goes offline and comes back again and again",
    Kind.DEVICE_BACK: "It is back",
}


class _Overdue(Struct, frozen=True):
    """One phone of a batch. `found` is the time to look that led here, `late_since` when it became late."""

    key: str
    found: float
    known: KnownDevice
    judgement: Judgement
    late_since: float
    heard: float

    @property
    def gone(self) -> bool:
        return self.judgement.missing and self.judgement.presence.state is State.OFFLINE

    @property
    def site(self) -> str:
        return sites.site_name(self.known.notes, self.known.device.ip)


def look() -> dict[str, int]:
    """Judge overdue phones, welcome those that are back, close alerts, count. Returns how many of each."""
    runner, now = current().runner, time.time()
    up = runner.run(presence.up())
    if now - up.last > OUTAGE:
        return {"looked_at": 0, "back": 0}  # no server is there to hear any phone
    looked_at = back = 0
    for _ in range(MOST_BATCHES):
        found = runner.run(presence.to_look_at(now, BATCH))
        if found:
            _judge(runner, found, up, now)
        looked_at += len(found)
        if len(found) < BATCH:
            break
    for _ in range(MOST_BATCHES):
        returned = runner.run(presence.back(BATCH))
        if returned:
            _welcome(runner, returned)
        back += len(returned)
        if len(returned) < BATCH:
            break
    _alerts(runner, now)
    counted = presence.count_minute(now, *runner.run_all(presence.totals()))
    runner.run_all([*counted, presence.looked_now(now)])
    return {"looked_at": looked_at, "back": back}


# --- overdue phones -----------------------------------------------------------------------------------------


def _judge(runner: BlockingRunner, found: Sequence[tuple[str, float]], up: Up, now: float) -> None:
    keys = [key for key, _ in found]
    heard, *records = runner.run_all([presence.last_heard(keys), *devices.get_many(keys)])
    overdue: list[_Overdue] = []
    calls: list[Call[Any]] = []
    for (key, look_at), at, known in zip(found, heard, records, strict=True):
        if known is None:
            calls += presence.forget_key(key)  # its phone was forgotten
        else:
            overdue.append(_overdue(key, look_at, known, max(at, up.since), now))
    gone = [one for one in overdue if one.gone]
    late = [one for one in overdue if not one.gone and one.judgement.event]
    told = [_told(one) for one in _single_ones(runner, late)]
    calls += [events.push(told)] if told else []
    for one in overdue:
        if one.gone:
            # missing, but still to be looked at: whoever comes after a crash judges it again
            calls.append(presence.looked(one.key, one.found, one.found, one.late_since))
            continue
        if not one.judgement.missing:
            calls.append(presence.note_back(one.key, one.heard))  # where its sign of life was lost
        calls += _settle(one)
    runner.run_all(calls)
    if gone:
        _lose(runner, gone, now)


def _overdue(key: str, found: float, known: KnownDevice, heard: float, now: float) -> _Overdue:
    kept = known.presence or rules.Presence()
    interval = rules.interval_of(known.device)
    last = max(heard, known.last_inform, kept.heard)
    judgement = rules.overdue(known.presence, interval, last, now)
    late_since = rules.late_at(interval, last) if judgement.missing else 0
    return _Overdue(key, found, known, judgement, late_since, last)


def _settle(one: _Overdue) -> list[Call[Any]]:
    kept = [] if one.judgement.presence == one.known.presence else _kept(one)
    return [*kept, presence.looked(one.key, one.found, one.judgement.look_at, one.late_since)]


def _kept(one: _Overdue) -> list[Call[Any]]:
    if one.judgement.presence == rules.Presence():
        return []
    return presence.put(one.known.device.id, one.judgement.presence)


def _told(one: _Overdue) -> FleetEvent:
    kind, since = one.judgement.event, one.judgement.presence.since
    told = {"last_heard": one.heard, "site": one.site}
    return event(kind, since, _TEXTS[Kind(kind)], told, device=one.known.device.id)


def _by_site(phones: Sequence[_Overdue]) -> dict[str, list[_Overdue]]:
    found: dict[str, list[_Overdue]] = {}
    for one in phones:
        found.setdefault(one.site, []).append(one)
    return found


def _single_ones(runner: BlockingRunner, late: Sequence[_Overdue]) -> list[_Overdue]:
    """Late phones but those whose site looks cut off: its alert will tell of them all at once."""
    found: list[_Overdue] = []
    for site, phones in _by_site(late).items():
        state = runner.drive(site_store.look(site)) if site else site_store.SiteState()
        missing = (*state.missing, *(one.late_since for one in phones))
        if not (site and sites.cut_off(missing, state.heard)):
            found += phones
    return found


def _lose(runner: BlockingRunner, gone: Sequence[_Overdue], now: float) -> None:
    """Phones are offline: single ones, or with their whole site."""
    for site, phones in _by_site(gone).items():
        alert = _alert(runner, site, now) if site else None
        told: list[FleetEvent] = []
        calls: list[Call[Any]] = []
        for one in phones:
            judgement = one.judgement
            if alert is not None:
                lost = structs.replace(judgement.presence, site=site)
                one = structs.replace(one, judgement=structs.replace(judgement, presence=lost))
            elif judgement.event:
                told.append(_told(one))
            if one.known.presence is None or one.known.presence.state is not State.OFFLINE:
                text = "It is offline, with its whole site" if alert else _TEXTS[Kind.DEVICE_OFFLINE]
                line = TimelineEntry(judgement.presence.since, "presence", text, {"site": site})
                calls.append(timeline.push(one.key, (line,)))
            calls += _settle(one)
        runner.run_all([events.push(told), *calls] if told else calls)


def _alert(runner: BlockingRunner, site: str, now: float) -> alerting.Alert | None:
    """The open alert of a site, opened if it is cut off."""
    alert: alerting.Alert | None = runner.run(alerts.of_site(site))
    if alert is None:
        state = runner.drive(site_store.look(site))
        since = sites.cut_off(state.missing, state.heard)
        if not since:
            return None
        missing = sum(at >= since for at in state.missing)
        runner.run(alerts.open_one(alerting.site_alert(site, since, now, missing)))
        alert = runner.run(alerts.of_site(site))
    if alert is not None:
        runner.run(events.push((alerting.opened(alert),)))
    return alert


# --- what is over -------------------------------------------------------------------------------------------


def _welcome(runner: BlockingRunner, returned: Sequence[tuple[str, float]]) -> None:
    records = runner.run_all(devices.get_many(key for key, _ in returned))
    told: list[FleetEvent] = []
    calls: list[Call[Any]] = []
    for (key, at), known in zip(returned, records, strict=True):
        if known is None:
            calls += presence.forget_key(key)
            continue
        before = known.presence or rules.Presence()
        after, kind = rules.returned(known.presence, rules.interval_of(known.device), at)
        if after != before:
            away = {"offline_since": before.since, "seconds": round(at - before.since)}
            if kind:
                told.append(event(kind, at, _TEXTS[Kind(kind)], away, device=known.device.id))
            if before.state is State.OFFLINE:
                line = TimelineEntry(at, "presence", _TEXTS[Kind.DEVICE_BACK], away)
                calls.append(timeline.push(key, (line,)))
            calls += presence.put(known.device.id, after)
        calls.append(presence.settled(key, at))
    runner.run_all([events.push(told), *calls] if told else calls)


def _alerts(runner: BlockingRunner, now: float) -> None:
    for alert in runner.run(alerts.all_open()):
        state = runner.drive(site_store.look(alert.site))
        missing = sum(at >= alert.since for at in state.missing)
        if sites.is_back(alert.since, state.missing, state.heard):
            over = alerting.over(alert, missing, now)
            runner.run_all([events.push((over,)), alerts.close(alert, now, "acs")])
        elif missing != alert.phones:
            runner.run(alerts.change(alert, missing))


# --- upkeep -------------------------------------------------------------------------------------------------


def repair() -> dict[str, int]:
    """Have those phones looked at that nobody would look at: known before, or their first sign was lost."""
    runner, after, added = current().runner, "", 0
    while True:
        ids: list[str] = runner.run(devices.ids(after=after, limit=BATCH))
        if not ids:
            return {"added": added}
        keys = [device_key(one) for one in ids]
        due, missing = runner.run_all([presence.due(keys), presence.missing_since(keys)])
        lost = [key for key, at, late in zip(keys, due, missing, strict=True) if not at and not late]
        known: list[KnownDevice | None] = runner.run_all(devices.get_many(lost))
        pairs = [
            (key, rules.late_at(rules.interval_of(one.device), one.last_inform))
            for key, one in zip(lost, known, strict=True)
            if one is not None
        ]
        added += sum(runner.run_all(presence.add_unknown(pairs)))
        after = ids[-1]
