"""Tasks that one answer settles: their order, requests, results, faults and retries."""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
from acs.cwmp.structures import ParameterAttribute, ParameterFault, ParameterValue
from acs.fleet import planner
from acs.fleet.device import ConnectionRequestLogin, Learning
from acs.fleet.task import (
    AddObjectWork,
    AttributeWish,
    DeleteObjectWork,
    GetParameterAttributesWork,
    GetParameterNamesWork,
    GetParameterValuesWork,
    GetRpcMethodsWork,
    RebootWork,
    ScheduleInformWork,
    SetParameterAttributesWork,
    SetParameterValuesWork,
    TypedValue,
)

NTP = "Device.Time.NTPServer1"
PROFILES = "Device.Services.VoiceService.1.VoiceProfile."


@pytest.fixture
def known(desk, phone):
    """A phone whose model is learnt, at the start of a session."""
    desk.learnt(phone)
    desk.inform("6 CONNECTION REQUEST")
    return phone


# --- order ---


def test_due_tasks_go_by_priority_then_by_age(desk, known):
    desk.task(GetParameterValuesWork(("Device.Time.",)), priority=0)
    desk.task(GetRpcMethodsWork(), priority=5)
    desk.task(GetParameterNamesWork("Device."), priority=0)
    desk.talk(known)
    assert known.names_asked() == ["GetRPCMethods", "GetParameterValues", "GetParameterNames"]


def test_a_task_is_claimed_before_its_request_leaves(desk, known):
    task = desk.task(GetRpcMethodsWork())
    step = planner.next_step(desk.situation())
    claimed = step.changes.tasks[0]
    assert (claimed.id, claimed.state, claimed.attempts, claimed.session) == (
        task,
        "running",
        1,
        desk.session,
    )
    assert step.changes.urgent


def test_tasks_not_yet_due_and_expired_ones_are_not_sent(desk, known):
    desk.task(GetRpcMethodsWork(), not_before=desk.now + 100)
    late = desk.task(RebootWork(), expires_at=desk.now - 1)
    assert desk.talk(known) == []
    desk.inform("2 PERIODIC")
    assert desk.tasks[late].state == "expired"


def test_after_a_disruptive_task_nothing_is_sent_until_the_phone_is_back(desk, known):
    reboot = desk.task(RebootWork())
    behind = desk.task(GetRpcMethodsWork())
    desk.talk(known)
    assert known.names_asked() == ["Reboot"]
    assert known.asked[0].command_key == reboot
    assert desk.tasks[reboot].state == "waiting"
    desk.inform("1 BOOT", ("M Reboot", reboot))
    desk.talk(known)
    assert desk.tasks[behind].state == "done"


def test_a_refused_disruptive_task_does_not_end_the_session(desk, known):
    known.odd = lambda r: m.Fault(9001, "not now") if isinstance(r, m.Reboot) else NotImplemented
    reboot = desk.task(RebootWork())
    behind = desk.task(GetRpcMethodsWork())
    desk.talk(known)
    assert desk.tasks[reboot].fault.code == 9001
    assert "not now" in desk.tasks[reboot].fault.text
    assert desk.tasks[behind].state == "done"


def test_one_disruptive_task_waits_for_another(desk, known):
    first, second = desk.task(RebootWork()), desk.task(RebootWork())
    desk.talk(known)
    desk.inform("2 PERIODIC")
    assert desk.talk(known) == []
    desk.inform("1 BOOT", ("M Reboot", first))
    desk.talk(known)
    assert desk.tasks[second].state == "waiting"


def test_the_tree_is_wanted_only_where_it_is_needed(desk, known):
    assert not planner.wants_tree(desk.situation())
    desk.task(RebootWork())
    assert not planner.wants_tree(desk.situation())
    desk.task(SetParameterValuesWork({NTP: "x"}), not_before=desk.now + 1000)
    assert not planner.wants_tree(desk.situation())
    desk.task(SetParameterValuesWork({NTP: "x"}))
    assert planner.wants_tree(desk.situation())


# --- reading ---


def test_values_are_read_by_full_name_and_by_partial_path(desk, known):
    task = desk.task(GetParameterValuesWork((NTP, "Device.DeviceInfo.")))
    known.model[NTP] = ("new.example", "xsd:string")
    desk.talk(known)
    result = desk.tasks[task].result
    assert result["values"][NTP] == {"value": "new.example", "type": "xsd:string"}
    assert result["values"]["Device.DeviceInfo.Manufacturer"]["value"] == "Yealink"
    assert result["missing"] == []
    assert "progress" not in desk.tasks[task].evidence
    assert desk.tree[NTP].value == "new.example"


def test_unknown_names_are_found_by_bisection_and_named(desk, known):
    """Quirk 55."""
    names = (NTP, "Device.No.Such", "Device.DeviceInfo.Manufacturer", "Device.Nor.This")
    task = desk.task(GetParameterValuesWork(names))
    desk.talk(known)
    assert desk.tasks[task].state == "done"
    assert set(desk.tasks[task].result["values"]) == {NTP, "Device.DeviceInfo.Manufacturer"}
    assert desk.tasks[task].result["missing"] == ["Device.No.Such", "Device.Nor.This"]
    assert desk.tasks[task].attempts == 1


def test_a_read_of_nothing_but_unknown_names_fails_and_names_them(desk, known):
    task = desk.task(GetParameterValuesWork(("Device.No.Such", "Device.Nor.This")))
    desk.talk(known)
    fault = desk.tasks[task].fault
    assert fault.code == 9005
    assert set(fault.parameters) == {"Device.No.Such", "Device.Nor.This"}
    assert "Device.No.Such" in fault.text


def test_a_read_that_is_too_large_is_split_and_the_size_kept(desk, known):
    """Quirk 54."""
    known.largest = 4
    task = desk.task(GetParameterValuesWork(tuple(sorted(known.model))))
    desk.talk(known)
    assert len(desk.tasks[task].result["values"]) == 16
    assert desk.profile.batch == 4


def test_a_branch_that_is_too_much_is_read_leaf_by_leaf(desk, known):
    def odd(request):
        whole = isinstance(request, m.GetParameterValues) and "Device." in request.parameter_names
        return m.Fault(9004, "too much") if whole else NotImplemented

    known.odd = odd
    task = desk.task(GetParameterValuesWork(("Device.",)))
    desk.talk(known)
    assert len(desk.tasks[task].result["values"]) == 16


def test_a_read_goes_on_in_the_next_session(desk, known):
    known.largest = 4
    task = desk.task(GetParameterValuesWork(tuple(sorted(known.model))))
    answers = iter(range(5))
    desk.talk(lambda r: known(r) if next(answers, None) is not None else None)
    desk.break_off()
    assert desk.tasks[task].state == "pending"
    desk.inform("2 PERIODIC")
    desk.talk(known)
    assert len(desk.tasks[task].result["values"]) == 16


def test_names_are_read_and_an_empty_path_becomes_the_root(desk, known):
    """Quirk 49."""
    task = desk.task(GetParameterNamesWork(""))
    desk.talk(known)
    assert known.asked[0].parameter_path == "Device."
    assert desk.tasks[task].result["names"]["Device.Time."] is False


def test_attributes_are_read_and_set(desk, known):
    attribute = ParameterAttribute(NTP, 2, ("Subscriber",))
    known.odd = lambda r: (
        m.GetParameterAttributesResponse((attribute,))
        if isinstance(r, m.GetParameterAttributes)
        else NotImplemented
    )
    read = desk.task(GetParameterAttributesWork((NTP,)))
    change = desk.task(SetParameterAttributesWork({NTP: AttributeWish(notification=1)}))
    desk.talk(known)
    expected = {NTP: {"notification": 2, "access_list": ["Subscriber"]}}
    assert desk.tasks[read].result["attributes"] == expected
    assert desk.tasks[change].state == "done"
    assert known.asked[-1].parameter_list[0].access_list is None
    assert desk.tree[NTP].notification == 1


def test_methods_that_are_not_the_models_are_kept_with_the_phone(desk, known):
    of_model = desk.profile.methods
    known.methods = ("GetRPCMethods", "Reboot")
    task = desk.task(GetRpcMethodsWork())
    desk.talk(known)
    assert desk.tasks[task].result == {"methods": ["GetRPCMethods", "Reboot"]}
    assert desk.device.methods == ("GetRPCMethods", "Reboot")
    assert desk.profile.methods == of_model
    known.methods = of_model
    desk.task(GetRpcMethodsWork())
    desk.talk(known)
    assert desk.device.methods == ()


# --- setting ---


def test_values_are_set_with_the_phones_types_and_the_tasks_key(desk, known):
    task = desk.task(
        SetParameterValuesWork(
            {
                "Device.Time.X_001565_Enable": True,
                "Device.ManagementServer.PeriodicInformInterval": 600,
                "Device.New.Count": 3,
                "Device.New.Offset": -3,
                "Device.New.Typed": TypedValue("5", "int"),
            }
        )
    )
    desk.talk(known)
    request = known.asked[0]
    assert request.parameter_key == task
    assert [(v.value, v.type) for v in request.parameter_list] == [
        ("1", "xsd:boolean"),
        ("600", "xsd:unsignedInt"),
        ("3", "xsd:unsignedInt"),
        ("-3", "xsd:int"),
        ("5", "xsd:int"),
    ]
    assert desk.tasks[task].result == {"status": 0}
    assert desk.tree["Device.ManagementServer.PeriodicInformInterval"].value == "600"
    assert desk.device.inform_interval == 600


def test_a_status_of_one_is_shown(desk, known):
    known.odd = lambda r: (
        m.SetParameterValuesResponse(1) if isinstance(r, m.SetParameterValues) else NotImplemented
    )
    task = desk.task(SetParameterValuesWork({NTP: "x"}))
    desk.talk(known)
    assert desk.tasks[task].result == {"status": 1}


def test_a_refused_set_names_each_parameter(desk, known):
    fault = m.Fault(9003, "Invalid arguments", (ParameterFault(NTP, 9007, "bad value"),))
    known.odd = lambda r: fault if isinstance(r, m.SetParameterValues) else NotImplemented
    task = desk.task(SetParameterValuesWork({NTP: "x"}))
    desk.talk(known)
    assert desk.tasks[task].fault.code == 9003
    assert desk.tasks[task].fault.parameters == {NTP: "9007 bad value"}
    assert desk.tree[NTP].value == "pool.example"


def test_a_secret_that_was_set_is_not_kept_and_reads_back_empty_without_news(desk, known):
    """Quirk 59."""
    secret = PROFILES + "1.Line.1.SIP.AuthPassword"
    desk.task(SetParameterValuesWork({secret: "hush"}))
    desk.talk(known)
    assert known.model[secret][0] == "hush"
    assert desk.tree[secret].value == ""


def test_vendor_leaves_are_sent_apart_once_the_model_was_seen_to_need_it(desk, known):
    """Quirk 63."""

    def odd(request):
        if not isinstance(request, m.SetParameterValues):
            return NotImplemented
        kinds = {"X_" in value.name for value in request.parameter_list}
        return m.Fault(9003, "Invalid arguments") if len(kinds) > 1 else NotImplemented

    known.odd = odd
    wish = SetParameterValuesWork({"Device.Time.X_001565_Enable": False, NTP: "a"})
    refused = desk.task(wish)
    desk.talk(known)
    assert desk.tasks[refused].fault.code == 9003
    assert "apart" in desk.tasks[refused].fault.text
    known.asked.clear()

    again = desk.task(wish)
    desk.talk(known)
    assert [[v.name for v in r.parameter_list] for r in known.asked] == [
        [NTP],
        ["Device.Time.X_001565_Enable"],
    ]
    assert desk.tasks[again].state == "done"
    assert desk.tasks[again].attempts == 1


def test_credentials_set_by_an_operator_are_used_for_connection_requests(desk, known):
    prefix = "Device.ManagementServer.ConnectionRequest"
    desk.task(SetParameterValuesWork({prefix + "Username": "me", prefix + "Password": "mine"}))
    desk.talk(known)
    assert desk.device.connection_request == ConnectionRequestLogin("me", "mine", "operator")
    desk.inform("0 BOOTSTRAP")
    assert desk.device.connection_request.origin == "operator"


# --- objects ---


def test_an_added_object_gets_its_values_and_is_learnt(desk, known):
    task = desk.task(AddObjectWork(PROFILES, {"Name": "three"}))
    desk.talk(known)
    assert known.names_asked() == [
        "AddObject",
        "SetParameterValues",
        "GetParameterNames",
        "GetParameterValues",
    ]
    assert desk.tasks[task].result == {"instance": 7, "object": PROFILES + "7.", "status": 0}
    assert known.model[PROFILES + "7.Name"][0] == "three"
    assert desk.tree[PROFILES + "7.Name"].value == "three"
    assert desk.tree[PROFILES + "7.Name"].writable is True
    assert desk.learning is None


def test_an_added_object_whose_values_are_refused_is_told_of(desk, known):
    known.odd = lambda r: (
        m.Fault(9007, "no such name") if isinstance(r, m.SetParameterValues) else NotImplemented
    )
    task = desk.task(AddObjectWork(PROFILES, {"Name": "three"}))
    desk.talk(known)
    assert desk.tasks[task].state == "failed"
    assert f"The object {PROFILES}7. exists now" in desk.tasks[task].fault.text


def test_a_deleted_object_is_forgotten(desk, known):
    task = desk.task(DeleteObjectWork(PROFILES + "2."))
    desk.talk(known)
    assert desk.tasks[task].result == {"status": 0}
    assert not list(desk.tree.below(PROFILES + "2."))


# --- faults and lost answers ---


def test_a_fault_that_may_pass_is_tried_again_and_then_told(desk, known):
    known.odd = lambda r: m.Fault(9002, "busy") if isinstance(r, m.GetRPCMethods) else NotImplemented
    task = desk.task(GetRpcMethodsWork())
    desk.talk(known)
    assert desk.tasks[task].attempts == 2  # at once, and then not in this session
    assert desk.tasks[task].state == "pending"
    assert desk.tasks[task].not_before > desk.now
    desk.inform("2 PERIODIC", later=600)
    desk.talk(known)
    assert desk.tasks[task].attempts == 3
    assert desk.tasks[task].fault.code == 9002


def test_a_fault_that_stays_is_never_tried_again(desk, known):
    known.odd = lambda r: m.Fault(9000, "unknown") if isinstance(r, m.GetRPCMethods) else NotImplemented
    task = desk.task(GetRpcMethodsWork())
    desk.talk(known)
    assert desk.tasks[task].attempts == 1
    assert desk.tasks[task].fault.code == 9000
    assert "failed" in desk.texts("task")[-1]


@pytest.mark.parametrize(
    "work",
    [
        GetParameterValuesWork((NTP,)),
        SetParameterValuesWork({NTP: "x"}),
        GetParameterNamesWork("Device."),
        GetParameterAttributesWork((NTP,)),
        SetParameterAttributesWork({NTP: AttributeWish(notification=1)}),
        GetRpcMethodsWork(),
        ScheduleInformWork(60),
    ],
)
def test_safe_work_is_tried_again_when_its_answer_is_lost(desk, known, work):
    task = desk.task(work)
    for _ in range(3):
        desk.talk(lambda request: None)
        desk.break_off("time-out")
        desk.inform("2 PERIODIC", later=3600)
    assert desk.talk(known) == []
    assert desk.tasks[task].state == "failed"
    assert "did not answer 3 times" in desk.tasks[task].fault.text


def test_a_lost_set_is_proved_by_its_parameter_key(desk, known):
    """The phone applied it and rebooted before it answered (quirk 32)."""
    task = desk.task(SetParameterValuesWork({NTP: "x"}))
    desk.talk(lambda request: None)
    desk.break_off()
    known.model["Device.ManagementServer.ParameterKey"] = (task, "xsd:string")
    desk.inform("1 BOOT", phone=known)
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].evidence["proved_by"] == "ParameterKey"
    assert desk.talk(known) == []


def test_a_lost_set_without_that_proof_is_sent_again(desk, known):
    """Quirk 58: the ParameterKey is not stored."""
    task = desk.task(SetParameterValuesWork({NTP: "x"}))
    desk.talk(lambda request: None)
    desk.inform("1 BOOT")  # nobody told the planner: the server was killed
    desk.talk(known)
    assert desk.tasks[task].state == "done"
    assert desk.tasks[task].attempts == 2


def test_a_lost_delete_that_finds_nothing_to_delete_is_done(desk, known):
    task = desk.task(DeleteObjectWork(PROFILES + "2."))

    def deletes_and_dies(request):
        known(request)

    desk.talk(deletes_and_dies)
    desk.break_off()
    desk.inform("2 PERIODIC")
    desk.talk(known)
    assert desk.tasks[task].state == "done"
    assert not list(desk.tree.below(PROFILES + "2."))


@pytest.mark.parametrize("happened", [True, False])
def test_a_lost_add_is_asked_about_first(desk, known, happened):
    task = desk.task(AddObjectWork(PROFILES, {"Name": "three"}))

    def dies(request):
        if happened:
            known(request)

    desk.talk(dies)
    desk.break_off()
    desk.inform("1 BOOT")
    known.asked.clear()
    desk.talk(known)
    assert known.names_asked()[0] == "GetParameterNames"
    assert known.asked[0].parameter_path == PROFILES
    assert known.names_asked().count("AddObject") == (0 if happened else 1)
    assert desk.tasks[task].result["instance"] == 7
    assert known.model[PROFILES + "7.Name"][0] == "three"
    assert list(desk.tree.below(PROFILES + "7."))


def test_a_lost_add_to_an_unknown_table_says_how_to_look(desk, known):
    desk.tree.forget(PROFILES)
    task = desk.task(AddObjectWork(PROFILES))
    desk.talk(lambda request: None)
    desk.break_off()
    desk.inform("1 BOOT")
    desk.talk(known)
    assert desk.tasks[task].state == "failed"
    assert "1, 2" in desk.tasks[task].fault.text


def test_an_answer_that_was_taken_is_never_asked_for_again(desk, known):
    task = desk.task(GetRpcMethodsWork())
    step = planner.next_step(desk.situation())
    desk.apply(step.changes)
    desk.apply(planner.completed(desk.situation(), step.ref, known(step.request)))
    again = planner.completed(desk.situation(), step.ref, known(step.request))
    assert again.tasks == ()
    desk.apply(planner.unanswered(desk.situation(), step.ref, "too late"))
    assert desk.tasks[task].state == "done"
    desk.inform("2 PERIODIC")
    assert desk.talk(known) == []


# --- housekeeping ---


@pytest.fixture
def with_login(desk, phone):
    prefix = "Device.ManagementServer.ConnectionRequest"
    phone.model[prefix + "Username"] = ("", "xsd:string")
    phone.model[prefix + "Password"] = ("", "xsd:string")
    desk.login = ConnectionRequestLogin("001565-0015658a3786", "derived")
    return phone


def test_credentials_for_connection_requests_are_set_once_after_learning(desk, with_login):
    desk.inform("0 BOOTSTRAP")
    asked = desk.talk(with_login)
    assert [v.value for v in asked[-1].parameter_list] == ["001565-0015658a3786", "derived"]
    assert desk.device.connection_request == ConnectionRequestLogin("001565-0015658a3786", "derived", "acs")
    assert desk.tree["Device.ManagementServer.ConnectionRequestPassword"].value == ""
    desk.inform("2 PERIODIC")
    assert desk.talk(with_login) == []


def test_a_refusal_of_credentials_is_remembered(desk, with_login):
    with_login.odd = lambda r: (
        m.Fault(9001, "denied") if isinstance(r, m.SetParameterValues) else NotImplemented
    )
    desk.learnt(with_login)
    assert desk.device.connection_request.origin == "refused"
    desk.inform("2 PERIODIC")
    assert desk.talk(with_login) == []


def test_credentials_whose_answer_is_lost_are_read_back(desk, with_login):
    with_login.odd = lambda r: (
        (with_login.usual(r), None)[1] if isinstance(r, m.SetParameterValues) else NotImplemented
    )
    desk.inform("0 BOOTSTRAP")
    desk.talk(with_login)
    desk.break_off()
    desk.inform("1 BOOT")
    asked = desk.talk(with_login)
    assert [request.name for request in asked] == ["GetParameterValues"]
    assert desk.device.connection_request.origin == "acs"


def test_a_phone_that_reboots_over_every_set_is_not_set_for_ever(desk, with_login):
    with_login.odd = lambda r: None if isinstance(r, m.SetParameterValues) else NotImplemented
    desk.inform("0 BOOTSTRAP")
    desk.talk(with_login)
    asked = []
    for _ in range(5):
        desk.inform("1 BOOT")  # in the middle of the session: nobody noticed that it broke off
        asked += desk.talk(with_login)
    assert [request.name for request in asked] == ["GetParameterValues"]
    assert desk.device.connection_request.origin == "refused"


def test_a_phone_without_those_leaves_is_not_asked(desk, phone):
    desk.login = ConnectionRequestLogin("user", "derived")
    desk.learnt(phone)
    assert desk.device.connection_request.origin == ""
    assert desk.device.learning is Learning.COMPLETE


def test_results_of_diagnostics_are_read_when_they_are_complete(desk, known):
    ping = "Device.IPPingDiagnostics."
    known.model[ping + "DiagnosticsState"] = ("None", "xsd:string")
    known.model[ping + "SuccessCount"] = ("0", "xsd:unsignedInt")
    desk.task(SetParameterValuesWork({ping + "DiagnosticsState": "Requested"}))
    desk.talk(known)
    desk.inform("2 PERIODIC")
    assert desk.talk(known) == []
    known.model[ping + "SuccessCount"] = ("4", "xsd:unsignedInt")
    desk.inform("8 DIAGNOSTICS COMPLETE")
    asked = desk.talk(known)
    assert [r.parameter_names for r in asked] == [(ping,)]
    assert desk.tree[ping + "SuccessCount"].value == "4"
    desk.inform("8 DIAGNOSTICS COMPLETE", values=[ParameterValue(ping + "DiagnosticsState", "Complete")])
    assert [r.parameter_names for r in desk.talk(known)] == [(ping,)]


def test_an_answer_of_the_wrong_kind_counts_as_none(desk, known):
    task = desk.task(GetRpcMethodsWork(), max_attempts=1)
    desk.talk(lambda request: m.KickedResponse())
    assert "it answered with KickedResponse" in desk.tasks[task].fault.text
