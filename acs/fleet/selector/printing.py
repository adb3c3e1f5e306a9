"""An expression as text that is read as the same expression."""

from __future__ import annotations

from acs.fleet.selector.expressions import (
    And,
    Comparison,
    Drift,
    Everything,
    Expression,
    Not,
    OneOf,
    Or,
    Reference,
    Subject,
    TaskEnded,
    Text,
)
from acs.fleet.selector.fields import ATTRIBUTE
from acs.fleet.selector.lexing import quoted, quoted_text
from acs.fleet.selector.values import written


def show(expression: Expression) -> str:
    match expression:
        case And(parts=parts):
            return " and ".join(_inner(part) for part in parts)
        case Or(parts=parts):
            return " or ".join(_inner(part) for part in parts)
        case Not(part=part):
            return f"not {_inner(part)}"
        case Comparison(subject=subject, operator=operator, value=value):
            text = quoted(value) if isinstance(value, str) else written(value)
            return f"{_subject(subject)} {operator} {text}"
        case OneOf(subject=subject, values=values):
            return f"{_subject(subject)} in ({', '.join(map(quoted, values))})"
        case Text(text=text):
            return quoted_text(text)
        case TaskEnded(state=state):
            return f"task {state}"
        case Reference(name=name):
            return f"selector = {quoted(name)}"
        case Drift():
            return "drift"
        case Everything():
            return "all"


def _inner(part: Expression) -> str:
    return f"({show(part)})" if isinstance(part, (And, Or)) else show(part)


def _subject(subject: Subject) -> str:
    if subject.field == "attr":
        return ATTRIBUTE + subject.name
    return f"{subject.field} {quoted(subject.name)}" if subject.name else subject.field
