"""Selectors as operators write them: checked, tried, saved under a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from acs.datamodel.keys import Catalogue, KeyNameError
from acs.datamodel.paths import is_secret
from acs.fleet.selector import printing, references
from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.expressions import And, Comparison, Expression, OneOf, Subject, leaves
from acs.fleet.selector.fields import ATTRIBUTE
from acs.fleet.selector.lexing import LONGEST, tokens
from acs.fleet.selector.parsing import Query, parse
from acs.operations import limits, selector_uses
from acs.operations.errors import Conflict, FieldError, Invalid, NotFound
from acs.operations.ports import Runner, moment
from acs.store import selection
from acs.store import selectors as store
from acs.store.selection import Selection
from acs.store.selectors import SavedSelector
from acs.store.shapes import Shapes

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NAMES = "1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit"

#: The name of a group, rule, selector or webhook; that it is one is checked by whoever makes it.
Name = Annotated[str, Meta(extra_json_schema={"pattern": f"^{NAME.pattern}$", "description": NAMES})]
Select = Annotated[str, Meta(max_length=LONGEST, description="a selector, as docs/selectors.md has it")]
Description = Annotated[str, Meta(max_length=200)]


class SelectorRequest(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    select: Select
    description: Description = ""


class SelectorChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    select: Select | UnsetType = UNSET
    description: Description | UnsetType = UNSET


class TryRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`limit`: how many of the phones are named."""

    select: Select
    limit: Annotated[int, Meta(ge=0, le=1000)] = 10


class SelectorView(Struct, frozen=True):
    name: str
    select: str
    description: str
    at: datetime | None
    by: str


class SelectorList(Struct, frozen=True):
    """By name."""

    items: list[SelectorView]


class TriedView(Struct, frozen=True):
    """`total` phones are meant, the first of which are `devices`; `select` is how the selector was read."""

    select: str
    total: int
    devices: list[str]


# --- reading --------------------------------------------------------------------------------------------


def read(text: str, catalogue: Catalogue, *, field: str) -> Query:
    """What a selector says. Raises Invalid, which points at the character, for this field."""
    try:
        query = parse(text)
    except SelectorError as error:
        raise refused(error, field) from None
    _check_names(query.expression, text, catalogue, field)
    return query


async def usable(runner: Runner, text: str, catalogue: Catalogue, *, field: str) -> str:
    """A selector that is to be kept, "" for nothing; what it uses must be there. Raises Invalid."""
    if text.strip():
        query = read(text, catalogue, field=field)
        await _resolve(runner, query, {}, field)
    return text.strip()


async def _resolve(runner: Runner, query: Query, new: Mapping[str, Expression], field: str) -> None:
    """Whether all that it uses can be used; `new` are selectors that are not saved yet. Raises Invalid."""
    saved = await runner.drive(store.used_by(query))
    try:
        references.replaced(query, {**saved, **new})
    except SelectorError as error:
        raise refused(error, field) from None


def refused(error: SelectorError, field: str) -> Invalid:
    text = f"character {error.position + 1}: {error.message}"
    fault = FieldError(field, text, error.text, error.expected or None, position=error.position)
    return Invalid([fault])


def _check_names(expression: Expression, text: str, catalogue: Catalogue, field: str) -> None:
    """Who may not see a password must not find it out by asking who has it; and what is no key at all was
    meant to be another one."""
    for leaf in leaves(expression):
        if isinstance(leaf, (Comparison, OneOf)):
            wrong = _wrong_name(leaf.subject, catalogue)
            if wrong:
                raise Invalid([FieldError(field, wrong, text, position=_place(text, leaf.subject))])


def _wrong_name(subject: Subject, catalogue: Catalogue) -> str:
    """What is wrong with the name behind `attr`, `key` or `parameter`, "" for nothing."""
    secret = subject.field in ("attr", "parameter") and is_secret(subject.name)
    if subject.field == "key":
        try:
            secret = catalogue.find(subject.name).key.secret
        except KeyNameError as error:
            return str(error)
    return f"{subject.name} is a secret: phones are not selected by it" if secret else ""


def _place(text: str, subject: Subject) -> int:
    """Where the name stands: behind `key` or `parameter`, or in one word with `attr.`."""
    words = list(tokens(text))
    for word, name in pairwise(words):
        if word.is_word(subject.field) and name.text == subject.name:
            return name.at
    one_word = ATTRIBUTE + subject.name
    return next((word.at for word in words if word.text.lower() == one_word.lower()), 0)


async def prepared(runner: Runner, shapes: Shapes, query: Query, *, now: float, field: str) -> Selection:
    """The phones a selector means, as far as the caller may see them.

    Raises Invalid where a saved selector in it cannot be used.
    """
    try:
        return await runner.drive(selection.prepare(limits.narrowed(runner, query), shapes, now=now))
    except SelectorError as error:
        raise refused(error, field) from None


async def meant(
    runner: Runner, shapes: Shapes, query: Query, device_ids: Iterable[str], *, now: float, field: str
) -> set[str]:
    """Those of these phones that a selector means, as far as the caller may see them. Raises Invalid."""
    ids = tuple(dict.fromkeys(device_ids))
    if not ids:
        return set()
    both: Expression = And((OneOf(Subject("id"), ids), query.expression))
    among = Query(query.text, both, query.references)
    chosen = await prepared(runner, shapes, among, now=now, field=field)
    # the ids of a selector are compared in any case, those of phones are not
    return set(await runner.drive(chosen.every())).intersection(ids)


async def attempt(
    runner: Runner, shapes: Shapes, catalogue: Catalogue, asked: TryRequest, *, now: float
) -> TriedView:
    """Whom a selector means now."""
    query = read(asked.select, catalogue, field="select")
    chosen = await prepared(runner, shapes, query, now=now, field="select")
    found: list[str] = []
    after: str | None = ""
    while after is not None and len(found) < asked.limit:
        page = await runner.drive(chosen.page(after=after, limit=asked.limit - len(found)))
        found += page.ids
        after = page.next
    return TriedView(printing.show(query.expression), await runner.drive(chosen.count()), found)


# --- saved ones -----------------------------------------------------------------------------------------


async def list_all(runner: Runner) -> SelectorList:
    """None for a limited caller: they may name phones that it may not see."""
    if limits.is_limited(runner):
        return SelectorList([])
    return SelectorList([_view(one) for one in await runner.run(store.list_all())])


async def show(runner: Runner, name: str) -> SelectorView:
    return _view(await _find(runner, name))


async def create(
    runner: Runner, catalogue: Catalogue, asked: SelectorRequest, *, by: str, now: float
) -> SelectorView:
    """Raises Invalid, and Conflict for a name that is taken."""
    if not NAME.fullmatch(asked.name):
        raise Invalid.field("name", "is no name of a selector", value=asked.name, allowed=NAMES)
    made = SavedSelector(asked.name, asked.select, asked.description, now, by)
    await _check(runner, catalogue, made)
    if not await runner.run(store.create(made)):
        raise Conflict(f"There is a selector {asked.name!r} already.")
    return _view(made)


async def change(
    runner: Runner, catalogue: Catalogue, name: str, asked: SelectorChange, *, by: str, now: float
) -> SelectorView:
    before = await _find(runner, name)
    given = {
        field: value
        for field, value in (("select", asked.select), ("description", asked.description))
        if value is not UNSET
    }
    after = structs.replace(before, **given, at=now, by=by)
    await _check(runner, catalogue, after)
    await runner.run(store.put(after))
    return _view(after)


async def delete(runner: Runner, name: str) -> None:
    """Raises NotFound, and Conflict where something uses it."""
    using = await selector_uses.uses(runner, name)
    if using:
        raise Conflict(f"The selector {name!r} is used by {', '.join(using)}.")
    if not await runner.run(store.delete(name)):
        raise NotFound("selector", name)


async def _find(runner: Runner, name: str) -> SavedSelector:
    found = await runner.run(store.get(name))
    if found is None:
        raise NotFound("selector", name)
    return found


async def _check(runner: Runner, catalogue: Catalogue, selector: SavedSelector) -> None:
    """Whether it can be used, with all that it uses, should it be saved."""
    if not selector.description.isprintable():
        raise Invalid.field(
            "description", "has control characters", value=selector.description, allowed="printable text"
        )
    query = read(selector.select, catalogue, field="select")
    await _resolve(runner, query, {selector.name: query.expression}, "select")


def _view(selector: SavedSelector) -> SelectorView:
    return SelectorView(
        selector.name, selector.select, selector.description, moment(selector.at), selector.by
    )
