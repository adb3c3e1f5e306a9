"""What the jobs of this process work with. Set once, before it forks for its first job."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from acs.store.runner_blocking import BlockingRunner


@dataclass(frozen=True)
class Surroundings:
    """`data_dir` has files/ (stored contents by SHA-256) and incoming/ (what is being received).

    `uploads_keep` is how many files of a type are kept of each phone that no schedule keeps, 0 for all.
    `provisioning_models` is the server's setting of this name.
    """

    redis_url: str
    data_dir: Path
    uploads_keep: int = 0
    provisioning_models: str = ""

    @cached_property
    def runner(self) -> BlockingRunner:
        return BlockingRunner(self.redis_url)


_current: list[Surroundings] = []


def settle(surroundings: Surroundings) -> None:
    """Say what jobs of this process work with."""
    _current[:] = [surroundings]


def current() -> Surroundings:
    if not _current:
        raise RuntimeError("jobs run in `python -m workers`, which says what they work with")
    return _current[0]
