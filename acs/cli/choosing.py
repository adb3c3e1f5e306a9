"""Which device a fragment on the command line means."""

from __future__ import annotations

import re
from typing import Any

from acs.cli import outcomes
from acs.cli.connection import Api, segment
from acs.fleet.selector.lexing import quoted_text

#: Devices listed when a fragment fits several.
SHOWN = 10

_SEPARATED_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:.-][0-9A-Fa-f]{2}){5}")


def choose(api: Api, fragment: str) -> str:
    """The id of the one device that has this id, or whose id, serial number or such contains the fragment.

    A MAC address may be written with separators. Raises usage when several fit, not found when none does.
    """
    if not fragment:
        raise outcomes.WrongUsage("the device's name is empty")
    if fragment.count("-") >= 2 and not _SEPARATED_MAC.fullmatch(fragment):
        found = _exact(api, fragment)
        if found:
            return found
    if _SEPARATED_MAC.fullmatch(fragment):
        fragment = re.sub(r"[:.-]", "", fragment)
    page: dict[str, Any] = api.get("/devices", q=quoted_text(fragment), limit=SHOWN + 1)
    items = page["items"]
    exact = [item for item in items if _is_name_of(item, fragment)]
    fitting = exact if len(exact) == 1 else items
    if not fitting:
        raise outcomes.NotFound(f"no device fits {fragment!r}; `acs device list` shows all")
    if len(fitting) > 1:
        shown = "\n".join(f"  {item['id']}" for item in fitting[:SHOWN])
        more = "\n  …" if len(fitting) > SHOWN else ""
        raise outcomes.WrongUsage(f"{fragment!r} fits several devices:\n{shown}{more}")
    return str(fitting[0]["id"])


def _exact(api: Api, identifier: str) -> str | None:
    try:
        return str(api.get(f"/devices/{segment(identifier)}")["id"])
    except outcomes.NotFound:
        return None


def _is_name_of(item: dict[str, Any], fragment: str) -> bool:
    names = (item["id"], item.get("serial_number", ""))
    return fragment.casefold() in (str(name).casefold() for name in names)
