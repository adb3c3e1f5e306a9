"""Rollouts on the console: the list, one with its waves and causes, what can be done to it, who approves."""

from __future__ import annotations

import pytest

from acs.fleet.changes import TimelineEntry
from acs.fleet.identity import device_key
from acs.fleet.rollout.definition import Definition, Stop
from acs.fleet.rollout.member import NEW, Member, Outcome
from acs.fleet.rollout.rollout import Rollout, State
from acs.store import rollouts, timeline
from acs.store.rollouts import Decision, Known
from acs.store.runner_blocking import BlockingRunner
from tests.unit.northbound.browser import PASSWORD, Browser
from tests.unit.northbound.conftest import Api, RedisServer, keep_token, put_device, start_rest, stop

DAMAGED = "the image is damaged"


@pytest.fixture
def rollout(store):
    """`rollout(State.RUNNING)` of twelve phones in two waves: 3 succeeded, 2 failed, 1 is being looked at."""

    def make(state: State = State.RUNNING, identifier: str = "r1", **more: object) -> str:
        definition = Definition(
            name=f"July {identifier}",
            kind="firmware",
            file="37.72.0.12.rom",
            select="all",
            stop=Stop(failures=1),
        )
        begun = state not in (State.DRAFT, State.SCHEDULED)
        one = Rollout(
            id=identifier,
            definition=definition,
            state=state,
            created_at=1_700_000_000,
            created_by="eve",
            started_at=1_700_000_100 if begun else 0,
            state_by="eve",
            gathered=begun,
            ends=(6, 12) if begun else (),
            **more,
        )
        assert store.run(rollouts.create(one))
        if begun:
            ids = [f"001565-CP860-{number:02}" for number in range(12)]
            store.run_all(rollouts.add_members(identifier, ids, frozenset()))
            ended = {"wave": 0, "ended_at": 1_700_000_200.0}
            members = [
                Member(outcome=Outcome.SUCCEEDED, evidence={"version_before": "1", "version": "2"}, **ended)
            ] * 3
            members += [Member(outcome=Outcome.FAILED, reason=f"{DAMAGED}, try {n}", **ended) for n in (1, 2)]
            members += [Member(outcome=Outcome.CHECKING, wave=0)]
            decisions = [
                Decision(known=Known(device, NEW), member=member)
                for device, member in zip(ids, members, strict=False)
            ]
            assert set(store.run(rollouts.write(identifier, decisions))) == {"written"}
        return f"/rollouts/{identifier}"

    return make


def test_the_list_by_state(browser, rollout):
    rollout(State.RUNNING, "r1")
    rollout(State.COMPLETED, "r2")
    rollout(State.HALTED, "r3", reason="2 phones failed, and at most 1 may")
    rollout(State.DRAFT, "r4")
    adam = browser()
    every = adam.get("/rollouts")
    assert all(f"July r{number}" in every.text for number in range(1, 5))
    [bar] = every.tree.xpath("//*[@role='progressbar' and @aria-label='Progress of July r1']")
    assert bar.get("aria-valuenow") == "5"
    assert bar.get("aria-valuetext") == "5 of 12 phones through: 3 succeeded, 2 failed, 1 checking"
    stopped = adam.get("/rollouts?state=stopped").text
    assert "July r3" in stopped
    assert "at most 1 may" in stopped
    assert "July r1" not in stopped
    assert "None here" in adam.get("/rollouts?state=aborted").text
    assert adam.get("/rollouts?state=lost").status == 422


def test_it_is_found_from_the_menu_and_from_the_fleet(browser, rollout, phone):
    phone()
    path = rollout(State.RUNNING)
    adam = browser()
    fleet = adam.get("/")
    [entry] = fleet.tree.xpath("//nav[@class='side']//a[@href='/rollouts']")
    assert entry.get("data-go") == "r"
    assert fleet.element("new-rollout").get("href") == "/rollouts/new"
    under_way = fleet.element("fleet-rollouts")
    assert under_way.xpath(f".//a[@href='{path}']")
    assert "2 failed" in under_way.text_content()


def test_one_with_its_waves_and_why_phones_failed(browser, rollout):
    path = rollout(State.HALTED, reason="2 phones failed, and at most 1 may")
    adam = browser()
    page = adam.get(path)
    assert "It halted: 2 phones failed, and at most 1 may." in page.text
    assert "001565-CP860-03 failed: the image is damaged, try 1" in page.text
    first, second = page.element("waves").xpath(".//*[@role='progressbar']")
    assert (first.get("aria-valuenow"), first.get("aria-valuemax")) == ("5", "6")
    assert second.get("aria-valuetext") == "0 of 6 phones through"
    [cause] = page.element("causes").xpath(".//tbody//a")
    assert cause.text == "2", "reasons that differ in numbers alone are one cause"
    listed = adam.get(cause.get("href"))
    assert all(f"001565-CP860-0{number}" in listed.text for number in (3, 4))
    assert "001565-CP860-00" not in listed.text
    assert "1 → 2" in adam.get(f"{path}/phones?outcome=succeeded").text
    assert "001565-CP860-11" in adam.get(f"{path}/phones").text
    assert adam.get(f"{path}/phones?outcome=lost").status == 422
    assert adam.get("/rollouts/none").status == 404
    report = adam.client.get(f"/api/v1{path}/report?format=csv")
    assert report.text.count("\n") == 13


def test_a_phones_story_leads_to_no_rollout_that_is_out_of_sight(browser, api, store, phone, rollout):
    path, known = rollout(State.RUNNING), phone(serial_number="7")
    told = TimelineEntry(at=1_700_000_300, kind="rollout", text="July r1: its turn", data={"rollout": "r1"})
    store.run(timeline.push(device_key(known), [told]))
    api("PATCH", f"/devices/{known}", json={"tags": ["site7"]})
    for name, limit, links in (("adam", "", 1), ("rita", "tag = site7", 0)):
        page = browser(name, "operator", select=limit).get(f"/phones/{known}")
        assert "July r1: its turn" in page.text
        assert len(page.tree.xpath(f"//main//a[@href='{path}']")) == links


def test_each_deed_says_what_it_does_to_how_many_and_asks(browser, api, rollout):
    path = rollout(State.RUNNING)
    adam = browser()
    page = adam.get(path)
    assert not page.tree.xpath(f"//form[@action='{path}/rollback']"), "one that runs is not taken back"
    asked = adam.send(page, f"{path}/pause")
    assert "Nothing begins any more until it is resumed" in asked.text
    assert "Under way 1 phone" in asked.text
    assert "Pause: 6 phones" in asked.text
    assert api("GET", path).json()["state"] == "running"
    paused = adam.send(asked, "confirm")
    assert "It is paused." in paused.text
    assert api("GET", path).json()["state"] == "paused"
    asked = adam.send(paused, f"{path}/retry")
    assert "Try again: 2 phones" in asked.text
    assert "running" in adam.send(asked, "confirm").text
    asked = adam.send(adam.send(adam.send(adam.get(path), f"{path}/pause"), "confirm"), f"{path}/rollback")
    assert "gets the stored image of the version that it had before" in asked.text
    assert "Roll back: 6 phones" in asked.text
    taken_back = adam.send(asked, "confirm")
    assert "takes back another rollout" in taken_back.text
    aborted = adam.send(adam.send(adam.get(path), f"{path}/abort"), "confirm")
    assert "It is aborted." in aborted.text
    operations = {entry["operation"] for entry in api("GET", "/audit").json()["items"]}
    assert {f"rollouts.{verb}" for verb in ("pause", "retry", "rollback", "abort")} <= operations


def test_a_draft_shows_its_plan_and_starts_after_a_question(browser, rollout, api, phone):
    phone()
    api("PUT", "/files/37.72.0.12.rom", params={"version": "37.72.0.12"}, content=b"image")
    path = rollout(State.DRAFT)
    adam = browser()
    asked = adam.send(adam.get(path), f"{path}/start")
    assert "Start: 1 phone" in asked.text
    assert "of 1 phone get their turn" in adam.get(f"{path}/plan").text
    assert "It runs." in adam.send(asked, "confirm").text
    assert adam.get(f"{path}/plan").status == 409


def test_a_state_that_does_not_fit_is_told(browser, rollout):
    path = rollout(State.COMPLETED)
    adam = browser()
    csrf = adam.csrf(adam.get(path))
    answer = adam.post(f"{path}/pause", [("csrf", csrf), ("confirmed", "yes")])
    assert answer.status == 409
    assert "completed" in answer.text


def test_who_looks_cannot_steer_and_forms_need_their_secret(browser, rollout):
    path = rollout(State.RUNNING)
    viewer = browser("vera", "viewer")
    page = viewer.get(path)
    assert not page.element("deeds").xpath(".//form")
    csrf = viewer.csrf(page)
    assert viewer.post(f"{path}/pause", [("csrf", csrf), ("confirmed", "yes")]).status == 403
    adam = browser()
    assert adam.post(f"{path}/pause", [("csrf", "guessed"), ("confirmed", "yes")]).status == 403


def test_who_is_limited_sees_own_rollouts_alone(browser, rollout):
    path = rollout(State.RUNNING)
    eve = browser("reseller", "engineer", select="tag = site7")
    listed = eve.get("/rollouts")
    assert listed.status == 200
    assert "July r1" not in listed.text
    assert eve.get(path).status == 404
    assert eve.get(f"/live?topic=rollout:{path.removeprefix('/rollouts/')}").status == 404
    page = eve.send(eve.get("/rollouts/new"), "wizard", name="mine", kind="reboot")
    while not page.path.endswith("/plan"):
        page = eve.send(page, "wizard", **({"select": "all"} if page.path.endswith("/whom") else {}))
    assert "mine" in eve.send(page, "make", go="draft").text
    assert "mine" in eve.get("/rollouts").text


def test_an_open_page_is_told_of_changes(browser, rollout, api):
    path = rollout(State.RUNNING)
    adam = browser()
    topics = {"topic": [f"rollout:{path.removeprefix('/rollouts/')}", "rollouts"]}
    with adam.client.stream("GET", "/live", params=topics) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        told: set[str] = set()
        while len(told) < 2:  # each topic is looked at once before a change can be seen
            verb = "pause" if api("GET", path).json()["state"] == "running" else "resume"
            api("POST", f"{path}/{verb}")
            said = next(line for line in lines if line.startswith((":", "data: ")))
            if said.startswith("data: "):
                told.add(said.removeprefix("data: "))
    assert told == set(topics["topic"])
    part = adam.get(f"{path}?part=rollout-live")
    assert "through" in part.text
    assert adam.get("/live?topic=rollout:none").status == 404
    assert adam.get(f"{path}?part=phones-list").status == 404, "a part of another page"


def test_an_open_page_of_who_is_locked_out_is_told_nothing_more(browser, api):
    eve = browser("eve", "viewer")
    with eve.client.stream("GET", "/live", params={"topic": "rollouts"}) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        assert api("PATCH", "/users/eve", json={"disabled": True}).status_code == 200
        assert not any(line.startswith("data") for line in lines)  # and it has an end


# --- a second person ----------------------------------------------------------------------------------------


@pytest.fixture
def strict(tmp_path, a_phone):
    """A server where two phones need two persons, with two phones; `strict("adam")` is logged in."""
    redis = RedisServer(tmp_path)
    process, url = start_rest(redis.url, tmp_path / "data", approval=2)
    store = BlockingRunner(redis.url)
    api = Api(url, keep_token(store, "admin", name="robot"))
    for serial in ("1", "2"):
        put_device(store, a_phone(serial_number=serial))

    def enter(name: str) -> Browser:
        api("POST", "/users", json={"name": name, "role": "engineer", "password": PASSWORD})
        return Browser(url).log_in(name)

    yield enter
    api.client.close()
    stop(process)
    redis.stop()


def test_somebody_else_approves_before_it_starts(strict):
    adam, eve = strict("adam"), strict("eve")
    page = adam.send(adam.get("/rollouts/new"), "wizard", name="night", kind="reboot")
    while not page.path.endswith("/plan"):
        page = adam.send(page, "wizard", **({"select": "all"} if page.path.endswith("/whom") else {}))
    assert "somebody else than you has to approve" in page.text
    assert not page.has("start-now")
    refused = adam.send(page, "make", go="now")
    assert refused.status == 409
    made = adam.send(refused, "make", go="draft")
    assert "has to approve of it" in made.text
    assert "somebody else than adam" in made.text
    assert not made.has("approve")
    assert not made.tree.xpath(f"//form[@action='{made.path}/start']")
    approved = eve.send(eve.get(made.path), f"{made.path}/approve", note="seen the plan")
    assert "Approved by eve" in approved.text
    assert "seen the plan" in approved.text
    started = adam.send(adam.send(adam.get(made.path), f"{made.path}/start"), "confirm")
    assert "It runs." in started.text
