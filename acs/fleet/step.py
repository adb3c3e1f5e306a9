"""One step of a session as the planner decides it: what to ask, and what to store before it is asked."""

from __future__ import annotations

from msgspec import Struct

from acs.cwmp.messages import AcsRequest
from acs.fleet.changes import Changes


class Step(Struct, frozen=True):
    request: AcsRequest
    #: what the answer belongs to; opaque to everyone but the planner, which gets it back with the answer
    ref: str
    changes: Changes = Changes()
