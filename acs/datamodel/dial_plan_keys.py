"""A dial plan from configuration keys: `dialplan.replace.prefix.1` and its kin (guide, "Dial Plan")."""

from __future__ import annotations

from collections.abc import Mapping

from acs.datamodel.dial_plan import (
    DIAL_NOW_DELAY,
    LONGEST,
    SHORTEST,
    AreaCode,
    BadRule,
    DialPlan,
    ReplaceRule,
    Rule,
    block_rule,
    read_lines,
    replace_rule,
)

MAX_RULES = 100
MAX_BLOCKED = 10


def from_keys(values: Mapping[str, str]) -> tuple[DialPlan, list[BadRule]]:
    """The plan that these keys make, and the rules that were left out because they cannot be used."""
    reading = _Reading(values)
    plan = DialPlan(
        block_out=reading.rules("dialplan.block_out", "number", MAX_BLOCKED),
        replace=reading.replace_rules(),
        area_code=reading.area_code(),
        dial_now=reading.rules("dialplan.dialnow", "rule", MAX_RULES),
        dial_now_delay=reading.number("phone_setting.dialnow_delay", DIAL_NOW_DELAY, 1, 14),
    )
    return plan, reading.bad


class _Reading:
    """Takes the keys of a plan one by one; what cannot be used is kept in `bad`, under its key."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.bad: list[BadRule] = []

    def rules(self, area: str, leaf: str, most: int) -> tuple[Rule, ...]:
        """The block out or dial-now rules."""
        found = []
        for index in range(1, most + 1):
            key, lines = f"{area}.{leaf}.{index}", f"{area}.line_id.{index}"
            if self._text(key).strip():
                try:
                    found.append(block_rule(self._text(key), self._text(lines), key))
                except BadRule as error:
                    self._refuse(error, {"pattern": key, "lines": lines})
        return tuple(found)

    def replace_rules(self) -> tuple[ReplaceRule, ...]:
        found = []
        for index in range(1, MAX_RULES + 1):
            key, to, lines = (f"dialplan.replace.{leaf}.{index}" for leaf in ("prefix", "replace", "line_id"))
            if self._text(key).strip():
                try:
                    found.append(replace_rule(self._text(key), self._text(to), self._text(lines), key))
                except BadRule as error:
                    self._refuse(error, {"prefix": key, "replace": to, "lines": lines})
        return tuple(found)

    def area_code(self) -> AreaCode | None:
        code = self._text("dialplan.area_code.code")
        if not code.strip():
            return None
        most_key, lines_key = "dialplan.area_code.max_len", "dialplan.area_code.line_id"
        least = self.number("dialplan.area_code.min_len", SHORTEST, SHORTEST, LONGEST)
        most = self.number(most_key, LONGEST, SHORTEST, LONGEST)
        if most <= least:
            reason = f"has to be larger than dialplan.area_code.min_len, {least}"
            self.bad.append(BadRule(most_key, str(most), reason))
            return None
        try:
            return AreaCode(code, least, most, read_lines(self._text(lines_key)))
        except BadRule as error:
            self._refuse(error, {"lines": lines_key})
            return None

    def number(self, key: str, default: int, least: int, most: int) -> int:
        """The key's number; the default where it is blank or cannot be used."""
        text = self._text(key).strip()
        if not text:
            return default
        if text.isascii() and text.isdigit() and len(text) <= 3 and least <= int(text) <= most:
            return int(text)
        self.bad.append(BadRule(key, text, f"is no whole number from {least} to {most}; {default} is taken"))
        return default

    def _text(self, key: str) -> str:
        return self._values.get(key, "")

    def _refuse(self, error: BadRule, keys: Mapping[str, str]) -> None:
        self.bad.append(BadRule(keys[error.field], error.value, error.reason))
