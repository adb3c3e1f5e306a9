"""Saved selectors inside a selector: each is replaced by what it says."""

from __future__ import annotations

from collections.abc import Mapping

from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.expressions import And, Expression, Not, Or, Reference, leaves
from acs.fleet.selector.parsing import Query

#: How many terms a selector may have with all that it uses: each may use the next one twice.
MOST_TERMS = 2000


def names(expression: Expression) -> set[str]:
    """The saved selectors that it uses itself."""
    return {leaf.name for leaf in leaves(expression) if isinstance(leaf, Reference)}


def replaced(query: Query, saved: Mapping[str, Expression]) -> Expression:
    """The query without references; `saved` has all that are needed. Raises SelectorError at the name."""
    sizes: dict[str, int] = {}
    for name, position in query.references.items():
        try:
            _measure(name, saved, sizes, ())
        except _Trouble as trouble:
            raise SelectorError(query.text, position, str(trouble)) from None
    return _replace(query.expression, saved, {})


class _Trouble(Exception):
    """Why a saved selector cannot be used."""


def _measure(name: str, saved: Mapping[str, Expression], sizes: dict[str, int], path: tuple[str, ...]) -> int:
    """How many terms it has with all that it uses."""
    if name in path:
        raise _Trouble(f"the selector {name!r} uses itself: {' → '.join((*path, name))}")
    if name not in saved:
        raise _Trouble(f"there is no selector {name!r}" + (f", which {path[-1]!r} uses" if path else ""))
    if name not in sizes:
        inside = leaves(saved[name])
        sizes[name] = sum(
            _measure(leaf.name, saved, sizes, (*path, name)) if isinstance(leaf, Reference) else 1
            for leaf in inside
        )
        if sizes[name] > MOST_TERMS:
            raise _Trouble(f"the selector {name!r} has more than {MOST_TERMS} terms with those that it uses")
    return sizes[name]


def _replace(
    expression: Expression, saved: Mapping[str, Expression], known: dict[str, Expression]
) -> Expression:
    match expression:
        case Reference(name=name):
            if name not in known:
                known[name] = _replace(saved[name], saved, known)
            return known[name]
        case And(parts=parts):
            return And(tuple(_replace(part, saved, known) for part in parts))
        case Or(parts=parts):
            return Or(tuple(_replace(part, saved, known) for part in parts))
        case Not(part=part):
            return Not(_replace(part, saved, known))
        case _:
            return expression
