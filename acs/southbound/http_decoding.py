"""Content-Encoding of request bodies: gzip and deflate, piece by piece, with a limit on what comes out."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from acs.southbound.http_messages import BadRequest

_GZIP_MAGIC = b"\x1f\x8b"

#: Encodings one inside the other; one is usual, more than this is an attack.
_MOST_LAYERS = 2

#: The most that one step gives out, so that a bomb is noticed before it is whole in memory.
_PIECE = 256 * 1024


class Decoder:
    """Takes one layer of encoding off. `limit` is the most bytes that may come out in all, None for no
    limit."""

    def __init__(self, coding: bytes, limit: int | None) -> None:
        self._gzip = coding in (b"gzip", b"x-gzip")
        self._limit = limit
        self._given = 0
        self._start: bytes | None = b""  # bytes held back until the format can be told
        self._plain = False
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def decode(self, data: bytes, last: bool = False) -> Iterator[bytes]:
        """What `data` adds, in pieces of bounded size. `last` says that nothing follows.

        A stream that ends before its checksum is taken as it is: what it lacks, its reader will notice.

        :raises BadRequest: 413 over the limit, 400 for what is not the encoding that was stated.
        """
        if self._start is not None:
            self._start += data
            if len(self._start) < 2 and not last:
                return
            data, self._start = self._start, None
            self._choose(data)
        if self._plain:
            yield self._counted(data)
            return
        while data:
            yield self._inflated(data)
            data = self._inflate.unconsumed_tail
            if self._inflate.eof:
                data = self._inflate.unused_data
                if not self._gzip or not data.startswith(_GZIP_MAGIC):
                    return  # padding after the end
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def _choose(self, start: bytes) -> None:
        if self._gzip:
            # Some senders state gzip and then send the text itself.
            self._plain = not start.startswith(_GZIP_MAGIC[: len(start)])
        elif len(start) >= 2 and start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0:
            self._inflate = zlib.decompressobj()
        else:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def _inflated(self, data: bytes) -> bytes:
        room = _PIECE if self._limit is None else min(self._limit - self._given + 1, _PIECE)
        try:
            return self._counted(self._inflate.decompress(data, room))
        except zlib.error as error:
            coding = "gzip" if self._gzip else "deflate"
            raise BadRequest(400, f"the body is not valid {coding}") from error

    def _counted(self, piece: bytes) -> bytes:
        self._given += len(piece)
        if self._limit is not None and self._given > self._limit:
            raise body_too_large(self._limit)
        return piece


def decoders_for(content_encoding: bytes | None, limit: int | None) -> list[Decoder]:
    """The layers to take off, outermost first; empty for a plain body.

    :raises BadRequest: 415 for an encoding this server does not know.
    """
    if not content_encoding:
        return []
    codings = [coding.strip().lower() for coding in content_encoding.split(b",")]
    codings = [coding for coding in codings if coding not in (b"", b"identity")]
    for coding in codings:
        if coding not in (b"gzip", b"x-gzip", b"deflate"):
            raise BadRequest(
                415, f"Content-Encoding {coding[:40].decode('latin-1')!r} is not gzip or deflate"
            )
    if len(codings) > _MOST_LAYERS:
        raise BadRequest(415, "the body is encoded too many times")
    return [Decoder(coding, limit) for coding in reversed(codings)]


def decoded(layers: list[Decoder], data: bytes, last: bool) -> Iterator[bytes]:
    """`data` through all layers; pieces may be empty."""
    pieces: Iterable[bytes] = (data,)
    for layer in layers:
        pieces = _through(layer, pieces)
    yield from pieces
    if last:
        for depth, layer in enumerate(layers):
            for rest in layer.decode(b"", True):
                yield from decoded(layers[depth + 1 :], rest, False)


def _through(layer: Decoder, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from layer.decode(piece)


def body_too_large(limit: int) -> BadRequest:
    return BadRequest(413, f"the body is larger than {limit} bytes")
