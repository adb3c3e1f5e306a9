"""The action URLs by which phones tell this server what happens to them."""

from __future__ import annotations

from msgspec import Struct

from acs.fleet import action_urls as rules
from acs.operations.errors import Unavailable


class ActionUrlsView(Struct, frozen=True):
    """`values` are keys with their URLs, to be laid into a layer of configuration. `kept` names the events
    that are kept when they are told; others are answered and forgotten."""

    values: dict[str, str]
    kept: list[str]


def show(files_url: str, token: str, *, calls: bool, keeps_calls: bool) -> ActionUrlsView:
    if not files_url:
        raise Unavailable("The address of the files port is not known yet.")
    kept = rules.EVENTS if keeps_calls else tuple(rules.OF_THE_PHONE)
    return ActionUrlsView(rules.values(files_url.rstrip("/"), token, calls=calls), list(kept))
