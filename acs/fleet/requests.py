"""Which CWMP request a task becomes, and which wishes are refused before they become a task.

`check` serves the interfaces: it names each field that no phone could take. What a particular phone cannot
take is for that phone to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import to_builtins

from acs.cwmp import messages as cwmp
from acs.cwmp.structures import AttributeChange
from acs.datamodel import types
from acs.datamodel.paths import is_object
from acs.fleet import task as work_types
from acs.fleet.task import Task, TypedValue, Work
from acs.fleet.values import Wish, plain

#: Limits of the schemas (cwmp-1-0.xsd): lengths of names, URLs, file types and credentials.
MAX_NAME = 256
MAX_URL = 256
MAX_FILE_TYPE = 64
MAX_CREDENTIAL = 256
MAX_DELAY = 2**32 - 1
#: The widest types of the data models: long and unsignedLong.
LEAST_INTEGER = -(2**63)
GREATEST_INTEGER = 2**64 - 1
#: What an XML document cannot hold, however it is escaped (XML 1.0, production 2).
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: What `file_type` may begin with: a number of the standard, or a vendor's `X OUI text`.
DOWNLOAD_TYPES = (
    "1 Firmware Upgrade Image",
    "2 Web Content",
    "3 Vendor Configuration File",
    "4 Tone File",
    "5 Ringer File",
)
UPLOAD_TYPES = ("1 Vendor Configuration File", "2 Vendor Log File")

Complaint = tuple[str, Any, str]


def simple_request(task: Task, url: str) -> cwmp.AcsRequest:
    """The request of a task that takes one request and no more. `url` serves downloads and uploads.

    The task's id is the CommandKey and the ParameterKey, so that whatever the phone says later names it.
    """
    match task.work:
        case work_types.DownloadWork() as work:
            return cwmp.Download(
                command_key=task.id,
                file_type=work.file_type,
                url=url,
                username=work.username,
                password=work.password,
                file_size=work.size,
                target_file_name=work.target_file_name,
                delay_seconds=work.delay,
            )
        case work_types.UploadWork() as work:
            return cwmp.Upload(
                command_key=task.id,
                file_type=work.file_type,
                url=url,
                username=work.username,
                password=work.password,
                delay_seconds=work.delay,
            )
        case work_types.GetParameterNamesWork() as work:
            return cwmp.GetParameterNames(url or work.path, work.next_level)
        case work_types.SetParameterAttributesWork() as work:
            return cwmp.SetParameterAttributes(
                tuple(
                    AttributeChange(name, wish.notification, wish.access_list)
                    for name, wish in work.attributes.items()
                )
            )
        case work_types.AddObjectWork() as work:
            return cwmp.AddObject(work.object, task.id)
        case work_types.DeleteObjectWork() as work:
            return cwmp.DeleteObject(work.object, task.id)
        case work_types.RebootWork():
            return cwmp.Reboot(task.id)
        case work_types.FactoryResetWork():
            return cwmp.FactoryReset()
        case work_types.ScheduleInformWork() as work:
            return cwmp.ScheduleInform(work.delay, task.id)
        case work_types.GetRpcMethodsWork():
            return cwmp.GetRPCMethods()
        case _:
            raise TypeError(f"a {task.type} task may take several requests")


def check(work: Work) -> list[Complaint]:
    """What is wrong with this wish: (field, its value, what is allowed), in the order of the fields."""
    return [*_complaints(work), *_unwritable("", to_builtins(work))]


def _complaints(work: Work) -> Iterator[Complaint]:
    match work:
        case work_types.GetParameterValuesWork() | work_types.GetParameterAttributesWork():
            if not work.names:
                yield "names", [], "at least one name"
            for name in work.names:
                yield from _name("names", name, partial=True)
        case work_types.SetParameterValuesWork():
            if not work.values:
                yield "values", {}, "at least one parameter"
            for name, wish in work.values.items():
                yield from _name("values", name)
                yield from _value(f"values.{name}", wish)
        case work_types.GetParameterNamesWork():
            if len(work.path) > MAX_NAME:
                yield "path", work.path, f"at most {MAX_NAME} characters"
        case work_types.SetParameterAttributesWork():
            yield from _attributes(work)
        case work_types.AddObjectWork():
            yield from _object(work.object)
            for leaf, wish in work.values.items():
                yield from _name("values", leaf, longest=MAX_NAME - len(work.object) - 5)
                yield from _value(f"values.{leaf}", wish)
        case work_types.DeleteObjectWork():
            yield from _object(work.object)
            if is_object(work.object) and not work.object[:-1].rpartition(".")[2].isdigit():
                yield "object", work.object, "an instance, such as Device.X.1. with its number"
        case work_types.DownloadWork():
            yield from _download(work)
        case work_types.UploadWork():
            yield from _transfer(work, UPLOAD_TYPES)
        case work_types.ScheduleInformWork():
            yield from _delay(work.delay)
        case _:
            return


def _unwritable(field: str, given: Any) -> Iterator[Complaint]:
    """What no message can carry, wherever in the wish it stands: left out, it would be another value."""
    match given:
        case str() if _NOT_IN_XML.search(given):
            yield field, given, "text that XML can hold: no control characters but tab and line breaks"
        case int() if not LEAST_INTEGER <= given <= GREATEST_INTEGER:
            yield field, given, f"an integer from {LEAST_INTEGER} to {GREATEST_INTEGER}"
        case dict():
            for name, member in given.items():
                yield from _unwritable(field, name)
                yield from _unwritable(f"{field}.{name}" if field else name, member)
        case list() | tuple():
            for number, member in enumerate(given):
                yield from _unwritable(f"{field}[{number}]", member)


def _name(field: str, name: str, *, partial: bool = False, longest: int = MAX_NAME) -> Iterator[Complaint]:
    if not name or name != name.strip():
        yield field, name, "a parameter name, without blanks around it"
    elif len(name) > longest:
        yield field, name, f"at most {longest} characters"
    elif is_object(name) and not partial:
        yield field, name, "the full name of a parameter; one that ends in a dot is an object"


def _object(name: str) -> Iterator[Complaint]:
    if not is_object(name) or name != name.strip() or name == ".":
        yield "object", name, "the path of an object, ending in a dot"
    elif len(name) > MAX_NAME:
        yield "object", name, f"at most {MAX_NAME} characters"


def _value(field: str, wish: Wish) -> Iterator[Complaint]:
    if not isinstance(wish, TypedValue) or not wish.type:
        return
    type_name = types.known_type(wish.type)
    if not type_name:
        yield f"{field}.type", wish.type, "one of " + ", ".join(types.TYPES)
        return
    problem = types.problem(plain(wish), type_name)
    if problem:
        yield field, wish.value, problem


def _attributes(work: work_types.SetParameterAttributesWork) -> Iterator[Complaint]:
    if not work.attributes:
        yield "attributes", {}, "at least one parameter"
    for name, wish in work.attributes.items():
        yield from _name("attributes", name, partial=True)
        field = f"attributes.{name}"
        if wish.notification is None and wish.access_list is None:
            yield field, {}, "notification, access_list or both"
        if wish.notification is not None and not 0 <= wish.notification <= 6:
            yield f"{field}.notification", wish.notification, "0 (off), 1 (passive), 2 (active), or 3 to 6"
        for entry in wish.access_list or ():
            if len(entry) > 64:
                yield f"{field}.access_list", entry, "at most 64 characters"


def _download(work: work_types.DownloadWork) -> Iterator[Complaint]:
    if bool(work.file) == bool(work.url):
        yield "file", work.file, "either file, the name of a stored file, or url"
    if work.values or work.secrets:
        yield "values", work.values, "nothing: such files are made from desired configuration"
    yield from _transfer(work, DOWNLOAD_TYPES)
    if len(work.target_file_name) > MAX_NAME:
        yield "target_file_name", work.target_file_name, f"at most {MAX_NAME} characters"
    if work.size < 0:
        yield "size", work.size, "a number of bytes, not below zero"


def _transfer(
    work: work_types.DownloadWork | work_types.UploadWork, allowed: tuple[str, ...]
) -> Iterator[Complaint]:
    known = "one of " + ", ".join(allowed) + ", or X <OUI> <text>"
    number, _, text = work.file_type.partition(" ")
    if not work.file_type or len(work.file_type) > MAX_FILE_TYPE:
        yield "file_type", work.file_type, f"{known}; at most {MAX_FILE_TYPE} characters"
    elif not text.strip() or not (number == "X" or number.isdigit()):
        yield "file_type", work.file_type, known
    if work.url:
        if len(work.url) > MAX_URL:
            yield "url", work.url, f"at most {MAX_URL} characters"
        elif "://" not in work.url or any(character.isspace() for character in work.url):
            yield "url", work.url, "a full URL, such as https://host/path"
    for field in ("username", "password"):
        if len(getattr(work, field)) > MAX_CREDENTIAL:
            yield field, getattr(work, field), f"at most {MAX_CREDENTIAL} characters"
    yield from _delay(work.delay)


def _delay(delay: int) -> Iterator[Complaint]:
    if not 0 <= delay <= MAX_DELAY:
        yield "delay", delay, f"seconds, from 0 to {MAX_DELAY}"
