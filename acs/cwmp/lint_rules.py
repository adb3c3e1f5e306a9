"""The rules behind `acs lint`: each finds one kind of deviation and says what the server does with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree
from msgspec import Struct

from acs.cwmp import charsets, events, messages, times, versions
from acs.cwmp.captured import Captured
from acs.cwmp.leaves import local_name
from acs.cwmp.parsing import SyntaxReport, inspect
from acs.cwmp.reading import Envelope, UnknownMessage
from cwmp_schemas.loader import open_schema

ERROR = "error"  #: the server refuses the message for it
WARNING = "warning"  #: against the standard; the server copes
NOTE = "note"  #: allowed or unavoidable, but worth knowing


class Finding(Struct, frozen=True):
    """One deviation: where (line from 1), how bad, what, and how the server handles it."""

    line: int
    severity: str
    text: str
    handling: str


def finding(line: int | None, severity: str, text: str, handling: str) -> Finding:
    """A finding in the body's own lines; without a known line it stands at the first."""
    return Finding(max(1, line or 1), severity, text, handling)


def line_of(root: etree._Element | None, name: str) -> int:
    """The line of the first element of this local name; 1 where there is none."""
    found = (
        None if root is None else next((each for each in root.iter() if local_name(each.tag) == name), None)
    )
    return 1 if found is None else found.sourceline or 1


# --- what the parser, the charset and the reader say --------------------------------------------------------


def syntax_findings(syntax: SyntaxReport) -> Iterator[Finding]:
    """Everything that keeps the text from being XML."""
    for line, text in syntax.errors:
        yield finding(
            line, WARNING, f"not well-formed XML: {text}", "The server mends what has a clear meaning."
        )


def charset_findings(captured: Captured) -> Iterator[Finding]:
    """A declared charset that is not the real one (quirk 44)."""
    declared = charsets.declared_charset(captured.body, captured.charset)
    _, odd = charsets.decode(captured.body, captured.charset)
    if odd:
        yield finding(1, WARNING, odd, "The text is read in the charset that fits the bytes.")
    elif declared not in ("", "utf-8", "ascii") and not captured.body.isascii() and _is_utf8(captured.body):
        yield finding(1, WARNING, f"the text is UTF-8, but {declared} is declared", "It is read as UTF-8.")


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def repair_findings(envelope: Envelope, syntax: SyntaxReport) -> Iterator[Finding]:
    """What the tolerant reader had to mend."""
    line = syntax.errors[0][0] if syntax.errors else 1
    for repair in envelope.repairs:
        yield finding(line, WARNING, f"mended: {repair}", "The message is used as it was mended.")


# --- what the schemas say -----------------------------------------------------------------------------------

_NAMESPACE = re.compile(r"\{[^}]*\}")

#: What a complaint of the validator is about, and what the server does then. The first that fits counts.
_HANDLING = (
    (r"'OUI'.*facet", "The OUI is taken as it is; it is part of the device's id."),
    (
        r"'EventCode'.*facet",
        "An event code in odd spelling is known all the same; an unknown one is recorded.",
    ),
    (r"facet 'maxLength'", "The text is taken at its full length."),
    (r"type definition|QName.*xsi:type|attribute 'type'", "An unknown type is taken as a string (quirk 41)."),
    (r"arrayType", "Lists are taken whatever their attributes say (quirk 42)."),
    (r"dateTime", "The text is kept; as a time it counts as unknown (quirks 29 and 57)."),
    (r"boolean", "Everything like 1, true, yes and enable is true, all else is false (quirk 57)."),
    (r"(unsignedInt|unsignedLong|'xs:int'|'xs:long')", "The number at its beginning counts, or 0."),
    (r"mustUnderstand", "The mark is not looked at; the header counts."),
    (r"[Mm]issing child", "What is missing gets its default."),
    (r"not expected", "Order does not matter; an element that is not known here is left out."),
    (r"FaultCode", "The code is taken as it is."),
    (r"facet", "The value is taken as it is."),
)


def schema_findings(syntax: SyntaxReport, namespace: str) -> Iterator[Finding]:
    """What the schema of the message's own version does not allow."""
    official = versions.schema_of(namespace)
    if namespace and namespace != official:
        # cwmp-1-3, cwmp-1-4 or one of the phone's own: the schema that speaks for it has another name.
        syntax = inspect(syntax.text.replace(namespace.encode(), official.encode()), None)
    schema = open_schema(official.rpartition(":")[2])
    if syntax.root is None or syntax.errors or schema.validate(syntax.root):
        return
    seen: set[tuple[int, str]] = set()
    for entry in schema.error_log:
        subject = entry.message.partition(":")[0]
        # The validator says twice what a type forbids: once by its facet, once by its name.
        if (entry.line, subject) in seen:
            continue
        seen.add((entry.line, subject))
        text = _NAMESPACE.sub("", entry.message).strip()
        handling = next(
            (said for about, said in _HANDLING if re.search(about, text)), "The server does not mind."
        )
        yield finding(entry.line, WARNING, f"against {official.rpartition(':')[2]}: {text}", handling)


# --- what is odd beyond the schema --------------------------------------------------------------------------


def message_findings(envelope: Envelope, root: etree._Element | None) -> Iterator[Finding]:
    """Oddities of meaning: ids, versions, counts, clocks, events."""
    message = envelope.message
    line = line_of(root, message.name)
    if not envelope.cwmp_id:
        yield finding(
            line_of(root, "Header"), WARNING, "there is no cwmp:ID", "It is answered without one (quirk 27)."
        )
    yield from _version_findings(envelope, line)
    if root is not None:
        yield from _count_findings(root)
        if line_of(root, "NoMoreRequests") > 1:
            text = "the header NoMoreRequests is in no published schema"
            yield finding(line_of(root, "NoMoreRequests"), NOTE, text, "It is left out of account.")
    if isinstance(message, messages.Inform):
        yield from _inform_findings(message, root)


def _version_findings(envelope: Envelope, line: int) -> Iterator[Finding]:
    namespace, message = envelope.namespace, envelope.message
    if not namespace:
        yield finding(
            line, WARNING, "no CWMP namespace is declared", "It is answered in cwmp-1-0 (quirk 36)."
        )
    elif namespace not in versions.OFFICIAL:
        yield finding(line, NOTE, f"{namespace} is no official namespace", "It is answered in the same one.")
    if not isinstance(message, UnknownMessage) and not versions.exists(type(message), namespace):
        yield finding(
            line, WARNING, f"{message.name} is not in {namespace}", "It is understood all the same."
        )


def _count_findings(root: etree._Element) -> Iterator[Finding]:
    for element in root.iter():
        declared = next(
            (text for key, text in element.attrib.items() if local_name(key) == "arrayType"), None
        )
        if declared is None:
            continue
        count = re.search(r"\[\s*(\d+)\s*\]\s*$", str(declared))
        name = local_name(element.tag)
        if count is None:
            text = f"arrayType {str(declared)!r} of {name} has no count"
        elif int(count[1]) != len(element):
            text = f"{name} says {int(count[1])} items and has {len(element)}"
        elif count[1] != str(len(element)):
            text = f"the count [{count[1]}] of {name} is padded with zeros"
        else:
            continue
        yield finding(element.sourceline, WARNING, text, "The items that are there count (quirk 42).")


def _inform_findings(inform: messages.Inform, root: etree._Element | None) -> Iterator[Finding]:
    line = line_of(root, "Event")
    codes = [event.event_code for event in inform.event]
    if not codes:
        yield finding(
            line, WARNING, "the Inform has no event", "It opens a session like any other (quirk 67)."
        )
    methods = {events.M_DOWNLOAD, events.M_UPLOAD, events.M_SCHEDULE_DOWNLOAD}
    if events.TRANSFER_COMPLETE in codes and not methods.intersection(codes):
        text = f"{events.TRANSFER_COMPLETE} comes without M Download or M Upload"
        yield finding(line, NOTE, text, "The TransferComplete says what ended (quirk 30).")
    elif methods.intersection(codes) and events.TRANSFER_COMPLETE not in codes:
        text = f"the event of a transfer's method comes without {events.TRANSFER_COMPLETE}"
        yield finding(line, NOTE, text, "The TransferComplete says what ended (quirk 30).")
    clock = times.read_time(inform.current_time)
    if not times.clock_is_set(clock):
        text = f"the clock is not set: CurrentTime is {inform.current_time!r}"
        yield finding(
            line_of(root, "CurrentTime"), NOTE, text, "The server goes by its own clock (quirk 29)."
        )
    if inform.max_envelopes != 1:
        text = f"MaxEnvelopes is {inform.max_envelopes}; the standard allows 1"
        yield finding(line_of(root, "MaxEnvelopes"), NOTE, text, "One envelope is sent at a time.")
    names = {parameter.name.partition(".")[2] for parameter in inform.parameter_list}
    for wanted in ("DeviceInfo.SoftwareVersion", "ManagementServer.ConnectionRequestURL"):
        if wanted not in names:
            text = f"the Inform does not carry {wanted}"
            yield finding(line_of(root, "ParameterList"), NOTE, text, "The server asks for it (quirk 60).")
