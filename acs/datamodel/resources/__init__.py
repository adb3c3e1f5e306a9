"""Resource files (guide, chapter 7): checked, built from rows, and read back to rows for editing.

kinds            what a kind is; `catalogue` has all of them
dial_rules, softkeys, listings, contacts, phone_books   the kinds
documents        bytes to trees and back
schema_check     a schema's complaints in plain words
checking         a file's findings, by line
building         rows to a file; `tables` reads rows from CSV and JSON
"""

from acs.datamodel.resources.building import Built, build
from acs.datamodel.resources.catalogue import KINDS, UnknownKind, kind_of, recognised
from acs.datamodel.resources.checking import BadFile, check, read_rows
from acs.datamodel.resources.findings import BadRows, Finding, RowFault, has_errors
from acs.datamodel.resources.kinds import Column, Kind, Row

__all__ = [
    "KINDS",
    "BadFile",
    "BadRows",
    "Built",
    "Column",
    "Finding",
    "Kind",
    "Row",
    "RowFault",
    "UnknownKind",
    "build",
    "check",
    "has_errors",
    "kind_of",
    "read_rows",
    "recognised",
]
