"""What an operator wants done to one phone: the task types of the contract, and a task's life.

A task is a frozen value; `with_state` and its like return the next one. Which request a task becomes is the
planner's business (`acs.fleet.planner`), what proves that it succeeded is `acs.fleet.proof`'s.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct, structs


class TaskState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"  # its request is on its way to the phone, or is being answered
    WAITING = "waiting"  # the phone took it; a transfer, boot or reset has yet to prove it
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset({TaskState.PENDING, TaskState.RUNNING, TaskState.WAITING})


class TypedValue(Struct, frozen=True, forbid_unknown_fields=True):
    value: str | int | float | bool
    type: str = ""


class AttributeWish(Struct, frozen=True, forbid_unknown_fields=True):
    notification: int | None = None
    access_list: tuple[str, ...] | None = None


class _Work(Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """The base of all task types; the tag is the contract's name for it."""


class GetParameterValuesWork(_Work, frozen=True, tag="get_parameter_values"):
    names: tuple[str, ...]


class SetParameterValuesWork(_Work, frozen=True, tag="set_parameter_values"):
    values: dict[str, str | int | float | bool | TypedValue]


class GetParameterNamesWork(_Work, frozen=True, tag="get_parameter_names"):
    path: str = ""
    next_level: bool = True


class GetParameterAttributesWork(_Work, frozen=True, tag="get_parameter_attributes"):
    names: tuple[str, ...]


class SetParameterAttributesWork(_Work, frozen=True, tag="set_parameter_attributes"):
    attributes: dict[str, AttributeWish]


class AddObjectWork(_Work, frozen=True, tag="add_object"):
    object: str
    #: leaf name below the new instance to value, set right after the object was made
    values: dict[str, str | int | float | bool | TypedValue] = {}


class DeleteObjectWork(_Work, frozen=True, tag="delete_object"):
    object: str


class DownloadWork(_Work, frozen=True, tag="download"):
    """Either `file`, the name of a stored file, or `url`."""

    file: str = ""
    url: str = ""
    file_type: str = ""
    username: str = ""
    password: str = ""
    target_file_name: str = ""
    delay: int = 0
    #: filled in by the server from the stored file: bytes, SHA-256 and the firmware version that proves
    #: success
    size: int = 0
    sha256: str = ""
    version: str = ""
    #: keys and values of a configuration file that is made when the phone fetches it, and which of them are
    #: secrets; `file` is then no stored file, but the name it goes by
    values: dict[str, str] = {}
    secrets: tuple[str, ...] = ()


class UploadWork(_Work, frozen=True, tag="upload"):
    file_type: str = "1 Vendor Configuration File"
    #: where to send it; empty for this server's own file store
    url: str = ""
    username: str = ""
    password: str = ""
    delay: int = 0


class RebootWork(_Work, frozen=True, tag="reboot"):
    pass


class FactoryResetWork(_Work, frozen=True, tag="factory_reset"):
    pass


class ScheduleInformWork(_Work, frozen=True, tag="schedule_inform"):
    delay: int = 0


class GetRpcMethodsWork(_Work, frozen=True, tag="get_rpc_methods"):
    pass


Work = (
    GetParameterValuesWork
    | SetParameterValuesWork
    | GetParameterNamesWork
    | GetParameterAttributesWork
    | SetParameterAttributesWork
    | AddObjectWork
    | DeleteObjectWork
    | DownloadWork
    | UploadWork
    | RebootWork
    | FactoryResetWork
    | ScheduleInformWork
    | GetRpcMethodsWork
)


class TaskFault(Struct, frozen=True):
    """Why a task failed. `code` is a CWMP fault code, 0 where the reason is this server's own finding."""

    code: int
    text: str
    #: parameter name to what the phone said about it
    parameters: dict[str, str] = {}


class Guard(Struct, frozen=True, omit_defaults=True):
    """What must hold at the moment a task's request goes out (`acs.fleet.guarding`)."""

    #: the phone's lines are asked first; one in a call is asked again later
    not_in_call: bool = False
    #: seconds until a phone in a call is asked again
    ask_again: float = 300.0
    #: it does not begin after this time; 0 for any
    not_after: float = 0
    #: the SoftwareVersion that it was decided for, "" for any: a phone that has another is not asked
    version: str = ""


NO_GUARD = Guard()


class Task(Struct, frozen=True, kw_only=True):
    id: str
    #: the device's id, as in the interfaces
    device: str
    work: Work
    state: TaskState = TaskState.PENDING
    #: higher first; equal priorities in order of creation
    priority: int = 0
    created_at: float = 0
    created_by: str = ""
    not_before: float = 0
    #: 0 for never
    expires_at: float = 0
    #: how often its request went out
    attempts: int = 0
    max_attempts: int = 3
    started_at: float = 0
    finished_at: float = 0
    #: when a waiting task is given up
    deadline: float = 0
    #: the session (its sid) in which its request went out
    session: str = ""
    #: what has been seen so far on the way to a proof: "version_before", "bytes_served", "status",
    #: "transfer_complete", "instance_number" and so on; shown to the operator
    evidence: dict[str, Any] = {}
    result: Any = None
    fault: TaskFault | None = None
    #: the rollout that it belongs to, "" for none
    rollout: str = ""
    guard: Guard = NO_GUARD

    @property
    def type(self) -> str:
        return str(type(self.work).__struct_config__.tag)

    @property
    def open(self) -> bool:
        return self.state in OPEN_STATES

    def replace(self, **changes: Any) -> Task:
        return structs.replace(self, **changes)

    def noting(self, **evidence: Any) -> Task:
        """The same task, with more evidence."""
        return structs.replace(self, evidence={**self.evidence, **evidence})
