"""A definition checked, and made a rollout that nothing has happened to yet."""

from __future__ import annotations

import msgspec

from acs.datamodel.keys import Catalogue
from acs.fleet import layers, requests
from acs.fleet.requests import DOWNLOAD_TYPES
from acs.fleet.rollout import definition as definitions
from acs.fleet.rollout import firmware_check
from acs.fleet.rollout.definition import Definition, Kind
from acs.fleet.rollout.firmware_check import Image
from acs.fleet.rollout.rollout import Rollout
from acs.fleet.task import DownloadWork, Work
from acs.operations import configuration_values, limits, selectors, task_requests, task_secrets
from acs.operations.errors import FieldError, Invalid
from acs.operations.ports import Runner
from acs.operations.rollout_desk import Desk
from acs.operations.task_requests import Schedule
from acs.store import contents, files, groups
from acs.store.files import StoredFile

#: Stored files looked through for the images of a rollback.
_FILES_PAGE = 500


async def draft(desk: Desk, asked: Definition) -> Rollout:
    """The rollout that is asked for, as a draft. Raises Invalid with every field that cannot be."""
    runner, catalogue = desk.runner, desk.catalogue
    faults = [
        FieldError(field, message, value, allowed)
        for field, value, message, allowed in definitions.faults(asked)
    ]
    if faults:
        raise Invalid(faults)
    query = selectors.read(asked.select, catalogue, field="select")
    await selectors.prepared(runner, desk.shapes, query, now=desk.now, field="select")
    if asked.canary and await runner.run(groups.get(asked.canary)) is None:
        raise Invalid.field("canary", "is no group", value=asked.canary, allowed="the name of a group")
    narrowed = limits.narrowed_text(runner, asked.select)
    definition = msgspec.structs.replace(asked, select=narrowed)
    rollout = new(desk, definition)
    if asked.kind is Kind.FIRMWARE:
        return rollout.replace(image=await _image(desk, asked))
    if asked.kind is Kind.TASK:
        return rollout.replace(work=await _work(runner, asked))
    if asked.values is not None:
        values, _ = configuration_values.checked(catalogue, asked.values)
        return rollout.replace(values=values, definition=_blanked(definition, values, catalogue))
    return rollout


def new(desk: Desk, definition: Definition) -> Rollout:
    identifier = desk.randomness(8).hex()
    return Rollout(
        id=identifier,
        definition=definition,
        created_at=desk.now,
        created_by=desk.by,
        state_at=desk.now,
        limit=limits.limit_of(desk.runner),
    )


def _blanked(definition: Definition, values: dict[str, str | None], catalogue: Catalogue) -> Definition:
    """The definition as it may be shown; what is written stands apart."""
    shown = layers.blanked({key: text for key, text in values.items() if text is not None}, catalogue.secret)
    return msgspec.structs.replace(definition, values={**dict.fromkeys(values), **shown})


async def _image(desk: Desk, asked: Definition) -> Image:
    runner = desk.runner
    file = await _stored(runner, asked.file)
    if file is None or not file.file_type.startswith("1 "):
        raise Invalid.field(
            "file",
            "is no stored firmware",
            value=asked.file,
            allowed="the name of a firmware in /api/v1/files",
        )
    image = _image_of(file)
    wrong = firmware_check.of_image(image, override=asked.override)
    if wrong:
        allowed = "a file with model and version, or `override` with the reason"
        raise Invalid.field("file", wrong, value=asked.file, allowed=allowed)
    other = firmware_check.wrong_sum(image, sha256=asked.sha256, md5=asked.md5)
    if other is not None:
        raise Invalid.field(other.field, "is not the file's", value=other.stated, allowed=other.found)
    damage = await _damage(desk, file)
    if damage:
        raise Invalid.field("file", f"cannot be sent: {damage}", value=asked.file, allowed="a whole file")
    return image


async def _damage(desk: Desk, file: StoredFile) -> str:
    if desk.files is None:
        return ""
    return await contents.fault_in_thread(desk.runner.run, desk.files, file.sha256, file.size)


def _image_of(file: StoredFile) -> Image:
    return Image(file.name, file.size, file.sha256, file.version, file.model, file.md5)


async def _work(runner: Runner, asked: Definition) -> Work:
    blank = task_secrets.faults(asked.task)
    if blank:
        raise Invalid(blank)
    try:
        work, schedule = task_requests.read(asked.task)
    except Invalid as wrong:
        raise Invalid([_below_task(fault) for fault in wrong.errors]) from None
    _check_schedule(schedule)
    if isinstance(work, DownloadWork) and (work.file_type == DOWNLOAD_TYPES[0] or work.file.endswith(".rom")):
        raise Invalid.field("task", "brings firmware", value=asked.task, allowed="kind firmware for that")
    if isinstance(work, DownloadWork) and work.file:
        file = await _stored(runner, work.file)
        if file is None:
            raise Invalid.field("task.file", "is not stored here", value=work.file, allowed="a stored file")
        work = msgspec.structs.replace(
            work, size=file.size, sha256=file.sha256, file_type=work.file_type or file.file_type
        )
    faults = [
        FieldError(f"task.{field}", "cannot be sent to a phone", value, allowed)
        for field, value, allowed in requests.check(work)
    ]
    if faults:
        raise Invalid(faults)
    return work


def _check_schedule(schedule: Schedule) -> None:
    """Raises Invalid for what the rollout itself decides about its tasks."""
    usual, allowed = Schedule(), "the rollout's own priority, start, window and patience"
    faults = [
        FieldError(f"task.{name}", "is not for a task of a rollout", getattr(schedule, name), allowed)
        for name in Schedule.__struct_fields__
        if getattr(schedule, name) != getattr(usual, name)
    ]
    if faults:
        raise Invalid(faults)


def _below_task(fault: FieldError) -> FieldError:
    place = "task" if fault.field == "body" else f"task.{fault.field}"
    return msgspec.structs.replace(fault, field=place)


async def _stored(runner: Runner, name: str) -> StoredFile | None:
    """The file, None where there is none; what a phone sent is for those who may see that phone."""
    file = await runner.run(files.get(name))
    if file is not None and file.device and file.device not in await limits.visible(runner, [file.device]):
        return None
    return file


async def images(desk: Desk) -> dict[str, Image]:
    """All stored firmware by name, but for what has no version or is damaged."""
    found: dict[str, Image] = {}
    cursor: str | None = ""
    while cursor is not None:
        page = await desk.runner.drive(files.page(cursor=cursor, limit=_FILES_PAGE))
        for file in page.files:
            version = file.version or firmware_check.version_in(file.name)
            if file.file_type.startswith("1 ") and version and not await _damage(desk, file):
                found[file.name] = _image_of(file)
        cursor = page.next
    return found
