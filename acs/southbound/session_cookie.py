"""The cookie by which a phone names its session: written plainly, read tolerantly.

A name and a value of letters and digits only, and `Path=/`, because phones drop or break anything else
(quirks 3 and 4). No other attribute: some phones send attributes back as if they were cookies (quirk 65)."""

from __future__ import annotations

import re

_SID = re.compile(rb"session[ \t]*=[ \t]*[\"']?([0-9a-f]{32})(?![0-9a-z])", re.IGNORECASE)


def set_cookie(sid: str) -> tuple[bytes, bytes]:
    """The response field that gives the phone its session id."""
    return b"Set-Cookie", b"session=%b; Path=/" % sid.encode()


def session_ids(cookie: bytes | None) -> tuple[str, ...]:
    """Every session id in a Cookie field, the last first: a phone that sends several appends the newest.

    Capitals, commas between cookies, quotes, echoed attributes and cookies of others do not matter (quirks 2
    and 65).
    """
    if not cookie:
        return ()
    found = [sid.decode().lower() for sid in _SID.findall(cookie)]
    return tuple(dict.fromkeys(reversed(found)))
