"""Rollouts and their phones: what is decided is written if it was decided on what is still so.

All keys of one rollout share a slot, so what becomes of a phone is one script: its record, the counts, the
sets by outcome, the places that are taken. A step costs what its batch does, however many phones there are.

    record   the rollout's own, with a version: `change` repeats what somebody else overtook
    members  in the order of their turns (`add_members`); a record each, from the first look on (`write`)
    looks    phones to be looked at by time: when a turn ends, or at once when a task of theirs was written
    later    phones to be tried again by time
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.rollout.forecast import Speed
from acs.fleet.rollout.member import NEW, Member, Outcome, order_of
from acs.fleet.rollout.rollout import Rollout
from acs.fleet.rollout.tally import Tally
from acs.fleet.rollout.waves import size
from acs.store import codec, keyspace, time_sets
from acs.store.calls import Call, Part, Steps, nothing, script, scripted, truth
from acs.store.errors import StoreConflict
from acs.store.swap import MOST_TRIES

_WRITE = script("write_members")
_SWAP = script("swap_rollout")

#: Phones added in one command.
CHUNK = 500

#: What a canary's place among the phones begins with: before all others.
_CANARY = -(1 << 48)

_VERSION = 8
_decode_rollout = Decoder(Rollout).decode
_decode_member = Decoder(Member).decode


class Stored(Struct, frozen=True):
    """A rollout and the version that it has in the store."""

    version: int
    rollout: Rollout


class Counts(Struct, frozen=True):
    """By wave, and what was summed up over all."""

    waves: dict[int, dict[Outcome, int]]
    in_a_row: int
    speed: Speed

    def tallies(self, ends: Sequence[int]) -> list[Tally]:
        return [Tally(size(number, ends), self.waves.get(number, {})) for number in range(len(ends))]


class Due(Struct, frozen=True):
    """A phone whose time has come, and the time that was noted for it."""

    device: str
    noted: float

    @property
    def told(self) -> bool:
        """Something happened to it; else the time for a look was set (and that is a whole second)."""
        return self.noted != int(self.noted)


class Known(Struct, frozen=True):
    """A phone as it is stored: `raw` is what a decision is made on, b"" for one never looked at."""

    device: str
    member: Member
    raw: bytes = b""


class Decision(Struct, frozen=True, kw_only=True):
    """What a phone is to be from now on. `look` and `later` are times, 0 for not; None leaves `later`."""

    known: Known
    member: Member
    look: float = 0
    #: the time noted for the look that led to this, 0 for none
    noted: float = 0
    later: float | None = None
    #: failures in a row: one more, none, or as they were
    row: Literal["", "0", "1"] = ""
    turn_seconds: float | None = None
    check_seconds: float | None = None
    never: bool = False


#: It was written; somebody else was quicker; no place is left; none at its site.
Result = Literal["written", "changed", "no_place", "site_full"]
_RESULTS: tuple[Result, ...] = ("changed", "written", "no_place", "site_full")


# --- the rollout --------------------------------------------------------------------------------------------


def create(rollout: Rollout) -> Call[bool]:
    """Keep a new rollout; False where there is one with its id."""
    listed = Call(("ZADD", keyspace.ROLLOUTS, "NX", rollout.created_at, rollout.id), nothing)
    return scripted(_SWAP, (_record(rollout.id),), ("", _encode(1, rollout)), truth, (listed,))


def get(rollout: str) -> Call[Stored | None]:
    return Call(("GET", _record(rollout)), _decode)


def put(stored: Stored, rollout: Rollout) -> Call[bool]:
    """Write the rollout over this version; False where it has another by now."""
    arguments = (b"%08d" % stored.version, _encode(stored.version + 1, rollout))
    return scripted(_SWAP, (_record(rollout.id),), arguments, truth)


def change(identifier: str, changed: Callable[[Rollout], Rollout]) -> Steps[Rollout | None]:
    """Change the rollout, however often others do; None where there is none. `changed` may raise."""
    for _ in range(MOST_TRIES):
        stored: Stored | None
        [stored] = yield [get(identifier)]
        if stored is None:
            return None
        after = changed(stored.rollout)
        if after == stored.rollout:
            return after
        [written] = yield [put(stored, after)]
        if written:
            return after
    raise StoreConflict(f"the rollout {identifier} changes all the time; try again")


def ids(*, after: str = "", limit: int) -> Steps[list[str]]:
    """The next rollouts, newest first."""
    return time_sets.newest_first(keyspace.ROLLOUTS, after=after, limit=limit)


def count() -> Call[int]:
    return Call(("ZCARD", keyspace.ROLLOUTS), int)


def delete(rollout: str) -> Steps[bool]:
    """Forget a rollout with all that is kept of it."""
    prefix = keyspace.rollout_prefix(rollout)
    sets = [prefix + keyspace.MEMBERS_BY_OUTCOME + outcome.encode() for outcome in Outcome]
    others = (
        keyspace.MEMBERS,
        keyspace.MEMBER_RECORDS,
        keyspace.MEMBER_COUNTS,
        keyspace.MEMBERS_ACTIVE,
        keyspace.MEMBERS_NOTED,
        keyspace.MEMBERS_LATER,
        keyspace.MEMBER_SITES,
    )
    existed, *_ = yield [
        Call(("DEL", prefix + keyspace.ROLLOUT), truth),
        Call(("UNLINK", *(prefix + suffix for suffix in others), *sets), nothing),
        Call(("ZREM", keyspace.ROLLOUTS, rollout), nothing),
        Call(("ZREM", keyspace.ROLLOUTS_DUE, rollout), nothing),
    ]
    return bool(existed)


# --- whose step is due --------------------------------------------------------------------------------------


def due_at(rollout: str, at: float) -> Call[None]:
    """The rollout's next step is due then, or before."""
    return time_sets.due_at(keyspace.ROLLOUTS_DUE, rollout, at)


def claim(*, now: float, until: float, limit: int) -> Call[list[str]]:
    """Take the rollouts whose step is due: nobody else gets them before `until`."""
    return time_sets.claim(keyspace.ROLLOUTS_DUE, now=now, until=until, limit=limit)


def put_back(rollout: str, *, taken_until: float, next_at: float) -> Call[bool]:
    """Say when its next step is due, 0 for never; False where it is due again already."""
    return time_sets.put_back(keyspace.ROLLOUTS_DUE, rollout, taken_until=taken_until, next_at=next_at)


def are_due(identifiers: Sequence[str]) -> Call[list[bool]]:
    """Whether for each of these, at least one, some step is due at some time."""
    parts: tuple[Part, ...] = ("ZMSCORE", keyspace.ROLLOUTS_DUE, *identifiers)
    return Call(parts, lambda answer: [score is not None for score in answer])


# --- its phones ---------------------------------------------------------------------------------------------


def add_members(rollout: str, device_ids: Sequence[str], canaries: frozenset[str]) -> list[Call[None]]:
    """Put phones on the list, in the order of their turns. Doing it again changes nothing."""
    calls: list[Call[None]] = []
    for start in range(0, len(device_ids), CHUNK):
        parts: list[Part] = []
        for device_id in device_ids[start : start + CHUNK]:
            order = order_of(rollout, device_id)
            parts += (order + _CANARY if device_id in canaries else order, device_id)
        calls.append(Call(("ZADD", _key(rollout, keyspace.MEMBERS), *parts), nothing))
    return calls


def sizes(rollout: str) -> Steps[tuple[int, int]]:
    """How many phones are on the list, and how many of them are canaries."""
    members = _key(rollout, keyspace.MEMBERS)
    total, canary = yield [
        Call(("ZCARD", members), int),
        Call(("ZCOUNT", members, "-inf", "(0"), int),
    ]
    return total, canary


def in_order(rollout: str, start: int, end: int) -> Call[list[str]]:
    """The phones with these places (the last not included), as their turns come."""
    parts = ("ZRANGE", _key(rollout, keyspace.MEMBERS), start, end - 1)
    return Call(parts, lambda answer: [one.decode() for one in answer])


def known(rollout: str, device_ids: Sequence[str]) -> Call[list[Known]]:
    """What is kept of these phones, at least one."""

    def decode(answer: list[bytes | None]) -> list[Known]:
        return [_known(device, raw) for device, raw in zip(device_ids, answer, strict=True)]

    return Call(("HMGET", _key(rollout, keyspace.MEMBER_RECORDS), *device_ids), decode)


def to_look_at(rollout: str, *, now: float, limit: int) -> Call[list[Due]]:
    return _due(rollout, keyspace.MEMBERS_NOTED, now, limit)


def to_try_again(rollout: str, *, now: float, limit: int) -> Call[list[Due]]:
    return _due(rollout, keyspace.MEMBERS_LATER, now, limit)


def forget_look(rollout: str, device_id: str) -> Call[None]:
    """For a phone that is none of the rollout's."""
    return Call(("ZREM", _key(rollout, keyspace.MEMBERS_NOTED), device_id), nothing)


def next_times(rollout: str) -> Steps[tuple[float, float]]:
    """When the next phone is to be looked at, and the next one to be tried again; 0 for none."""
    first = ("ZRANGE", _key(rollout, keyspace.MEMBERS_NOTED), 0, 0, "WITHSCORES")
    second = ("ZRANGE", _key(rollout, keyspace.MEMBERS_LATER), 0, 0, "WITHSCORES")
    look, again = yield [Call(first, _score), Call(second, _score)]
    return look, again


def active(rollout: str, *, limit: int) -> Call[list[str]]:
    """Phones that have their turn."""
    parts = ("ZRANGE", _key(rollout, keyspace.MEMBERS_ACTIVE), 0, limit - 1)
    return Call(parts, lambda answer: [one.decode() for one in answer])


def count_active(rollout: str) -> Call[int]:
    return Call(("ZCARD", _key(rollout, keyspace.MEMBERS_ACTIVE)), int)


def counts(rollout: str) -> Call[Counts]:
    return Call(("HGETALL", _key(rollout, keyspace.MEMBER_COUNTS)), _counts)


def write(
    rollout: str, decisions: Sequence[Decision], *, at_once: int = 0, per_site: int = 0
) -> Call[list[Result]]:
    """Write these decisions, those on phones that are no longer what they were left out."""
    suffixes = (
        keyspace.MEMBER_RECORDS,
        keyspace.MEMBER_COUNTS,
        keyspace.MEMBERS_ACTIVE,
        keyspace.MEMBERS_NOTED,
        keyspace.MEMBERS_LATER,
        keyspace.MEMBER_SITES,
    )
    keys = tuple(_key(rollout, suffix) for suffix in suffixes)
    arguments: list[Part] = [_key(rollout, keyspace.MEMBERS_BY_OUTCOME), at_once, per_site]
    for decision in decisions:
        arguments += _arguments(decision)
    return scripted(_WRITE, keys, arguments, lambda answer: [_RESULTS[one] for one in answer])


def _arguments(decision: Decision) -> tuple[Part, ...]:
    was, member, raw = decision.known.member, decision.member, decision.known.raw
    return (
        decision.known.device,
        raw,
        codec.encode(member),
        f"{was.wave}:{was.outcome}" if raw else "",
        f"{member.wave}:{member.outcome}",
        str(was.outcome) if raw else "",
        str(member.outcome),
        int(was.active),
        int(member.active),
        member.site if member.active else was.site,
        member.turn_ends,
        decision.look or "",
        decision.noted or "",
        "-" if decision.later is None else decision.later or "",
        decision.row,
        "" if decision.turn_seconds is None else decision.turn_seconds,
        "" if decision.check_seconds is None else decision.check_seconds,
        int(decision.never),
    )


# --- for people ---------------------------------------------------------------------------------------------


class MemberPage(Struct, frozen=True):
    """`next` is the cursor to go on with, None at the end."""

    members: tuple[Known, ...]
    next: str | None


#: Phones looked at in one go for those that wait.
_WINDOW = 500
_WINDOWS = 40


def page(rollout: str, *, outcome: Outcome | None = None, cursor: str = "", limit: int) -> Steps[MemberPage]:
    """The next phones: of all and of those that wait in the order of their turns, else by id."""
    if outcome is None or outcome is Outcome.WAITING:
        return (yield from _by_place(rollout, outcome, cursor, limit))
    start = f"({cursor}" if cursor else "-"
    members = _key(rollout, keyspace.MEMBERS_BY_OUTCOME) + outcome.encode()
    listed = Call(
        ("ZRANGEBYLEX", members, start, "+", "LIMIT", 0, limit),
        lambda answer: [one.decode() for one in answer],
    )
    found: list[str]
    [found] = yield [listed]
    if not found:
        return MemberPage((), None)
    [records] = yield [known(rollout, found)]
    return MemberPage(tuple(records), found[-1] if len(found) == limit else None)


def _by_place(rollout: str, outcome: Outcome | None, cursor: str, limit: int) -> Steps[MemberPage]:
    place = int(cursor) if cursor.isascii() and cursor.isdecimal() else 0
    found: list[Known] = []
    for _ in range(_WINDOWS):
        wanted = limit if outcome is None else _WINDOW
        listed: list[str]
        [listed] = yield [in_order(rollout, place, place + wanted)]
        if not listed:
            return MemberPage(tuple(found), None)
        [records] = yield [known(rollout, listed)]
        for one in records:
            place += 1
            if outcome is None or one.member.outcome is outcome:
                found.append(one)
                if len(found) == limit:
                    return MemberPage(tuple(found), str(place))
        if len(listed) < wanted:
            return MemberPage(tuple(found), None)
    return MemberPage(tuple(found), str(place))


# --- reading ------------------------------------------------------------------------------------------------


def _key(rollout: str, suffix: bytes) -> bytes:
    return keyspace.rollout_prefix(rollout) + suffix


def _record(rollout: str) -> bytes:
    return _key(rollout, keyspace.ROLLOUT)


def _encode(version: int, rollout: Rollout) -> bytes:
    return b"%08d" % version + codec.encode(rollout)


def _decode(stored: bytes | None) -> Stored | None:
    if stored is None:
        return None
    return Stored(int(stored[:_VERSION]), _decode_rollout(memoryview(stored)[_VERSION:]))


def _known(device: str, raw: bytes | None) -> Known:
    return Known(device, NEW) if raw is None else Known(device, _decode_member(raw), raw)


def _due(rollout: str, suffix: bytes, now: float, limit: int) -> Call[list[Due]]:
    parts = ("ZRANGEBYSCORE", _key(rollout, suffix), "-inf", now, "WITHSCORES", "LIMIT", 0, limit)

    def decode(answer: list[bytes]) -> list[Due]:
        return [Due(answer[place].decode(), float(answer[place + 1])) for place in range(0, len(answer), 2)]

    return Call(parts, decode)


def _score(answer: list[bytes]) -> float:
    return float(answer[1]) if answer else 0.0


def _counts(answer: list[bytes]) -> Counts:
    waves: dict[int, dict[Outcome, int]] = {}
    sums: dict[str, float] = {}
    for place in range(0, len(answer), 2):
        name, value = answer[place].decode(), float(answer[place + 1])
        wave, colon, outcome = name.partition(":")
        if colon:
            waves.setdefault(int(wave), {})[Outcome(outcome)] = int(value)
        else:
            sums[name] = value
    speed = Speed(
        int(sums.get("turns", 0)),
        sums.get("turns_seconds", 0.0),
        int(sums.get("checks", 0)),
        sums.get("checks_seconds", 0.0),
        int(sums.get("never", 0)),
    )
    return Counts(waves, int(sums.get("row", 0)), speed)
