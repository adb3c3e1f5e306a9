"""`acs lint FILE…` on the command line: lines for people, JSON and exit codes for scripts."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from acs.cli.lint import lint
from acs.cwmp import messages as m
from acs.cwmp.writing import write

GOOD = write(m.RebootResponse(), cwmp_id="1", namespace="urn:dslforum-org:cwmp-1-0")
ODD = write(m.RebootResponse(), cwmp_id="", namespace="urn:dslforum-org:cwmp-1-0")
BAD = b"hello"


@pytest.fixture
def run(tmp_path):
    def run(*bodies: bytes, options: tuple[str, ...] = ()):
        names = []
        for number, body in enumerate(bodies):
            path = tmp_path / f"{number}.xml"
            path.write_bytes(body)
            names.append(str(path))
        return CliRunner().invoke(lint, [*options, *names])

    return run


def test_a_clean_message_exits_with_0(run):
    result = run(GOOD)
    assert result.exit_code == 0
    assert "RebootResponse" in result.output
    assert "clean" in result.output


def test_tolerated_deviations_exit_with_0_and_name_file_and_line(run):
    result = run(ODD)
    assert result.exit_code == 0
    assert "0.xml:1: warning: there is no cwmp:ID" in result.output


def test_a_message_that_would_be_refused_exits_with_1(run):
    result = run(GOOD, BAD)
    assert result.exit_code == 1
    assert "1.xml:1: error:" in result.output
    assert "the server refuses it: HTTP 400" in result.output


def test_a_file_that_cannot_be_read_exits_with_2(tmp_path):
    result = CliRunner().invoke(lint, [str(tmp_path / "missing.xml")])
    assert result.exit_code == 2
    assert "No such file" in result.output


def test_json_has_one_object_a_file(run):
    result = run(ODD, BAD, options=("--json",))
    odd, bad = map(json.loads, result.output.splitlines())
    assert odd["refused"] is False
    assert odd["findings"][0].keys() == {"line", "severity", "text", "handling"}
    assert bad["refused"] is True
    assert bad["outcome"].startswith("HTTP 400")


def test_standard_input_is_a_file_too():
    assert CliRunner().invoke(lint, ["-"], input=GOOD).exit_code == 0
