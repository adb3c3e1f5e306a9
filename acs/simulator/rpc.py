"""How a phone answers what an ACS asks: one function for each RPC of the guide's TR-069 chapter.

`answer` changes the phone's state and returns the response, or the Fault that TR-069 names. Sets are
atomic: a request with one fault changes nothing. What has to wait for the end of the session (reboot,
reset, transfers) is only noted in the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from acs.cwmp import events as ev
from acs.cwmp import messages as m
from acs.cwmp.structures import (
    AttributeChange,
    ParameterAttribute,
    ParameterFault,
    ParameterInfo,
    ParameterValue,
)
from acs.simulator.model import type_fits, value_fits
from acs.simulator.state import PhoneState, Transfer
from acs.simulator.tree import Attributes, TableFull

FIRMWARE = "1 Firmware Upgrade Image"
CONFIGURATION_DOWN = "3 Vendor Configuration File"
CONFIGURATION_UP = "1 Vendor Configuration File"
LOG_UP = "2 Vendor Log File"

#: the most transfers that may wait at once
MOST_TRANSFERS = 10

FAULT_TEXTS = {
    9000: "Method not supported",
    9001: "Request denied",
    9002: "Internal error",
    9003: "Invalid arguments",
    9004: "Resources exceeded",
    9005: "Invalid parameter name",
    9006: "Invalid parameter type",
    9007: "Invalid parameter value",
    9008: "Attempt to set a non-writable parameter",
    9009: "Notification request rejected",
    9010: "Download failure",
    9011: "Upload failure",
    9012: "File transfer server authentication failure",
    9013: "Unsupported protocol for file transfer",
    9015: "Unable to contact file server",
    9016: "Unable to access file",
    9017: "Unable to complete download",
    9018: "File corrupted",
}


class Refused(Exception):
    """The request ends in this fault."""

    def __init__(self, code: int, detail: str = "", parameters: tuple[ParameterFault, ...] = ()) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.parameters = parameters

    def fault(self) -> m.Fault:
        text = fault_text(self.code, self.detail)
        return m.Fault(self.code, text, self.parameters, "Server" if self.code in (9002, 9004) else "Client")


def fault_text(code: int, detail: str = "") -> str:
    text = FAULT_TEXTS.get(code, "Fault")
    return f"{text}: {detail}" if detail else text


def answer(phone: PhoneState, request: m.Message) -> m.CpeResponse:
    """The response to a request of the ACS; faults on demand and the persona's habits included."""
    handler = HANDLERS.get(request.name)
    if handler is None or request.name in phone.persona.lacks_methods:
        return Refused(9000, request.name).fault()
    if code := phone.faults.code("fault"):
        return Refused(code).fault()
    try:
        response: m.CpeResponse = handler(phone, request)
    except Refused as refused:
        return refused.fault()
    return response


# --- methods ------------------------------------------------------------------------------------------------


def _get_rpc_methods(phone: PhoneState, request: m.GetRPCMethods) -> m.GetRPCMethodsResponse:
    return m.GetRPCMethodsResponse(
        tuple(name for name in HANDLERS if name not in phone.persona.lacks_methods)
    )


# --- reading ------------------------------------------------------------------------------------------------


def _unknown(phone: PhoneState, name: str) -> Refused:
    return Refused(9005, "" if phone.persona.secretive_names else name)


def _leaves(phone: PhoneState, name: str) -> Iterable[str]:
    """The parameters that a full name or a partial path stands for."""
    if name == "" or (name.endswith(".") and name in phone.tree):
        return phone.tree.leaves_below(name)
    if name in phone.tree and not name.endswith("."):
        return (name,)
    raise _unknown(phone, name)


def _get_parameter_values(phone: PhoneState, request: m.GetParameterValues) -> m.GetParameterValuesResponse:
    most = phone.persona.most_names
    if most and len(request.parameter_names) > most:
        raise Refused(phone.persona.too_many_names)
    names = dict.fromkeys(leaf for name in request.parameter_names for leaf in _leaves(phone, name))
    return m.GetParameterValuesResponse(tuple(phone.tree.reading(name) for name in names))


def _get_parameter_names(phone: PhoneState, request: m.GetParameterNames) -> m.GetParameterNamesResponse:
    path, tree = request.parameter_path, phone.tree
    if path == "":
        if phone.persona.refuses_empty_path:
            raise _unknown(phone, path)
        names: Iterable[str] = (tree.root,) if request.next_level else tree.below("")
    elif path not in tree:
        raise _unknown(phone, path)
    elif not path.endswith("."):
        if request.next_level:
            raise Refused(9003, "NextLevel needs a partial path")
        names = (path,)
    else:
        names = tree.next_level(path) if request.next_level else (path, *tree.below(path))
    infos = (ParameterInfo(_shown(phone, name), tree.writable(name)) for name in names)
    return m.GetParameterNamesResponse(tuple(infos))


def _shown(phone: PhoneState, name: str) -> str:
    return name if phone.persona.final_dot else name.removesuffix(".")


# --- setting ------------------------------------------------------------------------------------------------


def _check_key(parameter_key: str) -> None:
    if len(parameter_key) > 32:
        raise Refused(9003, "ParameterKey is longer than 32 characters")


def _store_key(phone: PhoneState, parameter_key: str) -> None:
    phone.put(phone.path("ManagementServer.ParameterKey"), parameter_key, by_acs=True)


def _set_parameter_values(phone: PhoneState, request: m.SetParameterValues) -> m.SetParameterValuesResponse:
    _check_key(request.parameter_key)
    names = [parameter.name for parameter in request.parameter_list]
    if len(set(names)) < len(names):
        raise Refused(9003, "a parameter is named twice")
    found = ((parameter, _set_fault(phone, parameter)) for parameter in request.parameter_list)
    faults = tuple(
        ParameterFault(parameter.name, code, fault_text(code)) for parameter, code in found if code
    )
    if faults:
        raise Refused(9003, parameters=faults)
    status = 0
    changes = any(phone.tree.value(wanted.name) != wanted.value for wanted in request.parameter_list)
    for parameter in request.parameter_list:
        if parameter.name.startswith(phone.path("LAN.")):  # would cut the session off: applied at its end
            phone.later[parameter.name] = parameter.value
            status = 1
        else:
            phone.put(parameter.name, parameter.value, by_acs=True)
    _store_key(phone, request.parameter_key)
    if phone.persona.reboots_on_set and changes:
        phone.reboot = ("", "")
    return m.SetParameterValuesResponse(status)


def _set_fault(phone: PhoneState, parameter: ParameterValue) -> int:
    leaf = phone.tree.leaf(parameter.name)
    if leaf is None or parameter.name.endswith(tuple(f".{name}" for name in phone.persona.forgets)):
        return 9005
    if not leaf.writable:
        return 9008
    if not phone.persona.type_blind and not type_fits(leaf, parameter.type):
        return 9006
    return 0 if value_fits(leaf, parameter.value) else 9007


# --- attributes ---------------------------------------------------------------------------------------------


def _get_parameter_attributes(
    phone: PhoneState, request: m.GetParameterAttributes
) -> m.GetParameterAttributesResponse:
    names = dict.fromkeys(leaf for name in request.parameter_names for leaf in _leaves(phone, name))
    found = ((name, phone.tree.attributes(name)) for name in names)
    return m.GetParameterAttributesResponse(
        tuple(ParameterAttribute(name, kept.notification, kept.access_list) for name, kept in found)
    )


def _set_parameter_attributes(
    phone: PhoneState, request: m.SetParameterAttributes
) -> m.SetParameterAttributesResponse:
    wishes = [(leaf, change) for change in request.parameter_list for leaf in _leaves(phone, change.name)]
    for name, change in wishes:
        _check_attributes(phone, name, change)
    for name, change in wishes:
        old = phone.tree.attributes(name)
        new = Attributes(
            old.notification if change.notification is None else change.notification,
            old.access_list if change.access_list is None else change.access_list,
        )
        phone.tree.put_attributes(name, new)
        phone.watch(name)
    return m.SetParameterAttributesResponse()


def _check_attributes(phone: PhoneState, name: str, change: AttributeChange) -> None:
    if change.notification is None:
        return
    if change.notification not in (0, 1, 2):
        raise Refused(9003, f"{change.notification} is no Notification of CWMP 1.0")
    leaf = phone.tree.leaf(name)
    if change.notification == 2 and leaf is not None and leaf.quiet:
        raise Refused(9009, name)


# --- objects ------------------------------------------------------------------------------------------------


def _add_object(phone: PhoneState, request: m.AddObject) -> m.AddObjectResponse:
    _check_key(request.parameter_key)
    table = request.object_name
    # only a table's `writable` means that rows can be added; a row's own means that it can be deleted
    if phone.tree.branch(table) is None or not phone.tree.is_table(table) or not phone.tree.writable(table):
        raise _unknown(phone, table)
    try:
        number = phone.tree.add_row(table)
    except TableFull:
        raise Refused(9004, table) from None
    _store_key(phone, request.parameter_key)
    return m.AddObjectResponse(number, 0)


def _delete_object(phone: PhoneState, request: m.DeleteObject) -> m.DeleteObjectResponse:
    _check_key(request.parameter_key)
    row = request.object_name
    if phone.tree.branch(row) is None or phone.tree.is_table(row) or not phone.tree.writable(row):
        raise _unknown(phone, row)
    phone.tree.delete_row(row)
    _store_key(phone, request.parameter_key)
    return m.DeleteObjectResponse(0)


# --- transfers ----------------------------------------------------------------------------------------------


def _queue(phone: PhoneState, request: m.Download | m.Upload, file_types: tuple[str, ...]) -> bool:
    """Note a transfer for after the session; whether its answer is Status 0."""
    if request.file_type not in file_types:
        raise Refused(9003, f"FileType {request.file_type}")
    if len(request.command_key) > 32:
        raise Refused(9003, "CommandKey is longer than 32 characters")
    if not request.url or len(request.url) > 256:
        raise Refused(9003, "URL")
    if not request.url.lower().startswith(("http://", "https://")):
        raise Refused(9013, request.url)
    if len(phone.transfers) >= MOST_TRANSFERS:
        raise Refused(9004)
    if "forgets-downloads" in phone.faults and isinstance(request, m.Download):
        return False
    silent = phone.persona.status_zero_downloads and isinstance(request, m.Download)
    phone.transfers.append(Transfer(request, phone.clock() + request.delay_seconds, silent))
    return silent


def _download(phone: PhoneState, request: m.Download) -> m.DownloadResponse:
    if phone.in_call:
        raise Refused(9001, "a call is up")
    return m.DownloadResponse(0 if _queue(phone, request, (FIRMWARE, CONFIGURATION_DOWN)) else 1)


def _upload(phone: PhoneState, request: m.Upload) -> m.UploadResponse:
    _queue(phone, request, (CONFIGURATION_UP, LOG_UP))
    return m.UploadResponse(1)


# --- boots and timers ---------------------------------------------------------------------------------------


def _reboot(phone: PhoneState, request: m.Reboot) -> m.RebootResponse:
    if phone.in_call:
        raise Refused(9001, "a call is up")
    phone.reboot = (ev.M_REBOOT, request.command_key)
    return m.RebootResponse()


def _factory_reset(phone: PhoneState, request: m.FactoryReset) -> m.FactoryResetResponse:
    phone.reset_wanted = True
    return m.FactoryResetResponse()


def _schedule_inform(phone: PhoneState, request: m.ScheduleInform) -> m.ScheduleInformResponse:
    if request.delay_seconds < 1:
        raise Refused(9003, "DelaySeconds must be 1 or more")
    phone.scheduled.append((phone.clock() + request.delay_seconds, request.command_key))
    return m.ScheduleInformResponse()


HANDLERS: dict[str, Callable[[PhoneState, Any], m.CpeResponse]] = {
    "GetRPCMethods": _get_rpc_methods,
    "SetParameterValues": _set_parameter_values,
    "GetParameterValues": _get_parameter_values,
    "GetParameterNames": _get_parameter_names,
    "SetParameterAttributes": _set_parameter_attributes,
    "GetParameterAttributes": _get_parameter_attributes,
    "AddObject": _add_object,
    "DeleteObject": _delete_object,
    "Download": _download,
    "Upload": _upload,
    "Reboot": _reboot,
    "FactoryReset": _factory_reset,
    "ScheduleInform": _schedule_inform,
}
