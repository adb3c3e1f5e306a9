"""Compressed bodies."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.southbound.http_decoding import decoded, decoders_for
from acs.southbound.http_messages import BadRequest

TEXT = b"<Envelope>" + b"parameter value " * 500 + b"</Envelope>"


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def decode(coding: bytes, data: bytes, *, piece: int = 1 << 20, limit: int | None = 1 << 20) -> bytes:
    layers = decoders_for(coding, limit)
    pieces = [data[start : start + piece] for start in range(0, len(data), piece)] or [b""]
    return b"".join(
        out for number, part in enumerate(pieces) for out in decoded(layers, part, number == len(pieces) - 1)
    )


@pytest.mark.parametrize("piece", [1, 2, 100, 1 << 20])
@pytest.mark.parametrize(
    ("coding", "data"),
    [
        (b"gzip", gzip.compress(TEXT)),
        (b"X-GZIP", gzip.compress(TEXT)),
        (b"gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        (b"gzip", gzip.compress(TEXT) + b"\0\0\0\0"),
        (b"deflate", zlib.compress(TEXT)),
        (b"deflate", raw_deflate(TEXT)),
        (b"identity", TEXT),
        (b" , identity", TEXT),
        (b"deflate, gzip", gzip.compress(zlib.compress(TEXT))),
        (b"gzip", gzip.compress(TEXT)[:-8]),
        (b"gzip", TEXT),
    ],
    ids=[
        "gzip",
        "x-gzip",
        "two members",
        "padding",
        "zlib",
        "raw",
        "identity",
        "empty",
        "both",
        "no checksum",
        "not at all",
    ],
)
def test_bodies_are_decompressed_however_they_arrive(coding: bytes, data: bytes, piece: int) -> None:
    if not decoders_for(coding, None):
        assert data == TEXT
        return
    assert decode(coding, data, piece=piece) == TEXT


def test_empty_bodies_stay_empty() -> None:
    assert decode(b"gzip", b"") == decode(b"deflate", b"") == b""


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_a_bomb_is_found_before_it_is_whole(coding: bytes) -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    data = gzip.compress(bytes(50_000_000)) if coding == b"gzip" else bomb
    with pytest.raises(BadRequest) as caught:
        decode(coding, data, limit=100_000)
    assert caught.value.status == 413


def test_a_body_of_just_the_limit_is_fine() -> None:
    assert len(decode(b"gzip", gzip.compress(bytes(1000)), limit=1000)) == 1000
    with pytest.raises(BadRequest):
        decode(b"gzip", gzip.compress(bytes(1001)), limit=1000)


def test_what_comes_out_comes_in_bounded_pieces() -> None:
    [layer] = decoders_for(b"gzip", None)
    pieces = list(layer.decode(gzip.compress(bytes(10_000_000))))
    assert sum(map(len, pieces)) == 10_000_000
    assert max(map(len, pieces)) <= 256 * 1024


@pytest.mark.parametrize("coding", [b"br", b"gzip, gzip, gzip", b"compress", b"\xff"])
def test_other_encodings_are_refused(coding: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        decoders_for(coding, 1000)
    assert caught.value.status == 415


@given(st.binary(max_size=300), st.sampled_from([b"gzip", b"deflate"]))
def test_garbage_is_decoded_or_refused(data: bytes, coding: bytes) -> None:
    refused = 0
    try:
        decode(coding, data, limit=1000)
    except BadRequest as error:
        refused = error.status
    assert refused in (0, 400, 413)
