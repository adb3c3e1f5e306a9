"""Which rules an event concerns, what a webhook is sent, and what action URLs say."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from acs.datamodel import key_loading, key_values
from acs.fleet import action_urls, hook
from acs.fleet.fleet_event import Kind, event
from acs.fleet.hook import Rule


@pytest.mark.parametrize(
    ("kinds", "kind", "concerned"),
    [
        (("device_offline",), "device_offline", True),
        (("device_offline",), "device_back", False),
        (("*",), "anything", True),
        (("rollout_*",), "rollout_halted", True),
        (("rollout_*",), "device_new", False),
        (("device_back", "device_offline"), "device_offline", True),
    ],
)
def test_which_rules_an_event_concerns(kinds, kind, concerned):
    assert hook.concerns(Rule("r", kinds), kind) is concerned
    assert not hook.concerns(Rule("r", kinds, enabled=False), kind)


def test_a_signature_is_what_the_manual_says():
    text = hook.signature("s3cret", 1_700_000_000, b'{"a":1}')
    expected = hmac.new(b"s3cret", b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert text == f"t=1700000000,v1={expected}"


def test_two_rules_call_one_webhook_once_for_an_event():
    one = event(Kind.DEVICE_BACK, 1.0, "It is back", device="x")
    first = hook.delivery(Rule("a", ("*",), webhook="noc"), one, 1.0)
    second = hook.delivery(Rule("b", ("*",), webhook="noc"), one, 2.0)
    other = hook.delivery(Rule("a", ("*",), webhook="log"), one, 1.0)
    assert first.id == second.id != other.id


def test_pauses_grow_until_it_is_given_up():
    pauses = [hook.pause(attempts) for attempts in range(1, len(hook.PAUSES) + 2)]
    assert pauses[:-1] == sorted(hook.PAUSES)
    assert pauses[-1] is None


# --- action URLs --------------------------------------------------------------------------------------------


def test_every_documented_action_url_is_known():
    documented = {key.name for key in key_loading.shipped() if key.name.startswith(action_urls.PREFIX)}
    assert documented == {action_urls.PREFIX + name for name in action_urls.EVENTS}
    assert len(documented) == 34
    assert len(action_urls.VARIABLES) == 12


def test_values_are_ones_that_the_keys_take():
    catalogue = key_loading.shipped()
    values = action_urls.values("https://phones.example.com:7567", "f" * 32, calls=True)
    for key, url in values.items():
        assert not key_values.check(catalogue.find(key), url)


def test_events_of_calls_are_only_asked_for_on_request():
    assert set(action_urls.values("http://x", "t", calls=False)) == {
        action_urls.PREFIX + name for name in action_urls.OF_THE_PHONE
    }


def test_nothing_of_a_call_is_asked_of_a_phones_own_event():
    assert "remote" not in action_urls.url("http://x", "t", "registered")
    told = action_urls.read(
        "registered", {"mac": "m", "active_user": "1001", "remote": "boss", "x": "y"}
    ).told
    assert told == {"mac": "m", "active_user": "1001"}


def test_a_variable_that_the_phone_left_as_it_was_is_not_told():
    assert action_urls.read("registered", {"active_user": "1\x1b[2J\r\n01\x00"}).told == {
        "active_user": "1[2J01"
    }
    assert action_urls.read("registered", {"mac": "$mac", "ip": "", "model": " CP860 "}).told == {
        "model": "CP860"
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("registered", Kind.REGISTERED),
        ("unregistered", Kind.REGISTRATION_LOST),
        ("register_failed", Kind.REGISTRATION_LOST),
        ("setup_completed", "action_url_setup_completed"),
        ("missed_call", "action_url_missed_call"),
    ],
)
def test_what_the_fleet_hears_of_it(name, kind):
    told = action_urls.told_event(action_urls.read(name, {"active_user": "1001"}), "x", 1.0)
    assert told.kind == kind
    assert told.text.endswith(": 1001")
