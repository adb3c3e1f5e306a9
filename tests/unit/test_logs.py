"""The log of a process to its last line."""

from __future__ import annotations

import json
import subprocess
import sys

DYING = """
import sys
from acs import logs
logs.start("warning", sys.stderr, {form!r})
logs.hide(["s3cret-word"])
raise ValueError("it was s3cret-word")
"""


def last_words(form: str) -> str:
    died = subprocess.run(
        [sys.executable, "-c", DYING.format(form=form)], capture_output=True, text=True, check=False
    )
    assert died.returncode == 1
    assert "s3cret-word" not in died.stderr
    return died.stderr


def test_an_error_that_ends_the_process_is_a_line_of_json_without_secrets():
    [line] = last_words("json").splitlines()
    told = json.loads(line)
    assert told["level"] == "critical"
    assert "ValueError" in told["exception"]


def test_a_person_reads_it_as_ever():
    assert "Traceback" in last_words("console")
