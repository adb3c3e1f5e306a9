"""`acs task`: following and cancelling what was put down."""

from __future__ import annotations

from typing import Any

import click

from acs.cli import completing
from acs.cli.choosing import choose
from acs.cli.connection import Server, segment, server_options
from acs.cli.printing import moment
from acs.cli.waiting import fault_text, follow, require_done
from acs.cli.watching import view_options


@click.group()
def task() -> None:
    """Follow and cancel tasks."""


@task.command()
@click.argument("task_id", metavar="TASK")
@click.option("--wait", is_flag=True, help="Wait for its end; the exit code then says how it ended.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait.")
@server_options
def show(server: Server, task_id: str, wait: bool, timeout: float) -> None:
    """One task with its evidence, result and fault."""
    found: dict[str, Any] = server.api.get(f"/tasks/{segment(task_id)}")
    if wait:
        found = follow(server.api, server.printer, found, timeout)
    if server.printer.as_json:
        server.printer.json(found)
    else:
        server.printer.facts({**found, "fault": fault_text(found)})
    if wait:
        require_done(found)


@task.command("list")
@click.argument("device_name", metavar="DEVICE", shell_complete=completing.devices)
@click.option("--open", "only_open", is_flag=True, help="Only those that have not ended.")
@view_options
def list_tasks(server: Server, device_name: str, only_open: bool) -> None:
    """The tasks of one device, newest first."""
    path = f"/devices/{segment(choose(server.api, device_name))}/tasks"
    items: list[dict[str, Any]] = server.api.get(path)["items"]
    if only_open:
        items = [item for item in items if item["state"] in ("pending", "running", "waiting")]
    if server.printer.as_json:
        server.printer.json({"items": items})
        return
    server.printer.table(
        ("ID", "TYPE", "STATE", "CREATED", "BY", "FAULT"),
        (
            (
                item["id"],
                item["type"],
                item["state"],
                moment(item.get("created_at")),
                item.get("created_by"),
                fault_text(item),
            )
            for item in items
        ),
    )


@task.command()
@click.argument("task_id", metavar="TASK")
@server_options
def cancel(server: Server, task_id: str) -> None:
    """Cancel a task that has not started."""
    answer = server.api.call("DELETE", f"/tasks/{segment(task_id)}")
    cancelled = answer.json() if answer.content else {"id": task_id, "state": "cancelled"}
    server.printer.result(cancelled, f"cancelled: {task_id}")
