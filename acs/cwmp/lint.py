"""What is wrong with a captured message, line by line, and what the server would do with it.

Three sources: the strict parser and the project's schemas say what the standard does not allow; the tolerant
reader says what it mended; the rules of `acs.cwmp.lint_rules` say what is allowed and odd all the same.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from acs.cwmp import faults, lint_rules, messages, parsing
from acs.cwmp.captured import Captured, split_request
from acs.cwmp.lint_rules import ERROR, NOTE, WARNING, Finding, finding
from acs.cwmp.reading import Envelope, MalformedMessage, NotSoap, read
from acs.cwmp.session import is_answer

__all__ = ["ERROR", "NOTE", "WARNING", "Finding", "Report", "lint_message"]

#: Complaints that are shown; a message that is wrong on every line is not clearer with all of them.
_MOST_FINDINGS = 200

_ANSWERED = (
    messages.GetRPCMethods,
    messages.TransferComplete,
    messages.AutonomousTransferComplete,
    messages.RequestDownload,
    messages.Kicked,
    messages.DUStateChangeComplete,
    messages.AutonomousDUStateChangeComplete,
)
#: The types of all that a phone may send.
_SENT_BY_PHONES = frozenset((*messages.CpeRequest.__args__, *messages.CpeResponse.__args__))


class Report(Struct, frozen=True):
    """The verdict on one message. `refused`: the server would answer it with an error."""

    findings: tuple[Finding, ...]
    message: str
    sender: str
    outcome: str
    refused: bool


def lint_message(raw: bytes) -> Report:
    """Explain a captured message: bare XML, or a whole HTTP request (chunked and compressed ones too).

    Lines are counted in the file as given. Never raises for any bytes.
    """
    captured = split_request(raw)
    findings = [finding(1, NOTE, odd, "The body is taken as it is.") for odd in captured.odd]
    if not captured.body.strip():
        outcome = "sends its next request, or ends the session with HTTP 204"
        return _report(captured, findings, "an empty POST", "", outcome)
    syntax = parsing.inspect(captured.body, captured.charset)
    findings += lint_rules.syntax_findings(syntax)
    findings += lint_rules.charset_findings(captured)
    try:
        envelope = read(captured.body, captured.charset)
    except NotSoap as refusal:
        findings.append(finding(1, ERROR, refusal.reason, "The server refuses the message."))
        return _report(captured, findings, "no SOAP message", "", f"HTTP 400, {refusal.reason}", refused=True)
    except MalformedMessage as refusal:
        findings += lint_rules.schema_findings(syntax, refusal.namespace)
        line = lint_rules.line_of(syntax.root, refusal.name)
        findings.append(finding(line, ERROR, str(refusal), "The server cannot use the message."))
        outcome = f"fault {faults.describe(faults.INVALID_ARGUMENTS)}"
        return _report(captured, findings, refusal.name, "", outcome, refused=True)
    findings += lint_rules.repair_findings(envelope, syntax)
    findings += lint_rules.schema_findings(syntax, envelope.namespace)
    findings += lint_rules.message_findings(envelope, syntax.root)
    outcome, refused = _outcome(envelope)
    name = envelope.message.name or "an empty SOAP body"
    if type(envelope.message) not in _SENT_BY_PHONES:
        line = lint_rules.line_of(syntax.root, name)
        severity, handling = (ERROR, "It gets a fault.") if refused else (WARNING, "The session goes on.")
        findings.append(finding(line, severity, f"{name} is nothing a phone may send", handling))
    return _report(captured, findings, name, _sender(envelope), outcome, refused=refused)


def _report(
    captured: Captured,
    findings: list[Finding],
    message: str,
    sender: str,
    outcome: str,
    *,
    refused: bool = False,
) -> Report:
    """Findings in the order of the file's lines, each once."""
    placed = {msgspec.structs.replace(found, line=captured.file_line(found.line)) for found in findings}
    in_order = sorted(placed, key=lambda found: (found.line, found.severity, found.text))[:_MOST_FINDINGS]
    sender = sender or captured.user_agent or "a phone that it does not name"
    return Report(tuple(in_order), message, sender, outcome, refused)


def _sender(envelope: Envelope) -> str:
    if not isinstance(envelope.message, messages.Inform):
        return ""
    device = envelope.message.device_id
    maker = f"{device.manufacturer} {device.product_class}".strip() or "an unnamed phone"
    return f"{maker}, OUI {device.oui}, serial number {device.serial_number}"


def _outcome(envelope: Envelope) -> tuple[str, bool]:
    """What the server does with a message that was understood, and whether that is an error."""
    message = envelope.message
    namespace = envelope.namespace or "urn:dslforum-org:cwmp-1-0"
    if isinstance(message, messages.Inform):
        return f"opens a session and answers InformResponse in {namespace}", False
    if isinstance(message, _ANSWERED):
        return f"answers {message.name}Response in {namespace}", False
    if isinstance(message, messages.Fault):
        return (
            f"takes it as the answer to its request, which failed: {faults.describe(message.fault_code)}",
            False,
        )
    if not message.name:
        return "takes it for an empty POST", False
    if not is_answer(message.name):
        return f"fault {faults.describe(faults.METHOD_NOT_SUPPORTED)}", True
    if type(message) in _SENT_BY_PHONES:
        return "takes it as the answer to its request, then sends the next one or ends with HTTP 204", False
    return "takes it for no answer to its request, then sends the next one or ends with HTTP 204", False
