"""Files of replace rules and of dial-now rules (guide, "Replace Rule Template", "Dial-now Template").

`LineID` is not in the guide of the CP860, which has one account; the guides of models with several have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from lxml import etree

from acs.datamodel import dial_plan
from acs.datamodel.dial_patterns import foreign_signs
from acs.datamodel.dial_plan import BadRule, ReplaceRule, Rule
from acs.datamodel.key_values import Severity
from acs.datamodel.resources.documents import children, element, line
from acs.datamodel.resources.findings import Finding, shown
from acs.datamodel.resources.kinds import Column, Kind, Row, Written

MAX_RULES = 100

#: column to attribute
_REPLACE = {"prefix": "Prefix", "replace": "Replace", "lines": "LineID"}
_DIAL_NOW = {"rule": "DialNowRule", "lines": "LineID"}

_LINES = Column("lines", "lines of the rule, such as 1,2; blank or 0 for every one; not known to the CP860")


def replace_rules(root: etree._Element, origin: str = "") -> Iterator[ReplaceRule]:
    """The rules of a file that passed its check; `origin` names the file."""
    for data in children(root, "Data"):
        prefix, replacement = data.get("Prefix", ""), data.get("Replace", "")
        yield dial_plan.replace_rule(prefix, replacement, data.get("LineID", ""), f"{origin}:{line(data)}")


def dial_now_rules(root: etree._Element, origin: str = "") -> Iterator[Rule]:
    """The rules of a file that passed its check; `origin` names the file."""
    for data in children(root, "Data"):
        rule, lines = data.get("DialNowRule", ""), data.get("LineID", "")
        yield dial_plan.block_rule(rule, lines, f"{origin}:{line(data)}")


def _rules(
    names: dict[str, str], make: Callable[..., ReplaceRule | Rule], root: etree._Element
) -> Iterator[Finding]:
    attributes = list(names.values())
    pattern_name = attributes[0]
    seen: dict[tuple[str, str], int] = {}
    for number, data in enumerate(children(root, "Data"), start=1):
        values = [data.get(name, "") for name in attributes]
        if number == MAX_RULES + 1:
            yield _error(data, "", f"is one too many: a phone takes {MAX_RULES} rules", f"{MAX_RULES} rules")
        if data.get(pattern_name) is None:
            continue
        try:
            make(*values)
        except BadRule as error:
            field = {"pattern": pattern_name, "prefix": pattern_name, "lines": "LineID", "replace": "Replace"}
            yield _error(data, field[error.field], f"{shown(error.value)} {error.reason}")
        yield from _doubts(data, pattern_name)
        rule = (values[0], values[-1])
        if rule in seen:
            message = (
                f"{shown(values[0])} stands on line {seen[rule]} already; which one counts is not documented"
            )
            yield _warning(data, pattern_name, message)
        seen.setdefault(rule, line(data))


def _doubts(data: etree._Element, pattern_name: str) -> Iterator[Finding]:
    signs = foreign_signs(data.get(pattern_name, ""))
    if signs:
        yield _warning(data, pattern_name, f"{' '.join(signs)} mean nothing here: they stand for themselves")
    if data.get("Replace") is not None and not data.get("Replace", "").strip():
        yield _warning(data, "Replace", "is blank: nothing would be dialled")
    if data.get("LineID", "").strip() not in ("", "0"):
        yield _warning(data, "LineID", "is not known to the CP860, whose rules are for its one account")


def _write(root: str, names: dict[str, str], rows: list[Row]) -> Written:
    top = element(root)
    for row in rows:
        kept = {names[column]: text for column, text in row.items() if column != "lines" or text}
        top.append(element("Data", **kept))
    return Written([top], list(top))


def _read(names: dict[str, str], root: etree._Element) -> list[Row]:
    return [
        {column: data.get(attribute, "") for column, attribute in names.items()}
        for data in children(root, "Data")
    ]


def _error(data: etree._Element, attribute: str, message: str, allowed: str = "") -> Finding:
    return Finding(line(data), Severity.ERROR, f"Data {attribute}".strip(), message, allowed)


def _warning(data: etree._Element, attribute: str, message: str) -> Finding:
    return Finding(line(data), Severity.WARNING, f"Data {attribute}", message)


REPLACE_RULES = Kind(
    name="replace-rules",
    title="Replace rules",
    file_name="dialplan.xml",
    roots=("DialRule",),
    key="dialplan_replace_rule.url",
    columns=(
        Column("prefix", "pattern that the whole entered number has to fit", required=True),
        Column("replace", "what is dialled instead; $1 to $9 stand for the pattern's groups", required=True),
        _LINES,
    ),
    limits="100 rules; prefix and replacement of 32 characters each",
    rules=partial(_rules, _REPLACE, dial_plan.replace_rule),
    write=partial(_write, "DialRule", _REPLACE),
    read=partial(_read, _REPLACE),
)

DIAL_NOW = Kind(
    name="dial-now",
    title="Dial-now rules",
    file_name="dialnow.xml",
    roots=("DialNow",),
    key="dialplan_dialnow.url",
    columns=(
        Column("rule", "pattern of numbers that are dialled without the send key", required=True),
        _LINES,
    ),
    limits="100 rules of 511 characters",
    rules=partial(_rules, _DIAL_NOW, dial_plan.block_rule),
    write=partial(_write, "DialNow", _DIAL_NOW),
    read=partial(_read, _DIAL_NOW),
)
