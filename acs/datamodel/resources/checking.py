"""Whether a resource file is one that a phone can use: its schema first, then what no schema says."""

from __future__ import annotations

from itertools import islice

from lxml import etree

from acs.datamodel.key_values import Severity
from acs.datamodel.resources import documents, schema_check
from acs.datamodel.resources.findings import Finding
from acs.datamodel.resources.kinds import Kind, Row
from acs.datamodel.resources.schema_check import MOST


class BadFile(ValueError):
    """The file cannot be read as its kind; `findings` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(f"line {finding.line}: {finding}" for finding in findings))
        self.findings = findings


def check(kind: Kind, content: bytes) -> list[Finding]:
    """Every complaint about a file, by line. Nothing is raised, whatever the bytes are."""
    root, findings = documents.read(content, kind.wrapper)
    if root is None:
        return findings
    if not _is(kind, root):
        return [*findings, *schema_check.complaints(kind.name, root)]
    own = list(islice(kind.rules(root), MOST))
    told = {(finding.line, finding.where) for finding in own if finding.severity is Severity.ERROR}
    by_schema = [
        finding
        for finding in schema_check.complaints(kind.name, root)
        if (finding.line, finding.where) not in told  # the rule's own words are clearer
    ]
    return sorted([*findings, *own, *by_schema], key=lambda finding: finding.line)


def read_root(kind: Kind, content: bytes) -> etree._Element:
    """The root of a file of this kind. Raises BadFile where it is no XML, or begins otherwise."""
    root, findings = documents.read(content, kind.wrapper)
    if root is None:
        raise BadFile(findings)
    if not _is(kind, root):
        raise BadFile(list(schema_check.complaints(kind.name, root)))
    return root


def read_rows(kind: Kind, content: bytes) -> list[Row]:
    """The file as rows, for editing. What the kind does not know is left out. Raises BadFile."""
    return kind.read(read_root(kind, content))


def _is(kind: Kind, root: etree._Element) -> bool:
    if not kind.wrapper:
        return root.tag in kind.roots
    return len(root) > 0 and root[0].tag in kind.roots
