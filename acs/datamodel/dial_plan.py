"""What a phone dials when somebody enters a number: blocked numbers, replace rules, area code, dial-now.

The rules are those of the guide's "Dial Plan". Where it is silent this is assumed, and said in the step:

* A number is compared as it was entered: with the blocked numbers first, then with the replace rules.
* Of several replace rules that fit, the first by its index counts; a file's rules come behind those of keys.
* The area code goes before a number that no replace rule has changed; its lengths include both limits.

Rules may be bound to lines. The guide of the CP860, which has one account, knows no such thing; other models
do, by a key `….line_id.X` beside the rule and an attribute `LineID` in files: numbers parted by commas, blank
or 0 for every line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from acs.datamodel import dial_patterns
from acs.datamodel.dial_patterns import BadPattern, Pattern

#: Seconds between a number that fits a dial-now rule and the call, where no key says otherwise.
DIAL_NOW_DELAY = 1
#: Digits that a number has at least and at most for the area code, where no key says otherwise.
SHORTEST, LONGEST = 1, 15

#: Longest piece of a value that a message repeats.
_SHOWN = 80

Kind = Literal["block_out", "replace", "area_code", "dial_now", "dial"]


class BadRule(ValueError):
    """A rule that cannot be used; `field` is the key or the part of the rule."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(f"{field}: {value[:_SHOWN]!r} {reason}")
        self.field = field
        self.value = value
        self.reason = reason


class Rule(Struct, frozen=True):
    """A pattern that blocks a number or dials it at once. `lines` is empty where every line is meant."""

    pattern: Pattern
    lines: tuple[int, ...] = ()
    #: where it stands: a key, or a file and its line
    origin: str = ""


class ReplaceRule(Struct, frozen=True):
    pattern: Pattern
    replacement: str
    lines: tuple[int, ...] = ()
    origin: str = ""


class AreaCode(Struct, frozen=True):
    code: str
    min_len: int = SHORTEST
    max_len: int = LONGEST
    lines: tuple[int, ...] = ()
    origin: str = "dialplan.area_code.code"


class DialPlan(Struct, frozen=True):
    block_out: tuple[Rule, ...] = ()
    replace: tuple[ReplaceRule, ...] = ()
    area_code: AreaCode | None = None
    dial_now: tuple[Rule, ...] = ()
    #: seconds
    dial_now_delay: int = DIAL_NOW_DELAY


class Step(Struct, frozen=True):
    """One stage: what went in, what came out, and why in a sentence. `rule` is "" where none was met."""

    kind: Kind
    entered: str
    result: str
    text: str
    rule: str = ""
    origin: str = ""


class Outcome(Struct, frozen=True):
    """`dialled` is None for a blocked number; `automatic` where the phone does not wait for the send key."""

    entered: str
    line: int
    dialled: str | None
    automatic: bool
    steps: tuple[Step, ...]


def block_rule(pattern: str, lines: str = "", origin: str = "") -> Rule:
    """Also a dial-now rule. Raises BadRule."""
    return Rule(_pattern("pattern", pattern), read_lines(lines), origin)


def replace_rule(prefix: str, replacement: str, lines: str = "", origin: str = "") -> ReplaceRule:
    """Raises BadRule."""
    pattern = _pattern("prefix", prefix)
    try:
        dial_patterns.check_replacement(replacement, pattern)
    except BadPattern as error:
        raise BadRule("replace", replacement, str(error)) from None
    return ReplaceRule(pattern, replacement, read_lines(lines), origin)


def read_lines(text: str) -> tuple[int, ...]:
    """The lines that `1,2` names; none, which means every one, for blank or 0. Raises BadRule."""
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):
        raise BadRule("lines", text, "is no list of line numbers parted by commas, blank or 0 for every line")
    numbers = sorted({int(part) for part in parts})
    return () if 0 in numbers else tuple(numbers)


def dial(plan: DialPlan, number: str, *, line: int = 1) -> Outcome:
    """What the phone does with a number that is entered on this line, step by step."""
    blocking = _first(plan.block_out, number, line)
    if blocking is not None:
        said = "the number is blocked: the phone shows that it is forbidden and calls nobody"
        step = Step("block_out", number, "", said, blocking.pattern.text, blocking.origin)
        return Outcome(number, line, None, False, (step,))
    steps = []
    if plan.block_out:
        steps.append(Step("block_out", number, number, "no blocked number fits"))
    steps += _dial_now_steps(plan, number, line)
    automatic = bool(steps) and steps[-1].kind == "dial_now" and bool(steps[-1].rule)
    result, changed = number, False
    if plan.replace:
        step = _replaced(plan, number, line)
        steps.append(step)
        result, changed = step.result, bool(step.rule)
    if plan.area_code is not None:
        step = _with_area_code(plan.area_code, result, line, changed)
        steps.append(step)
        result = step.result
    how = "by itself" if automatic else "when the send key is pressed"
    steps.append(Step("dial", number, result, f"the phone dials {result} {how}"))
    return Outcome(number, line, result, automatic, tuple(steps))


def _replaced(plan: DialPlan, number: str, line: int) -> Step:
    fitting = [
        rule for rule in plan.replace if _on(rule.lines, line) and rule.pattern.match(number) is not None
    ]
    if not fitting:
        return Step("replace", number, number, "no replace rule fits")
    rule = fitting[0]
    groups = rule.pattern.match(number) or ()
    result = dial_patterns.replaced(rule.replacement, groups)
    said = f"{rule.pattern.text} becomes {rule.replacement}"
    if groups:
        said += " with " + ", ".join(f"${place} = {text}" for place, text in enumerate(groups, start=1))
    if len(fitting) > 1:
        others = ", ".join(other.pattern.text for other in fitting[1:])
        said += f"; {others} would fit too: which rule counts is not documented, the first is taken"
    return Step("replace", number, result, said, rule.pattern.text, rule.origin)


def _with_area_code(area: AreaCode, number: str, line: int, changed: bool) -> Step:
    limits = f"{area.min_len} to {area.max_len} digits"
    if not _on(area.lines, line):
        return Step("area_code", number, number, f"the area code is not for line {line}")
    if not area.min_len <= len(number) <= area.max_len:
        return Step("area_code", number, number, f"no area code: it is for numbers of {limits}")
    if changed:
        said = "no area code: a replace rule has made the number (the guide does not say; this is assumed)"
        return Step("area_code", number, number, said)
    said = f"the area code {area.code} goes before numbers of {limits}"
    return Step("area_code", number, area.code + number, said, area.code, area.origin)


def _dial_now_steps(plan: DialPlan, number: str, line: int) -> Iterator[Step]:
    """A number that fits too early is dialled unless the next digit comes within the delay."""
    if not plan.dial_now:
        return
    wait = f"{plan.dial_now_delay} s"
    for end in range(1, len(number)):
        early = _first(plan.dial_now, number[:end], line)
        if early is not None:
            said = f"fits already: the phone dials it, unless the next digit comes within {wait}"
            yield Step("dial_now", number[:end], number, said, early.pattern.text, early.origin)
            break
    rule = _first(plan.dial_now, number, line)
    if rule is None:
        yield Step("dial_now", number, number, "no dial-now rule fits: the phone waits for the send key")
    else:
        said = f"fits a dial-now rule: the phone dials after {wait}, without the send key"
        yield Step("dial_now", number, number, said, rule.pattern.text, rule.origin)


def _first(rules: tuple[Rule, ...], number: str, line: int) -> Rule | None:
    for rule in rules:
        if _on(rule.lines, line) and rule.pattern.match(number) is not None:
            return rule
    return None


def _on(lines: tuple[int, ...], line: int) -> bool:
    return not lines or line in lines


def _pattern(field: str, text: str) -> Pattern:
    try:
        return dial_patterns.read_pattern(text)
    except BadPattern as error:
        raise BadRule(field, text, str(error)) from None
