"""An `acs up` of the benchmark's own: free ports, its own data directory, gone afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class PrivateServer:
    pid: int
    data_dir: Path
    run: dict[str, Any]

    @property
    def credential(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.data_dir / "fleet-credential.json").read_text())
        return found

    @property
    def other_pids(self) -> tuple[int, ...]:
        """The private Redis, which does not have to be a child of the server."""
        return tuple(
            int(file.read_text()) for file in (self.data_dir / "redis").rglob("*.pid") if file.read_text()
        )


@contextmanager
def private_server(*flags: str) -> Iterator[PrivateServer]:
    """A server that is ready; it is stopped, and its data removed, when the block ends."""
    with tempfile.TemporaryDirectory(prefix="acs-bench-") as directory:
        data_dir = Path(directory)
        words = ["--data-dir", directory, "--bind", "127.0.0.1", "--log-level", "warning"]
        ports = ["--cwmp-port", "0", "--files-port", "0", "--web-port", "0"]
        acs = Path(sys.executable).with_name("acs")
        log = (data_dir / "stderr").open("wb")
        process = subprocess.Popen(
            [acs, "up", *words, *ports, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.strip() == b"ready":
                    break
            else:
                sys.exit(f"the server did not start:\n{(data_dir / 'stderr').read_text()}")
            yield PrivateServer(process.pid, data_dir, json.loads((data_dir / "run.json").read_text()))
        finally:
            process.terminate()
            process.wait(30)
            if process.stdout:
                process.stdout.close()
            log.close()
