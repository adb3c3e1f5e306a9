"""Which bytes of a file a phone asks for."""

from __future__ import annotations

import pytest

from acs.southbound.byte_ranges import NotSatisfiable, Span, same_entity, wanted_span


@pytest.mark.parametrize(
    ("field", "span"),
    [
        (None, None),
        (b"bytes=0-0", Span(0, 1)),
        (b"bytes=0-99", Span(0, 100)),
        (b"bytes=10-", Span(10, 90)),
        (b"bytes=90-500", Span(90, 10)),
        (b"bytes=90-18446744073709551615", Span(90, 10)),
        (b"bytes=-5", Span(95, 5)),
        (b"bytes=-500", Span(0, 100)),
        (b" Bytes = 1 - 2 ", Span(1, 2)),
        (b"bytes=0-1,5-6", None),
        (b"lines=0-1", None),
    ],
)
def test_of_a_file_of_100_bytes(field: bytes | None, span: Span | None) -> None:
    assert wanted_span(field, 100) == span


@pytest.mark.parametrize(
    "field",
    [
        b"bytes=100-",
        b"bytes=100-200",
        b"bytes=5-4",
        b"bytes=-0",
        b"bytes=-",
        b"bytes=",
        b"bytes=a-b",
        b"bytes=-1-2",
    ],
)
def test_outside_of_it(field: bytes) -> None:
    with pytest.raises(NotSatisfiable):
        wanted_span(field, 100)


def test_an_empty_file_has_no_ranges() -> None:
    with pytest.raises(NotSatisfiable):
        wanted_span(b"bytes=0-", 0)


def test_content_range() -> None:
    assert Span(10, 20).content_range(100) == b"bytes 10-29/100"


def test_entity_tags() -> None:
    assert same_entity(b'"a", "b"', b'"b"', weak=False)
    assert same_entity(b"*", b'"b"', weak=True)
    assert same_entity(b'W/"b"', b'"b"', weak=True)
    assert not same_entity(b'W/"b"', b'"b"', weak=False)
    assert not same_entity(None, b'"b"', weak=True)


def test_a_refused_range_is_told_as_it_was_written():
    with pytest.raises(NotSatisfiable, match=r"^'bytes=200-' is outside a file of 100 bytes$"):
        wanted_span(b"bytes=200-", 100)
