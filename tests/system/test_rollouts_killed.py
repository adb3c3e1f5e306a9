"""A rollout goes on and ends by itself, whichever of its processes is killed and whenever: each phone is sent
the image once, none is forgotten, and places are never given twice.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.system.killing import processes, slay
from tests.system.rollout_phones import Phones, eventually

OLD, NEW = "37.72.0.5", "37.72.0.12"
PHONES, BAD = 32, 4
AT_ONCE = 12

#: Seconds between two kills, and how many there are at the most.
PAUSE = (0.6, 1.6)
KILLS = 8


def insist(server: Any, method: str, path: str, **more: Any) -> Any:
    """The answer of a call, as soon as the server gives one; for calls that may be repeated."""
    while True:
        try:
            answer = server.api.request(method, path, **more)
            if answer.status_code not in (502, 503):
                assert answer.status_code in (200, 201), answer.text
                return answer.json()
        except httpx.TransportError:
            pass
        time.sleep(0.2)


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_killed_each_phone_gets_the_image_once(start_server: Any, seed: int) -> None:
    server = start_server(
        "--cpe-auth", "none", "--processes", "2", "--workers", "2", "--log-level", "warning"
    )
    draw = random.Random(seed)
    phones = Phones(server.urls["cwmp"])
    try:
        phones.start("001565600000", PHONES)
        phones.start("001565610000", BAD, "bad-image")
        image = f"ACS-SIM-ROM version={NEW}\n".encode() + b"x" * 50_000
        about = {"version": NEW, "model": "CP860"}
        insist(server, "PUT", f"/api/v1/files/{NEW}.rom", params=about, content=image)
        select = "model = CP860 and parameter Device.Time.LocalTimeZone ~ *"
        everyone = {"q": select, "limit": 1}
        eventually(lambda: insist(server, "GET", "/api/v1/devices", params=everyone)["total"] == PHONES + BAD)
        definition = {
            "name": f"killed {seed}",
            "kind": "firmware",
            "file": f"{NEW}.rom",
            "select": "model = CP860",
            "waves": ["20%", "rest"],
            "gate": {"success": 0.5, "informs": 1},
            "stop": None,
            "pace": {"at_once": AT_ONCE},
            "patience": 120,
            "confirm": 120,
            "ask_again": 2,
            "start": "now",
        }
        path = f"/api/v1/rollouts/{insist(server, 'POST', '/api/v1/rollouts', json=definition)['id']}"
        killed = []
        for _ in range(KILLS):
            time.sleep(draw.uniform(*PAUSE))
            kind = draw.choice(("worker", "worker", "server", "redis"))
            slay(draw.sample(found := processes(server, kind), min(1, len(found))))
            killed.append(kind)
            if insist(server, "GET", path)["state"] != "running":
                break
        eventually(
            lambda: insist(server, "GET", path)["state"] != "running",
            seconds=150,
            said=lambda: (killed, insist(server, "GET", path)),
        )
        shown = insist(server, "GET", path)
        members = insist(server, "GET", f"{path}/devices", params={"limit": 200})["items"]
        by_serial = {one["device"].rpartition("-")[2]: one for one in members}
        assert shown["state"] == "completed", (killed, shown)
        assert shown["outcomes"] == {"succeeded": PHONES, "failed": BAD}, (killed, members)
        assert len(by_serial) == PHONES + BAD
        # A download that a killed server cut off is ordered again; the whole image came once. A damaged image
        # is 9010 from these phones (CWMP 1.0), as a broken download is: so they may be asked again, too.
        asked = phones.asked("Download")
        broken = Counter(one["phone"] for one in phones.entries("transferred") if one["fault"])
        for serial, one in by_serial.items():
            assert 1 <= asked[serial] <= one["attempt"] + broken[serial], (killed, one, asked[serial])
        transfers = phones.entries("transferred", fault=0)
        assert sorted(one["phone"] for one in transfers) == sorted(
            serial for serial, one in by_serial.items() if one["outcome"] == "succeeded"
        )
        assert phones.most_at_once("Download", list(by_serial)) <= AT_ONCE
    finally:
        phones.stop()
