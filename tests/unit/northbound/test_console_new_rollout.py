"""A new rollout page by page, as a browser without scripts fills it in."""

from __future__ import annotations

import pytest

IMAGE = "37.72.0.12.rom"


@pytest.fixture
def adam(browser):
    return browser()


@pytest.fixture
def image(api):
    api("PUT", f"/files/{IMAGE}", params={"version": "37.72.0.12", "model": "CP860"}, content=b"image")
    return IMAGE


@pytest.fixture
def phones(phone):
    return [phone(serial_number=f"{number:010}") for number in range(1, 21)]


def begin(adam, **fields):
    """The page after the first."""
    page = adam.send(adam.get("/rollouts/new"), "wizard", fields)
    assert page.status == 200, page.text
    return page


def to_the_plan(adam, page):
    while not page.path.endswith("/plan"):
        before = page.path
        page = adam.send(page, "wizard")
        assert page.path != before, page.text
    return page


def test_from_the_empty_list_to_a_rollout_in_three_waves(adam, api, image, phones):
    listed = adam.get("/rollouts")
    assert "No rollouts yet" in listed.text
    page = adam.send(adam.get("/rollouts/new"), "wizard", name="July", file=image)
    assert page.path.endswith("/whom")
    page = adam.send(page, "wizard", select="all")
    assert page.path.endswith("/waves")
    assert [one.text for one in page.tree.find_class("size")] == ["1 phone", "2 phones", "17 phones"]
    plan = to_the_plan(adam, page)
    assert "20 of 20 phones get their turn" in plan.text
    made = adam.send(plan, "make", go="now")
    assert "It runs." in made.text
    [one] = api("GET", "/rollouts").json()["items"]
    assert made.path == f"/rollouts/{one['id']}"
    assert (one["name"], one["state"], one["created_by"]) == ("July", "running", "adam")
    asked = one["definition"]
    assert (asked["waves"], asked["soak"], asked["gate"]["success"]) == (["1%", "10%", "rest"], 600, 0.95)
    assert asked["stop"] == {"failures": "10%", "in_a_row": None, "unconfirmed": None}
    assert asked["window"] is None
    [entry] = api("GET", "/audit", params={"operation": "rollouts.create"}).json()["items"]
    assert (entry["actor"], entry["object"]) == ("adam", f"rollouts/{one['id']}")


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(adam, image):
    first = adam.send(adam.get("/rollouts/new"), "wizard", allowed_from=">=")
    assert first.status == 422
    assert first.faults() == {
        "name": "Is empty. Allowed: text of 1 to 100 characters",
        "file": "Is required for kind firmware. Allowed: the name of a stored firmware file",
        "allowed_from": "Names no version. Allowed: 37.72.0.5 or >= 37.70",
    }
    assert first.value("allowed_from") == ">="
    whom = adam.send(first, "wizard", name="July", file=image, allowed_from="")
    wrong = adam.send(whom, "wizard", select="model =")
    assert wrong.status == 422
    assert "character 8" in wrong.text
    assert wrong.value("select") == "model ="
    waves = adam.send(wrong, "wizard", select="model = CP860")
    fields = {"size.0": "0", "size.1": "many", "soak": "long", "success": "101"}
    wrong = adam.send(waves, "wizard", fields)
    assert set(wrong.faults()) == set(fields)
    assert {name: wrong.value(name) for name in fields} == fields
    hours = adam.send(wrong, "wizard", {"size.0": "1", "size.1": "5", "soak": "2", "success": "90"})
    fields = {"when": "hours", "from.0": "25:00", "except.0": "2030-12-24 soon", "zone.0": "named"}
    wrong = adam.send(hours, "wizard", {**fields, "zone_name.0": "Mars", "fallback.0": "Venus"})
    assert set(wrong.faults()) == {"from.0", "zone_name.0", "fallback.0", "except.0"}
    rules = adam.send(wrong, "wizard", when="any")
    fields = {"failures": "some", "in_a_row": "x", "at_once": "0", "bandwidth": "fast", "priority": "5000"}
    wrong = adam.send(rules, "wizard", fields)
    assert set(wrong.faults()) == set(fields)
    assert {name: wrong.value(name) for name in fields} == fields


def test_back_and_forth_keeps_what_was_filled_in_also_what_cannot_be(adam, image):
    whom = begin(adam, name="July", file=image)
    first = adam.send(whom, "wizard", go="back", select="model =")
    assert first.path.endswith("/what")
    assert (first.value("name"), first.value("file")) == ("July", image)
    assert adam.get(whom.path).value("select") == "model ="
    plan = adam.send(first, "wizard", go="plan")
    assert "Not yet" in plan.text
    [mend] = plan.tree.xpath("//main//a[contains(., 'Mend')]/@href")
    assert "character 8" in adam.get(mend).text
    ahead = adam.send(plan, "wizard", go="rules")
    assert adam.send(ahead, "wizard").status == 422, (
        "what is wrong on an earlier page keeps one from going on"
    )


def test_rows_are_added_and_removed(adam, image, phones):
    page = adam.send(begin(adam, name="July", file=image), "wizard", select="all")
    page = adam.send(page, "wizard", go="add size")
    assert [page.value(f"unit.{row}") for row in range(4)] == ["%", "%", "%", "rest"]
    page = adam.send(page, "wizard", {"size.2": "5", "unit.2": "phones", "go": "stay"})
    assert "5 phones" in page.text
    page = adam.send(page, "wizard", go="drop size 0")
    assert not page.tree.xpath("//input[@name='size.0']")
    page = adam.send(adam.send(page, "wizard"), "wizard", when="hours", go="add from")
    assert page.value("from.1") == "01:00"
    page = adam.send(page, "wizard", go="drop from 0")
    assert not page.tree.xpath("//input[@name='from.0']")


def test_whom_a_selector_means_is_counted(adam, phones):
    part = adam.get("/rollouts/new?part=rollout-whom&select=all").text
    assert "20 phones now" in part
    assert phones[0] in part
    assert "and 8 more" in part
    assert "No phone is meant" in adam.get("/rollouts/new?part=rollout-whom&select=model+%3D+X").text
    assert "character 8" in adam.get("/rollouts/new?part=rollout-whom&select=model+%3D").text


def test_groups_and_saved_selectors_are_at_hand(adam, api, image):
    api("POST", "/groups", json={"name": "canaries"})
    api("POST", "/selectors", json={"name": "meeting", "select": "tag = meeting"})
    page = begin(adam, name="July", file=image)
    page = adam.send(page, "wizard", put="selector = meeting", canary="canaries")
    assert (page.value("select"), page.value("canary")) == ("selector = meeting", "canaries")
    assert page.path.endswith("/whom")


def test_settings_are_found_checked_and_secrets_not_shown_again(adam, api, phones):
    page = begin(adam, name="Sound", kind="config")
    assert page.path.endswith("/settings")
    assert "Is empty" in adam.send(page, "wizard").text
    page = adam.send(page, "wizard", find="voice.jib.max", go="find")
    page = adam.send(page, "wizard", {"key:voice.jib.max": "1000000"}, go="next")
    assert (page.status, set(page.faults())) == (422, {"key:voice.jib.max"})
    page = adam.send(page, "wizard", {"key:voice.jib.max": "300"}, find="account.1.password", go="find")
    page = adam.send(page, "wizard", {"key:account.1.password": "hush"}, go="stay")
    assert "hush" not in page.source
    assert page.value("key:account.1.password") == "******"
    assert page.value("key:voice.jib.max") == "300"
    page = adam.send(page, "wizard", find="local_time.ntp_server1", go="find")
    page = adam.send(page, "wizard", unset="local_time.ntp_server1", go="next")
    page = adam.send(page, "wizard", select="all")
    made = adam.send(to_the_plan(adam, page), "make", go="draft")
    assert "kept as a draft" in made.text
    assert "hush" not in made.source
    [one] = api("GET", "/rollouts").json()["items"]
    assert one["definition"]["values"] == {
        "voice.jib.max": "300",
        "account.1.password": "******",
        "local_time.ntp_server1": None,
    }
    assert "hush" not in api("GET", "/audit").text


def test_what_is_desired_needs_no_settings(adam, phones):
    page = begin(adam, name="Apply", kind="config", mode="desired", reboot="yes")
    assert page.path.endswith("/whom")


@pytest.mark.parametrize(
    ("kind", "fields", "task"),
    [
        (
            "get_parameter_values",
            {"names": "Device.Time.\n\nDevice.DeviceInfo."},
            {"names": ["Device.Time.", "Device.DeviceInfo."]},
        ),
        ("set_parameter_values", {"values": "Device.A = 1=2"}, {"values": {"Device.A": "1=2"}}),
        ("schedule_inform", {"delay": "30"}, {"delay": 30}),
        ("factory_reset", {}, {}),
    ],
)
def test_any_task(adam, api, phones, kind, fields, task):
    given = {f"task.{kind}.{name}": value for name, value in fields.items()}
    page = begin(adam, **{"name": "T", "kind": "task", "task_type": kind, **given})
    plan = to_the_plan(adam, adam.send(page, "wizard", select="all"))
    adam.send(plan, "make", go="draft")
    [one] = api("GET", "/rollouts").json()["items"]
    assert one["definition"]["task"] == {"type": kind, **task}


def test_a_task_that_cannot_be_is_told_at_its_field(adam):
    first = adam.get("/rollouts/new")
    page = adam.send(first, "wizard", name="T", kind="task", task_type="schedule_inform")
    name = "task.schedule_inform.delay"
    page = adam.send(first, "wizard", {name: "soon"}, name="T", kind="task", task_type="schedule_inform")
    assert set(page.faults()) == {name}


def test_it_starts_at_a_time_or_is_told_why_not(adam, api, image, phones):
    plan = to_the_plan(adam, adam.send(begin(adam, name="July", file=image), "wizard", select="all"))
    past = adam.send(plan, "make", go="at", start_at="2020-01-01T10:00", start_zone="Europe/Berlin")
    assert past.status == 422
    assert "Start has passed" in past.text
    assert past.value("start_at") == "2020-01-01T10:00"
    assert "no time zone" in adam.send(past, "make", go="at", start_zone="Mars").text
    made = adam.send(past, "make", go="at", start_at="2099-01-01T10:00", start_zone="Europe/Berlin")
    assert "2099, 09:00 UTC" in made.text
    [one] = api("GET", "/rollouts").json()["items"]
    assert (one["state"], one["start_at"]) == ("scheduled", "2099-01-01T09:00:00Z")
    assert adam.get(plan.path).status == 404, "once it is made, its form is gone"


def test_one_like_another(adam, api, image):
    window = {
        "days": ["sat"],
        "from": "22:00",
        "to": "04:00",
        "zone": "Europe/Berlin",
        "except": ["2030-12-24"],
    }
    body = {
        "name": "June",
        "kind": "firmware",
        "file": image,
        "select": "tag = site7",
        "waves": [5, "20%"],
        "soak": 90,
        "gate": {"success": 0.985, "informs": 2},
        "window": window,
        "stop": {"failures": 3, "in_a_row": 2, "unconfirmed": "1%"},
        "pace": {"at_once": 7, "per_site": 2, "bandwidth": 2048},
        "patience": 7200,
        "allowed_from": [">= 37.70", "36.1"],
        "priority": -5,
    }
    made = api("POST", "/rollouts", json=body).json()
    page = adam.get(f"/rollouts/new?like={made['id']}")
    page = adam.send(page, "wizard", name="July")
    adam.send(to_the_plan(adam, page), "make", go="draft")
    items = api("GET", "/rollouts").json()["items"]
    again, before = items[0]["definition"], items[1]["definition"]
    assert again.pop("name") == "July"
    del before["name"]
    again["window"], before["window"] = again["window"][0], before["window"]
    again["waves"] = [str(one) for one in again["waves"]]
    before["waves"] = [str(one) for one in before["waves"]]
    assert again == before


def test_links_say_what_and_whom(adam, image):
    page = adam.get(f"/rollouts/new?file={image}&select=group+%3D+north")
    assert page.value("file") == image
    page = adam.send(page, "wizard", name="July")
    assert page.value("select") == "group = north"
    [roll_out] = adam.get("/files").tree.xpath("//main//a[contains(., 'Roll out')]/@href")
    assert adam.get(roll_out).value("file") == image


def test_a_selection_of_phones_leads_to_a_rollout(adam, api, phones):
    page = adam.get("/phones")
    chosen = [("csrf", adam.csrf(page)), ("deed", "roll_out"), ("q", "model = CP860")]
    page = adam.post("/phones/bulk", [*chosen, ("pick", phones[0]), ("pick", phones[1])])
    assert page.path.startswith("/rollouts/new/")
    page = adam.send(page, "wizard", name="Two", kind="reboot")
    assert "2 phones now" in page.text
    page = adam.post("/phones/bulk", [*chosen, ("all", "yes")])
    page = adam.send(page, "wizard", name="All", kind="reboot")
    assert page.value("select") == "model = CP860"
    assert adam.post("/phones/bulk", chosen).status == 422


def test_a_sketch_is_its_makers_alone(adam, browser):
    page = begin(adam, name="July", kind="reboot")
    assert browser("eve").get(page.path).status == 404
    assert adam.get("/rollouts/new/0123456789abcdef/whom").status == 404
    assert adam.get(page.path.replace("/whom", "/nowhere")).status == 404


def test_forms_need_their_secret_and_the_role(adam, browser):
    page = adam.get("/rollouts/new")
    assert adam.send(page, "wizard", csrf="guessed", name="X", kind="reboot").status == 403
    viewer = browser("vera", "operator")
    assert viewer.get("/rollouts/new").status == 403
    assert "New rollout" not in viewer.get("/rollouts").text


def test_a_schedule_instead_of_a_start(adam, api, phones):
    page = adam.send(begin(adam, name="Nightly", kind="backup"), "wizard", select="all")
    plan = to_the_plan(adam, page)
    path = plan.path.replace("/plan", "/schedule")
    pairs = [pair for pair in plan.element("make").form_values() if pair[0] not in ("often", "cron")]
    wrong = adam.post(path, [*pairs, ("often", "cron"), ("cron", "99 * * * *")])
    assert wrong.status == 422
    assert "Cron" in wrong.text
    made = adam.post(
        path, [*[pair for pair in pairs if pair[0] != "again_day"], ("often", "week"), ("again_day", "sun")]
    )
    assert "The schedule is on." in made.text
    [one] = api("GET", "/schedules").json()["items"]
    assert (one["cron"], one["keep"], one["kind"]) == ("30 2 * * 0", "30d", "backup")
    listed = adam.get("/rollouts/schedules")
    assert "every Sun at 02:30, UTC" in listed.text
    run = f"/rollouts/schedules/{one['id']}/run"
    form = [("csrf", adam.csrf(listed))]
    assert "Nightly is off" in adam.post(run.replace("run", "disable"), form).text
    assert "Nightly is on" in adam.post(run.replace("run", "enable"), form).text
    asked = adam.post(run, form)
    assert "is made and begins now" in asked.text
    assert api("GET", "/rollouts").json()["total"] == 0
    assert "It runs." in adam.post(run, [*form, ("confirmed", "yes")]).text
    shown = adam.get(f"/rollouts/schedules/{one['id']}")
    assert "told by adam" in shown.text
    removed = adam.post(run.replace("run", "remove"), [*form, ("confirmed", "yes")])
    assert "No schedules" in removed.text
    operations = {entry["operation"] for entry in api("GET", "/audit").json()["items"]}
    assert {"schedules.create", "schedules.change", "schedules.run", "schedules.delete"} <= operations
