"""A store call as a value: what to send to Redis and how to read the answer.

The functions of `acs.store.devices` and its neighbours build calls; nothing happens until a runner gets one.
`Steps` are calls that depend on each other's answers, written as a generator; both runners can drive them.

    call = devices.get(key)                      # a value
    known = blocking_runner.run(call)            # in a job
    known = await reactor_runner.run(call)       # in the server
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from hashlib import sha1
from importlib import resources
from typing import Any, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

Part = bytes | str | int | float

#: Yields the calls of one round trip, is sent their answers, returns the result.
Steps = Generator[Sequence["Call[Any]"], list[Any], T]


class Script(Struct, frozen=True):
    """A Lua script: run by its hash, loaded by the runners where Redis does not know it yet."""

    name: str
    text: bytes
    sha: bytes


class Call(Struct, Generic[T], frozen=True, gc=False):
    """One command and how to read its answer.

    `first` are calls to be sent just before in the same round trip, for keys that live in another cluster
    slot and so cannot be part of the same script. They come first, so that a crash in between leaves no
    more than an index entry for something that does not exist.
    """

    parts: tuple[Part, ...]
    decode: Callable[[Any], T]
    script: Script | None = None
    first: tuple[Call[Any], ...] = ()


#: Every script by its hash, so that a runner can load them when it connects.
SCRIPTS: dict[bytes, Script] = {}


def script(name: str, *, using: tuple[str, ...] = ()) -> Script:
    """The script `lua/NAME.lua`, with the functions of the fragments `using` in front of it."""
    folder = resources.files("acs.store") / "lua"
    text = b"\n".join((folder / f"{part}.lua").read_bytes() for part in (*using, name))
    sha = sha1(text, usedforsecurity=False).hexdigest().encode()
    return SCRIPTS.setdefault(sha, Script(name, text, sha))


def scripted(
    lua: Script,
    keys: Sequence[bytes],
    arguments: Sequence[Part],
    decode: Callable[[Any], T],
    first: tuple[Call[Any], ...] = (),
) -> Call[T]:
    """A call of a script with these KEYS and ARGV."""
    return Call(("EVALSHA", lua.sha, len(keys), *keys, *arguments), decode, lua, first)


def nothing(answer: Any) -> None:
    """For commands whose answer says no more than that they were executed."""


def truth(answer: Any) -> bool:
    """For commands that answer how many records they touched."""
    return bool(answer)


def in_order(calls: Sequence[Call[Any]]) -> tuple[list[Call[Any]], list[int]]:
    """All commands to send, those of `first` before their call, and the places of the calls' own answers."""
    commands: list[Call[Any]] = []
    places: list[int] = []
    for call in calls:
        commands.extend(call.first)
        places.append(len(commands))
        commands.append(call)
    return commands, places
