"""A local file into the server's store, with a progress bar."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from acs.cli import outcomes
from acs.cli.connection import Server, segment

_CHUNK = 1 << 18
#: Seconds for the server to take a file; each chunk it takes starts them anew.
_PATIENCE = 300.0


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as hex digits; raises a CommandError when it cannot be read."""
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise outcomes.CommandError(f"{path}: {error.strerror}") from None


def content_name(path: Path) -> str:
    """A name that only this content has: `stem-<12 hex digits>.suffix`, so that nothing is overwritten.

    What the server does not take in a name becomes an underscore.
    """
    stem, suffix = (re.sub(r"[^A-Za-z0-9._-]", "_", part) for part in (path.stem, path.suffix))
    return f"{stem.lstrip('.')[:80]}-{sha256_of(path)[:12]}{suffix[:20]}"


def send_file(server: Server, path: Path, name: str, about: dict[str, str | None]) -> dict[str, Any]:
    """PUT the file under this name; `about` has file_type, version, model. Returns the server's entry for it.

    A file that is there already with the same content is left alone.
    """
    api = server.api
    digest = sha256_of(path)
    wanted = {key: value for key, value in about.items() if value}
    for page in api.pages("/files", limit=None):
        for entry in page["items"]:
            same = entry["name"] == name and entry.get("sha256") == digest
            if same and all(entry.get(key) == value for key, value in wanted.items()):
                return dict(entry)
    size = path.stat().st_size
    with path.open("rb") as content, server.printer.transfer(path.name, size) as progress:
        answer = api.call(
            "PUT",
            f"/files/{segment(name)}",
            params=wanted,
            content=_chunks(content, progress),
            headers={"Content-Length": str(size), "Content-Type": "application/octet-stream"},
            patience=_PATIENCE,
        )
    entry = answer.json()
    if entry.get("sha256") not in (None, digest):
        raise outcomes.CommandError(f"{path} changed while it was sent; send it again")
    return dict(entry)


def _chunks(content: IO[bytes], progress: Any) -> Iterator[bytes]:
    done = 0
    while chunk := content.read(_CHUNK):
        yield chunk
        done += len(chunk)
        progress(done)
