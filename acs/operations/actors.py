"""Who acts, and what each role may do."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Role(StrEnum):
    """What somebody may do; each may also do all that those before it may."""

    VIEWER = "viewer"  # look
    OPERATOR = "operator"  # tasks, wake-ups, files, notes
    ENGINEER = "engineer"  # forget devices, shared configuration
    ADMIN = "admin"  # users, tokens, audit

    def covers(self, needed: Role) -> bool:
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)

    @classmethod
    def least_of(cls, one: Role, other: Role) -> Role:
        """The one of both that may less."""
        return other if one.covers(other) else one


class Kind(StrEnum):
    """How somebody came in."""

    TOKEN = "token"
    USER = "user"  # by a browser session
    LOCAL = "local"  # the command line of the server's own machine


class Actor(Struct, frozen=True):
    """Who calls. `name` stands in the record of everything done.

    `id` is the token's or the user's name. `select`, where it is not "", is a selector: this actor sees and
    touches its phones only, and nothing that phones share (`acs.operations.limits`).
    """

    id: str
    name: str
    role: Role
    kind: Kind = Kind.TOKEN
    select: str = ""
    #: the user whose token it is, or who sits at the browser; "" for a token that stands for itself
    user: str = ""

    @property
    def key(self) -> str:
        """Tells two actors apart, whatever they are called."""
        return f"{self.kind} {self.id}"
