"""Layers: what an edit makes of them, their versions, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.fleet.layers import (
    BLANK,
    EMPTY,
    Layer,
    NoSuchVersion,
    Version,
    blanked,
    blanked_changes,
    diff,
    kept_secrets,
    merged,
    values_at,
    written,
)

SECRET = "account.1.password"


def is_secret(key: str) -> bool:
    return key.endswith("password")


def write(layer: Layer, wanted, *, replace=False, now=False, at=1.0) -> tuple[Layer, Version]:
    values = merged(layer, wanted, replace=replace)
    made = written(layer, values, touched=wanted, now=now, at=at, by="Alice", reason="because")
    assert made is not None
    return made


def test_a_merge_keeps_the_rest_and_null_removes():
    layer = Layer(1, values={"a": "1", "b": "2"})
    assert merged(layer, {"b": None, "c": "3"}, replace=False) == {"a": "1", "c": "3"}


def test_a_replacement_keeps_nothing():
    assert merged(Layer(1, values={"a": "1"}), {"c": "3", "d": None}, replace=True) == {"c": "3"}


def test_a_write_is_a_version_with_what_it_changed():
    layer, first = write(EMPTY, {"b": "2", "a": "1"})
    assert (layer.version, layer.by, layer.reason, list(layer.values)) == (1, "Alice", "because", ["a", "b"])
    assert first.changes == {"a": (None, "1"), "b": (None, "2")}
    _, second = write(layer, {"a": "9", "b": None})
    assert (second.number, second.changes) == (2, {"a": ("1", "9"), "b": ("2", None)})


def test_a_write_that_changes_nothing_is_no_version():
    layer, _ = write(EMPTY, {"a": "1"})
    assert written(layer, {"a": "1"}, touched=["a"], now=False, at=2, by="", reason="") is None


def test_now_counts_for_the_keys_that_were_named_changed_or_not():
    layer, _ = write(EMPTY, {"a": "1", "b": "2"})
    assert layer.at_once == ()
    layer, version = write(layer, {"a": "1"}, now=True)
    assert (layer.at_once, version.changes, version.now) == (("a",), {}, True)
    layer, _ = write(layer, {"b": "3"}, now=True)
    assert layer.at_once == ("a", "b")


def test_a_later_write_without_now_waits_again():
    layer, _ = write(EMPTY, {"a": "1", "b": "2"}, now=True)
    layer, _ = write(layer, {"a": "2"})
    assert layer.at_once == ("b",)
    layer, _ = write(layer, {"b": None})
    assert layer.at_once == ()


def test_blanks_sent_back_keep_what_is_stored():
    layer = Layer(1, values={SECRET: "geheim"})
    kept, missing = kept_secrets(layer, {SECRET: BLANK, "a": BLANK, "b": None}, is_secret)
    assert kept == {SECRET: "geheim", "a": BLANK, "b": None}
    assert missing == []
    assert kept_secrets(EMPTY, {SECRET: BLANK}, is_secret) == ({}, [SECRET])


def test_secrets_are_blanked_but_an_empty_one_is_seen_to_be_empty():
    assert blanked({SECRET: "geheim", "a": "1"}, is_secret) == {SECRET: BLANK, "a": "1"}
    assert blanked({SECRET: ""}, is_secret) == {SECRET: ""}
    changes = {SECRET: ("old", "new"), "a": (None, "1"), "x.password": (None, "new")}
    assert blanked_changes(changes, is_secret) == {
        SECRET: (BLANK, BLANK),
        "a": (None, "1"),
        "x.password": (None, BLANK),
    }


edits = st.dictionaries(st.sampled_from("abcd"), st.none() | st.sampled_from(["", "1", "2"]), max_size=4)


@given(st.lists(st.tuples(edits, st.booleans()), max_size=8))
def test_every_version_can_be_worked_out_from_the_present_one(writes):
    layer, history, known = EMPTY, [], [{}]
    for wanted, replace in writes:
        values = merged(layer, wanted, replace=replace)
        made = written(layer, values, touched=wanted, now=False, at=1, by="", reason="")
        if made is not None:
            layer = made[0]
            history.insert(0, made[1])
            known.append(dict(sorted(values.items())))
    for number, values in enumerate(known):
        assert values_at(layer, history, number) == values
    for number in range(layer.version):
        assert diff(known[number], known[number + 1]) == history[-1 - number].changes


def test_versions_before_the_kept_history_are_not_known():
    layer, history = EMPTY, []
    for number in range(5):
        layer, version = write(layer, {"a": str(number)})
        history.insert(0, version)
    kept = history[:2]
    assert values_at(layer, kept, 3) == {"a": "2"}
    with pytest.raises(NoSuchVersion) as refusal:
        values_at(layer, kept, 2)
    assert (refusal.value.oldest, refusal.value.newest) == (3, 5)
    with pytest.raises(NoSuchVersion):
        values_at(layer, kept, 6)


def test_a_version_written_after_the_layer_was_read_does_not_count():
    layer, first = write(EMPTY, {"a": "1"})
    _, second = write(layer, {"a": "2"})
    assert values_at(layer, [second, first], 1) == {"a": "1"}
    assert values_at(layer, [second, first], 0) == {}
