"""What is done once however often it is asked for: answers by a digest of who asks and their key."""

from __future__ import annotations

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.store import codec, keyspace
from acs.store.calls import Call, nothing, script, scripted

_BEGIN = script("begin_once")

#: Seconds that an answer is kept, and that something begun may take.
LIFE = 86_400
PATIENCE = 300


class Done(Struct, frozen=True, array_like=True):
    """`asked` is a digest of the request. `status` is 0 while it is under way; `secret`: not shown again."""

    asked: str
    status: int = 0
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    secret: bool = False


_decode = Decoder(Done).decode


def begin(digest: str, asked: str) -> Call[Done | None]:
    """None when it may begin now; else what is known of it."""
    record = codec.encode(Done(asked))
    return scripted(
        _BEGIN,
        (keyspace.once(digest),),
        (record, PATIENCE),
        lambda known: None if known is None else _decode(known),
    )


def finish(digest: str, done: Done) -> Call[None]:
    return Call(("SET", keyspace.once(digest), codec.encode(done), "EX", LIFE), nothing)


def give_up(digest: str) -> Call[None]:
    """It may be asked for again."""
    return Call(("DEL", keyspace.once(digest)), nothing)
