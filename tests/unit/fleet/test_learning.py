"""Learning a phone's data model: what is asked, in what order, and what odd phones do to it."""

from __future__ import annotations

import msgspec
import pytest

from acs.cwmp import messages as m
from acs.cwmp.structures import ParameterInfo, ParameterValue
from acs.fleet.device import Learning
from acs.fleet.learning import LOST_SESSIONS, MAX_REQUESTS, PAUSE, LearningState
from acs.fleet.task import GetParameterValuesWork, RebootWork

LINES = "Device.Services.VoiceService.1.VoiceProfile."


def big_model(leaves: int) -> dict[str, tuple[str, str]]:
    return {f"Device.Big.P{i:05}": (str(i), "xsd:string") for i in range(leaves)}


def test_a_new_phone_is_learnt_methods_first_then_level_by_level_then_values(desk, phone):
    desk.inform("0 BOOTSTRAP", "1 BOOT")
    asked = desk.talk(phone)

    assert isinstance(asked[0], m.GetRPCMethods)
    paths = [request.parameter_path for request in asked if isinstance(request, m.GetParameterNames)]
    assert paths[0] == "Device."
    assert "" not in paths
    assert LINES + "1.Line." in paths
    assert all(request.next_level for request in asked if isinstance(request, m.GetParameterNames))
    assert {name for name in desk.tree if not name.endswith(".")} == set(phone.model)
    assert desk.tree["Device.Time.NTPServer1"].value == "pool.example"
    assert desk.device.learning is Learning.COMPLETE
    assert desk.learning is None
    assert desk.texts("learning") == ["Learnt 16 parameters in 18 requests"]


def test_what_is_learnt_serves_the_next_phone_of_the_model(desk, another_desk, phone, phone_with):
    desk.learnt(phone)
    another_desk.profiles = desk.profiles
    second = phone_with()
    another_desk.inform("0 BOOTSTRAP")
    asked = another_desk.talk(second)

    profiles = "Device.Services.VoiceService.1.VoiceProfile."
    assert [request.parameter_path for request in asked[:-1]] == [
        profiles,
        f"{profiles}1.Line.",
        f"{profiles}2.Line.",
    ]
    assert len(asked[-1].parameter_names) == 16
    assert another_desk.device.learning is Learning.COMPLETE
    assert another_desk.tree["Device.Time.NTPServer1"].writable is True


def test_a_batch_that_is_too_large_is_halved_and_the_size_is_kept_with_the_model(desk, phone_with):
    phone = phone_with({**big_model(100)})
    phone.largest = 20
    desk.inform("0 BOOTSTRAP", values=[ParameterValue("Device.DeviceInfo.SoftwareVersion", "1")])
    desk.talk(phone)

    assert desk.device.learning is Learning.COMPLETE
    assert desk.profile.batch == 16
    assert desk.tree["Device.Big.P00099"].value == "99"
    sizes = [len(r.parameter_names) for r in phone.asked if isinstance(r, m.GetParameterValues)]
    assert sizes.count(64) == 1  # never tried again


@pytest.mark.parametrize("code", [9002, 9005])
def test_a_bad_name_is_found_by_bisection_and_never_asked_again(desk, another_desk, phone_with, code):
    phone = phone_with(big_model(100))
    bad = "Device.Big.P00033"

    def odd(request):
        if isinstance(request, m.GetParameterValues) and bad in request.parameter_names:
            return m.Fault(code, "no")
        return NotImplemented

    phone.odd = odd
    desk.inform("0 BOOTSTRAP", values=[ParameterValue("Device.DeviceInfo.SoftwareVersion", "1")])
    desk.talk(phone)

    assert desk.device.learning is Learning.COMPLETE
    assert desk.profile.bad_names == (bad,)
    assert desk.profile.batch >= 32  # one bad name says nothing of the size
    assert sum(1 for name in desk.tree if desk.tree[name].value is not None) == 99

    another_desk.profiles = desk.profiles
    another_desk.inform("0 BOOTSTRAP", values=[ParameterValue("Device.DeviceInfo.SoftwareVersion", "1")])
    second = phone_with(big_model(100))
    another_desk.talk(second)
    assert all(bad not in r.parameter_names for r in second.asked if isinstance(r, m.GetParameterValues))


def test_a_phone_with_other_instances_than_its_model_has_its_tables_compared(
    desk, another_desk, phone, phone_with
):
    desk.learnt(phone)
    model = {n.replace("VoiceProfile.2.", "VoiceProfile.5."): v for n, v in phone.model.items()}
    second = phone_with(model)
    another_desk.profiles = desk.profiles
    another_desk.inform("0 BOOTSTRAP")
    another_desk.talk(second)

    assert another_desk.device.learning is Learning.COMPLETE
    assert another_desk.tree[LINES + "5.Name"].value == "two"
    assert not list(another_desk.tree.below(LINES + "2."))
    assert another_desk.device.missing == ()
    walked = [r.parameter_path for r in second.asked if isinstance(r, m.GetParameterNames)]
    assert "Device." not in walked
    assert "Device.Time." not in walked
    assert another_desk.profile == desk.profile  # one phone's instances are no news of the model


def test_a_name_that_only_this_phone_refuses_is_remembered_with_the_phone(
    desk, another_desk, phone, phone_with
):
    desk.learnt(phone)
    second = phone_with()
    second.unknown = {"Device.Time.NTPServer1"}
    another_desk.profiles = desk.profiles
    another_desk.inform("0 BOOTSTRAP")
    another_desk.talk(second)
    assert another_desk.device.missing == ("Device.Time.NTPServer1",)
    assert another_desk.profile.bad_names == ()


# --- broken sessions ---


def test_learning_goes_on_where_a_broken_session_left_it(desk, phone):
    count = 0

    def flaky(request):
        nonlocal count
        count += 1
        return None if count % 4 == 0 else phone(request)

    desk.inform("0 BOOTSTRAP")
    for _ in range(12):
        desk.talk(flaky)
        if desk.device.learning is Learning.COMPLETE:
            break
        desk.break_off()
        desk.inform("2 PERIODIC")
    assert desk.device.learning is Learning.COMPLETE
    assert phone.names_asked().count("GetRPCMethods") == 1
    assert all(desk.tree[name].value is not None for name in phone.model)


def test_a_server_that_died_in_mid_learning_goes_on(desk, phone):
    answers = iter(range(5))
    desk.inform("0 BOOTSTRAP")
    desk.talk(lambda request: phone(request) if next(answers, None) is not None else None)
    desk.inform("1 BOOT", retry=1)  # nobody told the planner that the answer is lost
    desk.talk(phone)
    assert desk.device.learning is Learning.COMPLETE


def test_a_batch_without_an_answer_is_halved(desk, phone_with):
    phone = phone_with(big_model(64))
    phone.odd = lambda r: (
        None if isinstance(r, m.GetParameterValues) and len(r.parameter_names) > 20 else NotImplemented
    )
    desk.inform("0 BOOTSTRAP", values=[ParameterValue("Device.DeviceInfo.SoftwareVersion", "1")])
    for _ in range(6):
        desk.talk(phone)
        if desk.device.learning is Learning.COMPLETE:
            break
        desk.break_off("time-out")
        desk.inform("2 PERIODIC", values=())
    assert desk.device.learning is Learning.COMPLETE
    assert desk.profile.batch == 16
    assert desk.tree["Device.Big.P00063"].value == "63"


def test_a_phone_that_hangs_up_when_asked_is_left_alone_for_a_day(desk):
    for _ in range(LOST_SESSIONS):
        desk.inform("2 PERIODIC")
        assert desk.talk(lambda request: None)
        desk.break_off("time-out")
    assert desk.device.learning is Learning.FAILED
    assert "could not be learnt" in desk.texts("learning")[-1]

    desk.inform("2 PERIODIC")
    assert desk.talk(lambda request: None) == []
    desk.inform("2 PERIODIC", later=PAUSE + 1)
    assert desk.talk(lambda request: None) != []


def test_a_phone_that_repeats_bootstrap_because_it_hangs_up_gets_no_endless_tries(desk):
    for _ in range(LOST_SESSIONS):
        desk.inform("0 BOOTSTRAP", retry=1)
        desk.talk(lambda request: None)
        desk.break_off()
    desk.inform("0 BOOTSTRAP", retry=4)
    assert desk.talk(lambda request: None) == []
    desk.inform("0 BOOTSTRAP", "1 BOOT")  # a real one: one more try
    assert len(desk.talk(lambda request: None)) == 1
    desk.break_off()
    assert desk.device.learning is Learning.FAILED


def test_an_empty_post_as_answer_is_recorded_and_learning_goes_on(desk, phone):
    """Quirk 66."""
    desk.inform("0 BOOTSTRAP")
    desk.talk(lambda request: None)
    desk.break_off("it sent nothing")
    assert "it sent nothing" in desk.texts("learning")[-1]
    desk.talk(phone)
    assert desk.device.learning is Learning.COMPLETE


def test_a_model_that_another_phone_told_meanwhile_spares_the_rest_of_the_walk(
    desk, another_desk, phone, phone_with
):
    model = {n.replace("VoiceProfile.2.", "VoiceProfile.5."): v for n, v in phone.model.items()}
    second = phone_with(model)
    another_desk.inform("0 BOOTSTRAP")
    answers = iter(range(9))
    another_desk.talk(lambda request: second(request) if next(answers, None) is not None else None)
    assert "GetParameterValues" not in second.names_asked()

    desk.learnt(phone)
    another_desk.profiles = desk.profiles
    another_desk.break_off()
    another_desk.inform("2 PERIODIC")
    asked = another_desk.talk(second)
    assert len(asked) < 12
    assert another_desk.device.learning is Learning.COMPLETE
    assert {n for n in another_desk.tree if another_desk.tree[n].value is not None} == set(model)


# --- odd phones ---


def test_the_other_root_is_tried_when_the_first_is_refused(desk, phone_with):
    """Quirks 49 and 61: nothing in the Inform tells the root."""
    model = {n.replace("Device.", "InternetGatewayDevice.", 1): v for n, v in phone_with().model.items()}
    phone = phone_with(model)
    desk.inform("0 BOOTSTRAP", values=())
    desk.talk(phone)
    assert desk.device.root == "InternetGatewayDevice."
    assert desk.device.learning is Learning.COMPLETE
    assert desk.device.software_version == "37.72.0.5"


def test_what_the_inform_left_out_is_asked_first(desk, phone):
    """Quirk 60: without the version the model is not known."""
    desk.inform("0 BOOTSTRAP", values=[ParameterValue("Device.DeviceSummary", "x")])
    asked = desk.talk(phone)
    assert [r.parameter_names for r in asked[:2]] == [
        ("Device.DeviceInfo.SoftwareVersion",),
        ("Device.ManagementServer.ConnectionRequestURL",),
    ]
    assert desk.device.software_version == "37.72.0.5"
    assert desk.device.connection_request_url == "http://192.0.2.7:7547/x"
    assert desk.device.model_key in desk.profiles
    assert desk.profiles[desk.device.model_key].names


def test_a_phone_that_answers_in_full_depth_is_walked_once(desk, phone):
    """Quirks 51 and 52: NextLevel ignored, objects in between left out."""

    def odd(request):
        if isinstance(request, m.GetParameterNames):
            path = request.parameter_path
            return m.GetParameterNamesResponse(
                tuple(ParameterInfo(name, True) for name in phone.model if name.startswith(path))
            )
        return NotImplemented

    phone.odd = odd
    desk.inform("0 BOOTSTRAP")
    asked = desk.talk(phone)
    assert desk.device.learning is Learning.COMPLETE
    assert all(desk.tree[name].value is not None for name in phone.model)
    assert sum(isinstance(r, m.GetParameterNames) for r in asked) <= 4
    assert LINES + "1." in desk.tree


def test_objects_without_their_final_dot_are_found(desk, phone):
    """Quirk 52."""

    def odd(request):
        if not isinstance(request, m.GetParameterNames):
            return NotImplemented
        answer = phone.level(request.parameter_path)
        if isinstance(answer, m.Fault):
            return answer
        return m.GetParameterNamesResponse(
            tuple(ParameterInfo(info.name.rstrip("."), info.writable) for info in answer.parameter_list)
        )

    phone.odd = odd
    desk.inform("0 BOOTSTRAP")
    desk.talk(phone)
    assert desk.device.learning is Learning.COMPLETE
    assert {name for name in desk.tree if desk.tree[name].value is not None} == set(phone.model)
    assert "Device.Time." in desk.tree
    assert "Device.Time" not in desk.tree


def test_empty_lists_are_fine(desk, phone_with):
    phone = phone_with()
    empty = m.GetParameterNamesResponse(())
    phone.odd = lambda r: (
        empty if isinstance(r, m.GetParameterNames) and r.parameter_path == LINES else NotImplemented
    )
    desk.inform("0 BOOTSTRAP")
    desk.talk(phone)
    assert desk.device.learning is Learning.COMPLETE
    assert not list(name for name in desk.tree.below(LINES) if name != LINES)


def test_answers_with_other_names_than_asked_for_are_taken_as_they_are(desk, phone):
    """Quirk 56."""
    more = m.GetParameterValuesResponse((ParameterValue("Device.Extra.Leaf", "x"),))
    phone.odd = lambda r: more if isinstance(r, m.GetParameterValues) else NotImplemented
    desk.inform("0 BOOTSTRAP")
    desk.talk(phone)
    assert desk.device.learning is Learning.COMPLETE
    assert desk.tree["Device.Extra.Leaf"].value == "x"


@pytest.mark.parametrize("code", [9000, 9001, 9005])
def test_a_phone_that_refuses_all_is_not_learnt_and_says_why(desk, code):
    desk.inform("0 BOOTSTRAP")
    desk.talk(lambda request: m.Fault(code, "no"))
    assert desk.device.learning is Learning.FAILED
    assert "could not be learnt" in desk.texts("learning")[-1]


def test_a_phone_that_names_nothing_below_one_root_and_refuses_the_other_says_both(desk):
    relative = m.GetParameterNamesResponse((ParameterInfo("DeviceInfo.", False),))

    def answer(request):
        own = isinstance(request, m.GetParameterNames) and request.parameter_path == "Device."
        return relative if own else m.Fault(9005, "no")

    desk.inform("0 BOOTSTRAP")
    desk.talk(answer)
    told = desk.texts("learning")[-1]
    assert "refuses to list InternetGatewayDevice., and names nothing below Device." in told


def test_a_phone_that_lists_all_and_refuses_every_value_is_given_up(desk, phone_with):
    phone = phone_with(big_model(2000))
    phone.odd = lambda r: m.Fault(9001, "no") if isinstance(r, m.GetParameterValues) else NotImplemented
    desk.inform("0 BOOTSTRAP", values=[ParameterValue("Device.DeviceInfo.SoftwareVersion", "1")])
    assert len(desk.talk(phone)) < 200
    assert desk.device.learning is Learning.FAILED


def test_a_hostile_phone_cannot_make_us_walk_for_ever(desk, phone_with):
    def endless(request):
        match request:
            case m.GetParameterNames(path, _):
                return m.GetParameterNamesResponse(
                    tuple(
                        ParameterInfo(path + child, True) for child in ("a.", "b.", "c.", "d.", "e.", "Leaf")
                    )
                )
            case m.GetParameterValues():
                return m.GetParameterValuesResponse(())
        return m.Fault(9000, "no")

    desk.inform("0 BOOTSTRAP", values=[ParameterValue("Device.DeviceInfo.SoftwareVersion", "1")])
    asked = desk.talk(endless, limit=MAX_REQUESTS + 10)
    assert len(asked) <= MAX_REQUESTS + 5
    assert len(desk.tree) < 25_000
    assert desk.device.learning is Learning.COMPLETE


# --- beside other work ---


def test_tasks_go_before_learning_and_between_its_steps(desk, phone):
    desk.inform("0 BOOTSTRAP")
    first = desk.task(GetParameterValuesWork(("Device.Time.NTPServer1",)))
    later = None

    def busy(request):
        nonlocal later
        if len(phone.asked) == 4:
            later = desk.task(RebootWork())
        return phone(request)

    desk.talk(busy)
    assert phone.names_asked() == [
        "GetParameterValues",
        "GetRPCMethods",
        "GetParameterNames",
        "GetParameterNames",
        "GetParameterNames",
        "Reboot",
    ]
    assert desk.tasks[first].state == "done"
    assert desk.device.learning is Learning.RUNNING
    desk.inform("1 BOOT", ("M Reboot", later))
    desk.talk(phone)
    assert desk.device.learning is Learning.COMPLETE


def test_new_firmware_is_learnt_anew_and_what_it_dropped_is_forgotten(desk, phone):
    desk.learnt(phone)
    del phone.model["Device.Time.NTPServer1"]
    phone.model["Device.Time.NTPServer"] = ("new.example", "xsd:string")
    phone.model["Device.DeviceInfo.SoftwareVersion"] = ("38.0.0.1", "xsd:string")
    desk.inform("1 BOOT", phone=phone)
    assert "Firmware changed from 37.72.0.5 to 38.0.0.1" in desk.texts("device")
    desk.talk(phone)
    assert "Device.Time.NTPServer1" not in desk.tree
    assert desk.tree["Device.Time.NTPServer"].value == "new.example"
    assert len(desk.profiles) == 2


def test_another_phones_success_ends_the_pause(desk, another_desk, phone):
    desk.inform("0 BOOTSTRAP")
    desk.talk(lambda request: m.Fault(9001, "no"))
    assert desk.device.learning is Learning.FAILED
    another_desk.now = desk.now + 10
    another_desk.learnt(phone)
    desk.profiles = another_desk.profiles
    desk.inform("2 PERIODIC", later=1000)
    desk.talk(phone)
    assert desk.device.learning is Learning.COMPLETE


def test_the_state_is_small_and_survives_msgpack(desk, phone):
    desk.inform("0 BOOTSTRAP")
    answers = iter(range(9))
    desk.talk(lambda request: phone(request) if next(answers, None) is not None else None)
    packed = msgspec.msgpack.encode(desk.learning)
    assert len(packed) < 1000
    assert msgspec.msgpack.decode(packed, type=LearningState) == desk.learning


def test_refused_looks_into_leaves_do_not_count_as_refused_values(desk, phone_with):
    """Leaves right below the root may be objects whose dot was left out: all of them are looked into."""
    phone = phone_with({f"Device.Leaf{i:03}": (str(i), "xsd:string") for i in range(100)})
    phone.largest = 20
    desk.inform("0 BOOTSTRAP", values=[ParameterValue("Device.DeviceInfo.SoftwareVersion", "1")])
    desk.talk(phone)

    assert desk.device.learning is Learning.COMPLETE
    assert desk.tree["Device.Leaf099"].value == "99"
