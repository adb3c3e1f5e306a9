"""Every page of the console by name, with something on each: for tests of all, and for pictures of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.browser.browsing import Browser
from tests.browser.fleet import IMAGE, Fleet
from tests.system.rollout_phones import eventually

#: The phones that are well.
WELL = "mac ~ 0015650a*"


class Site:
    """`pages` is from the name of a page to its path, in the order of the menu."""

    def __init__(self, browser: Browser, fleet: Fleet) -> None:
        self._fleet = fleet
        self.rollouts = _rollouts(fleet)
        _alerts(fleet)
        trace = _trace(fleet)
        schedule = _schedule(fleet)
        wizard = _wizard(browser)
        phone, rollout = fleet.phone(), f"/rollouts/{self.rollouts['running']}"
        model, group = "/configuration/model?name=CP860", "/configuration/group?name=lobby"
        self.pages = {
            "fleet": "/",
            "phones": "/phones",
            "phone": phone,
            "phone-configuration": f"{phone}/configuration?feature={quote('Time and Date')}",
            "phone-configuration-versions": f"{phone}/configuration/history",
            "phone-parameters": f"{phone}/parameters",
            "phone-files": f"{phone}/files",
            "phone-traces": f"{phone}/traces",
            "phone-trace": f"{phone}/traces/{trace}",
            "phone-replay": f"{phone}/traces/{trace}/replay",
            "configuration": "/configuration",
            "configuration-layer": "/configuration/fleet",
            "configuration-feature": f"{model}&feature=LDAP",
            "configuration-versions": group.replace("?", "/history?"),
            "rollouts": "/rollouts",
            "rollout": rollout,
            "rollout-halted": f"/rollouts/{self.rollouts['halted']}",
            "rollout-completed": f"/rollouts/{self.rollouts['completed']}",
            "rollout-phones": f"{rollout}/phones",
            "rollout-draft": f"/rollouts/{self.rollouts['draft']}",
            "rollout-draft-plan": f"/rollouts/{self.rollouts['draft']}/plan",
            "rollout-new": "/rollouts/new",
            **{f"rollout-new-{step}": path for step, path in wizard.items()},
            "schedules": "/rollouts/schedules",
            "schedule": f"/rollouts/schedules/{schedule}",
            "files": "/files",
            "groups": "/groups",
            "group": "/groups/lobby",
            "alerts": "/alerts",
            "users": "/users",
            "user": "/users/eve",
            "audit": "/audit",
            "settings": "/settings",
            "connect": "/connect",
            "account": "/account",
            "not-here": "/no/such/page",
            "no-such-phone": "/phones/nobody",
        }


def _rollouts(fleet: Fleet) -> dict[str, str]:
    completed = fleet.rollout(
        "Nightly reboot of site 9", select="tag = site9 and " + WELL, waves=[1, "50%", "rest"]
    )
    fleet.until(completed, "completed")
    # Whether the partner gets the image before the sick phone halts the rollout is chance: it is in no other.
    partner = fleet.ids[-2]
    halted = fleet.rollout(
        "July firmware",
        kind="firmware",
        file=IMAGE,
        select=f"id in ({partner}, {fleet.sick})",
        stop={"failures": 0},
    )
    fleet.until(halted, "halted")
    running = fleet.rollout(
        "August firmware",
        kind="firmware",
        file=IMAGE,
        select=f"{WELL} and id != {partner}",
        waves=[3, "50%", "rest"],
        soak=3600,
        gate={"success": 0.9, "informs": 1},
    )
    eventually(
        lambda: fleet.api("GET", f"/rollouts/{running}")["outcomes"].get("succeeded", 0) >= 3,
        said=lambda: fleet.api("GET", f"/rollouts/{running}"),
    )
    window = {"days": ["sat", "sun"], "from": "01:00", "to": "05:00", "zone": "Europe/Berlin"}
    draft: dict[str, Any] = {
        "name": "Back up all phones",
        "kind": "backup",
        "select": "all",
        "waves": ["10%", "rest"],
        "soak": 600,
        "window": window,
    }
    made = fleet.api("POST", "/rollouts", json={**draft, "start": None})
    return {"completed": completed, "halted": halted, "running": running, "draft": made["id"]}


def _alerts(fleet: Fleet) -> None:
    fleet.api("POST", "/webhooks", json={"name": "noc", "url": "http://127.0.0.1:9/hook"})
    rule = {
        "name": "lost-phones",
        "on": ["device_offline", "site_offline"],
        "webhook": "noc",
        "add_tags": ["lost"],
    }
    fleet.api("POST", "/rules", json=rule)


def _trace(fleet: Fleet) -> str:
    path = f"/devices/{quote(fleet.ids[0], safe='')}/traces"
    fleet.api("POST", path, json={"sessions": 1})
    fleet.api("POST", f"/devices/{quote(fleet.ids[0], safe='')}/tasks", json={"type": "get_rpc_methods"})

    def recorded() -> str | None:
        for one in fleet.api("GET", path)["items"]:
            if one["state"] == "done":
                return str(one["id"])
        return None

    found: str = eventually(recorded, said=lambda: fleet.api("GET", path))
    return found


def _schedule(fleet: Fleet) -> str:
    what = {"kind": "backup", "select": "all", "waves": ["10%", "rest"], "soak": 600}
    asked = {
        "name": "Nightly backup",
        "what": what,
        "cron": "30 2 * * *",
        "zone": "Europe/Berlin",
        "keep": "30d",
    }
    return str(fleet.api("POST", "/schedules", json=asked)["id"])


def _wizard(browser: Browser) -> dict[str, str]:
    """Each page of a new rollout, filled in so far that there is a plan."""
    browser.open("/rollouts/new")
    browser.fill("name", "September firmware", "#wizard")
    browser.fill("file", IMAGE, "#wizard")
    browser.follow("Next", "#wizard .onward")
    browser.fill("select", "all", "#wizard")
    paths: dict[str, str] = {}
    while "plan" not in paths:
        base, _, step = browser.path.rpartition("/")
        paths[step] = browser.path
        if step != "plan":
            browser.click("#wizard .onward .primary", leaves=True)
    paths = {"what": f"{base}/what", **paths}
    return paths
