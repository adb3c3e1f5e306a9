"""What all phones of a model have in common: the shape against which each one's parameters are written.

A shape is made of the tree of one phone: names, types, whether writable, attributes, and the values as
typical ones. It never changes and is named by its own hash, so that it can be cached for good and old trees
stay readable; a model points to the shape that new trees are written against. When a phone of the model
knows much that the shape does not, the model moves on to a shape that has both: shapes only grow, so that
phones that differ cannot take turns in making new ones.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from hashlib import blake2b

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.datamodel.tree import Parameter, ParameterTree
from acs.store import codec, keyspace
from acs.store.calls import Call, nothing, script, scripted

#: Bytes of a shape's hash: phones decide what is in a shape, and none shall find two with the same.
DIGEST_SIZE = 12

#: Shapes a process keeps at hand: more models and firmwares than a fleet has, some 100 KB each at most.
CACHED = 256

#: The part of a tree's parameters that may be strange to its model's shape before the shape is extended.
STRANGE_PART = 0.1

#: Parameters a shape has at most: ten times a large phone. Beyond that, phones invent names.
LARGEST = 10_000

#: The most that deflate can look back.
_MOST_DICTIONARY = 32_768

_POINT = script("set_model_shape")


class _Record(Struct, frozen=True, array_like=True):
    """A shape as it is stored: one column a field, all of the same length."""

    names: tuple[str, ...]
    values: tuple[str | None, ...]
    types: tuple[str, ...]
    writables: tuple[bool | None, ...]
    notifications: tuple[int | None, ...]
    access_lists: tuple[tuple[str, ...] | None, ...]


_decode_record = Decoder(_Record).decode


class Shape:
    """An immutable shape; columns of equal length. `digest` is its name, in hex."""

    __slots__ = (
        "access_lists",
        "dictionary",
        "digest",
        "index",
        "names",
        "notifications",
        "packed",
        "types",
        "values",
        "writables",
    )

    def __init__(self, packed: bytes) -> None:
        record = _decode_record(packed)
        self.packed = packed
        self.digest = blake2b(packed, digest_size=DIGEST_SIZE).hexdigest()
        self.names = record.names
        self.values = record.values
        self.types = record.types
        self.writables = record.writables
        self.notifications = record.notifications
        self.access_lists = record.access_lists
        #: name to its place in the columns
        self.index = {name: place for place, name in enumerate(record.names)}
        #: what the values of such phones look like, for deflate; the last part of it is the most useful
        self.dictionary = "".join(dict.fromkeys(value for value in record.values if value)).encode()[
            -_MOST_DICTIONARY:
        ]

    def worth_extending(self, tree: ParameterTree) -> bool:
        """Whether the tree has so much that this shape lacks that the model should get a larger one."""
        strange = 0
        for name, parameter in tree.items():
            place = self.index.get(name)
            if place is None or (parameter.value is not None and self.values[place] is None):
                strange += 1
        return strange > STRANGE_PART * len(tree) and len(self.names) + strange <= LARGEST


def make_shape(tree: ParameterTree) -> Shape:
    """The shape of this tree, which a phone of the model has whose parameters are all known."""
    every = list(tree.items())
    return Shape(
        codec.encode(
            _Record(
                tuple(name for name, _ in every),
                tuple(parameter.value for _, parameter in every),
                tuple(parameter.type for _, parameter in every),
                tuple(parameter.writable for _, parameter in every),
                tuple(parameter.notification for _, parameter in every),
                tuple(parameter.access_list for _, parameter in every),
            )
        )
    )


def extended(shape: Shape, tree: ParameterTree) -> Shape:
    """A shape that has all of `shape`, and of the tree what `shape` knows nothing of."""
    union = ParameterTree()
    columns = zip(
        shape.names,
        shape.values,
        shape.types,
        shape.writables,
        shape.notifications,
        shape.access_lists,
        strict=True,
    )
    for name, value, kind, writable, notification, access_list in columns:
        known = tree.get(name)
        if value is None and known is not None:
            union.put(name, known)
        else:
            union.put(name, Parameter(value, kind, writable, 0, notification, access_list))
    for name, parameter in tree.items():
        if name not in shape.index:
            union.put(name, parameter)
    return make_shape(union)


class Shapes:
    """The shapes this process has at hand, and which model uses which. The least recently used go first."""

    def __init__(self, size: int = CACHED) -> None:
        self._size = size
        self._shapes: OrderedDict[str, Shape] = OrderedDict()
        self._models: OrderedDict[str, str] = OrderedDict()

    def get(self, digest: str) -> Shape | None:
        shape = self._shapes.get(digest)
        if shape is not None:
            self._shapes.move_to_end(digest)
        return shape

    def add(self, shape: Shape) -> None:
        self._shapes[shape.digest] = shape
        self._shapes.move_to_end(shape.digest)
        if len(self._shapes) > self._size:
            self._shapes.popitem(last=False)

    def of_model(self, model_key: str) -> str:
        """The digest of the shape that this model used when last heard of; "" while that is not known."""
        return self._models.get(model_key, "")

    def remember_model(self, model_key: str, digest: str) -> None:
        self._models[model_key] = digest
        self._models.move_to_end(model_key)
        if len(self._models) > self._size:
            self._models.popitem(last=False)


def get_shape(digest: str) -> Call[Shape | None]:
    def decode(stored: bytes | None) -> Shape | None:
        return None if stored is None else Shape(zlib.decompress(stored))

    return Call(("GET", keyspace.shape(digest)), decode)


def put_shape(shape: Shape) -> Call[None]:
    """Keep a shape; one that is there already is the same."""
    return Call(("SET", keyspace.shape(shape.digest), zlib.compress(shape.packed, 9), "NX"), nothing)


def get_model_shape(model_key: str) -> Call[str]:
    """The digest of the shape that trees of this model are written against; "" for none."""
    return Call(
        ("GET", keyspace.model_shape(model_key)), lambda stored: "" if stored is None else stored.decode()
    )


def set_model_shape(model_key: str, *, over: str, digest: str) -> Call[str]:
    """Move the model from the shape `over` ("" for none) to another; gives the one it has then.

    If that is a third one, another process was faster.
    """
    return scripted(_POINT, (keyspace.model_shape(model_key),), (over, digest), bytes.decode)
