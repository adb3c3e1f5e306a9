"""Firmware for simulated phones: any file is one; two marks tell which version it brings.

1. The name of the file (TargetFileName, else the last part of the URL) looks like `37.72.0.12.rom`.
2. Its first line is `ACS-SIM-ROM` followed by words `version=37.72.0.12`, and optionally `model=CP860` and
   `sha256=<hex of all that follows the first line>`. An image for another model, or one whose content does
   not match its hash, is corrupt for the phone (fault 9018).

A file with neither mark installs, and the version stays what it was.
"""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import unquote, urlsplit

MAGIC = b"ACS-SIM-ROM"

#: a first line longer than this is none
LONGEST_FIRST_LINE = 512

_NAME = re.compile(r"(\d+(?:\.\d+){2,})\.(?:rom|bin|img|fw|z)", re.IGNORECASE)


def version_in_name(target_file_name: str, url: str) -> str:
    """The version that a file's name tells, "" when it tells none."""
    for name in (target_file_name, unquote(urlsplit(url).path)):
        if match := _NAME.search(name.rpartition("/")[2]):
            return match[1]
    return ""


def make_image(version: str, *, model: str = "", size: int = 0) -> bytes:
    """A file with a first line as above; `size` is its length in bytes at the least."""
    body = (f"firmware {version} " * (1 + size // 16)).encode()
    model_word = f" model={model}" if model else ""
    first_line = f"version={version}{model_word} sha256={sha256(body).hexdigest()}"
    return MAGIC + b" " + first_line.encode() + b"\n" + body


class ImageReader:
    """Takes an image piece by piece, keeping nothing but its first line and its hashes."""

    def __init__(self) -> None:
        self.size = 0
        self._start = b""
        self._rest = sha256()
        self._first_line_done = False

    def feed(self, piece: bytes) -> None:
        self.size += len(piece)
        if self._first_line_done:
            self._rest.update(piece)
            return
        self._start += piece
        line, newline, rest = self._start.partition(b"\n")
        if newline or len(self._start) > LONGEST_FIRST_LINE:
            self._start = line[:LONGEST_FIRST_LINE]
            self._rest.update(rest)
            self._first_line_done = True

    @property
    def words(self) -> dict[str, str]:
        """What the first line says; empty for a file without one."""
        if not self._start.startswith(MAGIC):
            return {}
        words = self._start.decode("utf-8", "replace").split()[1:]
        return {key: value for key, equals, value in (word.partition("=") for word in words) if equals}

    @property
    def version(self) -> str:
        return self.words.get("version", "")

    def corrupt(self, model: str) -> str:
        """Why a phone of this model refuses the image; "" when it does not."""
        words = self.words
        if words.get("model", model) != model:
            return f"the image is for {words['model']}, not {model}"
        if words.get("sha256", self._rest.hexdigest()) != self._rest.hexdigest():
            return "the image does not match its hash"
        return ""
