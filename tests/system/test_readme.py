"""The README's tour as a stranger types it, command by command."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.system.conftest import ACS
from tests.system.rollout_phones import Phones, eventually

README = Path(__file__).parents[2] / "README.md"


def commands(chapter: str) -> list[str]:
    """What stands in the chapter's shell blocks, a command with its continued lines as one."""
    text = README.read_text().partition(f"\n## {chapter}\n")[2].partition("\n## ")[0]
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    return [line for line in blocks.replace("\\\n", " ").splitlines() if line.strip()]


def test_each_command_of_the_tour_does_its_work(start_server: Callable[..., Any], tmp_path: Path) -> None:
    server = start_server("--cpe-auth", "none")
    phones = Phones(server.urls["cwmp"])
    environ = {**os.environ, "ACS_DATA_DIR": str(server.data_dir)}
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "acs").symlink_to(ACS)

    def type_in(command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120
        )
        # 1 of a drift: the phone differs still, until its next session
        fine = (0, 1) if "config drift" in command else (0,)
        assert done.returncode in fine, f"{command}: {done.stderr or done.stdout}"
        return done.stdout

    try:
        first, *tour = commands("A tour without a phone")
        assert first == ".venv/bin/acs simulate --phones 50"
        phones.start("001565000001", 5)
        eventually(lambda: server.api.get("/api/v1/devices").json()["total"] == 5)
        printed = {command.split(" ", 1)[1]: type_in(command) for command in tour}
        assert "rebooted, and back\n" in printed["device reboot 001565000001 --yes"]
        assert "proved by SoftwareVersion 37.72.0.9" in printed["device timeline 001565000001"]
        assert printed["rollout watch July"] == "July: completed (4 succeeded)\n"
        assert (tmp_path / "phone.cfg").read_text().startswith("#!version:")

        token, address, *calls = commands("REST")
        address = address.replace("http://127.0.0.1:8080", server.urls["web"])
        task = ""
        for call in calls:
            said = type_in("; ".join([token, address, call.replace("/TASK", f"/{task}")]))
            task = re.sub(r'.*?"id":"(\w+)".*', r"\1", said)
        assert '"state":"done"' in said
    finally:
        phones.stop()
