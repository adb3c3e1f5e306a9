"""Parameter trees come back from the store exactly as they went in, and take little room there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.datamodel.tree import Parameter, ParameterTree
from acs.store import keyspace, shapes, trees
from acs.store.calls import Call

KEY = "0123456789abcdef"
MODEL = "001565|CP860|37.72.0.5"

words = st.sampled_from(["", "0", "1", "true", "sip.example.com", "ü", "\x00"]) | st.text(max_size=30)
times = st.sampled_from([0.0, 1_700_000_000.0, 1_700_000_001.5]) | st.floats(allow_nan=False)
parameters = st.builds(
    Parameter,
    value=st.none() | words,
    type=st.sampled_from(["", "xsd:string", "xsd:boolean"]) | words,
    writable=st.sampled_from([None, True, False]),
    at=times,
    notification=st.none() | st.integers(0, 6),
    access_list=st.none() | st.lists(words, max_size=2).map(tuple),
)
names = st.sampled_from([f"Device.X.{number}.Name" for number in range(40)]) | st.text(max_size=40)
any_tree = st.dictionaries(names, parameters, max_size=50).map(ParameterTree)


#: Generous examples, and no deadline: a busy machine is no failure.
unhurried = settings(max_examples=200, deadline=None)


def items(tree: ParameterTree) -> list[tuple[str, Parameter]]:
    return list(tree.items())


def at_hand(*some: shapes.Shape) -> trees.Shapes:
    cache = trees.Shapes()
    for shape in some:
        cache.add(shape)
    return cache


def phone(serial: str, count: int = 100) -> ParameterTree:
    tree = ParameterTree({"Device.": Parameter(writable=False)})
    for number in range(count):
        value = f"{serial}-{number}" if number % 10 == 0 else f"value {number}"
        tree.put(
            f"Device.Group{number // 10}.Parameter{number}", Parameter(value, "xsd:string", True, 1000.0)
        )
    return tree


# --- the format -----------------------------------------------------------------------------------------


@given(tree=any_tree)
@unhurried
def test_a_tree_without_a_shape_comes_back_exactly(tree: ParameterTree) -> None:
    blob = trees.encode(tree)
    assert trees.shape_of(blob) == ""
    assert items(trees.decode(blob, trees.Shapes())) == items(tree)


@given(tree=any_tree, typical=any_tree)
@unhurried
def test_a_tree_comes_back_exactly_whatever_its_shape_is(tree: ParameterTree, typical: ParameterTree) -> None:
    """Values, types, times, attributes, and the order in which the names were learnt."""
    shape = trees.make_shape(typical)
    blob = trees.encode(tree, shape)
    assert trees.shape_of(blob) == shape.digest
    assert items(trees.decode(blob, at_hand(shape))) == items(tree)


@given(tree=any_tree)
@unhurried
def test_a_shape_comes_back_exactly(tree: ParameterTree) -> None:
    shape = trees.make_shape(tree)
    assert shapes.Shape(shape.packed).digest == shape.digest
    assert trees.make_shape(tree.copy()).digest == shape.digest


def test_what_a_phone_shares_with_its_model_takes_no_room() -> None:
    first, second = phone("AAAA"), phone("BBBB")
    shape = trees.make_shape(first)
    assert len(trees.encode(first, shape)) < 50
    assert len(trees.encode(second, shape)) < 150
    assert len(trees.encode(second, shape)) < len(trees.encode(second)) / 4


def test_a_tree_whose_shape_is_not_at_hand_says_which_it_needs() -> None:
    shape = trees.make_shape(phone("A"))
    with pytest.raises(trees.UnknownShape) as unknown:
        trees.decode(trees.encode(phone("B"), shape), trees.Shapes())
    assert unknown.value.digest == shape.digest


@pytest.mark.parametrize("damage", [lambda blob: blob[:-3], lambda blob: blob[:20], lambda blob: b"\x02junk"])
def test_a_damaged_tree_is_told(damage: Any) -> None:
    with pytest.raises(trees.DamagedTree):
        trees.decode(damage(trees.encode(phone("A"))), trees.Shapes())


def test_the_least_used_shape_is_forgotten_first() -> None:
    cache = trees.Shapes(size=2)
    one, two, three = (trees.make_shape(phone(serial)) for serial in "ABC")
    cache.add(one)
    cache.add(two)
    assert cache.get(one.digest) is one
    cache.add(three)
    assert cache.get(two.digest) is None
    assert cache.get(one.digest) is one


# --- with Redis -----------------------------------------------------------------------------------------


def put(store: Any, tree: ParameterTree, cache: trees.Shapes, *, complete: bool = True) -> bytes:
    blob: bytes = store.drive(trees.pack(tree, MODEL, cache, complete=complete))
    store.run(Call(("SET", keyspace.device_prefix(KEY) + keyspace.TREE, blob), bool))
    return blob


def test_a_device_that_is_not_known_has_an_empty_tree(store: Any) -> None:
    assert items(store.drive(trees.load(KEY, trees.Shapes()))) == []


def test_the_first_complete_tree_of_a_model_makes_its_shape(store: Any) -> None:
    blob = put(store, phone("AAAA"), trees.Shapes())
    assert trees.shape_of(blob)
    elsewhere = trees.Shapes()  # another process
    second = put(store, phone("BBBB"), elsewhere)
    assert trees.shape_of(second) == trees.shape_of(blob)
    assert items(store.drive(trees.load(KEY, trees.Shapes()))) == items(phone("BBBB"))


def test_a_phone_that_is_still_being_learnt_makes_no_shape(store: Any) -> None:
    blob = put(store, phone("A"), trees.Shapes(), complete=False)
    assert trees.shape_of(blob) == ""
    assert items(store.drive(trees.load(KEY, trees.Shapes()))) == items(phone("A"))


def test_a_tree_being_learnt_uses_the_shape_that_is_there(store: Any) -> None:
    first = put(store, phone("AAAA"), trees.Shapes())
    partial = put(store, phone("BBBB", count=30), trees.Shapes(), complete=False)
    assert trees.shape_of(partial) == trees.shape_of(first)


def test_a_shape_at_hand_costs_no_round_trip(store: Any) -> None:
    cache = trees.Shapes()
    put(store, phone("AAAA"), cache)
    with pytest.raises(StopIteration):
        next(trees.pack(phone("BBBB"), MODEL, cache, complete=True))


def test_a_shape_that_lacks_much_is_extended_and_old_trees_stay_readable(store: Any) -> None:
    cache = trees.Shapes()
    small = put(store, phone("AAAA", count=20), cache)
    large = put(store, phone("BBBB", count=100), cache)
    assert trees.shape_of(large) != trees.shape_of(small)
    again = put(store, phone("AAAA", count=20), cache)
    assert trees.shape_of(again) == trees.shape_of(large), "the larger shape has all that the smaller had"
    shape = store.run(shapes.get_shape(trees.shape_of(small)))
    assert items(trees.decode(small, at_hand(shape))) == items(phone("AAAA", count=20))


def test_phones_that_differ_do_not_take_turns_in_making_shapes(store: Any) -> None:
    one = phone("AAAA")
    other = ParameterTree({f"Device.Other{number}": Parameter("x") for number in range(100)})
    used = [trees.shape_of(put(store, tree, trees.Shapes())) for tree in (one, other, one, other, one, other)]
    assert len(set(used)) == 2
    assert len(set(used[1:])) == 1


def test_of_two_processes_that_make_a_shape_at_once_one_wins(store: Any) -> None:
    """The other one uses the winner's."""
    slow = trees.pack(phone("AAAA"), MODEL, trees.Shapes(), complete=True)
    asked = next(slow)
    unanswered = store.run_all(asked)
    fast = store.drive(trees.pack(phone("BBBB"), MODEL, trees.Shapes(), complete=True))
    making = slow.send(unanswered)

    def rest() -> Any:
        calls = making
        while True:
            try:
                calls = slow.send((yield calls))
            except StopIteration as end:
                return end.value

    assert trees.shape_of(store.drive(rest())) == trees.shape_of(fast)


def test_a_tree_whose_shape_was_lost_is_damaged(store: Any) -> None:
    blob = put(store, phone("AAAA"), trees.Shapes())
    store.raw.delete(keyspace.shape(trees.shape_of(blob)))
    with pytest.raises(trees.DamagedTree, match=KEY):
        store.drive(trees.load(KEY, trees.Shapes()))


def test_a_shape_does_not_grow_for_ever(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "LARGEST", 150)
    cache = trees.Shapes()
    first = put(store, phone("AAAA", count=100), cache)
    invented = ParameterTree({f"Device.Invented{number}": Parameter("x") for number in range(100)})
    assert trees.shape_of(put(store, invented, cache)) == trees.shape_of(first)
    assert items(store.drive(trees.load(KEY, cache))) == items(invented)
