"""What was learnt of a phone's parameters, put into its tree.

Whoever holds the tree (a session's driver, a job) merges each `Changes.parameters` before it asks the planner
again: learning reads in the tree what it has walked so far.
"""

from __future__ import annotations

from collections.abc import Iterable

from acs.datamodel.tree import ParameterTree
from acs.fleet.changes import ParameterChanges


def merge(tree: ParameterTree, changes: Iterable[ParameterChanges], at: float) -> None:
    """Apply the changes in order; `at` is when they were heard, in seconds since the epoch."""
    for change in changes:
        for path in change.forget:
            tree.forget(path)
        for info in change.names:
            tree.hear_name(info)
        for value in change.values:
            tree.hear_value(value, at)
        for attribute in change.attributes:
            tree.hear_attributes(attribute)


def merged(tree: ParameterTree | None, changes: Iterable[ParameterChanges], at: float) -> ParameterTree:
    """A tree with the changes in it; the one given stays as it is."""
    result = tree.copy() if tree is not None else ParameterTree()
    merge(result, changes, at)
    return result
