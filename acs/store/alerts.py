"""Alerts: the open ones, one for each site, and the last that were closed."""

from __future__ import annotations

from msgspec import structs
from msgspec.msgpack import Decoder

from acs.fleet.alert import Alert
from acs.store import codec, keyspace
from acs.store.calls import Call, script, scripted, truth

#: Closed alerts that are kept.
CAP = 1000

_CHANGE = script("change_alert")

_decode = Decoder(Alert).decode


def all_open() -> Call[list[Alert]]:
    """The open ones, the newest first."""
    return Call(
        ("HVALS", keyspace.OPEN_ALERTS),
        lambda found: sorted(map(_decode, found), key=lambda alert: -alert.opened_at),
    )


def closed(limit: int) -> Call[list[Alert]]:
    """The last that were closed, newest first."""
    return Call(
        ("LRANGE", keyspace.CLOSED_ALERTS, 0, limit - 1), lambda found: [_decode(one) for one in found]
    )


def of_site(site: str) -> Call[Alert | None]:
    """The open alert of this site."""
    return Call(("HGET", keyspace.OPEN_ALERTS, site), lambda found: _decode(found) if found else None)


def open_one(alert: Alert) -> Call[bool]:
    """Open it; False where there is one of its site."""
    return Call(("HSETNX", keyspace.OPEN_ALERTS, alert.site, codec.encode(alert)), truth)


def change(alert: Alert, phones: int) -> Call[bool]:
    """Say how many phones are missing; False where the alert is another by now."""
    return _changed(alert, structs.replace(alert, phones=phones), 0)


def close(alert: Alert, now: float, by: str) -> Call[bool]:
    """False where the alert is another by now, or closed."""
    return _changed(alert, structs.replace(alert, closed_at=now, closed_by=by), CAP)


def _changed(alert: Alert, after: Alert, cap: int) -> Call[bool]:
    arguments = (alert.site, codec.encode(alert), codec.encode(after), cap)
    return scripted(_CHANGE, (keyspace.OPEN_ALERTS, keyspace.CLOSED_ALERTS), arguments, truth)
