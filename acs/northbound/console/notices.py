"""What a page says once after something was done: it goes over the redirect in a short-lived cookie."""

from __future__ import annotations

import base64

import msgspec
from msgspec import Struct

from acs.northbound.console.visits import Answer, Visit, redirect

_COOKIE = "acs_said"
_LIFE = 30
_LONGEST = 1000


class Notice(Struct, frozen=True):
    """`kind` is good, note or bad."""

    text: str
    kind: str = "good"


def done(place: str, text: str, kind: str = "good") -> Answer:
    """On to this page, which says so."""
    raw = base64.urlsafe_b64encode(msgspec.json.encode(Notice(text[:_LONGEST], kind))).decode()
    keep = f"{_COOKIE}={raw}; Path=/; HttpOnly; SameSite=Lax; Max-Age={_LIFE}"
    return redirect(place, ("Set-Cookie", keep))


def said(visit: Visit) -> Notice | None:
    """What there is to say; it is said once."""
    raw = visit.request.getCookie(_COOKIE.encode())
    if not raw:
        return None
    try:
        notice = msgspec.json.decode(base64.urlsafe_b64decode(raw), type=Notice)
    except (ValueError, msgspec.DecodeError):
        return None
    visit.request.addCookie(_COOKIE, "", path="/", max_age="0")
    return notice
