"""The server's directory: what lies where, and who may read it.

redis/                  the private Redis: its socket and its append-only file
files/                  stored files and uploads, each named by its SHA-256
incoming/               files on their way in
fleet-credential.json   the phones' login and the URLs, for `acs simulate` and for you (owner only)
local-admin.token       API token for the commands of this machine's administrator (owner only)
run.json                process id and URLs of the running server; gone when it stopped
lock                    held while a server runs
backup.lock             held while a backup is made
keys/                   the operators' own keys, where a backup had some; for --keys-dir
.restoring/             a restore that is under way, or was broken off
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from acs.processes import StartError

#: What `acs restore` fills before it puts anything in its place.
RESTORING = ".restoring"


class DataDirectory:
    """Makes the directory where it is missing. Raises StartError when it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.files = self.path / "files"
        self.incoming = self.path / "incoming"
        try:
            for folder in (self.path, self.files, self.incoming):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"cannot use {self.path} as data directory: {error.strerror}") from None
        self.admin_token = self.path / "local-admin.token"
        self._lock = -1

    def lock(self) -> None:
        """Keep a second server out of this directory for as long as this process lives."""
        try:
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"another server runs in {self.path}; stop it, or choose another --data-dir"
            ) from None
        except OSError as error:
            raise StartError(f"cannot write to {self.path}: {error.strerror}") from None

    def check_whole(self) -> None:
        """Raises StartError where a restore was broken off half-way."""
        if (self.path / RESTORING).exists():
            raise StartError(f"a restore into {self.path} was broken off; repeat it with `acs restore`")

    def drop_lock(self) -> None:
        """In a forked child: the lock is the supervisor's alone."""
        os.close(self._lock)

    def write_credential(self, facts: dict[str, Any]) -> None:
        self._write("fleet-credential.json", json.dumps(facts, indent=2) + "\n")

    def write_run(self, facts: dict[str, Any]) -> None:
        self._write("run.json", json.dumps(facts, indent=2) + "\n")

    def files_url(self) -> str:
        """The address of the files port as it was announced; "" where no server runs."""
        try:
            return str(json.loads((self.path / "run.json").read_text(encoding="utf-8")).get("files_url", ""))
        except (OSError, ValueError):
            return ""

    def remove_run(self) -> None:
        (self.path / "run.json").unlink(missing_ok=True)

    def _write(self, name: str, text: str) -> None:
        """Whole or not at all, and for the owner's eyes only from the first byte."""
        temporary = self.path / f".{name}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path / name)
