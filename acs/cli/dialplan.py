"""`acs dialplan try`: what a phone would dial, step by step."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import click
import msgspec
from msgspec import structs

from acs.cli import completing, outcomes
from acs.cli.config_targets import phone
from acs.cli.connection import Api, Server, segment, server_options
from acs.cli.resource_files import read_file
from acs.datamodel import resources
from acs.datamodel.dial_plan import DialPlan, Outcome, ReplaceRule, Rule, dial
from acs.datamodel.dial_plan_keys import from_keys
from acs.datamodel.resources import KINDS, Severity
from acs.datamodel.resources.checking import read_root
from acs.datamodel.resources.dial_rules import dial_now_rules, replace_rules

#: The keys that tell a phone where its files of rules are, and what is in those.
REPLACE_URL, DIAL_NOW_URL = KINDS["replace-rules"].key, KINDS["dial-now"].key
#: What a dial plan is made of, of all the keys of a phone.
_PREFIXES = ("dialplan.", "dialplan_", "phone_setting.dialnow_delay")


@click.group()
def dialplan() -> None:
    """Replace rules, dial-now rules, area code and blocked numbers."""


@dialplan.command("try")
@click.argument("number")
@click.option(
    "--device",
    metavar="DEVICE",
    shell_complete=completing.devices,
    help="By the desired configuration of this phone.",
)
@click.option("--rules", metavar="FILE", help="A file of replace rules.")
@click.option("--dial-now", metavar="FILE", help="A file of dial-now rules.")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A key; before the phone's own."
)
@click.option("--line", default=1, show_default=True, type=click.IntRange(1, 99), help="The line that dials.")
@server_options
def try_number(
    server: Server,
    number: str,
    device: str | None,
    rules: str | None,
    dial_now: str | None,
    assignments: tuple[str, ...],
    line: int,
) -> None:
    """What a phone would dial when NUMBER is entered, and why.

    \b
    acs dialplan try 0012354599 --device 0015651A2B3C
    acs dialplan try 57123 --rules dialplan.xml
    acs dialplan try 12 --set dialplan.area_code.code=010
    """
    if not number.strip():
        raise outcomes.WrongUsage("NUMBER is blank; give what is entered on the phone, such as 0012354599")
    notes: list[str] = []
    values = _desired(server.api, device, notes) if device else {}
    values.update(_assigned(assignments))
    plan, bad = from_keys(values)
    notes += [f"not used: {rule}" for rule in bad]
    plan = structs.replace(
        plan,
        replace=(*plan.replace, *_replace_rules(server, values.get(REPLACE_URL, ""), rules, notes)),
        dial_now=(*plan.dial_now, *_dial_now_rules(server, values.get(DIAL_NOW_URL, ""), dial_now, notes)),
    )
    _print(server, plan, dial(plan, number, line=line), notes)


def _desired(api: Api, device: str, notes: list[str]) -> dict[str, str]:
    """The keys of the phone's dial plan, as they would be sent to it."""
    found: dict[str, Any] = api.get(f"/devices/{segment(phone(api, device))}/config")
    for one in found.get("unresolved", ()):
        if one["key"].startswith(_PREFIXES):
            notes.append(f"not used: {one['key']}: {one['why']}")
    return {key: str(one["value"]) for key, one in found["effective"].items() if key.startswith(_PREFIXES)}


def _assigned(assignments: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for word in assignments:
        key, equals, value = word.partition("=")
        key = key.strip()
        if not equals or not key.startswith(_PREFIXES):
            raise outcomes.WrongUsage(
                f"--set {word!r} is no KEY=VALUE of a dial plan, such as {REPLACE_URL}=…"
            )
        values[key] = value.strip()
    return values


def _replace_rules(server: Server, url: str, file: str | None, notes: list[str]) -> tuple[ReplaceRule, ...]:
    name, content = _content(server, url, file, notes)
    return () if content is None else tuple(replace_rules(_root("replace-rules", name, content), name))


def _dial_now_rules(server: Server, url: str, file: str | None, notes: list[str]) -> tuple[Rule, ...]:
    name, content = _content(server, url, file, notes)
    return () if content is None else tuple(dial_now_rules(_root("dial-now", name, content), name))


def _content(server: Server, url: str, file: str | None, notes: list[str]) -> tuple[str, bytes | None]:
    """The file of rules: the one given, else the one at the phone's address where this server has it."""
    if file is not None:
        return file, read_file(file)
    if not url.strip():
        return "", None
    _, found, name = urlsplit(url).path.rpartition("/r/")
    if not found or not name:
        notes.append(f"not looked at: {url}, which is not on this server")
        return "", None
    try:
        return name, server.api.call("GET", f"/files/{segment(name)}", headers={"Accept": "*/*"}).content
    except outcomes.NotFound:
        notes.append(f"not looked at: {url}, which this server does not have")
        return "", None


def _root(kind: str, name: str, content: bytes) -> Any:
    errors = [one for one in resources.check(KINDS[kind], content) if one.severity is Severity.ERROR]
    if errors:
        told = "\n".join(f"  {name}:{finding.line}: {finding}" for finding in errors)
        raise outcomes.CommandError(f"{name} is no good file of {kind}:\n{told}")
    return read_root(KINDS[kind], content)


def _print(server: Server, plan: DialPlan, outcome: Outcome, notes: list[str]) -> None:
    if server.printer.as_json:
        server.printer.json({**msgspec.to_builtins(outcome), "notes": notes})
        return
    for note in notes:
        server.printer.note(note)
    for step in outcome.steps:
        source = f"  [{step.origin}]" if step.origin else ""
        changed = f"{step.entered} → {step.result}" if step.result else f"{step.entered} → nothing"
        click.echo(f"{step.kind:<10} {changed}: {step.text}{source}")
    if plan == DialPlan():
        server.printer.note("there is no rule at all")
    click.echo(outcome.dialled if outcome.dialled is not None else "blocked")
