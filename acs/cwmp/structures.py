"""The compound types of CWMP: what the messages in `acs.cwmp.messages` are made of.

Every class mirrors one complexType of the Broadband Forum schemas (cwmp-1-0 to cwmp-1-2); a field is the
schema's element in snake case. Text is kept as the phone wrote it after white space was trimmed: times stay
strings, because phones send times that are no times (quirks 29 and 57); `acs.cwmp.times` reads them.
"""

from __future__ import annotations

from msgspec import Struct

#: The Unknown Time of TR-069: what a CPE sends where it has no time to tell.
UNKNOWN_TIME = "0001-01-01T00:00:00Z"


class DeviceId(Struct, frozen=True):
    """Who a CPE says it is. Any part may be empty; none is trusted for its form (quirk 39)."""

    manufacturer: str = ""
    oui: str = ""
    product_class: str = ""
    serial_number: str = ""


class Event(Struct, frozen=True):
    """One EventStruct: an event code such as `1 BOOT`, and the CommandKey it answers (mostly empty)."""

    event_code: str
    command_key: str = ""


class ParameterValue(Struct, frozen=True):
    """One ParameterValueStruct. `type` is a prefixed XML Schema type such as `xsd:boolean`."""

    name: str
    value: str = ""
    type: str = "xsd:string"


class ParameterInfo(Struct, frozen=True):
    """One ParameterInfoStruct. The name of an object ends in a dot."""

    name: str
    writable: bool = False


class ParameterAttribute(Struct, frozen=True):
    """One ParameterAttributeStruct: notification 0 off, 1 passive, 2 active (3 to 6 from CWMP 1.4)."""

    name: str
    notification: int = 0
    access_list: tuple[str, ...] = ()


class AttributeChange(Struct, frozen=True):
    """One SetParameterAttributesStruct. None leaves that attribute as it is."""

    name: str
    notification: int | None = None
    access_list: tuple[str, ...] | None = None


class TimeWindow(Struct, frozen=True):
    """One TimeWindowStruct of ScheduleDownload; start and end in seconds from its receipt."""

    window_start: int
    window_end: int
    window_mode: str
    user_message: str = ""
    max_retries: int = 0


class QueuedTransfer(Struct, frozen=True):
    """One queued transfer. The fields after `state` come only with GetAllQueuedTransfers.

    State: 1 not yet started, 2 in progress, 3 completed and not yet reported.
    """

    command_key: str
    state: int
    is_download: bool | None = None
    file_type: str = ""
    file_size: int = 0
    target_file_name: str = ""


class TransferFault(Struct, frozen=True):
    """The FaultStruct of a transfer; code 0 means that the transfer succeeded."""

    fault_code: int = 0
    fault_string: str = ""


class Argument(Struct, frozen=True):
    """One ArgStruct of RequestDownload."""

    name: str
    value: str = ""


class InstallOperation(Struct, frozen=True, tag="install"):
    """One InstallOpStruct of ChangeDUState."""

    url: str
    uuid: str = ""
    username: str = ""
    password: str = ""
    execution_env_ref: str = ""


class UpdateOperation(Struct, frozen=True, tag="update"):
    """One UpdateOpStruct of ChangeDUState."""

    uuid: str
    version: str = ""
    url: str = ""
    username: str = ""
    password: str = ""


class UninstallOperation(Struct, frozen=True, tag="uninstall"):
    """One UninstallOpStruct of ChangeDUState."""

    uuid: str
    version: str = ""
    execution_env_ref: str = ""


DeploymentOperation = InstallOperation | UpdateOperation | UninstallOperation


class DeploymentResult(Struct, frozen=True):
    """One OpResultStruct, or AutonOpResultStruct where `operation_performed` is set."""

    uuid: str = ""
    deployment_unit_ref: str = ""
    version: str = ""
    current_state: str = ""
    resolved: bool = False
    execution_unit_ref_list: str = ""
    start_time: str = UNKNOWN_TIME
    complete_time: str = UNKNOWN_TIME
    fault: TransferFault = TransferFault()
    operation_performed: str = ""


class Option(Struct, frozen=True):
    """One OptionStruct of GetOptions."""

    option_name: str
    voucher_sn: int = 0
    state: int = 0
    mode: int = 0
    start_date: str = UNKNOWN_TIME
    expiration_date: str = ""
    is_transferable: int = 0


class ParameterFault(Struct, frozen=True):
    """One SetParameterValuesFault inside fault 9003; some phones leave the name out (quirk 48)."""

    parameter_name: str = ""
    fault_code: int = 9002
    fault_string: str = ""
