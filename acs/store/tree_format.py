"""The format in which a parameter tree is stored: what differs from its model's shape, in columns, deflated.

One byte: 1 with a shape, 2 without. With a shape, the bytes of its hash. Then two raw deflate streams.
The first is a `_Body`: columns over the tree's parameters in their order, each holding only where a
parameter differs from the shape. Names that the shape lacks are appended to it, with no value, type or
attributes. "Gaps" are ascending positions, each as its distance from the one before. The second stream is
the text of all values that differ, one after the other, with the shape's typical values as dictionary;
apart from the numbers it deflates much better.

Times are whole seconds where they can be, one or two bytes each; so let whoever hears a value round its time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from msgspec import MsgspecError, Struct
from msgspec.msgpack import Decoder

from acs.datamodel.tree import Parameter, ParameterTree
from acs.store import codec
from acs.store.errors import StoreError
from acs.store.shapes import DIGEST_SIZE, Shape, Shapes

_WITH_SHAPE = 1
_ALONE = 2

#: Whole seconds up to here are exact as floats, and fit into msgpack.
_LARGEST_WHOLE = 2**53

#: What is typical of a parameter that the shape does not know: value, type, writable, attributes.
_NEW: tuple[str | None, str, bool | None, int | None, tuple[str, ...] | None] = (None, "", None, None, None)


class UnknownShape(StoreError):
    """A tree cannot be read because its shape is not at hand. `digest` says which to get."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"the shape {digest} of a stored parameter tree is not at hand")
        self.digest = digest


class DamagedTree(StoreError):
    """A stored tree makes no sense, or its shape is gone. The way out is to learn the device again."""


class _Body(Struct, frozen=True, array_like=True):
    """The columns. `places` are runs (first, length) over the shape's places, then those of `new_names`."""

    places: list[int]
    new_names: list[str]
    value_gaps: list[int]
    #: characters of each value that differs, -1 for none
    lengths: list[int]
    types: list[tuple[str, list[int]]]
    writables: list[tuple[bool | None, list[int]]]
    notifications: list[tuple[int | None, list[int]]]
    access_lists: list[tuple[tuple[str, ...] | None, list[int]]]
    #: the distinct times: the first as it is, whole ones after a whole first as the distance from it
    times: list[int | float]
    #: runs (which time, length) over the parameters that have a value
    time_runs: list[int]
    #: the times of those that have none, where not 0
    other_time_gaps: list[int]
    other_times: list[float]


_decode_body = Decoder(_Body).decode


def shape_of(blob: bytes) -> str:
    """The digest of the shape this tree was written against; "" when it was written alone."""
    return blob[1 : 1 + DIGEST_SIZE].hex() if blob[0] == _WITH_SHAPE else ""


# --- tree to bytes --------------------------------------------------------------------------------------


class _Differences:
    """The places where one field differs from the shape, grouped by what it is there."""

    def __init__(self) -> None:
        self._groups: dict[Any, list[int]] = {}

    def add(self, value: Any, position: int) -> None:
        self._groups.setdefault(value, []).append(position)

    def column(self) -> list[tuple[Any, list[int]]]:
        return [(value, _gaps(positions)) for value, positions in self._groups.items()]


def encode(tree: ParameterTree, shape: Shape | None = None) -> bytes:
    """The tree as bytes, against `shape` if there is one."""
    index = shape.index if shape else {}
    size = len(index)
    places: list[int] = []
    new_names: list[str] = []
    value_positions: list[int] = []
    values: list[str | None] = []
    types, writables, notifications, access_lists = (_Differences() for _ in range(4))
    times: list[float] = []
    other_time_positions: list[int] = []
    other_times: list[float] = []
    for position, (name, parameter) in enumerate(tree.items()):
        place = index.get(name)
        if place is None or shape is None:
            place = size + len(new_names)
            new_names.append(name)
            typical = _NEW
        else:
            typical = (
                shape.values[place],
                shape.types[place],
                shape.writables[place],
                shape.notifications[place],
                shape.access_lists[place],
            )
        places.append(place)
        value, kind, writable, notification, access_list = typical
        if parameter.value != value:
            value_positions.append(position)
            values.append(parameter.value)
        if parameter.type != kind:
            types.add(parameter.type, position)
        if parameter.writable is not writable:
            writables.add(parameter.writable, position)
        if parameter.notification != notification:
            notifications.add(parameter.notification, position)
        if parameter.access_list != access_list:
            access_lists.add(parameter.access_list, position)
        if parameter.value is not None:
            times.append(parameter.at)
        elif parameter.at != 0:
            other_time_positions.append(position)
            other_times.append(parameter.at)
    distinct = {at: number for number, at in enumerate(dict.fromkeys(times))}
    body = codec.encode(
        _Body(
            _runs_up(places),
            new_names,
            _gaps(value_positions),
            [-1 if value is None else len(value) for value in values],
            types.column(),
            writables.column(),
            notifications.column(),
            access_lists.column(),
            _pack_times(list(distinct)),
            _runs_same([distinct[at] for at in times]),
            _gaps(other_time_positions),
            other_times,
        )
    )
    text = "".join(value for value in values if value).encode()
    streams = _deflate(body, b"") + _deflate(text, shape.dictionary if shape else b"")
    if shape is None:
        return bytes((_ALONE,)) + streams
    return bytes((_WITH_SHAPE,)) + bytes.fromhex(shape.digest) + streams


def _deflate(data: bytes, dictionary: bytes) -> bytes:
    """Deflated in the way that suits it better: random text is shorter without chance repetitions."""
    ways = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED):
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15, 9, strategy, dictionary)
        ways.append(deflater.compress(data) + deflater.flush())
    return min(ways, key=len)


def _gaps(positions: Iterable[int]) -> list[int]:
    gaps = []
    before = 0
    for position in positions:
        gaps.append(position - before)
        before = position
    return gaps


def _runs_up(places: Iterable[int]) -> list[int]:
    """Runs (first, length) of places that follow each other."""
    runs: list[int] = []
    following = -1
    for place in places:
        if place == following:
            runs[-1] += 1
        else:
            runs += (place, 1)
        following = place + 1
    return runs


def _runs_same(numbers: Iterable[int]) -> list[int]:
    """Runs (number, length) of equal numbers."""
    runs: list[int] = []
    for number in numbers:
        if runs and runs[-2] == number:
            runs[-1] += 1
        else:
            runs += (number, 1)
    return runs


def _pack_times(times: list[float]) -> list[int | float]:
    packed: list[int | float] = []
    for at in times:
        whole = abs(at) < _LARGEST_WHOLE and at == int(at)
        if not packed:
            packed.append(int(at) if whole else float(at))
        elif whole and isinstance(packed[0], int):
            packed.append(int(at) - packed[0])
        else:
            packed.append(float(at))
    return packed


# --- bytes to tree --------------------------------------------------------------------------------------


def decode(blob: bytes, shapes: Shapes) -> ParameterTree:
    """The tree as it was. Raises `UnknownShape` when its shape is not among `shapes`, or `DamagedTree`."""
    shape: Shape | None = None
    digest = shape_of(blob)
    if digest:
        shape = shapes.get(digest)
        if shape is None:
            raise UnknownShape(digest)
    start = 1 + DIGEST_SIZE if digest else 1
    try:
        packed, rest = _inflate(blob[start:], b"")
        text, _ = _inflate(rest, shape.dictionary if shape else b"")
        return ParameterTree(dict(zip(*_columns(_decode_body(packed), text.decode(), shape), strict=True)))
    except (zlib.error, MsgspecError, IndexError, ValueError) as error:
        raise DamagedTree(f"a stored parameter tree is damaged: {error}") from error


def _inflate(data: bytes, dictionary: bytes) -> tuple[bytes, bytes]:
    """One stream, and what follows it."""
    inflater = zlib.decompressobj(-15, dictionary)
    inflated = inflater.decompress(data) + inflater.flush()
    if not inflater.eof:
        raise ValueError("it is cut off")
    return inflated, inflater.unused_data


def _columns(body: _Body, text: str, shape: Shape | None) -> tuple[list[str], Iterable[Parameter]]:
    places: list[int] = []
    for first, length in zip(body.places[::2], body.places[1::2], strict=True):
        places.extend(range(first, first + length))
    new = len(body.new_names)
    if shape is None:
        names = [body.new_names[place] for place in places]
        every = len(places)
        values: list[str | None] = [_NEW[0]] * every
        types, writables, notifications, access_lists = ([typical] * every for typical in _NEW[1:])
    else:
        names = _picked(shape.names, body.new_names, places)
        values = _picked(shape.values, [_NEW[0]] * new, places)
        types = _picked(shape.types, [_NEW[1]] * new, places)
        writables = _picked(shape.writables, [_NEW[2]] * new, places)
        notifications = _picked(shape.notifications, [_NEW[3]] * new, places)
        access_lists = _picked(shape.access_lists, [_NEW[4]] * new, places)
    at = 0
    for position, length in zip(_positions(body.value_gaps), body.lengths, strict=True):
        if length < 0:
            values[position] = None
        else:
            values[position] = text[at : at + length]
            at += length
    for column, groups in (
        (types, body.types),
        (writables, body.writables),
        (notifications, body.notifications),
        (access_lists, body.access_lists),
    ):
        for what, gaps in groups:
            for position in _positions(gaps):
                column[position] = what
    return names, map(Parameter, values, types, writables, _times(body, values), notifications, access_lists)


def _picked(typical: tuple[Any, ...], new: list[Any], places: list[int]) -> list[Any]:
    columns = [*typical, *new]
    if len(places) == len(columns) and places == list(range(len(columns))):
        return columns  # the phone has just what its model has
    return [columns[place] for place in places]


def _positions(gaps: Iterable[int]) -> Iterable[int]:
    position = 0
    for gap in gaps:
        position += gap
        yield position


def _times(body: _Body, values: list[str | None]) -> list[float]:
    times = _unpack_times(body.times)
    heard: list[float] = []
    for number, length in zip(body.time_runs[::2], body.time_runs[1::2], strict=True):
        heard.extend([times[number]] * length)
    column = [0.0] * len(values)
    following = iter(heard)
    for position, value in enumerate(values):
        if value is not None:
            column[position] = next(following)
    for position, at in zip(_positions(body.other_time_gaps), body.other_times, strict=True):
        column[position] = at
    return column


def _unpack_times(packed: list[int | float]) -> list[float]:
    if not packed:
        return []
    first = packed[0]
    return [
        float(first),
        *(float(first + time) if isinstance(time, int) else time for time in packed[1:]),
    ]
