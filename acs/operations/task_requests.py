"""What may be asked of a phone: the body of a task request, read, checked and completed.

A request has the fields of its work (`acs.fleet.task`) and those of `Schedule` beside each other. The records
that say so are made from both, for reading and for the interface's description alike.
"""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any, get_args

from msgspec import NODEFAULT, UNSET, Meta, Struct, defstruct, structs

from acs.fleet import requests
from acs.fleet.device import Device
from acs.fleet.requests import DOWNLOAD_TYPES
from acs.fleet.task import DownloadWork, Work
from acs.operations import limits, validation
from acs.operations.errors import FieldError, Invalid
from acs.operations.ports import LAST, Runner, within_time
from acs.store import files
from acs.store.files import StoredFile

#: A time is ISO 8601 with its zone, or seconds since the epoch.
Moment = Annotated[datetime, Meta(tz=True)] | Annotated[float, Meta(ge=0, le=LAST)]


class Schedule(Struct, frozen=True, forbid_unknown_fields=True):
    """When and how often a task is tried."""

    priority: Annotated[int, Meta(ge=-1000, le=1000, description="higher first")] = 0
    not_before: Moment | None = None
    expires_at: Moment | None = None
    expires_in: Annotated[float, Meta(gt=0, le=31_622_400, description="seconds")] | None = None
    max_attempts: Annotated[int, Meta(ge=1, le=20)] = 3
    force: Annotated[bool, Meta(description="send a firmware that is for another model")] = False

    def starts(self) -> float:
        """Not before this time; 0 for at once."""
        return _seconds(self.not_before)

    def ends(self, now: float) -> float:
        """Not after this time; 0 for never."""
        return now + self.expires_in if self.expires_in else _seconds(self.expires_at)


WORKS: dict[str, type[Struct]] = {str(work.__struct_config__.tag): work for work in get_args(Work)}


def _request_type(tag: str, work: type[Struct]) -> type[Struct]:
    fields = []
    for field in (*structs.fields(work), *structs.fields(Schedule)):
        if field.name == "force" and work is not DownloadWork:
            continue
        fields.append(
            (field.name, field.type) if field.required else (field.name, field.type, _default(field))
        )
    name = work.__name__.removesuffix("Work") + "Request"
    return defstruct(
        name, fields, tag_field="type", tag=tag, frozen=True, kw_only=True, forbid_unknown_fields=True
    )


def _default(field: structs.FieldInfo) -> Any:
    return field.default if field.default is not NODEFAULT else field.default_factory()


#: The record of each type's request body, and all of them as one type.
REQUESTS: dict[str, type[Struct]] = {tag: _request_type(tag, work) for tag, work in WORKS.items()}
TaskRequest: Any = reduce(or_, REQUESTS.values())


def read(body: Any) -> tuple[Work, Schedule]:
    """The work and its schedule from a decoded JSON body. Raises Invalid with every fault of form."""
    if not isinstance(body, dict):
        raise Invalid.field("body", "must be a JSON object", value=body)
    tag = body.get("type")
    kind = REQUESTS.get(tag) if isinstance(tag, str) else None
    if kind is None:
        message = "is no task type" if "type" in body else "is required"
        raise Invalid.field("type", message, value=body.get("type", UNSET), allowed=sorted(REQUESTS))
    request = validation.read(kind, body)
    work: Any = _part(WORKS[str(tag)], request)
    return work, _part(Schedule, request)


def _part(kind: type[Any], request: Struct) -> Any:
    names = (field.name for field in structs.fields(kind))
    return kind(**{name: getattr(request, name) for name in names if hasattr(request, name)})


async def prepared(runner: Runner, device: Device, work: Work, schedule: Schedule, *, now: float) -> Work:
    """The work as the phone will get it: a download has the facts of its stored file.

    Raises Invalid with every field that cannot be: what no phone takes, times that exclude each other, a file
    that is not there, a firmware that is for another model.
    """
    faults = _faults_of_times(schedule, now)
    if isinstance(work, DownloadWork) and work.file:
        file = await runner.run(files.get(work.file))
        if file is not None and file.device:  # what a phone sent is for those who may see that phone
            file = file if file.device in await limits.visible(runner, [file.device]) else None
        if file is None:
            faults.append(
                FieldError("file", "is not stored here", work.file, "the name of a file in /api/v1/files")
            )
        else:
            work = _completed(work, file)
            faults += _faults_of_model(device, work, file, schedule)
    for field, value, allowed in requests.check(work):
        if field == "file_type" and not value and any(fault.field == "file" for fault in faults):
            continue  # the file that would tell its type is not there
        faults.append(FieldError(field, "cannot be sent to a phone", value, allowed))
    if faults:
        raise Invalid(faults)
    return work


def _completed(work: DownloadWork, file: StoredFile) -> DownloadWork:
    return structs.replace(
        work,
        size=file.size,
        sha256=file.sha256,
        version=work.version or file.version,
        file_type=work.file_type or file.file_type,
    )


def _faults_of_model(
    device: Device, work: DownloadWork, file: StoredFile, schedule: Schedule
) -> list[FieldError]:
    """A firmware with a model is for phones of that product class only, unless somebody insists."""
    firmware = work.file_type == DOWNLOAD_TYPES[0]
    if not firmware or not file.model or not device.product_class or schedule.force:
        return []
    if _model(file.model) == _model(device.product_class):
        return []
    message = f"is firmware for {file.model}, and this phone is a {device.product_class}"
    return [FieldError("file", message, work.file, f'firmware for {device.product_class}, or "force": true')]


def _model(text: str) -> str:
    """Models and product classes are the same but for case and a `SIP-` in front."""
    return text.strip().casefold().removeprefix("sip-")


def _faults_of_times(schedule: Schedule, now: float) -> list[FieldError]:
    starts, ends = schedule.starts(), schedule.ends(now)
    if schedule.expires_at is not None and schedule.expires_in is not None:
        return [FieldError("expires_in", "excludes expires_at", schedule.expires_in, "one of the two")]
    field, value = (
        ("expires_in", schedule.expires_in) if schedule.expires_in else ("expires_at", schedule.expires_at)
    )
    limited = schedule.expires_at is not None or schedule.expires_in is not None
    if limited and ends <= now:
        return [FieldError(field, "has passed", value, "a time to come")]
    if ends and ends <= starts:
        return [FieldError(field, "is before not_before", value, "a time after not_before")]
    return []


def _seconds(moment: datetime | float | None) -> float:
    if moment is None:
        return 0
    return within_time(moment.timestamp()) if isinstance(moment, datetime) else moment
