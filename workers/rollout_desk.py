"""What the steps of rollouts work with, made once for a job."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acs.datamodel import model_files
from acs.fleet.changes import TimelineEntry
from acs.fleet.identity import device_key
from acs.fleet.profile import ModelProfile
from acs.fleet.rollout.firmware_check import NumberOf
from acs.fleet.rollout.member import Member
from acs.fleet.rollout.rollout import Rollout
from acs.store import contents, rollouts, timeline
from acs.store.layer_cache import LayerCache
from acs.store.rollouts import Known
from acs.store.runner_blocking import BlockingRunner
from acs.store.shapes import Shapes
from workers.surroundings import current


@dataclass
class Desk:
    """`runner` runs the store's calls, `now` tells the time; `files` is where the bytes of stored files are,
    None where nobody can look."""

    runner: BlockingRunner
    now: Callable[[], float] = time.time
    shapes: Shapes = field(default_factory=Shapes)
    layers: LayerCache = field(default_factory=LayerCache)
    models: dict[str, ModelProfile] = field(default_factory=dict)
    number_of: NumberOf = field(
        default_factory=lambda: model_files.with_own(current().provisioning_models).number_of
    )
    files: Path | None = None
    #: what rollouts that others take back wrote, by their ids
    written: dict[str, dict[str, str | None]] = field(default_factory=dict)

    def known(self, rollout: str, device_ids: Sequence[str]) -> list[Known]:
        found: list[Known] = self.runner.run(rollouts.known(rollout, device_ids)) if device_ids else []
        return found

    def damage(self, rollout: Rollout) -> str:
        """Why the image of a rollout cannot be sent, "" where it can or where it has none of its own."""
        image = rollout.image
        if image is None or self.files is None:
            return ""
        fault: str = self.runner.drive(contents.fault_of(self.files, image.sha256, image.size))
        return f"{image.name} cannot be sent: {fault}" if fault else ""

    def sources(self, rollout: Rollout, device_ids: Sequence[str]) -> dict[str, Member]:
        """The phones in the rollout that this one takes back; empty for one that takes back none."""
        if not rollout.rollback_of:
            return {}
        return {one.device: one.member for one in self.known(rollout.rollback_of, device_ids)}

    def written_before(self, rollout: Rollout) -> dict[str, str | None] | None:
        """What the rollout that this one takes back wrote; None for one that takes back none."""
        source = rollout.rollback_of
        if not source:
            return None
        if source not in self.written:  # it never changes
            taken_back = self.runner.run(rollouts.get(source))
            self.written[source] = dict(taken_back.rollout.values) if taken_back is not None else {}
        return self.written[source]

    def tell(self, rollout: Rollout, device_id: str, text: str, **facts: Any) -> None:
        """A line in the phone's timeline."""
        data = {"rollout": rollout.id, "name": rollout.definition.name, **facts}
        line = TimelineEntry(self.now(), "rollout", f"Rollout {rollout.definition.name}: {text}", data)
        self.runner.run(timeline.push(device_key(device_id), (line,)))


def values_of(rollout: Rollout, source: Member | None) -> dict[str, str | None]:
    """What a configuration rollout writes for a phone."""
    if rollout.rollback_of:
        return {**(source.before or {}), **source.had} if source is not None else {}
    return rollout.values
