"""Connecting a phone: what to paste, what to type, and a wait until it appears."""

from __future__ import annotations

import io
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import segno
from markupsafe import Markup

from acs.northbound.console import pages
from acs.northbound.console.visits import Answer, Page, Visit
from acs.operations import events, limits
from acs.operations.events import EventView
from acs.operations.provisioning_files import SEES_SECRETS

_HIDDEN = "********"
_SHOWN = 10

pages.part("connect-wait")


async def _show(visit: Visit) -> Answer:
    since = visit.query.text("since") or f"{visit.now:.0f}"
    context: dict[str, Any] = {"since": since, "arrived": await _arrived(visit, since)}
    if not visit.part:
        context |= _lines(visit)
    return pages.show(visit, "connect.html", **context)


async def _arrived(visit: Visit, since: str) -> list[EventView]:
    """Phones that are new since then."""
    page = await events.page(visit.runner, since=since, kind="device_new", device="", limit=_SHOWN)
    seen = await limits.visible(visit.runner, [one.device for one in page.items if one.device])
    return [one for one in page.items if one.device in seen]


def _lines(visit: Visit) -> dict[str, Any]:
    host = urlsplit(visit.services.web.base(visit.request)).hostname or ""
    trusted = visit.may(SEES_SECRETS)
    account = visit.services.account(host)
    values = account.values() if account is not None else {}
    shown = {
        key: value if trusted or not key.endswith("password") else _HIDDEN for key, value in values.items()
    }
    provisioning = _with_host(visit.services.files_url(), host)
    return {
        "lines": "#!version:1.0.0.1\n" + "".join(f"{key} = {value}\n" for key, value in shown.items()),
        "account": account,
        "shown_password": (account.password if trusted else _HIDDEN) if account is not None else "",
        "trusted": trusted,
        "provisioning": provisioning,
        "code": qr_code(provisioning) if provisioning else "",
        "simulate": _simulate(visit) if trusted else "acs simulate --phones 1",
    }


def _simulate(visit: Visit) -> str:
    """What starts a simulated phone, typed where the server was started."""
    program = Path(sys.executable).with_name("acs")
    found = shutil.which("acs")
    here = Path.cwd()
    name = "acs"
    if program.exists() and not (found and Path(found).samefile(program)):
        name = str(program.relative_to(here) if program.is_relative_to(here) else program)
    words = [name, "simulate", "--phones", "1"]
    data_dir = next((value for setting, value, _ in visit.services.settings if setting == "data_dir"), "")
    if data_dir not in ("", "acs-data"):
        words += ["--data-dir", data_dir]
    return shlex.join(words)


def _with_host(url: str, host: str) -> str:
    """The address of the files port, under the host by which this browser reaches the server."""
    parts = urlsplit(url)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{parts.port}/" if parts.port and host else url


def qr_code(text: str) -> Markup:
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", xmldecl=False, svgns=True, border=2, omitsize=True)
    return Markup(out.getvalue().decode())


PAGES = (Page(method="GET", path="/connect", handle=_show, limited=True),)
