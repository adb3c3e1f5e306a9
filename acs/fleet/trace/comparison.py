"""A recorded session beside what this server answers to the same messages today."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import unified_diff
from enum import StrEnum

from msgspec import Struct

from acs.cwmp.narration import Narrator, Told
from acs.cwmp.pretty import pretty
from acs.fleet.trace.records import TraceMessage

#: The cwmp:ID of a message: it names the exchange, and says nothing.
_ID = re.compile(rb"(<(?:[\w.-]+:)?ID\b[^>]*>)[^<]*")

#: A configuration file that is made for the phone is of another size with blanks in place of its secrets.
_MADE_FILE = b"Vendor Configuration File"
_SIZE = re.compile(rb"(<FileSize>)[^<]*")

#: Lines around a difference that are shown.
_CONTEXT = 3

#: Answers that are given before any rule is asked: a login that was wanted, a store that was away.
_BEFORE_THE_RULES = {
    401: "logging in is no part of a replay",
    503: "the server's store was away",
}


class Replayed(Struct, frozen=True):
    """What this server answers now to one message of the phone; `noted` are lines for its timeline."""

    status: int
    body: bytes
    noted: tuple[str, ...] = ()


class Outcome(StrEnum):
    SAME = "same"
    DIFFERS = "differs"
    NOT_PLAYED = "not played"


class Step(Struct, frozen=True):
    """One message of the phone, what it was answered then, and what it is answered now.

    `number` counts the messages of the trace from 1. `why` says why it was not played, `diff` what differs.
    """

    number: int
    phone: str
    then: str
    now: str
    outcome: Outcome
    why: str = ""
    diff: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()


class Pair(Struct, frozen=True):
    """A message of the phone, its place in the trace from 1, and its answer, None where that is missing."""

    number: int
    asked: TraceMessage
    answered: TraceMessage | None


def pairs(messages: Sequence[TraceMessage]) -> list[Pair]:
    """Each message of the phone with its answer."""
    found = []
    for place, message in enumerate(messages):
        if message.from_phone:
            following = messages[place + 1] if place + 1 < len(messages) else None
            answered = following if following is not None and not following.from_phone else None
            found.append(Pair(place + 1, message, answered))
    return found


def playable(messages: Sequence[TraceMessage]) -> list[TraceMessage]:
    """What of the phone's messages is to be sent to the server once more."""
    wanted = []
    for pair in pairs(messages):
        if pair.asked.missing:
            break
        if pair.answered is None or pair.answered.status not in _BEFORE_THE_RULES:
            wanted.append(pair.asked)
    return wanted


def compare(messages: Sequence[TraceMessage], replayed: Sequence[Replayed]) -> list[Step]:
    """Step by step. `replayed` are the answers to `playable` of the messages, in order.

    Once the server asks something else than it did, or ends where it went on, what the phone said next is no
    answer to it: the rest is not compared.
    """
    told_then, told_now = Narrator(), Narrator()
    answers = iter(replayed)
    steps: list[Step] = []
    over = ""
    for pair in pairs(messages):
        phone = told_then.phone(pair.asked.body).text
        then = told_then.server(pair.answered.status, pair.answered.body) if pair.answered else None
        before = _BEFORE_THE_RULES.get(pair.answered.status, "") if pair.answered else ""
        over = over or (f"its body is {pair.asked.missing}" if pair.asked.missing else "")
        answer = None if over or before else next(answers, None)
        if answer is None:
            why = over or before or "the replay ended before it"
            steps.append(Step(pair.number, phone, _text(then), "", Outcome.NOT_PLAYED, why))
            continue
        told_now.phone(pair.asked.body)
        now = told_now.server(answer.status, answer.body)
        diff = _difference(pair.answered, answer)
        outcome = Outcome.DIFFERS if diff or then is None else Outcome.SAME
        steps.append(Step(pair.number, phone, _text(then), now.text, outcome, diff=diff, noted=answer.noted))
        if then is not None and (then.name != now.name or _kind(pair.answered) != answer.status):
            over = "what the phone said next answers what was asked then, not what is asked now"
    return steps


def _text(told: Told | None) -> str:
    return "No answer is recorded." if told is None else told.text


def _kind(answered: TraceMessage | None) -> int:
    return answered.status if answered is not None else 0


def _difference(then: TraceMessage | None, now: Replayed) -> tuple[str, ...]:
    if then is None:
        return ()
    before, after = _lines(then.status, then.body), _lines(now.status, now.body)
    if then.missing:
        after = after[: len(before)]
    changed = unified_diff(before, after, "recorded", "today", n=_CONTEXT, lineterm="")
    return tuple(changed)


def _lines(status: int, body: bytes) -> list[str]:
    body = _ID.sub(rb"\1", body)
    if _MADE_FILE in body:
        body = _SIZE.sub(rb"\1", body)
    return [f"HTTP {status}", *pretty(body).splitlines()]
