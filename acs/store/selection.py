"""The phones that a selector means, from the index as far as it goes.

Candidates come from the index sets that hold the fewest, in order of their ids. Each is tested on what the id
and the index say; most are decided there, thousands at a time. Only for the others records are read, and
parameters or configuration only for those that are still open then.

    selection = await runner.drive(selection.prepare(parse(text), shapes, now=now))
    page = await runner.drive(selection.page(limit=50))            # ids, and where to go on
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from acs.fleet.selector import drivers, references
from acs.fleet.selector.drivers import Directory, Driver, Drivers
from acs.fleet.selector.evaluation import test_of
from acs.fleet.selector.expressions import Comparison, Everything, Expression, OneOf, TaskEnded, Text, leaves
from acs.fleet.selector.facts import Facts, from_id
from acs.fleet.selector.fields import ENDED
from acs.fleet.selector.parsing import Query
from acs.store import candidates, devices, indexes, lookups, presence, selectors, texts
from acs.store.calls import Call, Steps
from acs.store.devices import KnownDevice
from acs.store.layer_cache import LayerCache
from acs.store.shapes import Shapes

#: Candidates looked at in one round trip, from the index: about 5 ms of work.
WINDOW = 2000

#: The smallest first look, for a short page.
LEAST_WINDOW = 100

#: Records read in one round trip, and phones whose parameters or configuration are.
RECORDS = 500
DEEP = 100

#: Candidates looked at before a page is handed back as it is, with where to go on.
BUDGET = 50_000

#: Seconds for which the presence job's last round counts; after that each record is looked at.
STATES_LIFE = 60.0

#: Fields that the id says, and those that the index knows; a bare word asks for all of them.
_IN_ID = frozenset(("id", "oui", "model", "serial"))
_OF_ONE_PHONE = frozenset(("id", "oui", "serial", "mac", "ip"))


class Selected(Struct, frozen=True):
    """Ids in ascending order. `next`: the id to go on behind, None at the end; a page may be short."""

    ids: tuple[str, ...]
    next: str | None


def prepare(query: Query, shapes: Shapes, *, now: float) -> Steps[Selection]:
    """Look up saved selectors and choose where candidates come from. Raises SelectorError."""
    saved = yield from selectors.used_by(query)
    expression = references.replaced(query, saved)
    names: list[list[bytes]]
    first = [*indexes.directory(), presence.up(), devices.count(), texts.count()]
    *names, up, everyone, with_text = yield first
    directory = indexes.read_directory(names, states=now - up.looked < STATES_LIFE)
    asked = drivers.mentioned(expression, directory)
    sizes: dict[Driver, int] = {}
    if asked:
        counted = yield candidates.sizes(asked)
        sizes = dict(zip(asked, counted, strict=True))
    chosen = drivers.best(expression, directory, sizes.__getitem__, everyone)
    shared = LayerCache()
    if lookups.wanted(expression).configuration:
        yield from shared.refresh()
    total = _total(expression, directory, chosen, sizes, everyone)
    # a phone that is not indexed yet has no text, and is found without
    words = texts.words(expression) if chosen is None and with_text >= everyone else []
    return Selection(
        expression,
        chosen,
        shapes,
        shared,
        now=now,
        up_since=up.since,
        total=total,
        states_known=directory.states,
        words=words,
    )


def _total(
    expression: Expression,
    directory: Directory,
    chosen: Drivers | None,
    sizes: dict[Driver, int],
    everyone: int,
) -> int | None:
    """How many there are, where the sets alone say it."""
    if isinstance(expression, Everything):
        return everyone
    if chosen is not None and drivers.exact(expression):
        return sum(sizes[one] for one in chosen)
    return None


class Selection:
    """One selector at one time, over the phones there are while it is asked."""

    def __init__(
        self,
        expression: Expression,
        chosen: Drivers | None,
        shapes: Shapes,
        shared: LayerCache,
        *,
        now: float,
        up_since: float,
        total: int | None,
        states_known: bool = False,
        words: Sequence[texts.Word] = (),
    ) -> None:
        self.expression = expression
        #: what Redis looks for in the texts of all phones, where no set narrows them down
        self.words = words
        #: where candidates come from, None for all phones
        self.drivers = chosen
        self._shapes = shapes
        self._shared = shared
        self._now = now
        self._up_since = up_since
        #: how many there are, where the sets alone say it
        self.known_total = total
        self._test = test_of(expression, now=now)
        self._wanted = lookups.wanted(expression)
        tested = leaves(expression)
        fields = drivers.fields_of(expression)
        searches = any(isinstance(leaf, Text) for leaf in tested)
        self._by_id = fields <= _IN_ID and all(
            isinstance(leaf, (Comparison, OneOf, Everything)) for leaf in tested
        )
        self._asks_notes = searches or not fields.isdisjoint(("tag", "group", "label"))
        self._asks_states = states_known and "state" in fields
        self._asks_ends = any(isinstance(leaf, TaskEnded) for leaf in tested)
        #: what was decided on equal entries, where nothing of a single phone is asked
        self._decided: dict[tuple[object, ...], bool | None] | None = (
            {} if not searches and fields.isdisjoint(_OF_ONE_PHONE) else None
        )

    def page(self, *, after: str = "", limit: int) -> Steps[Selected]:
        """The next `limit` phones behind the id `after`."""
        found: list[str] = []
        place, looked = after.encode(), 0
        size = min(WINDOW, max(LEAST_WINDOW, 4 * limit))
        while looked < BUDGET:
            window = yield from self._window(place, size, enough=limit + 1 - len(found))
            found += yield from self._meant(window.ids)
            if len(found) > limit or (len(found) == limit and window.more):
                return Selected(tuple(found[:limit]), found[limit - 1])
            if not window.more:
                return Selected(tuple(found), None)
            place, looked, size = window.last, looked + max(1, len(window.ids)), WINDOW
        return Selected(tuple(found), place.decode())

    def every(self) -> Steps[list[str]]:
        """All phones that are meant."""
        found: list[str] = []
        place, more = b"", True
        while more:
            window = yield from self._window(place, WINDOW, enough=WINDOW)
            found += yield from self._meant(window.ids)
            more, place = window.more, window.last
        return found

    def count(self) -> Steps[int]:
        """How many phones are meant."""
        if self.known_total is not None:
            return self.known_total
        return len((yield from self.every()))

    def _window(self, place: bytes, size: int, *, enough: int) -> Steps[candidates.Window]:
        if self.words:
            return (yield from texts.window(self.words, place, max(LEAST_WINDOW, enough)))
        return (yield from candidates.window(self.drivers, place, size))

    # --- testing ----------------------------------------------------------------------------------------

    def _meant(self, ids: Sequence[bytes]) -> Steps[list[str]]:
        """Those of the candidates that are meant, in their order."""
        if not ids:
            return []
        if self._by_id:
            return [facts.id for facts in map(from_id, map(bytes.decode, ids)) if self._test(facts)]
        answers: list[bool | None]
        answers, facts = yield from self._indexed(ids)
        open_ones = [number for number, answer in enumerate(answers) if answer is None]
        for start in range(0, len(open_ones), RECORDS):
            part = open_ones[start : start + RECORDS]
            decided = yield from self._by_record(
                [facts[number] or from_id(ids[number].decode()) for number in part]
            )
            for number, answer in zip(part, decided, strict=True):
                answers[number] = answer
        return [one.decode() for one, answer in zip(ids, answers, strict=True) if answer]

    def _indexed(self, ids: Sequence[bytes]) -> Steps[tuple[list[bool | None], list[Facts | None]]]:
        """What the index decides, and what it says of each phone where it was looked at."""
        calls: list[Call[list[bytes | None]] | Call[set[bytes]]] = [indexes.entries(ids)]
        if self._asks_notes:
            calls.append(indexes.entries(ids, of_notes=True))
        if self._asks_states:
            calls += presence.states(ids)
        if self._asks_ends:
            calls += [indexes.ends(state, ids[0], ids[-1]) for state in ENDED]
        found = yield calls
        entries: list[bytes | None] = found[0]
        notes: list[bytes | None] = found[1] if self._asks_notes else [None] * len(ids)
        states: list[str] | None = None
        if self._asks_states:
            states = presence.read_states(*found[1 + self._asks_notes : 3 + self._asks_notes])
        ended: list[set[bytes]] = found[-len(ENDED) :] if self._asks_ends else []
        answers: list[bool | None] = []
        every: list[Facts | None] = []
        decided = self._decided
        for number, (one, entry, noted) in enumerate(zip(ids, entries, notes, strict=True)):
            state = states[number] if states is not None else ""
            ends = tuple(one in state for state in ended)
            if entry is not None and decided is not None:
                same = (indexes.varying(entry), noted, ends, state)
                if same in decided and decided[same] is not None:
                    answers.append(decided[same])
                    every.append(None)
                    continue
            facts = from_id(one.decode())
            if state:
                facts.state = state
            if ended:
                facts.ended = frozenset(state for state, there in zip(ENDED, ends, strict=True) if there)
            if entry is not None:  # else the phone is not indexed yet: its record says all
                indexes.fill(facts, entry)
                if self._asks_notes:
                    indexes.fill_notes(facts, noted)
            answer = self._test(facts)
            if entry is not None and decided is not None:
                decided[same] = answer
            answers.append(answer)
            every.append(facts)
        return answers, every

    def _by_record(self, many: Sequence[Facts]) -> Steps[list[bool]]:
        known: list[KnownDevice | None] = yield from lookups.records(many, self._now, self._up_since)
        answers: list[bool | None] = []
        open_ones: list[tuple[int, Facts, KnownDevice]] = []
        for number, (facts, device) in enumerate(zip(many, known, strict=True)):
            answer = False if device is None else self._test(facts)
            answers.append(answer)
            if answer is None and device is not None:
                open_ones.append((number, facts, device))
        for start in range(0, len(open_ones), DEEP):
            part = open_ones[start : start + DEEP]
            pairs = [(facts, device) for _, facts, device in part]
            yield from lookups.beyond(pairs, self._wanted, self._shapes, self._shared)
            for number, facts, _ in part:
                answers[number] = self._test(facts)
        return [bool(answer) for answer in answers]
