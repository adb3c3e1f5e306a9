"""Forms of the console that are refused: what was filled in stays, and what is wrong is said in its words."""

from __future__ import annotations

import re

import pytest


@pytest.mark.parametrize(
    ("page", "form", "fields"),
    [
        ("/users", None, {"name": "adam", "role": "viewer", "password": "another long night"}),
        ("/groups", None, {"name": "lobby", "description": "the same again"}),
        ("/settings", "/settings/selectors", {"name": "late", "select": "state = late"}),
        ("/alerts", "/alerts/rules", {"name": "lost", "add_tags": "lost"}),
        ("/alerts", "/alerts/webhooks", {"name": "noc", "url": "http://127.0.0.1:9/"}),
    ],
)
def test_a_name_that_is_taken_is_told_at_the_form(browser, api, page, form, fields):
    api("POST", "/groups", json={"name": "lobby"})
    api("POST", "/selectors", json={"name": "late", "select": "late"})
    api("POST", "/webhooks", json={"name": "noc", "url": "http://127.0.0.1:9/"})
    api("POST", "/rules", json={"name": "lost", "on": ["device_offline"], "add_tags": ["lost"]})
    adam = browser(role="admin")
    pairs = [("csrf", adam.csrf(adam.get(page))), *fields.items(), ("on", "device_offline")]
    refused = adam.post(form or page, pairs)
    assert refused.status == 422
    assert "name is taken already" in refused.text
    assert f'value="{fields["name"]}"' in refused.source


@pytest.mark.parametrize(("page", "most"), [("/users", 3650), ("/account", 366)])
@pytest.mark.parametrize("days", ["-3", "soon", "99999999999", "0"])
def test_a_token_of_no_number_of_days(browser, page, most, days):
    adam = browser(role="admin")
    refused = adam.send(adam.get(page), f"{page}/tokens", name="robot", role="operator", days=days)
    assert refused.status == 422
    assert f"days is no life of a token · allowed: a whole number of days from 1 to {most}" in refused.text
    assert f'value="{days}"' in refused.source
    assert 'value="robot"' in refused.source
    assert "<option selected>operator" in refused.source


def test_ones_own_token_may_no_more_than_oneself(browser):
    vera = browser("vera", "viewer").get("/account")
    assert vera.tree.xpath("//main//select[@name='role']/option/text()") == ["viewer"]


def test_what_is_too_long_is_said_so(browser):
    adam = browser(role="admin")
    csrf = adam.csrf(adam.get("/users/adam"))
    given = {"csrf": csrf, "full_name": "A" * 300, "role": "admin", "select": "tag = x"}
    refused = adam.post("/users/adam", list(given.items()))
    assert "full_name is too long · allowed: text of at most 200 characters" in refused.text
    assert refused.value("select") == "tag = x"


def test_a_form_that_is_sent_after_the_session_ended_leads_back_to_itself(browser):
    adam = browser()
    page = adam.get("/groups?cursor=")
    adam.client.cookies.clear()
    referer = {"Referer": f"{adam.client.base_url}/groups?cursor="}
    refused = adam.client.post("/groups", data={"csrf": adam.csrf(page), "name": "lobby"}, headers=referer)
    assert refused.status_code == 401
    assert "Your session has ended. Nothing was changed." in refused.text
    assert 'href="/login?next=%2Fgroups%3Fcursor%3D"' in refused.text
    by_script = {"X-CSRF-Token": adam.csrf(page)}
    assert adam.client.post("/groups/import", headers=by_script).text == "Sign in again."


def test_a_whole_number_may_be_a_template(browser, api, phone):
    """A field for numbers alone would send nothing for one, and so take the key out."""
    known = phone()
    adam = browser()
    path = f"/phones/{known}/configuration?feature=Jitter%20Buffer"
    page = adam.get(path)
    [field] = page.tree.xpath("//input[@name='key:voice.jib.max']")
    assert field.get("type", "text") == "text"
    assert re.fullmatch(field.get("pattern"), "{{ jib }}")
    assert re.fullmatch(field.get("pattern"), "250")
    assert not re.fullmatch(field.get("pattern"), "much")
    form = {
        "csrf": adam.csrf(page),
        "was:voice.jib.max": "",
        "key:voice.jib.max": "{{ jib }}",
        "deed": "save",
    }
    adam.post(path, list(form.items()))
    assert api("GET", f"/devices/{known}/config").json()["values"] == {"voice.jib.max": "{{ jib }}"}
    assert adam.get(path).value("key:voice.jib.max") == "{{ jib }}"
