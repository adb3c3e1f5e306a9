"""Configuration files (`.cfg`) as phones read them: one `key = value` a line, comments on lines of their own.

The rules are those of the guide's "Central Provisioning". What stands inside a value is kept as it is, spaces
too; around the name and the value they mean nothing. Of two lines with one key the last counts, as it does
for the phone. Unknown keys are kept: a phone has more keys than its guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from acs.datamodel import key_values
from acs.datamodel.key_values import BLANKS, Severity
from acs.datamodel.keys import Catalogue, IndexNotAllowed, UnknownKey, in_file

#: The first line of every file that is written.
FIRST_LINE = "#!version:1.0.0.1"

#: What a line has to be, in the words of the complaints.
EXPECTED = "expected `key = value` or a line that begins with #"

#: For how many unknown keys of one file likely ones are looked for, a millisecond or two each: a file for
#: another model has hundreds.
SUGGESTED_FOR = 50

#: What no value can have in it: a value is one line.
LINE_BREAK = re.compile(r"[\r\n\0]")

_NAME = re.compile(r"[^\s=#]+")
#: control characters that no line has
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BOM = b"\xef\xbb\xbf"


class CfgLine(Struct, frozen=True):
    """One assignment; `number` counts from 1."""

    number: int
    key: str
    value: str


class CfgFinding(Struct, frozen=True):
    """One complaint about a file. `key` is "" for a line without one, `allowed` where nothing is listed."""

    line: int
    key: str
    severity: Severity
    message: str
    allowed: list[str] | str = ""
    section: str = ""


class CfgFile(Struct, frozen=True):
    """What a file says, and what is wrong with its lines as such."""

    lines: tuple[CfgLine, ...]
    findings: tuple[CfgFinding, ...]

    @property
    def values(self) -> dict[str, str]:
        """Key to value as the phone takes it: of several lines with one key the last."""
        return {line.key: line.value for line in self.lines}


class UnwritableValue(ValueError):
    """A name or value that no line of a configuration file can hold; the text names it."""


def read(content: bytes) -> CfgFile:
    """The lines of a file. Whatever its bytes are, nothing is raised: faults are findings."""
    if _is_binary(content):
        message = "the file is no text; expected `key = value` lines, if it is encrypted decrypt it first"
        return CfgFile((), (CfgFinding(1, "", Severity.ERROR, message),))
    lines: list[CfgLine] = []
    findings: list[CfgFinding] = []
    for number, raw in enumerate(_raw_lines(content), start=1):
        try:
            text = raw.decode("utf-8").strip(BLANKS)
        except UnicodeDecodeError as error:
            message = f"byte {error.start + 1} of the line is no UTF-8; expected text in UTF-8"
            findings.append(CfgFinding(number, "", Severity.ERROR, message))
            continue
        if text.startswith("#!version") and number > 1:
            findings.append(
                CfgFinding(number, "", Severity.WARNING, "#!version counts only on the first line of a file")
            )
        if not text or text.startswith("#"):
            continue
        text, odd = _joined(text)
        if odd:
            message = "has a space in its name as it is written; phones do not know it so"
            findings.append(CfgFinding(number, odd, Severity.WARNING, message))
        line, fault = _assignment(number, text)
        if line is not None:
            lines.append(line)
        if fault:
            findings.append(CfgFinding(number, line.key if line else "", Severity.ERROR, fault))
    return CfgFile(tuple(lines), tuple(findings))


def check(content: bytes, catalogue: Catalogue) -> list[CfgFinding]:
    """Every complaint about a file and its values, by line."""
    return check_file(read(content), catalogue)


def check_file(file: CfgFile, catalogue: Catalogue) -> list[CfgFinding]:
    """Every complaint about a file that was read and its values, by line."""
    found = [*file.findings, *_twice(file.lines, catalogue)]
    unknown = 0
    for line in file.lines:
        try:
            use = catalogue.find(line.key, suggest=unknown < SUGGESTED_FOR)
        except UnknownKey as error:
            unknown += 1
            found.append(_unknown(line, error))
        except IndexNotAllowed as error:
            found.append(_wrong_index(line, error))
        else:
            if use.holder:
                found.append(_held(line))
            found += [
                CfgFinding(line.number, line.key, one.severity, one.message, one.allowed, one.section)
                for one in key_values.check(use, line.value)
                if "\0" not in line.value  # the reader has said so
            ]
    return sorted(found, key=lambda finding: finding.line)


def _unknown(line: CfgLine, error: UnknownKey) -> CfgFinding:
    hint = f"; did you mean {' or '.join(error.near)}?" if error.near else ""
    return CfgFinding(
        line.number, line.key, Severity.WARNING, f"is no documented key{hint}", list(error.near)
    )


def _held(line: CfgLine) -> CfgFinding:
    name = in_file(line.key)
    said = f"is how layers tell the accounts apart; a phone knows {name} alone, once for each account"
    return CfgFinding(line.number, line.key, Severity.WARNING, said, [name])


def _wrong_index(line: CfgLine, error: IndexNotAllowed) -> CfgFinding:
    """A letter in place of the number is the guide's own way of writing: a phone passes over the line."""
    section = error.key.section
    if error.placeholder:
        said = f"{error.letter} stands for a number; the phone does not know this line"
        return CfgFinding(line.number, line.key, Severity.WARNING, said, error.allowed, section)
    said = f"{error.key.name} has no such number in the place of {error.letter}"
    return CfgFinding(line.number, line.key, Severity.ERROR, said, error.allowed, section)


def failed(findings: Iterable[CfgFinding]) -> bool:
    """Whether any of them is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def write(values: Mapping[str, str], catalogue: Catalogue) -> bytes:
    """The file with these values: the same values give the same bytes, in whatever order they come.

    Known keys stand in the catalogue's order, others after them by name. Raises UnwritableValue.
    """
    return write_in_order({name: values[name] for name in sorted_names(values, catalogue)})


def sorted_names(names: Iterable[str], catalogue: Catalogue) -> list[str]:
    """The names in the order in which they stand in a file."""
    return sorted(names, key=lambda name: _order(name, catalogue))


def writable(values: Mapping[str, str]) -> dict[str, str]:
    """The values as lines can hold them: without outer blanks, which mean nothing in a file; one with a line
    break is left out, rather than all others with it."""
    return {name: value.strip(BLANKS) for name, value in values.items() if not LINE_BREAK.search(value)}


def write_in_order(values: Mapping[str, str]) -> bytes:
    """The file with these values, in the order in which they come. Raises UnwritableValue."""
    for name, value in values.items():
        _refuse_unwritable(name, value)
    lines = (FIRST_LINE, *(_line(name, value) for name, value in values.items()))
    return "".join(f"{line}\n" for line in lines).encode()


def _line(name: str, value: str) -> str:
    name = in_file(name)
    return f"{name} = {value}" if value else f"{name} ="


def _order(name: str, catalogue: Catalogue) -> tuple[bool, tuple[int, ...], str]:
    use = catalogue.get(name)
    return (use is None, catalogue.order(use) if use else (), name)


def _refuse_unwritable(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise UnwritableValue(f"{name!r} cannot be a key: expected a name without spaces, = and #")
    if LINE_BREAK.search(value):
        raise UnwritableValue(f"{name}: the value has a line break in it; a value is one line")
    if value != value.strip(BLANKS):
        raise UnwritableValue(f"{name}: the value begins or ends with a space, which a file cannot keep")


def _raw_lines(content: bytes) -> list[bytes]:
    return content.removeprefix(_BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


def _is_binary(content: bytes) -> bool:
    """Whether this is no text at all, such as an encrypted file, rather than text with a slip in it."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _NO_TEXT.search(content) is not None
    return False


def _assignment(number: int, text: str) -> tuple[CfgLine | None, str]:
    """The line's assignment, and what is wrong with it."""
    name, equals, value = (part.strip(BLANKS) for part in text.partition("="))
    if not equals:
        return None, f"the line has no equal sign; {EXPECTED}"  # and may have a password: it is not repeated
    if not name:
        return None, f"no key stands before the equal sign; {EXPECTED}"
    if not _NAME.fullmatch(name):
        return None, f"what stands before the equal sign cannot be a key; {EXPECTED}"
    if "\0" in value:
        return CfgLine(number, name, value), "the value has a zero byte in it; expected text"
    return CfgLine(number, name, value), ""


def _joined(text: str) -> tuple[str, str]:
    """The line without the spaces beside the dots of its name, and the name; "" for one that had none."""
    name, equals, value = text.partition("=")
    joined = re.sub(r"\s*\.\s*", ".", name)
    return (f"{joined}{equals}{value}", joined.strip(BLANKS)) if equals and joined != name else (text, "")


def _twice(lines: Iterable[CfgLine], catalogue: Catalogue) -> Iterator[CfgFinding]:
    before: dict[tuple[str, str], CfgLine] = {}
    for line in lines:
        slot = (line.key, _holder(line, catalogue))
        if slot in before:
            message = f"stands in line {before[slot].number} already; this line counts"
            yield CfgFinding(line.number, line.key, Severity.WARNING, message)
        before[slot] = line


def _holder(line: CfgLine, catalogue: Catalogue) -> str:
    """Whose value it is, where the value itself says so: `admin` of `admin:password`; else ""."""
    use = catalogue.get(line.key)
    return line.value.partition(":")[0] if use is not None and use.key.holders else ""
