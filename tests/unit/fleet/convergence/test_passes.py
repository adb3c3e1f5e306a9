"""What a phone is asked until it has what it ought to have, and when it is asked nothing more."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from msgspec import structs

from acs.cwmp import messages as m
from acs.cwmp.structures import ParameterFault
from acs.fleet.convergence.settling import LOOK_AGAIN
from acs.fleet.device import OperatorNotes
from acs.fleet.known_keys import Proof, proved
from acs.fleet.task import RebootWork

NTP, NTP_PATH = "local_time.ntp_server1", "Device.Time.NTPServer1"
JITTER = "voice.jib.max"
REBOOTS = "sip.use_out_bound_in_dialog"
LINE = "Device.Services.VoiceService.1.VoiceProfile.1.Line.1.SIP."
AUTH, AUTH_PATH = "account.1.auth_name", LINE + "AuthUserName"
PASSWORD, PASSWORD_PATH = "account.1.password", LINE + "AuthPassword"
LABEL, LABEL_PATH = "account.1.label", LINE + "X_001565_Label"
USER, USER_PATH = "account.1.user_name", LINE + "X_001565_UserName"
GUI, GUI_PATH = "lang.gui", "Device.UserInterface.X_001565_Language.X_001565_GUILanguage"


def names(asked: list[Any]) -> list[str]:
    return [one.name for one in asked]


def refuses(code: int, *paths: str, named: bool = True) -> Any:
    """An oddity: a set with one of these paths is refused, and what was wrong is named or not."""

    def odd(request: Any) -> Any:
        if not isinstance(request, m.SetParameterValues):
            return NotImplemented
        bad = [one.name for one in request.parameter_list if one.name in paths]
        if not bad:
            return NotImplemented
        details = tuple(ParameterFault(name, code, "no") for name in bad) if named else ()
        return m.Fault(9003 if named else code, "refused", details)

    return odd


# --- settling ---------------------------------------------------------------------------------------------


def test_nothing_desired_is_nothing_asked(desk: Any) -> None:
    assert desk.holds() == []
    assert desk.state.mark == ""


def test_what_differs_is_set_and_read_back(desk: Any, sets: Any) -> None:
    desk.desire({NTP: "new.example", AUTH: "2001"})
    asked = desk.holds()
    assert names(asked) == ["SetParameterValues", "GetParameterValues"]
    assert sets(asked) == [{NTP_PATH: "new.example", AUTH_PATH: "2001"}]
    assert desk.phone.model[NTP_PATH][0] == "new.example"
    assert (desk.state.settled, desk.differs()) == ("converged", {})
    assert "Configuration is as desired (2 keys)" in desk.texts("config")


def test_what_is_known_to_be_so_is_not_asked_for(desk: Any) -> None:
    desk.desire({NTP: "old.example"})
    assert desk.holds() == []
    assert desk.state.settled == "converged"


def test_a_heartbeat_of_a_settled_phone_costs_nothing(desk: Any) -> None:
    desk.desire({NTP: "new.example"})
    desk.holds()
    before = desk.device.config
    for _ in range(20):
        assert desk.holds(later=600) == []
        assert desk.situation().wish is None
    assert desk.device.config == before


def test_values_that_are_old_are_read_before_they_are_compared(desk: Any, sets: Any) -> None:
    desk.now += 10_000
    desk.phone.model[NTP_PATH] = ("by.hand", "xsd:string")
    desk.desire({NTP: "old.example"})
    asked = desk.holds()
    assert names(asked) == ["GetParameterValues", "SetParameterValues", "GetParameterValues"]
    assert sets(asked) == [{NTP_PATH: "old.example"}]


@pytest.mark.parametrize("code", ["1 BOOT", "4 VALUE CHANGE"])
def test_a_phone_that_may_have_changed_is_looked_at_and_brought_back(desk: Any, sets: Any, code: str) -> None:
    desk.desire({NTP: "new.example"})
    desk.holds()
    desk.phone.model[NTP_PATH] = ("by.hand", "xsd:string")
    asked = desk.holds(code)
    assert sets(asked) == [{NTP_PATH: "new.example"}]
    assert desk.differs() == {}


def test_a_settled_phone_is_looked_at_once_a_day_all_the_same(desk: Any, sets: Any) -> None:
    desk.desire({NTP: "new.example"})
    desk.holds()
    desk.phone.model[NTP_PATH] = ("by.hand", "xsd:string")
    assert desk.holds(later=LOOK_AGAIN - 100) == []
    assert sets(desk.holds(later=200)) == [{NTP_PATH: "new.example"}]


def test_tasks_of_operators_go_first_and_a_phone_that_leaves_is_let_go(desk: Any) -> None:
    desk.desire({NTP: "new.example"})
    desk.task(RebootWork())
    assert names(desk.holds()) == ["Reboot"]
    assert desk.phone.model[NTP_PATH][0] == "old.example"


def test_each_vendor_object_is_set_by_itself_after_the_standard(desk: Any, sets: Any) -> None:
    desk.desire({NTP: "new.example", LABEL: "Desk", USER: "2001", GUI: "German", AUTH: "2001"})
    found = sets(desk.holds())
    assert found[0] == {NTP_PATH: "new.example", AUTH_PATH: "2001"}
    assert sorted(map(sorted, found[1:])) == [[LABEL_PATH, USER_PATH], [GUI_PATH]]
    assert desk.differs() == {}


def test_nothing_is_desired_any_more(desk: Any) -> None:
    desk.desire({NTP: "new.example"})
    desk.holds()
    desk.desire({})
    assert desk.holds() == []
    assert desk.phone.model[NTP_PATH][0] == "new.example"  # taking a key out resets nothing
    assert desk.differs() == {}


# --- what phones refuse -------------------------------------------------------------------------------------


def test_a_path_that_is_refused_by_name_goes_by_file_from_now_on(desk: Any, sets: Any) -> None:
    desk.phone.odd = refuses(9008, NTP_PATH)
    desk.desire({NTP: "new.example", AUTH: "2001"})
    asked = desk.holds()
    assert sets(asked)[-1] == {AUTH_PATH: "2001"}  # what was right in the refused set was sent again
    assert desk.offered() == [{NTP: "new.example"}]
    assert desk.profile.refused_paths == (NTP_PATH,)
    desk.phone.model[NTP_PATH] = ("new.example", "xsd:string")
    desk.transfers()
    assert desk.differs() == {}


def test_the_next_phone_of_the_model_is_not_asked_for_it(desk: Any, make_config_desk: Any, sets: Any) -> None:
    desk.phone.odd = refuses(9008, NTP_PATH)
    desk.desire({NTP: "new.example"})
    desk.holds()
    other = make_config_desk()
    other.profiles = desk.profiles
    other.desire({NTP: "new.example"})
    assert sets(other.holds()) == []
    assert other.offered() == [{NTP: "new.example"}]


def test_where_nothing_is_named_each_is_tried_alone(desk: Any, sets: Any) -> None:
    desk.phone.odd = refuses(9003, NTP_PATH, named=False)
    desk.desire({NTP: "new.example", AUTH: "2001"})
    found = sets(desk.holds())
    assert found == [
        {NTP_PATH: "new.example", AUTH_PATH: "2001"},
        {NTP_PATH: "new.example"},
        {AUTH_PATH: "2001"},
    ] or sorted(map(len, found)) == [1, 1, 2]
    assert desk.phone.model[AUTH_PATH][0] == "2001"
    assert desk.offered() == [{NTP: "new.example"}]
    assert desk.profile.refused_paths == (NTP_PATH,)


def test_a_value_that_is_refused_is_this_phones_own_affair(desk: Any) -> None:
    desk.phone.odd = refuses(9007, NTP_PATH)
    desk.desire({NTP: "new.example"})
    desk.holds()
    assert desk.profile.refused_paths == ()
    assert desk.offered() == [{NTP: "new.example"}]
    assert desk.state.by_file == (NTP_PATH,)
    desk.phone.odd = lambda request: NotImplemented
    desk.transfers()
    desk.desire({NTP: "newer.example"})
    desk.holds()
    assert desk.phone.model[NTP_PATH][0] == "newer.example"  # another value is another try


def test_a_set_that_is_too_much_for_the_moment_is_tried_again_later(desk: Any, sets: Any) -> None:
    desk.phone.odd = refuses(9004, NTP_PATH, named=False)
    desk.desire({NTP: "new.example"})
    assert len(sets(desk.holds())) == 1
    assert (desk.profile.refused_paths, desk.offered()) == ((), [])
    desk.phone.odd = lambda request: NotImplemented
    assert sets(desk.holds()) == [{NTP_PATH: "new.example"}]


def test_a_phone_that_takes_a_value_and_shows_another_is_not_asked_for_ever(desk: Any, sets: Any) -> None:
    desk.phone.odd = lambda request: (
        m.SetParameterValuesResponse(0) if isinstance(request, m.SetParameterValues) else NotImplemented
    )
    desk.desire({NTP: "new.example"})
    assert len(sets(desk.holds())) == 1
    assert desk.state.settled == "differs"
    assert desk.state.problems == {NTP: "the phone took it, but reads back 'old.example'"}
    assert desk.differs() == {NTP: "refused"}
    for _ in range(10):
        assert desk.holds(later=300) == []
    assert len(sets(desk.holds(later=LOOK_AGAIN))) == 1  # a day later once more


def test_a_word_of_the_operator_has_it_tried_at_once(desk: Any, sets: Any) -> None:
    desk.phone.odd = lambda request: (
        m.SetParameterValuesResponse(0) if isinstance(request, m.SetParameterValues) else NotImplemented
    )
    desk.desire({NTP: "new.example"})
    desk.holds()
    desk.phone.odd = lambda request: NotImplemented
    desk.notes = OperatorNotes(apply_at=desk.now + 1)
    assert sets(desk.holds()) == [{NTP_PATH: "new.example"}]
    assert desk.differs() == {}


# --- secrets ------------------------------------------------------------------------------------------------


def test_a_secret_is_sent_once_though_it_reads_back_as_nothing(desk: Any, sets: Any) -> None:
    desk.desire({PASSWORD: "hush-hush"})
    assert sets(desk.holds()) == [{PASSWORD_PATH: "hush-hush"}]
    assert (desk.state.settled, desk.differs()) == ("converged", {})
    assert sets(desk.holds("1 BOOT")) == []
    assert sets(desk.holds(later=LOOK_AGAIN + 1)) == []
    desk.desire({PASSWORD: "another"})
    assert sets(desk.holds()) == [{PASSWORD_PATH: "another"}]
    assert not any("hush" in text or "another" in text for text in desk.texts())
    assert "another" not in desk.known[PASSWORD].value


def test_a_reset_phone_gets_its_secrets_again(desk: Any, sets: Any) -> None:
    desk.desire({PASSWORD: "hush-hush"})
    desk.holds()
    asked = desk.holds("0 BOOTSTRAP", "1 BOOT")
    asked += desk.holds()
    assert sets(asked) == [{PASSWORD_PATH: "hush-hush"}]


# --- files --------------------------------------------------------------------------------------------------


def test_what_no_parameter_carries_goes_in_one_file(desk: Any, sets: Any) -> None:
    desk.desire({JITTER: "250", "voice.jib.min": "60", NTP: "new.example"})
    asked = desk.holds()
    assert names(asked) == ["SetParameterValues", "GetParameterValues", "Download"]
    assert desk.file().splitlines()[1:] == ["voice.jib.min = 60", "voice.jib.max = 250"]
    assert desk.differs() == {JITTER: "under_way", "voice.jib.min": "under_way"}
    assert desk.holds() == []  # it may still come
    desk.transfers()
    assert (desk.state.settled, desk.differs()) == ("converged", {})
    assert len(desk.tasks) == 1


def test_a_file_that_failed_is_offered_again_with_growing_pauses(desk: Any) -> None:
    desk.desire({JITTER: "250"})
    desk.holds()
    desk.transfers(fault=9010)
    offers = []
    for _ in range(60):
        desk.holds(later=60)
        open_ones = [task for task in desk.tasks.values() if task.open]
        if open_ones:
            offers.append(desk.now)
            desk.transfers(fault=9010)
    assert desk.state.settled == "differs"
    assert 2 <= len(offers) <= 8
    pauses = [later - earlier for earlier, later in pairwise(offers)]
    assert pauses == sorted(pauses)


def test_a_phone_without_download_waits_for_its_provisioning(desk: Any) -> None:
    methods = tuple(one for one in desk.profile.methods if one != "Download")
    key = desk.device.model_key
    desk.profiles[key] = structs.replace(desk.profile, methods=methods)
    desk.desire({JITTER: "250"})
    assert desk.holds() == []
    assert (desk.state.settled, list(desk.tasks)) == ("differs", [])
    assert "provisioning" in desk.state.problems[JITTER]


def test_a_phones_own_methods_count_before_its_models(desk: Any) -> None:
    own = tuple(one for one in desk.profile.methods if one != "Download")
    desk.device = structs.replace(desk.device, methods=own)
    desk.desire({JITTER: "250"})
    assert desk.holds() == []
    assert "provisioning" in desk.state.problems[JITTER]


def test_an_upload_shows_what_was_altered_and_it_is_sent_again(desk: Any) -> None:
    desk.desire({JITTER: "250"})
    desk.holds()
    desk.transfers()
    desk.uploads({JITTER: "77"})
    assert desk.differs() == {JITTER: "due"}
    desk.holds("7 TRANSFER COMPLETE", ("M Upload", "x"))
    assert desk.offered()[-1] == {JITTER: "250"}
    desk.transfers()
    assert desk.differs() == {}


def test_a_key_that_an_upload_leaves_out_is_as_the_factory_made_it(desk: Any) -> None:
    desk.uploads({"lang.gui": "English"})
    desk.desire({JITTER: "300", "voice.jib.min": "61"})  # 300 is the factory's
    assert desk.differs() == {"voice.jib.min": "due"}


def test_templates_without_their_attribute_are_problems_and_not_sent(desk: Any, sets: Any) -> None:
    desk.desire({AUTH: "{{ extension }}", NTP: "new.example"})
    assert sets(desk.holds()) == [{NTP_PATH: "new.example"}]
    assert desk.state.settled == "differs"
    assert "extension" in desk.state.problems[AUTH]
    desk.notes = OperatorNotes(attributes={"extension": "2001"})
    assert sets(desk.holds()) == [{AUTH_PATH: "2001"}]
    assert desk.state.settled == "converged"


# --- reboots ------------------------------------------------------------------------------------------------


def test_what_reboots_waits_and_the_rest_does_not(desk: Any) -> None:
    desk.desire({REBOOTS: "0", JITTER: "250"})
    desk.holds()
    assert desk.offered() == [{JITTER: "250"}]
    desk.transfers()
    assert (desk.state.settled, desk.differs()) == ("deferred", {REBOOTS: "waits"})
    assert desk.holds() == []


def test_now_lets_it_go(desk: Any) -> None:
    desk.desire({REBOOTS: "0"}, now=True)
    desk.holds()
    assert desk.offered() == [{REBOOTS: "0"}]


def test_a_word_to_reboot_holds_for_one_pass(desk: Any) -> None:
    desk.desire({REBOOTS: "0"})
    desk.holds()
    desk.notes = OperatorNotes(apply_at=desk.now + 1, apply_now=True)
    desk.holds()
    assert desk.offered() == [{REBOOTS: "0"}]
    desk.transfers()
    desk.holds("1 BOOT")
    assert desk.state.settled == "converged"
    desk.desire({REBOOTS: "1", JITTER: "250"})
    desk.holds()
    desk.transfers()  # the file of the key that does not reboot
    assert desk.state.settled == "deferred"
    assert desk.offered() == [{REBOOTS: "0"}, {JITTER: "250"}]


def test_a_phone_that_boots_over_its_file_is_not_sent_it_again(desk: Any) -> None:
    desk.desire({REBOOTS: "0"}, now=True)
    desk.holds()
    desk.transfers()
    for _ in range(5):
        assert "Download" not in names(desk.holds("1 BOOT"))
    assert len(desk.tasks) == 1


# --- calls --------------------------------------------------------------------------------------------------

CALL_STATE = "Device.Services.VoiceService.1.VoiceProfile.1.Line.1.CallState"


def lift(desk: Any, state: str) -> None:
    """From now on the phone's line is in this state."""
    desk.phone.model[CALL_STATE] = (state, "xsd:string")
    if CALL_STATE not in desk.tree:
        desk.phone.methods = (*desk.phone.methods, "ScheduleInform")
        desk.profiles.clear()
        desk.learnt(desk.phone)


def test_a_phone_in_a_call_is_not_sent_what_reboots_it_nor_a_file(desk: Any) -> None:
    lift(desk, "InCall")
    desk.desire({REBOOTS: "0", NTP: "ntp.example"}, now=True)
    asked = names(desk.holds())
    assert asked[-2:] == ["GetParameterValues", "ScheduleInform"]
    assert "SetParameterValues" in asked, "what disturbs nobody does not wait"
    assert "Download" not in asked
    assert desk.state.call == "line 1 is in a call (InCall)"
    assert desk.texts("config")[-1] == "Configuration waits: line 1 is in a call (InCall)"
    assert desk.state.settled != "deferred", "the word to reboot holds on"
    assert desk.holds(later=30) == []
    lift(desk, "Idle")
    asked = names(desk.holds("3 SCHEDULED", ("M ScheduleInform", ""), later=300))
    assert asked[-2:] == ["GetParameterValues", "Download"]
    assert desk.offered() == [{REBOOTS: "0"}]
    assert desk.state.call == ""
    desk.transfers()
    assert desk.state.settled == "converged"


def test_a_phone_is_asked_once_a_session_whether_it_is_in_a_call(desk: Any) -> None:
    lift(desk, "Idle")
    desk.desire({JITTER: "250"})
    assert names(desk.holds())[-2:] == ["GetParameterValues", "Download"]
    asked = desk.transfers()
    assert not any(CALL_STATE in one.parameter_names for one in asked if hasattr(one, "parameter_names"))


def test_where_the_phone_cannot_be_told_to_call_again_it_is_asked_when_it_calls(desk: Any) -> None:
    lift(desk, "Ringing")
    desk.phone.methods = tuple(one for one in desk.phone.methods if one != "ScheduleInform")
    desk.profiles.clear()
    desk.learnt(desk.phone)
    desk.desire({JITTER: "250"})
    assert names(desk.holds())[-1] == "GetParameterValues"
    lift(desk, "Idle")
    assert names(desk.holds(later=301))[-1] == "Download"


# --- lost answers -------------------------------------------------------------------------------------------


def test_a_lost_answer_ends_the_pass_and_the_next_session_looks(desk: Any, sets: Any) -> None:
    desk.phone.odd = lambda request: None if isinstance(request, m.SetParameterValues) else NotImplemented
    desk.desire({NTP: "new.example"})
    desk.holds()
    desk.break_off()
    assert desk.state.tries == 1
    desk.phone.odd = lambda request: NotImplemented
    desk.phone.model[NTP_PATH] = ("new.example", "xsd:string")  # it took it after all
    asked = desk.holds()
    assert (sets(asked), names(asked)) == ([], ["GetParameterValues"])
    assert desk.state.settled == "converged"


def test_a_phone_that_never_answers_is_asked_less_and_less(desk: Any, sets: Any) -> None:
    desk.phone.odd = lambda request: None if isinstance(request, m.SetParameterValues) else NotImplemented
    desk.desire({NTP: "new.example"})
    tried = 0
    for _ in range(60):
        asked = sets(desk.holds(later=60))
        tried += len(asked)
        if asked:
            desk.break_off()
    assert 3 <= tried <= 8


# --- resets -------------------------------------------------------------------------------------------------


def test_what_was_sent_before_a_reset_is_gone_and_what_was_fetched_after_it_is_there(desk: Any) -> None:
    desk.desire({JITTER: "250", "voice.jib.min": "60"})
    desk.holds()
    desk.transfers()
    fetched = proved({JITTER: "250"}, lambda key: False, at=desk.now + 50, proof=Proof.FETCHED, salt="s")
    desk.known = {**desk.known, **fetched}
    desk.holds("0 BOOTSTRAP", "1 BOOT")
    desk.holds()
    assert desk.offered()[-1] == {"voice.jib.min": "60"}


def test_a_reset_that_is_told_twice_is_one_reset(desk: Any) -> None:
    desk.desire({JITTER: "250"})
    desk.holds()
    desk.transfers()
    fetched = proved({JITTER: "250"}, lambda key: False, at=desk.now + 50, proof=Proof.FETCHED, salt="s")
    desk.known = {**desk.known, **fetched}
    desk.inform("0 BOOTSTRAP", "1 BOOT", phone=desk.phone)
    desk.inform("0 BOOTSTRAP", "1 BOOT", phone=desk.phone, retry=1)
    desk.goes_on()
    desk.holds()
    assert len(desk.tasks) == 1
