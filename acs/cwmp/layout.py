"""How each message lies in XML: the one table that both the reader and the writer follow.

A `Layout` lists the child elements of a message or structure in the order of the schema (cwmp-1-0.xsd to
cwmp-1-2.xsd) and says for each which field of the class it fills and how it is written. Nothing else in the
project knows an element name of CWMP; a new message is a new row here.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Any, NamedTuple

from acs.cwmp import messages as m
from acs.cwmp import structures as s


class Kind(Enum):
    """How one element carries its field."""

    NAME = auto()  #: text without line breaks anywhere: parameter names, OUI, serial numbers, keys
    LABEL = auto()  #: text trimmed at its ends, a line break inside is a blank: event codes, makers
    TEXT = auto()  #: text kept as it is, but for the line breaks of pretty printing round it
    NUMBER = auto()
    FLAG = auto()
    STRUCT = auto()  #: one structure inside the element
    ARRAY = auto()  #: a SOAP array of structures
    NAMES = auto()  #: a SOAP array of strings
    BINARIES = auto()  #: a SOAP array of base64 texts
    REPEATED = auto()  #: the element itself is the structure and may come several times


class Field(NamedTuple):
    """One child element. `optional` ones are not written while they are empty."""

    element: str
    attribute: str
    kind: Kind
    layout: Layout | None = None
    optional: bool = False


class Layout(NamedTuple):
    """A class and its child elements in order; `item` is the element name where it stands in an array."""

    made: type[Any]
    fields: tuple[Field, ...]
    item: str = ""


_WORD_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def attribute_name(element: str) -> str:
    """The field that an element fills: `SuccessURL` fills `success_url`."""
    return _WORD_BOUNDARY.sub("_", element).lower()


def _rows(kind: Kind, elements: str, *, optional: bool = False) -> tuple[Field, ...]:
    return tuple(
        Field(element, attribute_name(element), kind, None, optional) for element in elements.split()
    )


def _name(elements: str, *, optional: bool = False) -> tuple[Field, ...]:
    return _rows(Kind.NAME, elements, optional=optional)


def _label(elements: str) -> tuple[Field, ...]:
    return _rows(Kind.LABEL, elements)


def _text(elements: str, *, optional: bool = False) -> tuple[Field, ...]:
    return _rows(Kind.TEXT, elements, optional=optional)


def _number(elements: str) -> tuple[Field, ...]:
    return _rows(Kind.NUMBER, elements)


def _flag(elements: str) -> tuple[Field, ...]:
    return _rows(Kind.FLAG, elements)


def _struct(element: str, layout: Layout) -> tuple[Field, ...]:
    return (Field(element, attribute_name(element), Kind.STRUCT, layout),)


def _array(element: str, layout: Layout) -> tuple[Field, ...]:
    return (Field(element, attribute_name(element), Kind.ARRAY, layout),)


def _repeated(element: str, layout: Layout) -> tuple[Field, ...]:
    return (Field(element, attribute_name(element), Kind.REPEATED, layout),)


# --- structures ---------------------------------------------------------------------------------------------

DEVICE_ID = Layout(
    s.DeviceId, _label("Manufacturer") + _name("OUI") + _label("ProductClass") + _name("SerialNumber")
)
EVENT = Layout(s.Event, _label("EventCode") + _name("CommandKey"), "EventStruct")
#: The element Value also carries the field `type`, as its xsi:type.
PARAMETER_VALUE = Layout(s.ParameterValue, _name("Name") + _text("Value"), "ParameterValueStruct")
PARAMETER_INFO = Layout(s.ParameterInfo, _name("Name") + _flag("Writable"), "ParameterInfoStruct")
PARAMETER_ATTRIBUTE = Layout(
    s.ParameterAttribute,
    _name("Name") + _number("Notification") + _rows(Kind.NAMES, "AccessList"),
    "ParameterAttributeStruct",
)
#: The two …Change flags say whether the attribute beside them counts; the class says it with None.
ATTRIBUTE_CHANGE = Layout(
    s.AttributeChange,
    _name("Name")
    + _flag("NotificationChange")
    + _number("Notification")
    + _flag("AccessListChange")
    + _rows(Kind.NAMES, "AccessList"),
    "SetParameterAttributesStruct",
)
TIME_WINDOW = Layout(
    s.TimeWindow,
    _number("WindowStart WindowEnd") + _label("WindowMode") + _text("UserMessage") + _number("MaxRetries"),
    "TimeWindowStruct",
)
QUEUED_TRANSFER = Layout(s.QueuedTransfer, _name("CommandKey") + _number("State"), "QueuedTransferStruct")
ANY_QUEUED_TRANSFER = Layout(
    s.QueuedTransfer,
    QUEUED_TRANSFER.fields
    + _flag("IsDownload")
    + _label("FileType")
    + _number("FileSize")
    + _text("TargetFileName"),
    "AllQueuedTransferStruct",
)
TRANSFER_FAULT = Layout(s.TransferFault, _number("FaultCode") + _text("FaultString"))
ARGUMENT = Layout(s.Argument, _name("Name") + _text("Value"), "ArgStruct")
PARAMETER_FAULT = Layout(
    s.ParameterFault, _name("ParameterName") + _number("FaultCode") + _text("FaultString", optional=True)
)
OPTION = Layout(
    s.Option,
    _label("OptionName")
    + _number("VoucherSN State Mode")
    + _label("StartDate")
    + _name("ExpirationDate", optional=True)
    + _number("IsTransferable"),
    "OptionStruct",
)

#: What `Operations` may hold; the element's xsi:type names the schema's type (the key).
OPERATIONS = {
    "InstallOpStruct": Layout(
        s.InstallOperation,
        _name("URL")
        + _name("UUID", optional=True)
        + _text("Username Password", optional=True)
        + _name("ExecutionEnvRef", optional=True),
    ),
    "UpdateOpStruct": Layout(
        s.UpdateOperation,
        _name("UUID Version URL", optional=True) + _text("Username Password", optional=True),
    ),
    "UninstallOpStruct": Layout(
        s.UninstallOperation, _name("UUID") + _name("Version ExecutionEnvRef", optional=True)
    ),
}
DEPLOYMENT_RESULT = Layout(
    s.DeploymentResult,
    _name("UUID DeploymentUnitRef Version")
    + _label("CurrentState")
    + _flag("Resolved")
    + _label("ExecutionUnitRefList StartTime CompleteTime")
    + _struct("Fault", TRANSFER_FAULT),
)
AUTONOMOUS_RESULT = Layout(s.DeploymentResult, DEPLOYMENT_RESULT.fields + _label("OperationPerformed"))

# --- messages -----------------------------------------------------------------------------------------------

_VALUES = _array("ParameterList", PARAMETER_VALUE)
_NAMES = _rows(Kind.NAMES, "ParameterNames")
_STATUS = _number("Status")
_TIMES = _label("StartTime CompleteTime")
_TRANSFER_REQUEST = _name("CommandKey") + _label("FileType") + _name("URL") + _text("Username Password")

_MESSAGES: dict[type[m.Message], tuple[Field, ...]] = {
    m.GetRPCMethodsResponse: _rows(Kind.NAMES, "MethodList"),
    m.SetParameterValues: _VALUES + _name("ParameterKey"),
    m.SetParameterValuesResponse: _STATUS,
    m.GetParameterValues: _NAMES,
    m.GetParameterValuesResponse: _VALUES,
    m.GetParameterNames: _name("ParameterPath") + _flag("NextLevel"),
    m.GetParameterNamesResponse: _array("ParameterList", PARAMETER_INFO),
    m.SetParameterAttributes: _array("ParameterList", ATTRIBUTE_CHANGE),
    m.GetParameterAttributes: _NAMES,
    m.GetParameterAttributesResponse: _array("ParameterList", PARAMETER_ATTRIBUTE),
    m.AddObject: _name("ObjectName ParameterKey"),
    m.AddObjectResponse: _number("InstanceNumber Status"),
    m.DeleteObject: _name("ObjectName ParameterKey"),
    m.DeleteObjectResponse: _STATUS,
    m.Download: _TRANSFER_REQUEST
    + _number("FileSize")
    + _text("TargetFileName")
    + _number("DelaySeconds")
    + _name("SuccessURL FailureURL"),
    m.DownloadResponse: _STATUS + _TIMES,
    m.Upload: _TRANSFER_REQUEST + _number("DelaySeconds"),
    m.UploadResponse: _STATUS + _TIMES,
    m.Reboot: _name("CommandKey"),
    m.ScheduleInform: _number("DelaySeconds") + _name("CommandKey"),
    m.GetQueuedTransfersResponse: _array("TransferList", QUEUED_TRANSFER),
    m.GetAllQueuedTransfersResponse: _array("TransferList", ANY_QUEUED_TRANSFER),
    m.ScheduleDownload: _TRANSFER_REQUEST
    + _number("FileSize")
    + _text("TargetFileName")
    + _array("TimeWindowList", TIME_WINDOW),
    m.CancelTransfer: _name("CommandKey"),
    m.ChangeDUState: _repeated("Operations", Layout(object, ())) + _name("CommandKey"),
    m.SetVouchers: _rows(Kind.BINARIES, "VoucherList"),
    m.GetOptions: _label("OptionName"),
    m.GetOptionsResponse: _array("OptionList", OPTION),
    m.Inform: _struct("DeviceId", DEVICE_ID)
    + _array("Event", EVENT)
    + _number("MaxEnvelopes")
    + _label("CurrentTime")
    + _number("RetryCount")
    + _VALUES,
    m.InformResponse: _number("MaxEnvelopes"),
    m.TransferComplete: _name("CommandKey") + _struct("FaultStruct", TRANSFER_FAULT) + _TIMES,
    m.AutonomousTransferComplete: _name("AnnounceURL TransferURL")
    + _flag("IsDownload")
    + _label("FileType")
    + _number("FileSize")
    + _text("TargetFileName")
    + _struct("FaultStruct", TRANSFER_FAULT)
    + _TIMES,
    m.RequestDownload: _label("FileType") + _array("FileTypeArg", ARGUMENT),
    m.Kicked: _text("Command Referer Arg Next"),
    m.KickedResponse: _text("NextURL"),
    m.DUStateChangeComplete: _repeated("Results", DEPLOYMENT_RESULT) + _name("CommandKey"),
    m.AutonomousDUStateChangeComplete: _repeated("Results", AUTONOMOUS_RESULT),
}

#: Every message that a SOAP body may hold, by its element's local name. `Fault` has its own form (SOAP 1.1,
#: 4.4) and stands apart.
LAYOUTS: dict[str, Layout] = {
    made.__name__: Layout(made, _MESSAGES.get(made, ()))
    for made in m.Message.__subclasses__()
    if made is not m.Fault
}


def _fields(layout: Layout) -> tuple[Field, ...]:
    """The fields of a layout and of all that is inside it."""
    inner = [field for own in layout.fields if own.layout is not None for field in _fields(own.layout)]
    return (*layout.fields, *inner)


_LAYOUTS = (*LAYOUTS.values(), *OPERATIONS.values(), PARAMETER_FAULT)
_FIELDS = tuple(field for layout in _LAYOUTS for field in _fields(layout))

#: Every element name that CWMP knows in an envelope, in lower case: what is none of these may be mere text.
KNOWN_ELEMENTS: frozenset[str] = frozenset(
    {
        *(name.lower() for name in LAYOUTS),
        *(field.element.lower() for field in _FIELDS),
        *(field.layout.item.lower() for field in _FIELDS if field.layout is not None and field.layout.item),
        *("envelope", "header", "body", "fault", "faultcode", "faultstring", "faultactor", "detail"),
        *("setparametervaluesfault", "string", "base64"),
        *(
            "id",
            "holdrequests",
            "sessiontimeout",
            "supportedcwmpversions",
            "usecwmpversion",
            "nomorerequests",
        ),
    }
)

#: Elements that hold text and nothing else: where another one begins inside, an end tag was forgotten.
LEAVES: frozenset[str] = frozenset(
    field.element.lower()
    for field in _FIELDS
    if field.kind in (Kind.NAME, Kind.LABEL, Kind.TEXT, Kind.NUMBER, Kind.FLAG)
)

#: The elements round the items of a message: one that breaks off inside these is whole up to there.
CONTAINERS: frozenset[str] = frozenset(
    {"envelope", "header", "body"}
    | {name.lower() for name in LAYOUTS}
    | {
        field.element.lower()
        for layout in LAYOUTS.values()
        for field in layout.fields
        if field.kind in (Kind.ARRAY, Kind.NAMES)
    }
)
