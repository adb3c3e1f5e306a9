"""Reading the answer to GetParameterNames of one level, from phones that do not keep to the rules.

A level lists the object's own leaves and the objects right below it. Phones also answer the full depth
whatever NextLevel said, leave out the objects in between, or the final dot of objects (quirk 52); what counts
is that every leaf is found and that no object is walked without need.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from acs.cwmp.structures import ParameterInfo
from acs.datamodel.paths import is_object, leaf_of, parent_of
from acs.datamodel.tree import ParameterTree
from acs.fleet.learning import MAX_DEPTH

#: The longest name of a parameter (TR-069, ParameterNames); what is longer is left out.
MAX_NAME_LENGTH = 256

#: The only leaves that stand right below a root (TR-098, TR-106, TR-181).
_ROOT_LEAVES = ("devicesummary", "rootdatamodelversion")


class Level(Struct, frozen=True):
    """What one answer adds: names to put, objects to walk next, and what is there no more."""

    names: tuple[ParameterInfo, ...]
    walk: tuple[str, ...]
    gone: tuple[str, ...]
    #: the phone leaves out final dots: what looks like a leaf may be an object
    undotted: bool


def level(
    path: str,
    infos: Iterable[ParameterInfo],
    tree: ParameterTree,
    *,
    undotted: bool = False,
    root: bool = False,
) -> Level:
    """Read the answer for `path` (a partial path). Names outside it are ignored.

    `gone` holds those children of `path` that the tree knows and the answer does not have.
    """
    listed = {info.name: info for info in infos if info.name != path and _sensible(info.name, path)}
    above = _ancestors(listed, path)
    for name in [name for name in listed if not is_object(name)]:
        with_dot = name + "."
        if leaf_of(name).isdigit() or with_dot in tree or with_dot in above:
            info = listed.pop(name)
            listed.setdefault(with_dot, ParameterInfo(with_dot, info.writable))
    undotted = undotted or (root and _all_dots_missing(path, listed))
    walk = _objects_to_walk(path, list(listed))
    if undotted:
        walk += [name + "." for name in listed if not is_object(name) and not _known_leaf(name, tree)]
    children = {_child(path, name) for name in listed}
    known = {_child(path, name) for name in tree.below(path) if name != path}
    gone = {name for name in known - children if not (undotted and name.rstrip(".") in children)}
    implied = [ParameterInfo(name) for name in sorted(above) if name not in listed]
    return Level(
        names=(*implied, *listed.values()),
        walk=tuple(name for name in walk if name.count(".") <= MAX_DEPTH),
        gone=tuple(sorted(gone)),
        undotted=undotted,
    )


def _sensible(name: str, path: str) -> bool:
    return name.startswith(path) and len(name) <= MAX_NAME_LENGTH and name.count(".") <= MAX_DEPTH


def _ancestors(names: Iterable[str], path: str) -> set[str]:
    """The objects between `path` and these names."""
    found: set[str] = set()
    for name in names:
        above = parent_of(name)
        while len(above) > len(path) and above not in found:
            found.add(above)
            above = parent_of(above)
    return found


def _child(path: str, name: str) -> str:
    """The name right below `path` on the way to `name`."""
    head, dot, _ = name[len(path) :].partition(".")
    return path + head + dot


def _objects_to_walk(path: str, names: list[str]) -> list[str]:
    """Objects below `path` whose own leaves the answer did not list.

    A leaf further down than one level means that the phone ignored NextLevel and listed all there is; an
    object without a leaf anywhere below it is yet to be asked about.
    """
    below: dict[str, list[str]] = {}
    for name in names:
        child = _child(path, name)
        if is_object(child):
            below.setdefault(child, [])
            if name != child:
                below[child].append(name)
    walk: list[str] = []
    for child, inner in below.items():
        if not all(map(is_object, inner)):
            walk += _objects_to_walk(child, inner)
        else:
            walk.append(child)
    return walk


def _all_dots_missing(path: str, listed: Iterable[str]) -> bool:
    """Whether a root's level holds no object although it holds more than the few leaves a root can have."""
    names = list(listed)
    suspects = [name for name in names if not _root_leaf(name)]
    return bool(suspects) and not any(is_object(name) or "." in name[len(path) :] for name in names)


def _root_leaf(name: str) -> bool:
    leaf = leaf_of(name).lower()
    return leaf in _ROOT_LEAVES or leaf.endswith("numberofentries")


def _known_leaf(name: str, tree: ParameterTree) -> bool:
    known = tree.get(name)
    return _root_leaf(name) or (known is not None and known.value is not None)


def table_changes(
    table: str, infos: Iterable[ParameterInfo], names: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Compare a table of this phone with the model's: (new instances, gone instances) as partial paths.

    `names` are the names known so far, mostly from another phone of the model.
    """
    here = {_child(table, info.name).rstrip(".") + "." for info in infos if info.name.startswith(table)}
    here.discard(table)
    here = {name for name in here if leaf_of(name).isdigit()}
    known = {_child(table, name) for name in names if name.startswith(table) and name != table}
    known = {name for name in known if is_object(name) and leaf_of(name).isdigit()}
    return tuple(sorted(here - known)), tuple(sorted(known - here))
