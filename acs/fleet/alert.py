"""What wants somebody's attention until it is over or closed: a site that is cut off."""

from __future__ import annotations

from hashlib import blake2b

from msgspec import Struct

from acs.fleet.fleet_event import FleetEvent, Kind, event


class Alert(Struct, frozen=True, array_like=True):
    """One at a time for a site. Times are seconds since the epoch."""

    id: str
    #: site_offline
    kind: str
    #: the tag or network of the site
    site: str
    #: when its first phone was missed
    since: float
    opened_at: float
    #: how many of its phones are missing
    phones: int
    closed_at: float = 0.0
    #: who closed it: the server itself when the phones were back, else somebody
    closed_by: str = ""


def site_alert(site: str, since: float, now: float, phones: int) -> Alert:
    name = blake2b(f"{site}\n{now}".encode(), digest_size=6).hexdigest()
    return Alert(name, Kind.SITE_OFFLINE, site, since, now, phones)


def opened(alert: Alert) -> FleetEvent:
    text = f"The site {alert.site} is cut off: {alert.phones} phones are missing"
    told = {"site": alert.site, "alert": alert.id, "phones": alert.phones, "since": alert.since}
    return event(Kind.SITE_OFFLINE, alert.opened_at, text, told, occasion=alert.id)


def over(alert: Alert, missing: int, now: float) -> FleetEvent:
    """`missing`: how many of its phones are not back yet."""
    still = f"; still missing: {missing}" if missing else ""
    text = f"The site {alert.site} is back after {now - alert.since:.0f} s{still}"
    told = {"site": alert.site, "alert": alert.id, "since": alert.since, "missing": missing}
    return event(Kind.SITE_BACK, now, text, told, occasion=alert.id)
