"""Takes the body of an upload to disk while it comes, and leaves nothing behind where it breaks off.

The bytes go to a temporary file and through SHA-256 and MD5; when all are there they are forced to disk, and
the file is renamed to its SHA-256. Only then does the phone get its answer.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import structlog
from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from acs.southbound.http_messages import BodyRefused, Response, text_response
from acs.store.errors import StoreError

log = structlog.get_logger("acs.files")


class Received(Struct, frozen=True):
    """An upload that lies in its final place."""

    path: Path
    size: int
    sha256: str
    md5: str


class UploadSink:
    """A `BodySink` for one upload.

    :param incoming: directory for what is not complete, on the same file system as `files`.
    :param files: directory of the stored files, each named by its SHA-256.
    :param limit: bytes; one more is refused with 413.
    :param received: told when the file is in its place; gives the answer for the phone. When it fails, the
        phone gets a 503. The file stays: whether it was recorded is not known then, another upload may have
        the same bytes, and upkeep removes what no record names.
    :param broken_off: told how many bytes had come, and why there were no more.
    :raises OSError: when made, if the temporary file cannot be.
    """

    def __init__(
        self,
        name: str,
        *,
        incoming: Path,
        files: Path,
        limit: int,
        received: Callable[[Received], Deferred[Response]],
        broken_off: Callable[[int, str], object],
    ) -> None:
        self._part = incoming / f"{name}-{os.urandom(4).hex()}.part"
        self._files = files
        self._limit = limit
        self._received = received
        self._broken_off = broken_off
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0
        # Unbuffered: the pieces are large, and an error belongs to the piece that met it.
        self._file = open(self._part, "xb", buffering=0)  # noqa: SIM115 - closed by finish and abort

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            self.abort(f"it is larger than {self._limit} bytes")
            raise BodyRefused(too_large(self._limit))
        try:
            written = 0
            while written < len(data):
                written += self._file.write(data[written:])
        except OSError as error:
            self.abort(f"it could not be written: {error.strerror}")
            log.error("upload cannot be written", path=str(self._part), reason=error.strerror)
            raise BodyRefused(text_response(507, "the file could not be stored")) from error
        self._sha256.update(data)
        self._md5.update(data)

    def finish(self) -> Deferred[Response]:
        if not self._size:
            self.abort("it is empty")
            raise BodyRefused(text_response(400, "the upload is empty"))
        return Deferred.fromCoroutine(self._keep())

    def abort(self, reason: str) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)
        self._broken_off(self._size, reason)

    async def _keep(self) -> Response:
        digest = self._sha256.hexdigest()
        path = self._files / digest
        try:
            await deferToThread(self._put_in_place, path)
        except OSError as error:
            self.abort(f"it could not be stored: {error.strerror}")
            log.error("upload cannot be stored", path=str(path), reason=error.strerror)
            return text_response(507, "the file could not be stored")
        try:
            return await self._received(Received(path, self._size, digest, self._md5.hexdigest()))
        except StoreError as error:
            log.warning("upload could not be recorded", path=str(path), reason=str(error))
            return text_response(503, "the file could not be recorded; send it again later")

    def _put_in_place(self, path: Path) -> None:
        """Force the bytes to disk and give the file its name; both are slow, so this runs in a thread."""
        with self._file:
            os.fsync(self._file.fileno())
        self._part.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def too_large(limit: int) -> Response:
    return text_response(413, f"the file is larger than {limit} bytes")
