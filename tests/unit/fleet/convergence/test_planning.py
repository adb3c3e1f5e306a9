"""A plan is what the next session then does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from acs.cwmp import messages as m
from acs.datamodel import key_loading
from acs.fleet.convergence.planning import Effect, Facts, effects
from acs.fleet.desired import NamedLayer
from acs.fleet.layers import Layer
from acs.fleet.profile import ModelProfile

LINE = "Device.Services.VoiceService.1.VoiceProfile.1.Line.1.SIP."

#: Key to values that may be desired; those the phone has among them.
CHOICES = {
    "local_time.ntp_server1": ["old.example", "new.example"],
    "account.1.auth_name": ["", "2001", "{{ extension }}"],
    "account.1.label": ["Desk", "{{ mac }}"],
    "account.1.password": ["hush", "other"],
    "voice.jib.max": ["250", "300"],
    "sip.use_out_bound_in_dialog": ["0", "1"],
    "lang.gui": ["English", "German"],
}


def planned(desk: Any, values: dict[str, str], *, now: bool = False) -> dict[str, Any]:
    before = desk.layers
    layer = Layer(99, desk.now, "me", "", values, tuple(values) if now else ())
    return effects(
        values,
        "fleet",
        before,
        (NamedLayer("fleet", layer),),
        Facts(desk.device, desk.notes, desk.known, desk.tree, desk.profile),
        catalogue=key_loading.shipped(),
        window=desk.window,
        now=desk.now,
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries({}, optional={key: st.sampled_from(found) for key, found in CHOICES.items()}),
    st.fixed_dictionaries({}, optional={key: st.sampled_from(found) for key, found in CHOICES.items()}),
    st.booleans(),
)
def test_what_was_planned_is_what_happens(
    make_config_desk: Any, earlier: dict[str, str], later: dict[str, str], now: bool
) -> None:
    desk = make_config_desk()
    desk.desire(earlier)
    desk.holds()
    if desk.tasks:
        desk.transfers()
    found = planned(desk, later, now=now)
    asked_before = len(desk.tasks)
    desk.desire(later, now=now)
    asked = desk.holds()
    sent = {
        value.name for one in asked if isinstance(one, m.SetParameterValues) for value in one.parameter_list
    }
    pushed = {key for task in list(desk.tasks.values())[asked_before:] for key in task.work.values}
    by_path = {
        key: one.difference.carrier.path
        for key, one in found.items()
        if one.effect is Effect.SENT and one.difference.carrier.path
    }
    by_file = {key for key, one in found.items() if one.effect is Effect.SENT and key not in by_path}
    assert sent == set(by_path.values())
    assert pushed == by_file
    if desk.tasks and len(desk.tasks) > asked_before:
        desk.transfers()
    waiting = {key for key, one in found.items() if one.effect is Effect.WAITS}
    unresolved = {key for key, one in found.items() if one.effect is Effect.UNRESOLVED}
    assert desk.differs() == {
        **dict.fromkeys(waiting, "waits"),
        **dict.fromkeys(unresolved, "unresolved"),
    }


def test_layers_alone_say_much(desk: Any) -> None:
    def named(name: str, values: dict[str, str]) -> NamedLayer:
        return NamedLayer(name, Layer(1, 1.0, "me", "", values))

    def effect(key: str, before: list[NamedLayer], after: list[NamedLayer]) -> Effect:
        facts = Facts(desk.device, desk.notes, desk.known, desk.tree, ModelProfile(key="x"))
        found = effects(
            [key],
            "model:CP860",
            before,
            after,
            facts,
            catalogue=key_loading.shipped(),
            window=None,
            now=desk.now,
        )
        return found[key].effect

    key = "voice.jib.max"
    fleet, own = named("fleet", {key: "1"}), named("phone:x", {key: "3"})
    model = named("model:CP860", {key: "2"})
    assert effect(key, [fleet], [fleet, model]) is Effect.SENT
    assert effect(key, [fleet, own], [fleet, model, own]) is Effect.OVERRIDDEN
    assert effect(key, [model], []) is Effect.LEFT
    assert effect(key, [fleet, model], [fleet]) is Effect.SENT
    assert effect(key, [fleet, model, own], [fleet, own]) is Effect.OVERRIDDEN


@pytest.mark.parametrize(
    ("methods", "effect"), [((), "sent"), (("Download",), "sent"), (("Upload",), "unable")]
)
def test_a_phone_that_takes_no_files(desk: Any, methods: tuple[str, ...], effect: str) -> None:
    profile = ModelProfile(key=desk.device.model_key, methods=methods)
    desk.profiles[profile.key] = profile
    assert planned(desk, {"voice.jib.max": "250"})["voice.jib.max"].effect == effect


def test_a_phone_whose_own_methods_lack_download_is_planned_so(desk: Any) -> None:
    own = tuple(one for one in desk.profile.methods if one != "Download")
    assert planned(desk, {"voice.jib.max": "250"})["voice.jib.max"].effect is Effect.SENT
    desk.device = structs.replace(desk.device, methods=own)
    assert planned(desk, {"voice.jib.max": "250"})["voice.jib.max"].effect is Effect.UNABLE
