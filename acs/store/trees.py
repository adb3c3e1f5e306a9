"""The parameters of one device in Redis, written against what all phones of its model have in common.

What a driver does, where `shapes` is one `Shapes` for the whole process:

    tree = await runner.drive(trees.load(key, shapes))              # Redis -> tree
    ...                                                             # hear what the phone says
    complete = device.learning == Learning.COMPLETE
    blob = await runner.drive(trees.pack(tree, device.model_key, shapes, complete=complete))
    await runner.run(sessions.save(..., tree=blob))                 # tree -> Redis, with the rest of the step

Once the model's shape is at hand, `load` costs one round trip and `pack` none. `complete` says that all of
the phone's parameters are known, so that a shape can be made of its tree if its model has none that fits.
"""

from __future__ import annotations

from acs.datamodel.tree import ParameterTree
from acs.store import keyspace
from acs.store.calls import Call, Steps
from acs.store.shapes import (
    Shape,
    Shapes,
    extended,
    get_model_shape,
    get_shape,
    make_shape,
    put_shape,
    set_model_shape,
)
from acs.store.tree_format import DamagedTree, UnknownShape, decode, encode, shape_of

__all__ = [
    "DamagedTree",
    "Shape",
    "Shapes",
    "UnknownShape",
    "decode",
    "encode",
    "get_tree",
    "load",
    "make_shape",
    "pack",
    "shape_of",
]


def get_tree(key: str) -> Call[bytes | None]:
    """The stored tree of the device with this key."""
    return Call(("GET", keyspace.device_prefix(key) + keyspace.TREE), lambda stored: stored)


def load(key: str, shapes: Shapes) -> Steps[ParameterTree]:
    """The tree of the device with this key, empty when nothing is known. Raises `DamagedTree`."""
    blob: bytes | None
    [blob] = yield [get_tree(key)]
    if blob is None:
        return ParameterTree()
    digest = shape_of(blob)
    if digest:
        yield from _have(digest, shapes)
    try:
        return decode(blob, shapes)
    except UnknownShape as gone:
        raise DamagedTree(f"the parameters of device {key} cannot be read: {gone}") from gone


def pack(tree: ParameterTree, model_key: str, shapes: Shapes, *, complete: bool) -> Steps[bytes]:
    """The tree as it is to be stored, against the shape of its model; makes that shape where it is time."""
    digest = shapes.of_model(model_key)
    if not digest:
        [digest] = yield [get_model_shape(model_key)]
    shape = (yield from _have(digest, shapes)) if digest else None
    if complete and len(tree) and (shape is None or shape.worth_extending(tree)):
        made = make_shape(tree) if shape is None else extended(shape, tree)
        current: str
        _, current = yield [
            put_shape(made),
            set_model_shape(model_key, over=digest, digest=made.digest),
        ]
        shapes.add(made)
        digest = current
        shape = yield from _have(digest, shapes)
    if digest:
        shapes.remember_model(model_key, digest)
    return encode(tree, shape)


def _have(digest: str, shapes: Shapes) -> Steps[Shape | None]:
    shape = shapes.get(digest)
    if shape is None:
        [shape] = yield [get_shape(digest)]
        if shape is not None:
            shapes.add(shape)
    return shape
