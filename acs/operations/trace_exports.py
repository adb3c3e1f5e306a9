"""Recorded sessions in other forms: a conversation as text, and HTTP Archive 1.2 for the tools that read it.

The archive has each body as it came, byte for byte but for blanked secrets; so it is what a developer makes
captures of.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from acs.fleet.trace.comparison import pairs
from acs.fleet.trace.records import TraceMessage
from acs.operations.traces import TraceView
from acs.store.traces import Recorded

#: How a body is written down that is no UTF-8 text; the archive's own name for it, of answers.
_BASE64 = "base64"


def as_text(view: TraceView) -> str:
    """The conversation for people: each message with its explanation, head and body."""
    lines = [
        f"Session {view.id} of {_stamp(view.started_at)}, {', '.join(view.events) or 'no event'}, "
        f"from {view.peer or 'nowhere'}: {view.state}",
        "",
    ]
    for one in view.messages:
        arrow = ">>>" if one.sender == "phone" else "<<<"
        lines.append(f"{arrow} {one.number}  {_stamp(one.at)}  connection {one.connection}")
        lines.append(f"    {one.explanation}")
        lines += [f"    {detail}" for detail in one.details]
        lines += ["", one.start_line, *(f"{name}: {value}" for name, value in one.headers.items()), ""]
        if one.body:
            lines += [one.body, ""]
        if one.missing:
            lines += [f"[{one.missing}]", ""]
    return "\n".join(lines)


def as_har(view: TraceView, recorded: Recorded, version: str) -> dict[str, Any]:
    """The session as an HTTP Archive: one entry for each request of the phone."""
    entries = []
    for pair in pairs(recorded.messages):
        told = view.messages[pair.number - 1]
        answered = pair.answered
        took = (answered.at - pair.asked.at) * 1000 if answered is not None else 0.0
        entries.append(
            {
                "startedDateTime": datetime.fromtimestamp(pair.asked.at, UTC).isoformat(),
                "time": round(max(took, 0.0), 3),
                "request": _request(pair.asked),
                "response": _response(answered),
                "cache": {},
                "timings": {"send": 0, "wait": round(max(took, 0.0), 3), "receive": 0},
                "connection": str(told.connection),
                "comment": told.explanation,
            }
        )
    creator = {"name": "acs", "version": version}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}


def _request(message: TraceMessage) -> dict[str, Any]:
    method, target, version = (*message.start_line.split(" "), "/", "HTTP/1.1")[:3]
    host = message.header("host") or "acs"
    made: dict[str, Any] = {
        "method": method,
        "url": target if "://" in target else f"http://{host}{target}",
        "httpVersion": version,
        "cookies": [],
        "headers": _headers(message),
        "queryString": [],
        "headersSize": -1,
        "bodySize": message.size,
    }
    if message.body or message.missing:
        text, encoding = _written(message.body)
        data: dict[str, Any] = {"mimeType": message.header("content-type"), "text": text, "params": []}
        if encoding:
            data["_encoding"] = encoding
        if message.missing:
            data["comment"] = message.missing
        made["postData"] = data
    return made


def _response(message: TraceMessage | None) -> dict[str, Any]:
    text, encoding = _written(message.body if message is not None else b"")
    content: dict[str, Any] = {
        "size": message.size if message is not None else 0,
        "mimeType": message.header("content-type") if message is not None else "",
        "text": text,
    }
    if encoding:
        content["encoding"] = encoding
    words = message.start_line.split(" ", 2) if message is not None else []
    return {
        "status": message.status if message is not None else 0,
        "statusText": words[2] if len(words) > 2 else "",
        "httpVersion": words[0] if words else "HTTP/1.1",
        "cookies": [],
        "headers": _headers(message) if message is not None else [],
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": content["size"],
    }


def _headers(message: TraceMessage) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in message.headers]


def _written(body: bytes) -> tuple[str, str]:
    """The body as text, and how it is written: "" for as it is."""
    try:
        return body.decode(), ""
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), _BASE64


def _stamp(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC" if at is not None else "an unknown time"
