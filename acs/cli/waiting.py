"""Following a task to its end, and what its end means for the command."""

from __future__ import annotations

import time
from typing import Any

from acs.cli import outcomes
from acs.cli.connection import ANSWER_PATIENCE, Api, segment
from acs.cli.printing import Printer

#: Seconds that one long poll asks the server to wait.
POLL = 20.0

ENDS = frozenset({"done", "failed", "expired", "cancelled"})

_WORDS = {
    "pending": "waits for the phone's next session",
    "running": "the phone is being asked",
    "waiting": "the phone took it; its transfer or boot is under way",
}


def follow(api: Api, printer: Printer, task: dict[str, Any], timeout: float) -> dict[str, Any]:
    """The task in its final state; raises a timed-out CommandError after `timeout` seconds."""
    give_up = time.monotonic() + timeout
    with printer.waiting(_text(task)) as spinner:
        while task["state"] not in ENDS:
            left = give_up - time.monotonic()
            if left <= 0:
                raise outcomes.TimedOut(
                    f"task {task['id']} is still {task['state']} after {timeout:g} s "
                    f"({_WORDS.get(task['state'], 'unfinished')}); "
                    f"follow it with: acs task show {task['id']} --wait"
                )
            wait = min(left, POLL)
            path = f"/tasks/{segment(task['id'])}"
            task = api.call(
                "GET", path, params={"wait": f"{wait:.1f}"}, patience=ANSWER_PATIENCE + wait
            ).json()
            spinner.update(_text(task))
    return task


def _text(task: dict[str, Any]) -> str:
    return f"{task['type']}: {_WORDS.get(task['state'], task['state'])}"


def require_done(task: dict[str, Any]) -> None:
    """Raises the failure of a task that ended in any other way than done."""
    if task["state"] != "done":
        raise outcomes.CommandError(
            f"{task['type']} {task['state']}: {fault_text(task) or 'no reason given'}"
        )


def fault_text(task: dict[str, Any]) -> str:
    """`9003 text; Name: reason`, empty when the task has no fault."""
    fault = task.get("fault")
    if not fault:
        return ""
    code, text = str(fault.get("code") or ""), str(fault.get("text", ""))
    said = [text if text.startswith(code) else f"{code} {text}"]
    said += [f"{name}: {reason}" for name, reason in (fault.get("parameters") or {}).items()]
    return "; ".join(said)
