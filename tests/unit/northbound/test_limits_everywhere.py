"""Every route there is, walked by an actor who is limited to one of two phones: nothing of the other phone is
in any answer, and nothing of it is changed."""

from __future__ import annotations

import itertools
import re
import time
from urllib.parse import quote

import pytest

from acs.fleet.alert import site_alert
from acs.fleet.fleet_event import event
from acs.fleet.hook import Rule, delivery
from acs.northbound.console.rooms import PAGES
from acs.northbound.rest.routes import ROUTES
from acs.store import alerts, events, files, hooks
from acs.store.files import StoredFile

MINE = {"serial_number": "MINE0001", "ip": "192.0.2.1"}
OTHER = {"serial_number": "RIVAL0002", "ip": "198.51.100.77", "user_agent": "rival-agent"}

#: of the other phone: none of it may be in an answer, unless the request itself said it
SIGNS = ("RIVAL0002", "198.51.100.77", *(f"rival-{of}" for of in ("tag", "label", "value", "agent", "group")))

#: what is in the places of a path; the other phone's first
PLACES = {
    "device": ("{other}", "{mine}"),
    "member": ("{other}", "{mine}"),
    "task": ("{other_task}", "{mine_task}"),
    "group": ("rival-group", "both"),
    "name": ("rival-value.cfg", "mine.cfg", "shared.cfg"),
    "rollout": ("{other_rollout}", "{every_rollout}"),
    "schedule": ("{schedule}",),
    "selector": ("rivals",),
    "rule": ("rivals",),
    "webhook": ("rivals",),
    "letter": ("{letter}",),
    "alert": ("{alert}",),
    "mac": ("001565aabbcc",),
    "user": ("rita",),
    "token": ("{token}",),
    "model": ("CP860",),
    "version": ("1",),
    "kind": ("dial-now",),
}

OF_OTHER = 'id = "{other}"'
ROLLOUT = {"name": "x", "kind": "reboot"}

#: what is sent; `{}` where nothing stands here
BODIES = {
    "PATCH /api/v1/devices/{device}": [{"tags": ["mine", "site9", "taken"], "label": "taken"}],
    "POST /api/v1/devices/{device}/tasks": [
        {"type": "reboot"},
        {"type": "download", "file": "rival-value.cfg", "file_type": "3 Vendor Configuration File"},
    ],
    "POST /api/v1/wake": [{"devices": ["{other}"]}, {"devices": ["{other}", "{mine}"]}, {"select": "all"}],
    "POST /api/v1/selectors/try": [{"select": "all"}, {"select": OF_OTHER}, {"select": "selector = rivals"}],
    "POST /api/v1/config/plan": [
        {"select": "all", "values": {"local_time.time_zone": "+1"}},
        {"devices": ["{other}"], "values": {"local_time.time_zone": "+1"}},
        {"group": "rival-group", "values": {"local_time.time_zone": "+1"}},
        {"fleet": True, "values": {"account.1.label": "x"}, "sample": 50},
    ],
    "POST /api/v1/rollouts": [
        {**ROLLOUT, "select": "all", "start": "now"},
        {**ROLLOUT, "select": OF_OTHER, "start": "now"},
        {**ROLLOUT, "select": "all", "canary": "rival-group"},
    ],
    "POST /api/v1/rollouts/plan": [{**ROLLOUT, "select": "all"}, {**ROLLOUT, "select": OF_OTHER}],
    "POST /api/v1/devices/import": [b"mac,tags\n001565aabbcc,taken\n"],
    "PUT /api/v1/files/{name}": [b"taken"],
    **{
        f"{method} /api/v1{of}/config": [{"values": {"account.1.label": "taken"}}]
        for method in ("PUT", "PATCH")
        for of in ("", "/models/{model}", "/groups/{group}", "/devices/{device}")
    },
    **{
        f"POST /api/v1{of}/config/revert": [{"version": 0}]
        for of in ("", "/models/{model}", "/groups/{group}", "/devices/{device}")
    },
    "POST /api/v1/rules": [{"name": "x", "on": ["*"], "add_tags": ["taken"]}],
    "PUT /api/v1/rules/{rule}": [{"name": "rivals", "on": ["*"], "add_tags": ["taken"]}],
    "POST /api/v1/selectors": [{"name": "x", "select": OF_OTHER}],
    "PATCH /api/v1/selectors/{selector}": [{"select": "all"}],
    "POST /api/v1/tokens": [{"name": "x", "role": "admin"}],
    "POST /api/v1/users": [{"name": "x", "role": "admin", "password": "correct horse"}],
    "PATCH /api/v1/users/{user}": [{"select": ""}],
    "POST /api/v1/account/tokens": [{"name": "x"}],
}
QUERIES = {"GET /api/v1/events": "?since=0&limit=1000", "GET /api/v1/devices": "?q=all&limit=1000"}

ORDER = ["GET", "POST", "PUT", "PATCH", "DELETE"]

#: ends the very token that the walk is made with
LAST = "DELETE /api/v1/account/token"


@pytest.fixture
def known(api, phone, store):
    """The two phones, with something of every kind; gives the names of it all."""
    mine, other = phone(**MINE), phone(**OTHER)
    at = {one: f"/devices/{quote(one, safe='')}" for one in (mine, other)}

    def done(method, path, **how):
        answer = api(method, path, **how)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json() if answer.content else {}

    done("PATCH", at[mine], json={"tags": ["mine", "site9"]})
    done("PATCH", at[other], json={"tags": ["rival-tag", "site9"], "label": "rival-label"})
    done("PATCH", at[other] + "/config", json={"values": {"account.1.label": "rival-value"}})
    for group, members in (("rival-group", [other]), ("both", [mine, other])):
        done("POST", "/groups", json={"name": group})
        for one in members:
            done("PUT", f"/groups/{group}/members/{quote(one, safe='')}")
    tasks = [done("POST", f"{at[one]}/tasks", json={"type": "reboot"})["id"] for one in (mine, other)]
    done("POST", "/wake", json={"devices": [mine, other]})
    done("POST", f"{at[other]}/traces", json={})
    done("PUT", "/files/shared.cfg", content=b"shared")
    for name, device in (("mine.cfg", mine), ("rival-value.cfg", other)):
        store.run(files.put(StoredFile(name, "0" * 64, 10, "3 Vendor Configuration File", device=device)))
    store.run(
        events.push([event("device_late", time.time(), "It is late", device=one) for one in (mine, other)])
    )
    alert = site_alert("site9", 100.0, 200.0, 2)
    store.run(alerts.open_one(alert))
    letter = delivery(Rule("r", ("*",), webhook="rivals"), event("device_late", 1.0, "x", device=other), 1.0)
    store.run_all([hooks.add(letter), hooks.give_up(letter)])
    done("POST", "/selectors", json={"name": "rivals", "select": f'id = "{other}"'})
    done("POST", "/webhooks", json={"name": "rivals", "url": "https://rival-value.example.com/"})
    done(
        "POST",
        "/rules",
        json={"name": "rivals", "on": ["*"], "select": "tag = rival-tag", "webhook": "rivals"},
    )
    rollouts = [
        done("POST", "/rollouts", json={**ROLLOUT, "select": select})["id"]
        for select in (f'id = "{other}"', "all")
    ]
    schedule = done(
        "POST",
        "/schedules",
        json={
            "name": "nightly",
            "what": {"kind": "reboot", "select": "tag = rival-tag"},
            "cron": "0 3 * * *",
        },
    )
    done(
        "POST",
        "/devices/import",
        content=b"mac,label\n001565AABBCC,rival-label\n",
        headers={"Content-Type": "text/csv"},
    )
    done(
        "POST",
        "/users",
        json={"name": "rita", "role": "admin", "password": "correct horse", "select": "tag = rival-tag"},
    )
    token = done("POST", "/tokens", json={"name": "rival-value", "role": "viewer"})["id"]
    return {
        "mine": mine,
        "other": other,
        "mine_task": tasks[0],
        "other_task": tasks[1],
        "other_rollout": rollouts[0],
        "every_rollout": rollouts[1],
        "schedule": schedule["id"],
        "letter": letter.id,
        "alert": alert.id,
        "token": token,
    }


def filled(value, known):
    """The value with the names in the places of `{…}`."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    if isinstance(value, dict):
        return {name: filled(one, known) for name, one in value.items()}
    return value


def paths(route, known):
    """The route's path with all that may stand in its places."""
    names = re.findall(r"\{(\w+)\}", route.path)
    for values in itertools.product(*(PLACES.get(name, ("none",)) for name in names)):
        path = route.path
        for name, value in zip(names, values, strict=True):
            path = path.replace(f"{{{name}}}", quote(filled(value, known), safe=""))
        yield path + QUERIES.get(f"{route.method} {route.path}", "")


def requests(known):
    for route in sorted(ROUTES, key=lambda route: ORDER.index(route.method)):
        if route.role is None or f"{route.method} {route.path}" == LAST:
            continue
        for path in paths(route, known):
            for body in BODIES.get(f"{route.method} {route.path}", [{}]):
                content = filled(body, known)
                how = (
                    {} if route.body is None else {"content" if isinstance(body, bytes) else "json": content}
                )
                yield route, path, how


@pytest.fixture
def other_phone(api, known):
    """All that an administrator sees of the other phone, and of what has to do with it."""
    of_other = f"/devices/{quote(known['other'], safe='')}"
    seen = [
        of_other,
        *(
            f"{of_other}/{what}"
            for what in ("config", "config/history", "traces", "tasks", "timeline", "wake")
        ),
    ]
    seen += ["/groups/rival-group", "/groups/rival-group/config", "/selectors/rivals", "/rules/rivals"]
    seen += ["/webhooks", "/dead-letters", "/awaited", "/users", "/config", "/models/CP860/config"]
    seen += [f"/rollouts/{known['other_rollout']}", f"/rollouts/{known['every_rollout']}"]
    seen += [f"/tasks/{known['other_task']}", f"/schedules/{known['schedule']}", "/tokens", "/alerts"]

    def look():
        found = {path: api("GET", path).json() for path in seen}
        found["files"] = [one for one in api("GET", "/files").json()["items"] if one["name"] != "mine.cfg"]
        queue = api("GET", "/wake/queue").json()["items"]
        found["wakes"] = [one["device"] for one in queue if one["device"] == known["other"]]
        return found

    return look


def test_no_route_shows_or_changes_anything_of_anothers_phone(as_role, known, other_phone):
    limited = as_role("admin", name="Rita", select="tag = mine")
    before = other_phone()
    assert before["wakes"]
    assert "rival-value" in str(before)
    answered = set()
    for route, path, how in requests(known):
        answer = limited(route.method, path, **how)
        said = f"{path} {how}"
        told = [sign for sign in SIGNS if sign in answer.text and sign not in said]
        assert not told, f"{route.method} {path} {how} tells {told}: {answer.text}"
        assert answer.status_code < 500, f"{route.method} {path} {how}: {answer.text}"
        if route.method != "GET":
            assert other_phone() == before, f"{route.method} {path} {how} changed something"
        if answer.status_code < 300:
            answered.add(f"{route.method} {route.path}")
        elif answer.status_code == 403:
            assert "limited to" in answer.json()["detail"]
    assert answered >= {
        "GET /api/v1/events",
        "GET /api/v1/groups",
        "POST /api/v1/wake",
        "GET /api/v1/presence",
    }


#: what is said in every form of the console, so that it does what it can
FORM = {
    "deed": "add_tag",
    "value": "taken",
    "tags": "mine site9 taken",
    "label": "taken",
    "all": "1",
    "confirmed": "yes",
    "name": "x",
    "select": "all",
}

#: what no page of its own is: a stream, and the ends of the session
NO_PAGES = {"GET /live", "POST /logout", "POST /account/password"}


def test_no_page_shows_or_changes_anything_of_anothers_phone(browser, known, other_phone):
    rita = browser("rita-limited", "admin", select="tag = mine")
    csrf = rita.csrf(rita.get("/account"))
    before = other_phone()
    shown = set()
    for page in sorted(PAGES, key=lambda page: ORDER.index(page.method)):
        name = f"{page.method} {page.path}"
        if page.role is None or name in NO_PAGES:
            continue
        for path in paths(page, known):
            if page.method == "GET":
                answer = rita.client.get(path)
            else:
                form = {**FORM, "csrf": csrf, "pick": [known["other"], known["mine"]]}
                answer = rita.client.post(path, data=form)
            said = f"{path} {answer.url} {known['other'] if page.method == 'POST' else ''}"
            told = [sign for sign in SIGNS if sign in answer.text and sign not in said]
            assert not told, f"{name} ({path}) tells {told}"
            assert answer.status_code < 500, f"{name} ({path}): {answer.text}"
            if page.method == "POST":
                assert other_phone() == before, f"{name} ({path}) changed something"
            if answer.status_code < 300:
                shown.add(name)
    assert shown >= {"GET /", "GET /phones", "GET /phones.csv", "GET /phones/{device}", "POST /phones/bulk"}
