"""A short way to read an Inform that has the markup of an earlier one: only its texts have to be looked at.

All heartbeats of a model are the same but for some twenty texts. What stands between the texts, the markup,
decides by itself where each text belongs, because a text of plain printable characters changes nothing in how
the rest of a document is read. So the reader is asked once, with a number for each text; where each number
turns up in its answer, there the texts of later Informs with that markup go.

Everything unusual keeps to the long way: documents that had to be mended, markup in which some text goes to
no place that is known here, entities, characters that cannot be printed, a parameter that comes twice. Texts
that begin or end with white space are counted to the markup, as the indentation between elements is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from acs.cwmp import events, scalars
from acs.cwmp.messages import Inform
from acs.cwmp.structures import DeviceId, Event, ParameterValue

if TYPE_CHECKING:
    from acs.cwmp.reading import Envelope

#: Longer messages are rare, and are not worth their place in memory.
LONGEST = 8192

#: How many markups are remembered. A fleet has some for each model: values that are empty or not, events.
MOST_MARKUPS = 500

_TEXTS = re.compile(r">([^<>\s][^<>]*)(?<!\s)<")

#: The number that stands for the first text. Long enough for no field to take it for something it knows.
_FIRST_NUMBER = 730_000_000


class _Shape(NamedTuple):
    """Where the parts of an Inform are among its texts, followed by `constants`."""

    constants: list[str]
    cwmp_id: int
    device_id: Sequence[int]
    events: Sequence[tuple[int, int]]
    max_envelopes: int
    current_time: int
    retry_count: int
    names: Sequence[int]
    values: Sequence[int]
    types: Sequence[str]
    #: what the markup alone decides
    envelope: Envelope


class KnownInforms:
    """:param read: the long way. Raises, or returns an Envelope."""

    def __init__(self, read: Callable[[bytes], Envelope]) -> None:
        self._read = read
        #: by markup; None where it was seen once, or has no shape
        self._shapes: dict[tuple[str, ...], _Shape | None] = {}
        self._seen_once: set[tuple[str, ...]] = set()

    def read(self, body: bytes) -> Envelope | None:
        """The Inform in a body; None where this is not the way to read it."""
        if len(body) > LONGEST or b"Inform>" not in body or b"&" in body:
            return None
        try:
            parts = _TEXTS.split(body.decode())
        except UnicodeDecodeError:
            return None
        texts = parts[1::2]
        if not "".join(texts).isprintable():
            return None
        markup = tuple(parts[::2])
        shape = self._shapes.get(markup)
        if shape is None:
            shape = self._learn(markup)
        return None if shape is None else _filled(shape, texts)

    def _learn(self, markup: tuple[str, ...]) -> _Shape | None:
        """The shape, for markup that comes the second time: much that comes once never comes again."""
        if markup in self._shapes:
            return None
        if markup not in self._seen_once:
            if len(self._seen_once) >= MOST_MARKUPS:
                self._seen_once.clear()
                self._shapes.clear()
            self._seen_once.add(markup)
            return None
        shape = self._shapes[markup] = self._shape_of(markup)
        return shape

    def _shape_of(self, markup: tuple[str, ...]) -> _Shape | None:
        numbers = [str(_FIRST_NUMBER + place) for place in range(len(markup) - 1)]
        pieces = [markup[0]]
        for number, piece in zip(numbers, markup[1:], strict=True):
            pieces += (f">{number}<", piece)
        try:
            envelope = self._read("".join(pieces).encode())
        except Exception:  # noqa: BLE001 - whatever ails it, the long way will tell
            return None
        if type(envelope.message) is not Inform or envelope.repairs:
            return None
        return _shape(envelope, envelope.message, numbers)


def _shape(envelope: Envelope, inform: Inform, numbers: list[str]) -> _Shape | None:
    places = {number: place for place, number in enumerate(numbers)}
    found: list[int] = []
    constants: list[str] = []

    def place_of(value: str | int) -> int:
        text = str(value)
        place = places.get(text)
        if place is None:
            constants.append(text)
            return len(numbers) + len(constants) - 1
        found.append(place)
        return place

    who = inform.device_id
    shape = _Shape(
        constants,
        place_of(envelope.cwmp_id),
        [place_of(text) for text in (who.manufacturer, who.oui, who.product_class, who.serial_number)],
        [(place_of(event.event_code), place_of(event.command_key)) for event in inform.event],
        place_of(inform.max_envelopes),
        place_of(inform.current_time),
        place_of(inform.retry_count),
        [place_of(one.name) for one in inform.parameter_list],
        [place_of(one.value) for one in inform.parameter_list],
        [one.type for one in inform.parameter_list],
        envelope,
    )
    return shape if sorted(found) == list(range(len(numbers))) else None


def _filled(shape: _Shape, texts: list[str]) -> Envelope | None:
    texts += shape.constants
    names = [texts[place] for place in shape.names]
    if len(set(names)) < len(names):
        return None
    values = [texts[place] for place in shape.values]
    inform = Inform(
        DeviceId(*[texts[place] for place in shape.device_id]),
        tuple([Event(events.normalise(texts[code]), texts[key]) for code, key in shape.events]),
        scalars.number(texts[shape.max_envelopes]),
        texts[shape.current_time],
        scalars.number(texts[shape.retry_count]),
        tuple(map(ParameterValue, names, values, shape.types)),
    )
    return structs.replace(shape.envelope, message=inform, cwmp_id=texts[shape.cwmp_id])
