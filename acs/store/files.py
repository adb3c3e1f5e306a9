"""What is known of stored files: firmware, configuration, what phones uploaded. The bytes lie on disk by
SHA-256.

Several names may share one content; `GivenUp.content_unused` says when the last of them is gone, so that the
bytes can be removed.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.upload_names import prefix_of
from acs.store import codec, keyspace
from acs.store.calls import Call, Steps, nothing, script, scripted

_PUT = script("put_file")
_DELETE = script("delete_file")
_SHA = 64


class StoredFile(Struct, frozen=True, array_like=True):
    """`file_type` is TR-069's, such as `1 Firmware Upgrade Image`; `size` in bytes; `created_at` since the
    epoch.

    `md5` is "" for a file that was stored before it was taken.

    `version` and `model` say what a firmware is for. `device` and `task` are set for what a phone uploaded,
    `rollout` where one asked for it.
    `resource` is the kind of a resource file, which phones may fetch by its name. `oui` is what somebody said
    of the manufacturer; nothing depends on it.
    """

    name: str
    sha256: str
    size: int
    file_type: str = ""
    version: str = ""
    model: str = ""
    created_at: float = 0
    created_by: str = ""
    device: str = ""
    task: str = ""
    content_type: str = ""
    resource: str = ""
    oui: str = ""
    md5: str = ""
    rollout: str = ""


_decode = Decoder(StoredFile).decode


class GivenUp(Struct, frozen=True):
    """A record that is no longer there; `content_unused` when no other name has its bytes."""

    file: StoredFile
    content_unused: bool


class FilePage(Struct, frozen=True):
    files: tuple[StoredFile, ...]
    #: cursor to go on with, None at the end
    next: str | None
    total: int


def put(file: StoredFile) -> Call[GivenUp | None]:
    """Record the file under its name; gives the record that had the name before."""
    keys = (keyspace.FILE_INDEX, keyspace.file_record(file.name), keyspace.FILE_CONTENTS)
    return scripted(_PUT, keys, (file.name, file.sha256, codec.encode(file)), _decode_given_up)


def get(name: str) -> Call[StoredFile | None]:
    return Call(("GET", keyspace.file_record(name)), _decode_stored)


def delete(name: str) -> Call[GivenUp | None]:
    """Forget the name; None when there is no such file."""
    keys = (keyspace.FILE_INDEX, keyspace.file_record(name), keyspace.FILE_CONTENTS)
    return scripted(_DELETE, keys, (name,), _decode_given_up)


def page(*, cursor: str = "", limit: int) -> Steps[FilePage]:
    """The next `limit` files by name; the cursor is the last name seen."""
    start = f"({cursor}" if cursor else "-"
    names: list[bytes]
    names, total = yield [
        Call(("ZRANGEBYLEX", keyspace.FILE_INDEX, start, "+", "LIMIT", 0, limit), list),
        Call(("ZCARD", keyspace.FILE_INDEX), int),
    ]
    files = yield [get(name.decode()) for name in names]
    following = names[-1].decode() if len(names) == limit else None
    return FilePage(tuple(file for file in files if file is not None), following, total)


def of_device(device_id: str, *, cursor: str = "", limit: int) -> Steps[FilePage]:
    """The next files that this phone sent, newest first; the cursor is the last name seen."""
    prefix = prefix_of(device_id)
    least, most = f"[{prefix}", f"[{prefix}~"
    end = f"({cursor}" if cursor.startswith(prefix) else most
    names: list[bytes]
    names, total = yield [
        Call(("ZREVRANGEBYLEX", keyspace.FILE_INDEX, end, least, "LIMIT", 0, limit), list),
        Call(("ZLEXCOUNT", keyspace.FILE_INDEX, least, most), int),
    ]
    files = (yield [get(name.decode()) for name in names]) if names else []
    following = names[-1].decode() if len(names) == limit else None
    own = tuple(file for file in files if file is not None and file.device == device_id)
    return FilePage(own, following, total)


def known_contents() -> Call[list[str]]:
    """The SHA-256 of every content that a name refers to."""
    return Call(("HKEYS", keyspace.FILE_CONTENTS), lambda names: [name.decode() for name in names])


def pruned() -> Call[str]:
    """The name up to which files were looked through for those that go; "" at the beginning."""
    return Call(("GET", keyspace.FILES_PRUNED), lambda stored: stored.decode() if stored else "")


def note_pruned(name: str) -> Call[None]:
    return Call(("SET", keyspace.FILES_PRUNED, name), nothing)


def _decode_stored(stored: bytes | None) -> StoredFile | None:
    return None if stored is None else _decode(memoryview(stored)[_SHA:])


def _decode_given_up(answer: list[Any] | None) -> GivenUp | None:
    if answer is None:
        return None
    return GivenUp(_decode(memoryview(answer[0])[_SHA:]), answer[1] == 1)
