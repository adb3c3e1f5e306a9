"""Which phones of a site are missing, and when the others were heard last."""

from __future__ import annotations

from msgspec import Struct

from acs.fleet import site as rules
from acs.fleet.identity import device_key
from acs.fleet.selector.drivers import Site, Tag
from acs.store import presence
from acs.store.calls import Call, Steps
from acs.store.indexes import set_key

#: Phones of a site that are looked at: enough to tell whether the site is cut off.
MOST = 2000


class SiteState(Struct, frozen=True):
    """`missing`: when each became late; `heard`: when each of the others was heard last."""

    missing: tuple[float, ...] = ()
    heard: tuple[float, ...] = ()


def phones(site: str) -> Call[list[str]]:
    """The ids of its phones, of so many as are looked at."""
    key = set_key(Site(site) if rules.is_network(site) else Tag(site))
    return Call(
        ("ZRANGEBYLEX", key, "-", "+", "LIMIT", 0, MOST), lambda found: [one.decode() for one in found]
    )


def look(site: str) -> Steps[SiteState]:
    ids: list[str]
    [ids] = yield [phones(site)]
    if not ids:
        return SiteState()
    keys = [device_key(one) for one in ids]
    missing, heard = yield [presence.missing_since(keys), presence.last_heard(keys)]
    return SiteState(
        tuple(at for at in missing if at),
        tuple(at for at, late in zip(heard, missing, strict=True) if at and not late),
    )
