"""Every CWMP message as a frozen value: one class an RPC and direction, a union per sender.

`AcsRequest` is what an ACS may ask, `CpeResponse` what a CPE answers to it; `CpeRequest` is what a CPE may
ask, `AcsResponse` what the ACS answers. A `Fault` may stand in the place of either answer. Field names are
the element names of the schemas (cwmp-1-0.xsd, cwmp-1-1.xsd, cwmp-1-2.xsd) in snake case; a class is named
like its element in the SOAP body.
"""

from __future__ import annotations

from msgspec import Struct

from acs.cwmp.structures import (
    UNKNOWN_TIME,
    Argument,
    AttributeChange,
    DeploymentOperation,
    DeploymentResult,
    DeviceId,
    Event,
    Option,
    ParameterAttribute,
    ParameterFault,
    ParameterInfo,
    ParameterValue,
    QueuedTransfer,
    TimeWindow,
    TransferFault,
)


class Message(Struct, frozen=True, tag=True):
    """The base of all messages; `name` is the local name of the element in the SOAP body."""

    @property
    def name(self) -> str:
        return type(self).__name__


# --- what either side may send ------------------------------------------------------------------------------


class GetRPCMethods(Message, frozen=True):
    """Which methods does the other side know? (Both directions.)"""


class GetRPCMethodsResponse(Message, frozen=True):
    method_list: tuple[str, ...] = ()


class Fault(Message, frozen=True):
    """A SOAP fault with its CWMP detail. Codes 8xxx come from an ACS, 9xxx from a CPE.

    `faultcode` is SOAP's own, without prefix: `Client` or `Server`.
    """

    fault_code: int
    fault_string: str = ""
    parameter_faults: tuple[ParameterFault, ...] = ()
    faultcode: str = "Client"


# --- what an ACS asks, what a CPE answers -------------------------------------------------------------------


class SetParameterValues(Message, frozen=True):
    parameter_list: tuple[ParameterValue, ...]
    parameter_key: str = ""


class SetParameterValuesResponse(Message, frozen=True):
    """Status 0: applied. Status 1: accepted, applied before the next session."""

    status: int = 0


class GetParameterValues(Message, frozen=True):
    parameter_names: tuple[str, ...]


class GetParameterValuesResponse(Message, frozen=True):
    parameter_list: tuple[ParameterValue, ...] = ()


class GetParameterNames(Message, frozen=True):
    parameter_path: str
    next_level: bool = True


class GetParameterNamesResponse(Message, frozen=True):
    parameter_list: tuple[ParameterInfo, ...] = ()


class SetParameterAttributes(Message, frozen=True):
    parameter_list: tuple[AttributeChange, ...]


class SetParameterAttributesResponse(Message, frozen=True):
    pass


class GetParameterAttributes(Message, frozen=True):
    parameter_names: tuple[str, ...]


class GetParameterAttributesResponse(Message, frozen=True):
    parameter_list: tuple[ParameterAttribute, ...] = ()


class AddObject(Message, frozen=True):
    object_name: str
    parameter_key: str = ""


class AddObjectResponse(Message, frozen=True):
    instance_number: int
    status: int = 0


class DeleteObject(Message, frozen=True):
    object_name: str
    parameter_key: str = ""


class DeleteObjectResponse(Message, frozen=True):
    status: int = 0


class Download(Message, frozen=True):
    """Fetch a file. `file_size` in bytes (0 unknown), `delay_seconds` from the receipt."""

    command_key: str
    file_type: str
    url: str
    username: str = ""
    password: str = ""
    file_size: int = 0
    target_file_name: str = ""
    delay_seconds: int = 0
    success_url: str = ""
    failure_url: str = ""


class DownloadResponse(Message, frozen=True):
    """Status 0: done. Status 1: a TransferComplete will follow."""

    status: int = 1
    start_time: str = UNKNOWN_TIME
    complete_time: str = UNKNOWN_TIME


class Upload(Message, frozen=True):
    """Send a file by HTTP PUT to `url`."""

    command_key: str
    file_type: str
    url: str
    username: str = ""
    password: str = ""
    delay_seconds: int = 0


class UploadResponse(Message, frozen=True):
    status: int = 1
    start_time: str = UNKNOWN_TIME
    complete_time: str = UNKNOWN_TIME


class Reboot(Message, frozen=True):
    command_key: str = ""


class RebootResponse(Message, frozen=True):
    pass


class FactoryReset(Message, frozen=True):
    pass


class FactoryResetResponse(Message, frozen=True):
    pass


class ScheduleInform(Message, frozen=True):
    delay_seconds: int
    command_key: str = ""


class ScheduleInformResponse(Message, frozen=True):
    pass


class GetQueuedTransfers(Message, frozen=True):
    pass


class GetQueuedTransfersResponse(Message, frozen=True):
    transfer_list: tuple[QueuedTransfer, ...] = ()


class GetAllQueuedTransfers(Message, frozen=True):
    pass


class GetAllQueuedTransfersResponse(Message, frozen=True):
    transfer_list: tuple[QueuedTransfer, ...] = ()


class ScheduleDownload(Message, frozen=True):
    command_key: str
    file_type: str
    url: str
    username: str = ""
    password: str = ""
    file_size: int = 0
    target_file_name: str = ""
    time_window_list: tuple[TimeWindow, ...] = ()


class ScheduleDownloadResponse(Message, frozen=True):
    pass


class CancelTransfer(Message, frozen=True):
    command_key: str


class CancelTransferResponse(Message, frozen=True):
    pass


class ChangeDUState(Message, frozen=True):
    operations: tuple[DeploymentOperation, ...]
    command_key: str = ""


class ChangeDUStateResponse(Message, frozen=True):
    pass


class SetVouchers(Message, frozen=True):
    """Each voucher is a signed option as raw bytes; on the wire it is base64."""

    voucher_list: tuple[bytes, ...]


class SetVouchersResponse(Message, frozen=True):
    pass


class GetOptions(Message, frozen=True):
    option_name: str = ""


class GetOptionsResponse(Message, frozen=True):
    option_list: tuple[Option, ...] = ()


# --- what a CPE asks, what the ACS answers ------------------------------------------------------------------


class Inform(Message, frozen=True):
    """The message that opens a session. Everything but the DeviceId may be missing (quirks 28 and 67)."""

    device_id: DeviceId
    event: tuple[Event, ...] = ()
    max_envelopes: int = 1
    current_time: str = ""
    retry_count: int = 0
    parameter_list: tuple[ParameterValue, ...] = ()


class InformResponse(Message, frozen=True):
    max_envelopes: int = 1


class TransferComplete(Message, frozen=True):
    command_key: str = ""
    fault_struct: TransferFault = TransferFault()
    start_time: str = UNKNOWN_TIME
    complete_time: str = UNKNOWN_TIME


class TransferCompleteResponse(Message, frozen=True):
    pass


class AutonomousTransferComplete(Message, frozen=True):
    announce_url: str = ""
    transfer_url: str = ""
    is_download: bool = False
    file_type: str = ""
    file_size: int = 0
    target_file_name: str = ""
    fault_struct: TransferFault = TransferFault()
    start_time: str = UNKNOWN_TIME
    complete_time: str = UNKNOWN_TIME


class AutonomousTransferCompleteResponse(Message, frozen=True):
    pass


class RequestDownload(Message, frozen=True):
    file_type: str = ""
    file_type_arg: tuple[Argument, ...] = ()


class RequestDownloadResponse(Message, frozen=True):
    pass


class Kicked(Message, frozen=True):
    command: str = ""
    referer: str = ""
    arg: str = ""
    next: str = ""


class KickedResponse(Message, frozen=True):
    next_url: str = ""


class DUStateChangeComplete(Message, frozen=True):
    results: tuple[DeploymentResult, ...] = ()
    command_key: str = ""


class DUStateChangeCompleteResponse(Message, frozen=True):
    pass


class AutonomousDUStateChangeComplete(Message, frozen=True):
    results: tuple[DeploymentResult, ...] = ()


class AutonomousDUStateChangeCompleteResponse(Message, frozen=True):
    pass


AcsRequest = (
    GetRPCMethods
    | SetParameterValues
    | GetParameterValues
    | GetParameterNames
    | SetParameterAttributes
    | GetParameterAttributes
    | AddObject
    | DeleteObject
    | Download
    | Upload
    | Reboot
    | FactoryReset
    | ScheduleInform
    | GetQueuedTransfers
    | GetAllQueuedTransfers
    | ScheduleDownload
    | CancelTransfer
    | ChangeDUState
    | SetVouchers
    | GetOptions
)

CpeResponse = (
    GetRPCMethodsResponse
    | SetParameterValuesResponse
    | GetParameterValuesResponse
    | GetParameterNamesResponse
    | SetParameterAttributesResponse
    | GetParameterAttributesResponse
    | AddObjectResponse
    | DeleteObjectResponse
    | DownloadResponse
    | UploadResponse
    | RebootResponse
    | FactoryResetResponse
    | ScheduleInformResponse
    | GetQueuedTransfersResponse
    | GetAllQueuedTransfersResponse
    | ScheduleDownloadResponse
    | CancelTransferResponse
    | ChangeDUStateResponse
    | SetVouchersResponse
    | GetOptionsResponse
    | Fault
)

CpeRequest = (
    Inform
    | GetRPCMethods
    | TransferComplete
    | AutonomousTransferComplete
    | RequestDownload
    | Kicked
    | DUStateChangeComplete
    | AutonomousDUStateChangeComplete
)

AcsResponse = (
    InformResponse
    | GetRPCMethodsResponse
    | TransferCompleteResponse
    | AutonomousTransferCompleteResponse
    | RequestDownloadResponse
    | KickedResponse
    | DUStateChangeCompleteResponse
    | AutonomousDUStateChangeCompleteResponse
    | Fault
)
