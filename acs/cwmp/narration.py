"""A conversation in plain words: what each message of it says, for people who do not read SOAP.

A `Narrator` hears the messages in order, because the same answer means something else after another question.
It reads as the server itself does, and says so where a message had to be mended or cannot be understood.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from acs.cwmp import faults
from acs.cwmp import messages as cwmp
from acs.cwmp.reading import MalformedMessage, NotSoap, UnknownMessage, read
from acs.cwmp.structures import ParameterFault, ParameterValue

#: Names and values that a sentence lists before it only counts.
_LISTED = 3

#: Characters of a value that are shown.
_SHOWN = 60


class Told(Struct, frozen=True):
    """One message: its name ("" for an empty body), a sentence, and what else is worth a line."""

    name: str
    text: str
    details: tuple[str, ...] = ()
    cwmp_id: str = ""


class Narrator:
    """Tells one conversation. `phone` and `server` take what each side sent, in order, and never raise."""

    def __init__(self) -> None:
        self._asked: cwmp.Message | None = None

    def phone(self, body: bytes, charset: str | None = None) -> Told:
        """What the phone sent."""
        if not body.strip():
            return Told("", self._handed_over())
        try:
            envelope = read(body, charset)
        except NotSoap as refusal:
            return Told("", f"The phone sends what is no SOAP message: {refusal.reason}.")
        except MalformedMessage as refusal:
            text = f"The phone sends {_a(refusal.name)} that cannot be understood: {refusal.reason}."
            return Told(refusal.name, text, cwmp_id=refusal.cwmp_id)
        mended = tuple(f"Mended: {repair}." for repair in envelope.repairs)
        message = envelope.message
        if isinstance(message, UnknownMessage):
            what = f"{message.name}, which is no method of CWMP" if message.name else "an empty SOAP body"
            return Told(message.name, f"The phone sends {what}.", mended, envelope.cwmp_id)
        if isinstance(message, cwmp.Inform):
            self._asked = None
        told, details = self._of_phone(message)
        return Told(message.name, told, (*details, *mended), envelope.cwmp_id)

    def server(self, status: int, body: bytes) -> Told:
        """What the server answered: its HTTP status and the body."""
        if status == 401:
            return Told("", "The server asks the phone to log in.")
        if status == 503:
            return Told("", "The server has no access to its store, and sends the phone away for a while.")
        if status >= 400:
            reason = body.decode("utf-8", "replace").strip()
            return Told("", f"The server refuses with HTTP {status}" + (f": {reason}" if reason else "."))
        if not body.strip():
            self._asked = None
            return Told("", "The server has nothing more to ask: the session is over.")
        try:
            envelope = read(body)
        except (NotSoap, MalformedMessage) as odd:
            return Told("", f"The server answers what cannot be read: {odd}.")
        message = envelope.message
        if isinstance(message, UnknownMessage):
            return Told(message.name, f"The server sends {message.name or 'an empty body'}.")
        if isinstance(message, cwmp.Fault):
            name, sentence = faults.meaning(message.fault_code)
            text = f"The server refuses with fault {message.fault_code}, {name}."
            details = (sentence, *_said(message.fault_string))
            return Told(message.name, text, details, envelope.cwmp_id)
        answered = _ANSWERED_BY_SERVER.get(type(message))
        if answered is not None:
            return Told(message.name, answered, cwmp_id=envelope.cwmp_id)
        self._asked = message
        text, details = _asked(message)
        return Told(message.name, text, details, envelope.cwmp_id)

    def _handed_over(self) -> str:
        asked, self._asked = self._asked, None
        if asked is None:
            return "The phone has nothing more to say: it is the server's turn."
        return f"The phone sends nothing instead of the answer to {asked.name}."

    def _of_phone(self, message: cwmp.Message) -> tuple[str, tuple[str, ...]]:
        request = _REQUESTS_OF_PHONE.get(type(message))
        if request is not None:
            return request(message)
        asked, self._asked = self._asked, None
        if isinstance(message, cwmp.Fault):
            return _fault(message, asked)
        if asked is None:
            return f"The phone sends {message.name}, although nothing was asked.", ()
        if message.name != f"{asked.name}Response":
            return f"The phone sends {message.name} instead of the answer to {asked.name}.", ()
        answer = _ANSWERS.get(type(message))
        return (answer(message, asked) if answer else f"The phone has taken {asked.name}."), ()


# --- what phones ask and report -----------------------------------------------------------------------------


def _inform(inform: cwmp.Inform) -> tuple[str, tuple[str, ...]]:
    codes = ", ".join(event.event_code for event in inform.event) or "no event"
    count = len(inform.parameter_list)
    again = f", try {inform.retry_count + 1}" if inform.retry_count else ""
    who = inform.device_id
    maker = f"{who.manufacturer} {who.product_class}".strip() or "a phone that does not say its maker"
    details = [f"It is {maker}, OUI {who.oui or 'not told'}, serial number {who.serial_number}."]
    details += [
        f"{event.event_code} belongs to the request with CommandKey {event.command_key}."
        for event in inform.event
        if event.command_key
    ]
    return f"The phone says hello: {codes}, with {_count(count, 'parameter')}{again}.", tuple(details)


def _transfer_complete(message: cwmp.TransferComplete) -> tuple[str, tuple[str, ...]]:
    key = f" with CommandKey {message.command_key}" if message.command_key else ""
    return _transfer(f"the transfer{key}", message.fault_struct.fault_code, message.fault_struct.fault_string)


def _autonomous(message: cwmp.AutonomousTransferComplete) -> tuple[str, tuple[str, ...]]:
    way = "download" if message.is_download else "upload"
    what = f"{_a(way)} of {message.file_type or 'a file'} that it began by itself"
    return _transfer(what, message.fault_struct.fault_code, message.fault_struct.fault_string)


def _transfer(what: str, code: int, said: str) -> tuple[str, tuple[str, ...]]:
    if not code:
        return f"The phone reports that {what} is through.", ()
    name, sentence = faults.meaning(code)
    return f"The phone reports that {what} failed: {code}, {name}.", (sentence, *_said(said))


def _deployed(message: Any) -> tuple[str, tuple[str, ...]]:
    return f"The phone reports {_count(len(message.results), 'change')} of software modules.", ()


_REQUESTS_OF_PHONE: dict[type[cwmp.Message], Callable[[Any], tuple[str, tuple[str, ...]]]] = {
    cwmp.Inform: _inform,
    cwmp.TransferComplete: _transfer_complete,
    cwmp.AutonomousTransferComplete: _autonomous,
    cwmp.DUStateChangeComplete: _deployed,
    cwmp.AutonomousDUStateChangeComplete: _deployed,
    cwmp.GetRPCMethods: lambda message: ("The phone asks which methods the server knows.", ()),
    cwmp.RequestDownload: lambda message: (f"The phone wishes for a file: {message.file_type}.", ()),
    cwmp.Kicked: lambda message: (f"The phone was kicked by a web page: {message.command}.", ()),
}


# --- what phones answer -------------------------------------------------------------------------------------


def _fault(fault: cwmp.Fault, asked: cwmp.Message | None) -> tuple[str, tuple[str, ...]]:
    name, sentence = faults.meaning(fault.fault_code)
    to = f"to {_what(asked)}" if asked is not None else "although nothing was asked"
    details = [sentence, *_said(fault.fault_string), *map(_parameter_fault, fault.parameter_faults)]
    return f"The phone answers with fault {fault.fault_code}, {name}, {to}.", tuple(details)


def _parameter_fault(one: ParameterFault) -> str:
    name = faults.meaning(one.fault_code).name
    said = f": {one.fault_string}" if one.fault_string else ""
    return f"{one.parameter_name or 'A parameter'}: {one.fault_code}, {name}{said}"


def _values(message: cwmp.GetParameterValuesResponse, asked: Any) -> str:
    return f"The phone answers with {_count(len(message.parameter_list), 'value')}{_listed_values(message)}."


def _listed_values(message: cwmp.GetParameterValuesResponse) -> str:
    values = message.parameter_list
    return f": {_assigned(values)}" if 0 < len(values) <= _LISTED else ""


def _applied(message: Any, asked: Any) -> str:
    when = "." if message.status == 0 else ", and applies it before its next session."
    return f"The phone has taken {asked.name}{when}"


def _added(message: cwmp.AddObjectResponse, asked: cwmp.AddObject) -> str:
    return f"The phone has added {asked.object_name}{message.instance_number}."


def _transferring(message: Any, asked: Any) -> str:
    way = "download" if isinstance(asked, cwmp.Download) else "upload"
    if message.status == 0:
        return f"The phone says that the {way} is done already."
    return f"The phone has taken the {way}, and will report when it is through."


_ANSWERS: dict[type[cwmp.Message], Callable[[Any, Any], str]] = {
    cwmp.GetParameterValuesResponse: _values,
    cwmp.GetParameterNamesResponse: lambda message, asked: (
        f"The phone lists {_count(len(message.parameter_list), 'name')}."
    ),
    cwmp.GetParameterAttributesResponse: lambda message, asked: (
        f"The phone answers with the attributes of {_count(len(message.parameter_list), 'parameter')}."
    ),
    cwmp.GetRPCMethodsResponse: lambda message, asked: (
        f"The phone knows {_count(len(message.method_list), 'method')}."
    ),
    cwmp.SetParameterValuesResponse: _applied,
    cwmp.DeleteObjectResponse: _applied,
    cwmp.AddObjectResponse: _added,
    cwmp.DownloadResponse: _transferring,
    cwmp.UploadResponse: _transferring,
    cwmp.GetQueuedTransfersResponse: lambda message, asked: (
        f"The phone has {_count(len(message.transfer_list), 'transfer')} in its queue."
    ),
    cwmp.GetAllQueuedTransfersResponse: lambda message, asked: (
        f"The phone has {_count(len(message.transfer_list), 'transfer')} in its queue."
    ),
}


# --- what the server asks -----------------------------------------------------------------------------------

_ANSWERED_BY_SERVER: dict[type[cwmp.Message], str] = {
    cwmp.InformResponse: "The server says hello back.",
    cwmp.GetRPCMethodsResponse: "The server tells which methods it knows.",
    cwmp.TransferCompleteResponse: "The server has heard of the transfer.",
    cwmp.AutonomousTransferCompleteResponse: "The server has heard of the transfer.",
    cwmp.RequestDownloadResponse: "The server has heard of the wish.",
    cwmp.KickedResponse: "The server tells the page to go on with.",
    cwmp.DUStateChangeCompleteResponse: "The server has heard of the change.",
    cwmp.AutonomousDUStateChangeCompleteResponse: "The server has heard of the change.",
}


def _asked(message: cwmp.Message) -> tuple[str, tuple[str, ...]]:
    match message:
        case cwmp.GetParameterValues(parameter_names=names):
            text = f"The server asks for {_of(names, 'value')}"
            return text, () if len(names) <= _LISTED else tuple(names)
        case cwmp.SetParameterValues(parameter_list=values):
            text = f"The server sets {_count(len(values), 'parameter')}"
            if len(values) <= _LISTED:
                return f"{text}: {_assigned(values)}.", ()
            return f"{text}.", tuple(f"{one.name} = {_short(one.value)}" for one in values)
        case cwmp.GetParameterNames(parameter_path=path, next_level=next_level):
            depth = "right below" if next_level else "anywhere below"
            return f"The server asks for the names {depth} {path or 'the root'}.", ()
        case cwmp.GetParameterAttributes(parameter_names=names):
            return f"The server asks for the attributes of {_of(names, 'parameter')}", ()
        case cwmp.SetParameterAttributes(parameter_list=changes):
            return f"The server sets the attributes of {_of([c.name for c in changes], 'parameter')}", ()
        case cwmp.AddObject(object_name=name):
            return f"The server asks for a new {name}", ()
        case cwmp.DeleteObject(object_name=name):
            return f"The server has the phone delete {name}", ()
        case cwmp.Download():
            size = f", {message.file_size} bytes" if message.file_size else ""
            return f"The server has the phone fetch {message.file_type} from {message.url}{size}.", ()
        case cwmp.Upload():
            return f"The server has the phone send {message.file_type} to {message.url}.", ()
        case cwmp.Reboot():
            return "The server has the phone reboot.", ()
        case cwmp.FactoryReset():
            return "The server has the phone go back to its factory settings.", ()
        case cwmp.ScheduleInform(delay_seconds=seconds):
            return f"The server asks for another Inform in {seconds} seconds.", ()
        case cwmp.GetRPCMethods():
            return "The server asks which methods the phone knows.", ()
        case cwmp.GetQueuedTransfers() | cwmp.GetAllQueuedTransfers():
            return "The server asks which transfers are in the phone's queue.", ()
        case _:
            return f"The server sends {message.name}.", ()


# --- words --------------------------------------------------------------------------------------------------


def _what(asked: cwmp.Message) -> str:
    """A request with what it was about."""
    match asked:
        case cwmp.GetParameterValues(parameter_names=names):
            about = names
        case cwmp.SetParameterValues(parameter_list=values):
            about = tuple(one.name for one in values)
        case cwmp.GetParameterNames(parameter_path=path):
            about = (path or "the root",)
        case cwmp.AddObject(object_name=name) | cwmp.DeleteObject(object_name=name):
            about = (name,)
        case _:
            return asked.name
    return f"{asked.name} of {_list(about)}"


def _of(names: Sequence[str], what: str) -> str:
    counted = _count(len(names), what)
    return f"{counted}: {', '.join(names)}." if 0 < len(names) <= _LISTED else f"{counted}."


def _list(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _assigned(values: Sequence[ParameterValue]) -> str:
    return ", ".join(f"{one.name} = {_short(one.value)}" for one in values)


def _short(value: str) -> str:
    shown = " ".join(value.split())
    return repr(shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…")


def _said(text: str) -> tuple[str, ...]:
    return (f"It says: {text}",) if text.strip() else ()


def _count(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _a(word: str) -> str:
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"
