"""The layout of Redis stands in one file."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import acs
from acs.store import keyspace

PACKAGE = Path(acs.__file__).parent
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "keyspace.py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_file_spells_a_key(path: Path) -> None:
    """A literal that begins as keys do; a line for people, such as `acs: ready`, goes on with a space."""
    literals = [
        node.value.decode(errors="replace") if isinstance(node.value, bytes) else node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
    ]
    assert [text for text in literals if re.match(r"acs:\S", text)] == []


def test_no_script_spells_a_key() -> None:
    for path in (PACKAGE / "store" / "lua").glob("*.lua"):
        assert "acs:" not in path.read_text()


def test_all_keys_of_a_device_share_one_hash_tag() -> None:
    """What stands in braces decides the cluster slot."""
    prefix = keyspace.device_prefix("0123456789abcdef")
    assert prefix == b"acs:{0123456789abcdef}:"
    assert len(set(keyspace.DEVICE_SUFFIXES)) == len(keyspace.DEVICE_SUFFIXES)


def test_every_device_key_is_documented() -> None:
    documentation = keyspace.__doc__ or ""
    for suffix in keyspace.DEVICE_SUFFIXES:
        assert f"| acs:{{KEY}}:{suffix.decode()} " in documentation
    for key in (keyspace.DEVICES, keyspace.DEADLINES, keyspace.TOKENS, keyspace.SECRETS, keyspace.REFUSALS):
        assert f"| {key.decode()} " in documentation


def test_models_are_kept_under_a_hash_whatever_their_name_contains() -> None:
    one, other = keyspace.model_profile("001565|CP860|1"), keyspace.model_profile("001565|CP860|2} \r\n")
    assert one != other
    assert re.fullmatch(rb"acs:\{model:[0-9a-f]{16}\}:p", other)
