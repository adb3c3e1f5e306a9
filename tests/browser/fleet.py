"""A fleet as the tests and the screenshots need it: phones that call, and something to see on each page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx

from acs.simulator.images import make_image
from tests.system.conftest import Server
from tests.system.rollout_phones import Phones, eventually

PASSWORD = "a long night shift"

IMAGE, VERSION = "37.72.0.99.rom", "37.72.0.99"

USERS = {
    "ada": ("admin", "", "Ada Lane"),
    "eve": ("engineer", "", "Eve Adams"),
    "oscar": ("operator", "", "Oscar Wills"),
    "vera": ("viewer", "", "Vera Holm"),
    "rita": ("operator", "tag = reseller1", "Rita Roe"),
}

#: The phones' MAC addresses: those that are well, and one that gets no file.
FIRST = "0015650a0001"
SICK = "0015650b0001"
COUNT = 10


class Fleet:
    """A server with its phones; `ids` are in order of their MAC addresses, `sick` among them as the last."""

    def __init__(self, server: Server, phones: Phones) -> None:
        self.server = server
        self.phones = phones
        self.ids: list[str] = []
        self.sick = ""

    @property
    def web(self) -> str:
        return self.server.urls["web"]

    def api(self, method: str, path: str, **request: Any) -> Any:
        answer = self.server.api.request(method, f"/api/v1{path}", **request)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else answer

    def phone(self, number: int = 0) -> str:
        """The path of a phone's page."""
        return f"/phones/{quote(self.ids[number], safe='')}"

    def rollout(self, name: str, **more: Any) -> str:
        """Make one that starts now; its id."""
        asked = {
            "name": name,
            "kind": "reboot",
            "select": "all",
            "waves": ["rest"],
            "soak": 0,
            "start": "now",
        }
        return str(self.api("POST", "/rollouts", json={**asked, **more})["id"])

    def until(self, rollout: str, *states: str) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            found: dict[str, Any] = self.api("GET", f"/rollouts/{rollout}")
            return found if found["state"] in states else None

        found: dict[str, Any] = eventually(there, said=lambda: self.api("GET", f"/rollouts/{rollout}"))
        return found


def make_fleet(server: Server, *, count: int = COUNT) -> Fleet:
    phones = Phones(server.urls["cwmp"] + "/", interval=2)
    fleet = Fleet(server, phones)
    phones.start(FIRST, count)
    phones.start(SICK, 1, "download-fails")
    for name, (role, select, full_name) in USERS.items():
        user = {
            "name": name,
            "role": role,
            "select": select,
            "full_name": full_name,
            "password": PASSWORD,
        }
        fleet.api("POST", "/users", json=user)

    def called() -> list[dict[str, Any]] | None:
        items: list[dict[str, Any]] = fleet.api("GET", "/devices")["items"]
        return items if len(items) == count + 1 else None

    eventually(called)
    items = sorted(called() or [], key=lambda one: one["serial_number"])
    fleet.ids = [one["id"] for one in items]
    fleet.sick = fleet.ids[-1]
    _furnish(fleet)
    return fleet


def _furnish(fleet: Fleet) -> None:
    fleet.api("POST", "/groups", json={"name": "lobby", "description": "Phones in lobbies", "order": 10})
    rooms = ("Reception", "Meeting room 1", "Meeting room 2", "Board room", "Lab")
    for number, device in enumerate(fleet.ids):
        path = f"/devices/{quote(device, safe='')}"
        tags = ["site7"] if number < 4 else ["reseller1"] if number < 6 else ["site9"]
        label = rooms[number] if number < len(rooms) else ""
        notes: dict[str, Any] = {"label": label, "tags": tags, "attributes": {"extension": str(401 + number)}}
        fleet.api("PATCH", path, json=notes)
    for device in fleet.ids[:3]:
        fleet.api("PUT", f"/groups/lobby/members/{quote(device, safe='')}")
    store_image(fleet, IMAGE, VERSION)
    fleet.api("POST", "/selectors", json={"name": "lobbies", "select": "group = lobby"})
    fleet.api("PATCH", "/config", json={"values": {"local_time.ntp_server1": "ntp.example.net"}})


def store_image(fleet: Fleet, name: str, version: str) -> None:
    about = {"file_type": "1 Firmware Upgrade Image", "version": version, "model": "CP860"}
    image = make_image(version, model="CP860", size=100_000)
    fleet.api("PUT", f"/files/{name}", params=about, content=image)


def alive(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.HTTPError:
        return False
