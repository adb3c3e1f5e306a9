"""What commands ask at a terminal and what they say where there is none; options that exclude each other."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from acs.cli import outcomes

HIDDEN = [
    (("user", "create", "eve", "--role", "viewer"), "--password-stdin"),
    (("user", "password", "eve"), "--password-stdin"),
]
QUESTIONS = [
    *HIDDEN,
    (("login", "http://127.0.0.1:1", "--user", "eve"), "--password-stdin"),
    (("login", "http://127.0.0.1:1"), "--user"),
]


@pytest.mark.parametrize(("words", "instead"), QUESTIONS, ids=str)
def test_where_nobody_can_be_asked_one_line_says_what_to_give(words, instead, data_dir):
    program = "import sys; from acs.cli.main import main; main(sys.argv[1:], prog_name='acs')"
    done = subprocess.run(
        (sys.executable, "-c", program, *words),
        env={**os.environ, "ACS_DATA_DIR": str(data_dir), "HOME": str(data_dir)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,  # which has no terminal
        timeout=60,
        check=False,
    )
    assert done.returncode == outcomes.WrongUsage.exit_code
    line = done.stderr.splitlines()[-1]
    assert line.startswith("acs: ")
    assert instead in line
    assert "Warning" not in done.stderr
    assert "Aborted" not in done.stderr


@pytest.mark.parametrize(
    "words", [words for words, _ in HIDDEN] + [("group", "delete", "site7")], ids=" ".join
)
def test_ctrl_c_at_a_question_is_130(acs, monkeypatch, words):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(click.termui, "_readline_prompt", interrupted)
    monkeypatch.setattr("acs.cli.device_tasks.sys", _Terminal)
    assert acs(*words).exit_code == outcomes.INTERRUPTED


class _Terminal:
    """A `sys` whose stdin is a terminal."""

    class stdin:
        @staticmethod
        def isatty() -> bool:
            return True


def test_a_password_that_is_typed_is_sent(acs, server):
    server.on("POST /users", (201, {"name": "eve", "role": "viewer"}))
    done = acs("user", "create", "eve", "--role", "viewer", input="correct horse\ncorrect horse\n")
    assert done.exit_code == 0
    assert server.requests("POST")[0].json["password"] == "correct horse"
    assert "correct" not in done.output


def test_a_table_and_json_do_not_go_together(acs, server):
    done = acs("audit", "--csv", "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "acs: --csv and --json do not go together\n"
    assert server.asked == []
