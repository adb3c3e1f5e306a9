"""A request's body while it comes in: small ones in memory, larger ones straight to a file of our own.

The file lies in the data directory, so that a stored file is put in its place by renaming, not by copying.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from acs.operations.errors import TooLarge, Unavailable

#: Bytes kept in memory before a body goes to disk; JSON bodies are smaller than this nearly always.
IN_MEMORY = 64 << 10


class Body:
    """The file that twisted.web writes a body into. What is beyond the limit is counted and dropped."""

    def __init__(self, directory: Path, limit: int) -> None:
        self._directory = directory
        self._limit = limit
        self._file: BinaryIO = BytesIO()
        self._path: Path | None = None
        self._trouble: OSError | None = None
        self.size = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._limit or self._trouble is not None:
            return
        try:
            if self._path is None and self.size > IN_MEMORY:
                self._move_to_disk()
            self._file.write(data)
        except OSError as error:  # told when the body is asked for: the connection itself is well
            self._trouble = error

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def whole(self, limit: int) -> bytes:
        """All of it, in memory. Raises TooLarge beyond `limit` bytes."""
        self._check(limit)
        self._file.seek(0)
        return self._file.read()

    def take(self) -> Path:
        """The body as a file on disk, which is the caller's from now on. Raises TooLarge, Unavailable."""
        self._check(self._limit)
        try:
            if self._path is None:
                self._move_to_disk()
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _no_room(self._directory, error) from error
        self._file.close()
        path, self._path = self._path, None
        assert path is not None
        return path

    def close(self) -> None:
        """Let go of the body; called by twisted.web when the request is over or its connection lost."""
        self._file.close()
        if self._path is not None:
            with suppress(FileNotFoundError):
                self._path.unlink()
            self._path = None

    def _check(self, limit: int) -> None:
        if self.size > min(limit, self._limit):
            raise TooLarge(f"The body ({self.size} bytes)", min(limit, self._limit))
        if self._trouble is not None:
            raise _no_room(self._directory, self._trouble)

    def _move_to_disk(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix="body-", dir=self._directory)
        self._path = Path(name)
        received = self._file
        self._file = os.fdopen(descriptor, "w+b")
        received.seek(0)
        self._file.write(received.read())


def _no_room(directory: Path, error: OSError) -> Unavailable:
    return Unavailable(f"The body could not be kept in {directory.name}/: {error.strerror}.", retry_after=60)
