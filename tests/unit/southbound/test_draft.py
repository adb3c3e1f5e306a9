"""What one step of a session decides, taken together."""

from __future__ import annotations

from acs.cwmp.structures import ParameterValue
from acs.datamodel.tree import ParameterTree
from acs.fleet.changes import Changes, ParameterChanges
from acs.fleet.device import Device
from acs.fleet.learning import LearningState
from acs.fleet.profile import ModelProfile
from acs.fleet.situation import Situation
from acs.fleet.task import RebootWork, Task, TaskState
from acs.southbound.draft import Draft, can_wait

TASK = Task(id="t1", device="d", work=RebootWork())
HEARD = ParameterChanges(values=(ParameterValue("Device.A", "1"),))


def situation(tree: ParameterTree | None = None) -> Situation:
    return Situation(
        device=Device(id="d"),
        tasks=(TASK,),
        learning=None,
        profile=ModelProfile(key="m"),
        now=100.0,
        session="s",
        link=lambda task: "",
        tree=tree,
    )


def test_the_next_rule_sees_what_the_last_one_decided():
    draft = Draft(situation())
    draft.apply(Changes(device=Device(id="d", ip="192.0.2.7")))
    draft.apply(Changes(tasks=(TASK.replace(state=TaskState.DONE),)))
    assert draft.situation.device.ip == "192.0.2.7"
    assert draft.situation.tasks == ()
    assert draft.changes.device == draft.situation.device
    assert [task.state for task in draft.changes.tasks] == [TaskState.DONE]


def test_what_an_earlier_step_left_unwritten_goes_first():
    pending = Changes(device=Device(id="d", informs=7))
    draft = Draft(situation(), pending)
    assert draft.changes.device.informs == 7
    draft.apply(Changes(device=Device(id="d", informs=8)))
    assert draft.changes.device.informs == 8


def test_parameters_go_into_the_tree_when_it_is_at_hand():
    tree = ParameterTree()
    draft = Draft(situation(tree))
    draft.apply(Changes(parameters=(HEARD,)))
    assert not draft.lacks_tree
    assert tree["Device.A"].value == "1"
    assert tree["Device.A"].at == 100.0


def test_parameters_wait_for_the_tree_when_it_is_not():
    draft = Draft(situation())
    draft.apply(Changes(parameters=(HEARD,)))
    assert draft.lacks_tree
    tree = ParameterTree()
    draft.take_tree(tree)
    assert not draft.lacks_tree
    assert tree["Device.A"].value == "1"


def test_a_note_is_worth_a_write():
    draft = Draft(situation())
    draft.note("session", "Something odd")
    (entry,) = draft.changes.timeline
    assert (entry.at, entry.kind, entry.text) == (100.0, "session", "Something odd")
    assert draft.changes.urgent


def test_only_a_heartbeat_can_wait():
    assert can_wait(Changes(device=Device(id="d")))
    for changes in (
        Changes(urgent=True),
        Changes(tasks=(TASK,)),
        Changes(parameters=(HEARD,)),
        Changes(learning=LearningState()),
        Changes(learning_over=True),
    ):
        assert not can_wait(changes)
