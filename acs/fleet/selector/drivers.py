"""From which index sets the candidates of a selector come: those that leave the fewest phones to test.

A driver is one set of the index. The drivers of an expression together hold every phone that it may mean,
and usually more; the test decides. Where nothing narrows it down, all phones are candidates (None).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import UNSET, Struct

from acs.fleet.selector import values
from acs.fleet.selector.evaluation import Test, like, test_of
from acs.fleet.selector.expressions import And, Comparison, Expression, OneOf, Or, TaskEnded, leaves
from acs.fleet.selector.facts import Facts

#: Fields that a set of one model and firmware decides.
PAIRED = ("model", "firmware")


class Pair(Struct, frozen=True):
    """The phones of one model with one firmware."""

    model: str
    firmware: str


class Tag(Struct, frozen=True):
    name: str


class Site(Struct, frozen=True):
    """The phones whose address is in one small network (`values.site_of`)."""

    network: str


class Group(Struct, frozen=True):
    name: str


class Device(Struct, frozen=True):
    """One phone by its id."""

    id: str


class Ended(Struct, frozen=True):
    """The phones of which some last task ended like this."""

    state: str


class State(Struct, frozen=True):
    """The phones that are late, or offline."""

    name: str


Driver = Pair | Tag | Site | Group | Device | Ended | State
Drivers = frozenset[Driver]


class Directory(Struct, frozen=True):
    """Which sets there are. `states`: those of phones that are late or offline are up to date."""

    pairs: tuple[Pair, ...] = ()
    tags: tuple[Tag, ...] = ()
    sites: tuple[Site, ...] = ()
    states: bool = False


def fields_of(expression: Expression) -> set[str]:
    """The fields that it compares."""
    return {leaf.subject.field for leaf in leaves(expression) if isinstance(leaf, (Comparison, OneOf))}


def best(
    expression: Expression, directory: Directory, size: Callable[[Driver], int], everyone: int
) -> Drivers | None:
    """The drivers with the fewest phones.

    `size` is how many a set has, `everyone` how many phones there are.
    """
    found = _best(expression, directory, size)
    return None if found is None or found[0] > everyone else found[1]


def mentioned(expression: Expression, directory: Directory) -> list[Driver]:
    """All sets whose size `best` will ask for."""
    asked: dict[Driver, None] = {}

    def note(driver: Driver) -> int:
        asked[driver] = None
        return 0

    _best(expression, directory, note)
    return list(asked)


def exact(expression: Expression) -> bool:
    """Whether the drivers hold the phones that are meant and no others, each in one set."""
    match expression:
        case Comparison(subject=subject, operator="=") if subject.field == "tag":
            return True
        case _:
            tested = leaves(expression)
            compared = [leaf for leaf in tested if isinstance(leaf, (Comparison, OneOf))]
            return len(compared) == len(tested) and fields_of(expression) <= set(PAIRED)


_Sized = tuple[int, Drivers]


def _best(expression: Expression, directory: Directory, size: Callable[[Driver], int]) -> _Sized | None:
    options: list[_Sized] = []
    if fields_of(expression).intersection(PAIRED):
        test = test_of(expression, now=0.0)
        kept = [pair for pair in directory.pairs if _may(test, pair)]
        options.append(_sized(kept, size))
    match expression:
        case And(parts=parts):
            options += [found for part in parts if (found := _best(part, directory, size))]
        case Or(parts=parts):
            each = [_best(part, directory, size) for part in parts]
            together = [found for found in each if found]
            if len(together) == len(each):
                every = frozenset[Driver]().union(*(found[1] for found in together))
                options.append((sum(found[0] for found in together), every))
        case Comparison() | OneOf() | TaskEnded():
            sets = _of_leaf(expression, directory)
            if sets is not None:
                options.append(_sized(sets, size))
        case _:
            pass
    return min(options, key=lambda option: option[0], default=None)


def _sized(sets: Iterable[Driver], size: Callable[[Driver], int]) -> _Sized:
    kept = frozenset(sets)
    return sum(map(size, kept)), kept


def _may(test: Test, pair: Pair) -> bool:
    """Whether a phone of this model with this firmware may be meant, whatever else is true of it."""
    anyone: Any = UNSET  # of whatever id
    return test(Facts(anyone, model=pair.model, firmware=pair.firmware)) is not False


def _of_leaf(leaf: Comparison | OneOf | TaskEnded, directory: Directory) -> list[Driver] | None:
    """The sets that hold all phones which pass this term; None where there are none such."""
    if isinstance(leaf, TaskEnded):
        return [Ended(leaf.state)]
    field = leaf.subject.field
    if isinstance(leaf, Comparison):
        value: Any = leaf.value
        if leaf.operator == "~" and field == "tag":
            check = like(value)
            return [tag for tag in directory.tags if check(tag.name)]
        if leaf.operator != "=":
            return None
        listed: tuple[str, ...] = (value,)
    else:
        listed = leaf.values
    match field:
        case "tag":
            return [Tag(name) for name in listed]
        case "group":
            return [Group(name) for name in listed]
        case "id":
            return [Device(name) for name in listed]
        case "ip":
            return _sites(listed, directory)
        case "state":
            known = directory.states and "online" not in listed
            return [State(name) for name in listed] if known else None
        case _:
            return None


def _sites(listed: Iterable[str], directory: Directory) -> list[Driver]:
    wanted = [network for network in map(values.network, listed) if network is not None]
    found: list[Driver] = []
    for site in directory.sites:
        there = values.network(site.network)
        if there is not None and any(
            network.version == there.version and network.overlaps(there) for network in wanted
        ):
            found.append(site)
    return found
