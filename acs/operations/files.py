"""Stored files: firmware and configurations for phones, and what phones sent.

A file has a name and a record in the store; its bytes lie on disk under their SHA-256, shared by all names
that have the same content. A name that is removed or replaced is gone at once. Its bytes stay for `GRACE`, so
that transfers under way and tasks already put down can end; then upkeep (`workers.upkeep`) removes them,
unless a name has them again.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct
from twisted.internet.threads import deferToThread

from acs.fleet.requests import DOWNLOAD_TYPES, MAX_FILE_TYPE, UPLOAD_TYPES
from acs.operations import limits, resources
from acs.operations.errors import Invalid, NotFound, Unavailable
from acs.operations.ports import Runner, moment
from acs.store import contents
from acs.store import files as store
from acs.store.contents import Sums
from acs.store.files import StoredFile

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")

#: Sums that may be stated, and how many hex digits they have.
_SUMS = {"sha256": 64, "md5": 32}

#: Seconds for which the bytes of a removed name stay on disk.
GRACE = 86_400.0

#: Files looked at in one round trip where not all of them may be shown.
_READ = 500

#: What a file is when nobody says, by the end of its name.
_TYPES_BY_SUFFIX = {".rom": DOWNLOAD_TYPES[0], ".cfg": DOWNLOAD_TYPES[2]}


class FileView(Struct, frozen=True):
    """`device` and `task` are set for what a phone sent, `rollout` where one asked for it. `size` in bytes,
    `sha256` and `md5` in hex; `md5` is "" for a file that was stored before it was taken.

    `resource` is the kind of a resource file; phones fetch it at `path` of the files port. Both may be "".
    """

    name: str
    size: int
    sha256: str
    md5: str
    file_type: str
    version: str
    model: str
    created_at: datetime | None
    created_by: str
    device: str
    task: str
    rollout: str
    resource: str
    path: str


class FilePage(Struct, frozen=True):
    items: list[FileView]
    next: str | None
    total: int


class About(Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of a file that is stored: `version` and `model` tell what a firmware is for."""

    file_type: Annotated[
        str,
        Meta(
            max_length=MAX_FILE_TYPE,
            description="such as `1 Firmware Upgrade Image`; not needed for names in .rom and .cfg",
        ),
    ] = ""
    version: Annotated[
        str, Meta(max_length=64, description="the SoftwareVersion that a phone shows with this firmware")
    ] = ""
    model: Annotated[str, Meta(max_length=64, description="the product class that it is for")] = ""
    resource: Annotated[
        str,
        Meta(
            max_length=64,
            description="the kind of a resource file, such as `dial-now`: it is checked, and phones may "
            "fetch it by its name",
        ),
    ] = ""
    sha256: Annotated[
        str, Meta(description="what the file must be, in hex, as its maker says; it is refused else")
    ] = ""
    md5: Annotated[str, Meta(description="the same by MD5, as makers of firmware publish it")] = ""


async def put(
    runner: Runner,
    directory: Path,
    received: Path,
    name: str,
    about: About,
    *,
    by: str,
    now: float,
    oui: str = "",
) -> tuple[FileView, bool]:
    """Keep the file at `received`, which is used up, under this name; also tells whether the name is new.

    Acknowledged only when its bytes are on disk. Raises Invalid for a name or type that cannot be, for bytes
    that are not what their sums say, and for a resource file that no phone could use.
    """
    check_name(name)
    try:
        _check_sums(about)
        file_type = about.file_type or _TYPES_BY_SUFFIX.get(Path(name).suffix.lower(), "")
        if about.resource:
            await resources.check_stored(about.resource, received)
        if file_type or not about.resource:
            _check_type(file_type, about.file_type)
        found = await deferToThread(_keep, received, directory, about)
        file = StoredFile(
            name=name,
            sha256=found.sha256,
            size=found.size,
            file_type=file_type,
            version=about.version,
            model=about.model,
            created_at=now,
            created_by=by,
            content_type=resources.CONTENT_TYPE if about.resource else "application/octet-stream",
            resource=about.resource,
            oui=oui,
            md5=found.md5,
        )
        before = await runner.run(store.put(file))
    finally:
        await deferToThread(received.unlink, missing_ok=True)
    if before is not None and before.content_unused:
        await deferToThread(_touch, content(directory, before.file.sha256), now)
    return view(file), before is None


async def get(runner: Runner, name: str) -> StoredFile:
    """Raises NotFound. A limited caller gets what its own phones sent, and OutOfReach for what all share."""
    file = await runner.run(store.get(name)) if NAME.fullmatch(name) else None
    if file is None:
        raise NotFound("file", name)
    if file.device:
        await limits.require(runner, file.device, kind="file", name=name)
    else:
        limits.refuse_fleet_wide(runner, f"The file {name}")
    return file


async def page(runner: Runner, *, cursor: str, limit: int) -> FilePage:
    """The next files by name, behind the name that the cursor is; for a limited caller, those that its own
    phones sent."""
    if limits.is_limited(runner):
        return await _own_page(runner, cursor=cursor, limit=limit)
    found = await runner.drive(store.page(cursor=cursor, limit=limit))
    return FilePage([view(file) for file in found.files], found.next, found.total)


async def of_device(runner: Runner, device_id: str, *, cursor: str, limit: int) -> FilePage:
    """What this phone sent, newest first. `total` may count some of others with a like name."""
    found = await runner.drive(store.of_device(device_id, cursor=cursor, limit=limit))
    return FilePage([view(file) for file in found.files], found.next, found.total)


async def every(runner: Runner) -> list[StoredFile]:
    """The records of all stored files, by name; for a limited caller, of those that its own phones sent."""
    every_one: list[StoredFile] = []
    after: str | None = ""
    while after is not None:
        found = await runner.drive(store.page(cursor=after, limit=_READ))
        files = found.files
        if limits.is_limited(runner):
            seen = await limits.visible(runner, [file.device for file in files if file.device])
            files = tuple(file for file in files if file.device in seen)
        every_one += files
        after = found.next
    return every_one


async def _own_page(runner: Runner, *, cursor: str, limit: int) -> FilePage:
    own = await every(runner)
    listed = [file for file in own if file.name > cursor]
    following = listed[limit - 1].name if len(listed) > limit else None
    return FilePage([view(file) for file in listed[:limit]], following, len(own))


async def remove(runner: Runner, directory: Path, name: str, *, now: float) -> None:
    """Take the name away. Tasks already put down can still fetch its bytes for `GRACE`. Raises NotFound."""
    await get(runner, name)
    given_up = await runner.run(store.delete(name))
    if given_up is None:
        raise NotFound("file", name)
    if given_up.content_unused:
        await deferToThread(_touch, content(directory, given_up.file.sha256), now)


def content(directory: Path, digest: str) -> Path:
    """Where the bytes with this SHA-256 lie."""
    return directory / digest


def view(file: StoredFile) -> FileView:
    return FileView(
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        md5=file.md5,
        file_type=file.file_type,
        version=file.version,
        model=file.model,
        created_at=moment(file.created_at),
        created_by=file.created_by,
        device=file.device,
        task=file.task,
        rollout=file.rollout,
        resource=file.resource,
        path=resources.path_of(file.name) if file.resource else "",
    )


def check_name(name: str) -> None:
    """Raises Invalid unless the name can stand in a URL, a path and a phone's memory alike."""
    if not NAME.fullmatch(name):
        raise Invalid.field(
            "name",
            "is no file name",
            value=name,
            allowed="1 to 128 of A-Z a-z 0-9 . _ -, not beginning with a dot",
        )


def _check_sums(about: About) -> None:
    for name, digits in _SUMS.items():
        said = getattr(about, name)
        if said and not re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", said):
            raise Invalid.field(name, "is no such sum", value=said, allowed=f"{digits} hex digits")


def _check_type(file_type: str, given: str) -> None:
    number, _, text = file_type.partition(" ")
    if not text.strip() or not (number == "X" or number.isdigit()):
        message = "is no file type" if given else "is required for a name like this"
        raise Invalid.field(
            "file_type",
            message,
            value=given or None,
            allowed=[*DOWNLOAD_TYPES, UPLOAD_TYPES[1], "X <OUI> <text>"],
        )


def _keep(received: Path, directory: Path, about: About) -> Sums:
    """Sum the file up, hold that against what was said of it, and put it in its place. Runs in a thread."""
    try:
        with received.open("rb") as file:
            found = contents.sums(file)
        for name in _SUMS:
            said = getattr(about, name).lower()
            if said and said != getattr(found, name):
                raise Invalid.field(name, "is not the file's", value=said, allowed=getattr(found, name))
        directory.mkdir(parents=True, exist_ok=True)
        received.replace(content(directory, found.sha256))
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Unavailable(f"The file could not be kept: {error.strerror}.", retry_after=60) from error
    return found


def _touch(path: Path, now: float) -> None:
    """The time of giving up, from which `GRACE` runs."""
    if path.exists():
        os.utime(path, (now, now))
