"""What uses a saved selector: without it a rule would be silent, and a limited user see nothing."""

from __future__ import annotations

from acs.fleet.hook import Rule
from acs.fleet.selector.parsing import parse
from acs.operations.ports import Runner
from acs.store import hooks, schedules, selectors, tokens, users
from acs.store.selectors import SavedSelector
from acs.store.tokens import Token
from acs.store.users import User


async def uses(runner: Runner, name: str) -> list[str]:
    """Whatever else names this selector, each as `the rule night`."""
    saved: list[SavedSelector] = await runner.run(selectors.list_all())
    rules: list[Rule] = await runner.run(hooks.rules())
    people: list[User] = await runner.run(users.list_all())
    shown: list[Token] = await runner.run(tokens.list_all())
    timed = await runner.drive(schedules.every())
    found = [(f"the selector {one.name}", one.select) for one in saved if one.name != name]
    found += [(f"the rule {one.name}", one.select) for one in rules]
    found += [(f"the user {one.name}", one.select) for one in people]
    found += [(f"the token {one.name or one.id}", one.select) for one in shown]
    found += [(f"the schedule {one.name}", one.template.definition.select) for one in timed]
    return [who for who, select in found if select.strip() and name in parse(select).references]
