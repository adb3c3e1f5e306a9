"""The report of a rollout: the whole, and every phone of it with what shows how it went."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from acs.fleet.rollout.member import Outcome
from acs.fleet.selector.facts import from_id
from acs.operations import limits, rollouts, tables
from acs.operations.ports import Runner, moment
from acs.operations.rollouts import RolloutView
from acs.store import rollouts as store
from acs.store.rollouts import Known, MemberPage

#: Phones read at once.
_PAGE = 500


class ReportedPhone(Struct, frozen=True):
    """`wave` counts from 1, 0 for a phone whose turn has not come. `fault` is what went wrong: code, words.
    `bytes_served` is what the server sent of the file. Times are null where that did not happen."""

    device: str
    model: str
    serial_number: str
    wave: int
    outcome: Outcome
    reason: str
    attempts: int
    version_before: str
    version_after: str
    bytes_served: int | None
    fault: str
    proved_by: str
    asked_in_a_call: int
    turn_at: datetime | None
    sent_at: datetime | None
    transfer_complete_at: str
    ended_at: datetime | None
    task: str
    evidence: dict[str, Any]


class RolloutReport(Struct, frozen=True):
    """Phones are in the order of their turns."""

    made_at: datetime | None
    rollout: RolloutView
    devices: list[ReportedPhone]


#: Columns of the table.
COLUMNS = tuple(name for name in ReportedPhone.__struct_fields__ if name != "evidence")


async def head(runner: Runner, identifier: str, *, now: float) -> RolloutView:
    """The rollout that the report is of. Raises NotFound."""
    return await rollouts.show(runner, identifier, now=now)


async def phones(
    runner: Runner, identifier: str, outcome: Outcome | None = None
) -> AsyncIterator[list[ReportedPhone]]:
    """All its phones that the caller sees, or those of one outcome, page by page."""
    cursor: str | None = ""
    while cursor is not None:
        page: MemberPage = await runner.drive(
            store.page(identifier, outcome=outcome, cursor=cursor, limit=_PAGE)
        )
        seen = await limits.visible(runner, (one.device for one in page.members))
        yield [_reported(one) for one in page.members if one.device in seen]
        cursor = page.next


def row(phone: ReportedPhone) -> list[Any]:
    return [getattr(phone, name) for name in COLUMNS]


def table(found: list[ReportedPhone]) -> bytes:
    """Their lines in the table."""
    return tables.lines(row(one) for one in found)


def fault_in_words(fault: Mapping[str, Any]) -> str:
    """Code and words; most words begin with the code."""
    code, text = str(fault.get("code") or ""), str(fault.get("text") or "")
    return text if text.startswith(code) else f"{code} {text}"


def _reported(one: Known) -> ReportedPhone:
    member, facts = one.member, from_id(one.device)
    evidence = member.evidence
    report = evidence.get("transfer_complete") or {}
    return ReportedPhone(
        device=one.device,
        model=str(facts.model),
        serial_number=str(facts.serial),
        wave=member.wave + 1 if one.raw else 0,
        outcome=member.outcome,
        reason=member.reason,
        attempts=member.attempt,
        version_before=str(evidence.get("version_before", "")),
        version_after=str(evidence.get("version", "")),
        bytes_served=evidence.get("bytes_served"),
        fault=fault_in_words(evidence.get("fault") or {}),
        proved_by=str(evidence.get("proved_by", "")),
        asked_in_a_call=int((evidence.get("in_a_call") or {}).get("times", 0)),
        turn_at=moment(member.turn_at),
        sent_at=moment(member.sent_at),
        transfer_complete_at=str(report.get("complete_time") or ""),
        ended_at=moment(member.ended_at),
        task=member.task,
        evidence=evidence,
    )
