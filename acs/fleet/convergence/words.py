"""Configuration in sentences for the timeline; secrets are blanked."""

from __future__ import annotations

from collections.abc import Mapping

from acs.fleet.convergence.wish import Wish
from acs.fleet.layers import BLANK

#: Keys that are named in one line.
MAX_NAMED = 10
_LONGEST = 60


def assignments(values: Mapping[str, str], wish: Wish) -> str:
    """`voice.jib.max = 300, lang.gui = English and 3 more`."""
    named = list(values.items())[:MAX_NAMED]
    said = [f"{key} = {BLANK if wish.secret(key) else value[:_LONGEST]}" for key, value in named]
    more = len(values) - len(said)
    return ", ".join(said) + (f" and {more} more" if more else "")


def reasons(problems: Mapping[str, str]) -> str:
    """`voice.jib.max: why; lang.gui: why`."""
    said = [f"{key}: {why}" for key, why in list(problems.items())[:MAX_NAMED]]
    more = len(problems) - len(said)
    return "; ".join(said) + (f" and {more} more" if more else "")
