"""Placeholder for the record; rules follow."""

from __future__ import annotations

from msgspec import Struct


class LearningState(Struct, frozen=True, array_like=True):
    stage: str = "methods"
