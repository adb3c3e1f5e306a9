"""Configuration rollouts step by step over a real Redis: what is written for a phone, what becomes of it."""

from __future__ import annotations

import pytest
from msgspec import structs

from acs.fleet import layers as rules
from acs.fleet.convergence.state import Settled
from acs.fleet.convergence.wishing import mark_of
from acs.fleet.identity import device_key
from acs.fleet.known_keys import KnownKey, Proof
from acs.fleet.rollout.definition import Gate, Kind, Pace
from acs.fleet.rollout.member import Outcome
from acs.fleet.rollout.rollout import State
from acs.store import configured, devices, known_keys, layers, rollout_values
from acs.store.layer_cache import LayerCache
from tests.unit.workers.rollout_fleet import Fleet

KEY, VALUES = "local_time.ntp_server1", {"local_time.ntp_server1": "ntp.example"}


class ConfigFleet(Fleet):
    """Phones whose sessions bring their configuration to a state, as `settles` says."""

    def __init__(self, runner, redis):
        super().__init__(runner, redis)
        self.settles: dict[str, dict] = {}
        self.silent: set[str] = set()

    def begin(self, identifier="r1", **definition):
        usual = {"kind": Kind.CONFIG, "file": "", "values": VALUES, "gate": Gate(0, 0)}
        wanted = {**usual, **definition}
        if wanted["values"] is None:
            del wanted["values"]
        return self.rollout(identifier, **wanted)

    def sessions(self, ids):
        cache = LayerCache()
        self.runner.drive(cache.refresh())
        for device_id in ids:
            if device_id in self.silent:
                continue
            key = device_key(device_id)
            known = self.runner.run(devices.get(key))
            own = self.runner.run(configured.own_layer(key))
            device, notes = known.device, known.notes
            mark = mark_of(cache.layers_for(device.id, device.product_class, notes.groups, own), notes)
            state = {"settled": Settled.CONVERGED, "settled_at": self.now, **self.settles.get(device_id, {})}
            config = structs.replace(device.config, mark=mark, call="", problems={})
            self.keep(structs.replace(device, last_inform=self.now, config=structs.replace(config, **state)))

    def layer(self, device_id):
        [named] = self.runner.run_all([layers.get(layers.of_phone(device_id))])
        return dict(named.layer.values)

    def knows(self, device_id, values):
        known = {key: KnownKey(text, self.now, Proof.UPLOADED) for key, text in values.items()}
        self.runner.run_all(known_keys.put(device_key(device_id), known))

    def everybody(self, values):
        def changed(layer, _):
            return rules.written(layer, values, touched=values, now=False, at=self.now, by="Alice", reason="")

        assert self.runner.drive(layers.edit(layers.of_fleet(), changed)) is not None

    def own(self, device_id, values):
        steps = rollout_values.write(
            device_id, values, over=None, by="Alice", reason="", reboot=False, at=self.now
        )
        assert self.runner.drive(steps)


@pytest.fixture
def fleet(runner, redis):
    return ConfigFleet(runner, redis)


def test_values_are_written_wave_by_wave_and_proved(fleet):
    ids = fleet.phones(6)
    fleet.begin(waves=(2, "rest"))
    fleet.step()
    assert sum(fleet.layer(one) == VALUES for one in ids) == 2
    assert fleet.run(ids).state is State.COMPLETED
    assert fleet.outcomes() == {"succeeded": 6}
    assert all(fleet.layer(one) == VALUES for one in ids)


def test_what_was_there_before_comes_back_with_the_rollback(fleet):
    ids = fleet.phones(2)
    fleet.own(ids[0], {KEY: "own.example"})
    fleet.begin()
    fleet.run(ids)
    fleet.begin("r2", values=None, rollback_of="r1")
    assert fleet.run(ids, "r2").state is State.COMPLETED
    assert fleet.outcomes("r2") == {"succeeded": 2}
    assert [fleet.layer(one) for one in ids] == [{KEY: "own.example"}, {}]


def test_what_the_phone_itself_had_comes_back_where_no_layer_spoke(fleet):
    ids = fleet.phones(3)
    fleet.knows(ids[0], {KEY: "factory.example", "voice.jib.max": "300"})
    fleet.knows(ids[1], VALUES)
    fleet.begin()
    fleet.run(ids)
    assert all(fleet.layer(one) == VALUES for one in ids)
    fleet.begin("r2", values=None, rollback_of="r1")
    assert fleet.run(ids, "r2").state is State.COMPLETED
    assert [fleet.layer(one) for one in ids] == [{KEY: "factory.example"}, {}, {}]


def test_what_a_group_says_comes_back_from_the_group(fleet):
    [one] = fleet.phones(1)
    fleet.knows(one, {KEY: "factory.example"})
    fleet.everybody({KEY: "fleet.example"})
    fleet.begin()
    fleet.run([one])
    fleet.begin("r2", values=None, rollback_of="r1")
    fleet.run([one], "r2")
    assert fleet.layer(one) == {}


def test_a_secret_that_a_phone_does_not_tell_is_not_brought_back(fleet):
    [one] = fleet.phones(1)
    secret = "account.1.password"
    fleet.knows(one, {secret: ""})
    fleet.begin(values={secret: "hidden"}, shown={secret: rules.BLANK})
    fleet.run([one])
    fleet.begin("r2", values=None, rollback_of="r1")
    fleet.run([one], "r2")
    assert fleet.layer(one) == {}


def test_what_somebody_changed_since_is_not_taken_back(fleet):
    ids = fleet.phones(2)
    fleet.begin()
    fleet.run(ids)
    fleet.own(ids[0], {KEY: "mine.example"})
    fleet.begin("r2", values=None, rollback_of="r1")
    assert fleet.run(ids, "r2").state is State.COMPLETED
    assert [fleet.layer(one) for one in ids] == [{KEY: "mine.example"}, {}]


def test_what_a_phone_refuses_fails_it_and_says_why(fleet):
    ids = fleet.phones(2)
    fleet.settles[ids[0]] = {"settled": Settled.DIFFERS, "problems": {KEY: "the phone refused it"}}
    fleet.begin()
    fleet.run(ids)
    assert fleet.outcomes() == {"succeeded": 1, "failed": 1}
    assert fleet.member(ids[0]).reason == f"{KEY}: the phone refused it"


def test_a_phone_that_never_calls_keeps_what_it_had(fleet):
    ids = fleet.phones(2)
    fleet.silent = {ids[0]}
    fleet.now += 1
    fleet.begin(patience=200)
    fleet.run(ids, pass_by=20)
    assert fleet.outcomes() == {"succeeded": 1, "skipped": 1}
    assert "waited for 200 s" in fleet.member(ids[0]).reason
    assert fleet.layer(ids[0]) == {}


def test_a_phone_in_a_call_is_asked_again_and_in_the_end_left_as_it_was(fleet):
    ids = fleet.phones(2)
    busy = {"settled": Settled.NEVER, "settled_at": 0, "call": "line 1 is in a call (InCall)"}
    fleet.settles = {ids[0]: busy, ids[1]: busy}
    fleet.begin(ask_again=10, patience=120)
    told = set()
    for _ in range(8):
        fleet.step()
        fleet.sessions(ids)
        fleet.now += 3
        told.add((fleet.member(ids[0]).outcome, fleet.member(ids[0]).reason))
    assert (Outcome.DEFERRED, "line 1 is in a call (InCall)") in told
    del fleet.settles[ids[1]]
    fleet.run(ids)
    assert fleet.outcomes() == {"succeeded": 1, "skipped": 1}
    left = fleet.member(ids[0])
    assert left.reason == "line 1 is in a call (InCall); it was waited for 120 s"
    assert left.evidence["in_a_call"]["times"] > 2
    assert fleet.layer(ids[0]) == {}
    assert fleet.layer(ids[1]) == VALUES


def test_apply_now_writes_nothing_and_waits_for_the_proof(fleet):
    ids = fleet.phones(2)
    fleet.own(ids[0], {KEY: "own.example"})
    fleet.begin(values=None, reboot=True)
    fleet.run(ids)
    assert fleet.outcomes() == {"succeeded": 2}
    assert fleet.layer(ids[0]) == {KEY: "own.example"}


@pytest.mark.parametrize("number", range(1, 30, 2))
def test_a_worker_may_die_after_any_round_trip(fleet, number):
    ids = fleet.phones(4)
    fleet.own(ids[0], {KEY: "own.example"})
    fleet.begin(waves=(1, "rest"), pace=Pace(at_once=2))
    for turn in range(200):
        fleet.step(die_after=number if turn % 3 else 0)
        fleet.sessions(ids)
        fleet.now += 3
        if fleet.state().state is State.COMPLETED:
            break
    assert fleet.outcomes() == {"succeeded": 4}
    assert all(fleet.layer(one) == VALUES for one in ids)
    assert fleet.member(ids[0]).before == {KEY: "own.example"}
    assert fleet.most_at_once <= 2
