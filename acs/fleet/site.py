"""Which phones stand at one place, and when a place is cut off rather than single phones.

A phone's site is its tag `site=NAME`, or one such as `site7`, `site-7`, `site_north`; without such a tag it
is the network its requests come from: /24, or /64 of IPv6. Phones behind one translated address are one site.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable

from acs.fleet.device import OperatorNotes
from acs.fleet.selector.values import site_of

_SITE_TAG = re.compile(r"site(?:[=_-].+|\d.*)", re.IGNORECASE)

#: A site is cut off when so many of its phones are missing, and they are this share of those that should have
#: been heard since the first of them was missed.
LEAST_MISSING = 3
SHARE_MISSING = 0.8

#: It is back when no more than this share is missing.
SHARE_BACK = 0.5


def site_tag(tags: Iterable[str]) -> str:
    """The tag that names the phone's site, "" for none."""
    return next((tag for tag in sorted(tags) if _SITE_TAG.fullmatch(tag)), "")


def site_name(notes: OperatorNotes, address: str) -> str:
    """The site of a phone: a tag, a network, or "" where neither is known."""
    return site_tag(notes.tags) or site_of(address)


def is_network(site: str) -> bool:
    """Whether a site is a network; else it is a tag."""
    return not _SITE_TAG.fullmatch(site)


def cut_off(missing: Iterable[float], heard: Iterable[float]) -> float:
    """Since when the site is cut off, 0 for not.

    :param missing: when each phone that is missing became late.
    :param heard: when each of the others was heard last.

    A phone that is not due yet says nothing. Phones that were missing long before the others do not count
    against it: the largest group that became late one after the other is looked for.
    """
    latest, others = sorted(missing, reverse=True), sorted(heard)
    since = 0.0
    for number, first in enumerate(latest, 1):
        present = len(others) - bisect_left(others, first)
        if number >= LEAST_MISSING and number / (number + present) >= SHARE_MISSING:
            since = first
    return since


def is_back(since: float, missing: Iterable[float], heard: Iterable[float]) -> bool:
    """Whether a site that was cut off since then is so no more."""
    away = sum(at >= since for at in missing)
    present = sum(at >= since for at in heard)
    return away == 0 or (present > 0 and away / (away + present) <= SHARE_BACK)
