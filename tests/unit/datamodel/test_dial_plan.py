"""What a phone dials, by the guide's own examples and by the limits that it sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.datamodel.dial_patterns import BadPattern, check_replacement, foreign_signs, read_pattern, replaced
from acs.datamodel.dial_plan import AreaCode, BadRule, DialPlan, block_rule, dial, read_lines, replace_rule
from acs.datamodel.dial_plan_keys import from_keys


def fits(pattern, number):
    return read_pattern(pattern).match(number) is not None


# --- patterns -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("12.", ["123", "1234", "12345", "12abc"]),
        ("12x", ["121", "122", "123", "12a"]),
        ("[5-7]", ["5", "6", "7"]),
        ("[2,5,8]", ["2", "5", "8"]),
        ("91[5-7]1234", ["9151234", "9161234", "9171234"]),
        ("([1-9])([2-7])3", ["923", "153", "673"]),
        ("52[0-6]", ["520", "526"]),
        ("xxxxxx", ["123456"]),
        ("1234", ["1234"]),
        ("[1-3,7,*]", ["1", "3", "7", "*"]),
        ("[139]", ["1", "3", "9"]),
    ],
)
def test_the_guides_examples_fit(pattern, numbers):
    assert [number for number in numbers if not fits(pattern, number)] == []


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("12.", ["12", "1", "13", "0123"]),
        ("12x", ["12", "1234"]),
        ("[5-7]", ["4", "8", "-", "55", ""]),
        ("[2,5,8]", [",", "3"]),
        ("91[5-7]1234", ["9181234", "91512345"]),
        ("1234", ["123", "12345", "01234"]),
        ("1-2", ["1", "2"]),
    ],
)
def test_what_does_not_fit(pattern, numbers):
    assert [number for number in numbers if fits(pattern, number)] == []


def test_signs_of_other_pattern_languages_stand_for_themselves():
    assert fits("1?2", "1?2")
    assert not fits("1?2", "2")
    assert fits("*21*.#", "*21*100#")
    assert foreign_signs("1|2^") == "|^"
    assert foreign_signs("*#+12") == ""


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "is blank"),
        ("  ", "is blank"),
        ("[12", "[ without a ]"),
        ("12]", "] without a ["),
        ("(12", "( without a )"),
        ("12)", ") without a ("),
        ("1()2", "empty group"),
        ("1[]2", "empty set"),
        ("[,]", "empty set"),
        ("[7-5]", "does not run upwards"),
        ("[5-]", "without its last end"),
        ("[-5]", "without its first end"),
        ("[[1]", "inside"),
    ],
)
def test_a_pattern_that_says_nothing_is_refused(pattern, said):
    with pytest.raises(BadPattern) as refused:
        read_pattern(pattern)
    assert said in str(refused.value)


def test_groups_are_numbered_by_their_opening_and_may_nest():
    assert read_pattern("0((x)x)(.)").match("01234") == ("12", "1", "34")


def test_the_number_of_a_group_is_one_digit():
    pattern = read_pattern("001(xxx)45(xx)")
    check_replacement("9001$145$2", pattern)
    assert replaced("9001$145$2", ("235", "99")) == "90012354599"


@pytest.mark.parametrize(
    ("replacement", "said"), [("$3", "2 groups"), ("$", "1 to 9"), ("$0", "1 to 9"), ("$x", "1 to 9")]
)
def test_a_replacement_that_names_no_group_is_refused(replacement, said):
    with pytest.raises(BadPattern) as refused:
        check_replacement(replacement, read_pattern("(x)(x)"))
    assert said in str(refused.value)


@given(st.text("0123456789.x[](),-$", max_size=40), st.text("0123456789", max_size=20))
def test_any_text_is_a_pattern_or_refused(pattern, number):
    try:
        compiled = read_pattern(pattern)
    except BadPattern:
        return
    groups = compiled.match(number)
    assert groups is None or all(group in number for group in groups)


def test_no_pattern_stalls():
    assert not fits("." * 250 + "a", "1" * 250)
    assert fits("(.)" * 9, "1" * 250)


# --- plans ----------------------------------------------------------------------------------------------


def dialled(number, keys):
    plan, bad = from_keys(keys)
    assert not bad
    return dial(plan, number).dialled


def test_the_guides_replace_rule():
    plan = DialPlan(replace=(replace_rule("001(xxx)45(xx)", "9001$145$2"),))
    outcome = dial(plan, "0012354599")
    assert outcome.dialled == "90012354599"
    assert "$1 = 235, $2 = 99" in outcome.steps[0].text


GUIDE_FILE = (
    ("1", "05928665234"),
    ("2(xx)", "002$1"),
    ("5([6-9])(.)", "3$2"),
    ("0(.)", "9$1"),
    ("1009", "05921009"),
)


@pytest.mark.parametrize(
    ("entered", "result"),
    [
        ("1", "05928665234"),
        ("1009", "05921009"),
        ("234", "00234"),
        ("2345", "2345"),
        ("57123", "3123"),
        ("55123", "55123"),
        ("0212345", "9212345"),
        ("0", "0"),
    ],
)
def test_the_guides_file_of_replace_rules(entered, result):
    plan = DialPlan(replace=tuple(replace_rule(*rule) for rule in GUIDE_FILE))
    assert dial(plan, entered).dialled == result


def test_the_first_of_several_rules_counts_and_the_doubt_is_told():
    plan = DialPlan(replace=(replace_rule("1x", "2"), replace_rule("12", "3")))
    outcome = dial(plan, "12")
    assert outcome.dialled == "2"
    assert "12 would fit too" in outcome.steps[0].text


def test_a_rule_of_one_line_leaves_the_others_alone():
    plan = DialPlan(replace=(replace_rule("12", "34", "1,3"),))
    assert [dial(plan, "12", line=line).dialled for line in (1, 2, 3)] == ["34", "12", "34"]
    everywhere = DialPlan(replace=(replace_rule("12", "34", "0"),))
    assert dial(everywhere, "12", line=2).dialled == "34"


def test_a_blocked_number_is_not_dialled_whatever_else_fits():
    plan = DialPlan(
        block_out=(block_rule("1234"),), replace=(replace_rule("1234", "5"),), dial_now=(block_rule("1234"),)
    )
    outcome = dial(plan, "1234")
    assert (outcome.dialled, outcome.automatic) == (None, False)
    assert dial(plan, "12345").dialled == "12345"


@pytest.mark.parametrize(
    ("entered", "result"), [("12", "12"), ("123", "010123"), ("12345", "01012345"), ("123456", "123456")]
)
def test_the_area_code_goes_before_numbers_of_its_lengths(entered, result):
    plan = DialPlan(area_code=AreaCode("010", 3, 5))
    assert dial(plan, entered).dialled == result


def test_a_replaced_number_gets_no_area_code_and_the_step_says_so():
    plan = DialPlan(replace=(replace_rule("12", "3"),), area_code=AreaCode("010"))
    outcome = dial(plan, "12")
    assert outcome.dialled == "3"
    assert any("assumed" in step.text for step in outcome.steps)


def test_a_dial_now_rule_spares_the_send_key():
    plan = DialPlan(dial_now=(block_rule("52[0-6]"),), dial_now_delay=4)
    outcome = dial(plan, "523")
    assert (outcome.dialled, outcome.automatic) == ("523", True)
    assert "4 s" in outcome.steps[0].text
    assert not dial(plan, "527").automatic


def test_a_number_that_fits_too_early_is_told():
    outcome = dial(DialPlan(dial_now=(block_rule("123"),)), "12345")
    assert not outcome.automatic
    assert (outcome.steps[0].entered, outcome.steps[0].rule) == ("123", "123")


# --- keys -----------------------------------------------------------------------------------------------


def test_keys_make_a_plan():
    assert (
        dialled("00", {"dialplan.replace.prefix.1": "00", "dialplan.replace.replace.1": "123456"}) == "123456"
    )
    assert dialled("55", {"dialplan.area_code.code": "010"}) == "01055"
    assert dialled("1234", {"dialplan.block_out.number.10": "1234"}) is None


def test_keys_bind_rules_to_lines():
    plan, bad = from_keys(
        {
            "dialplan.replace.prefix.100": "1",
            "dialplan.replace.replace.100": "2",
            "dialplan.replace.line_id.100": "2",
            "dialplan.dialnow.rule.1": "1",
            "dialplan.dialnow.line_id.1": "1",
            "phone_setting.dialnow_delay": "7",
        }
    )
    assert not bad
    assert plan.dial_now_delay == 7
    first, second = dial(plan, "1", line=1), dial(plan, "1", line=2)
    assert (first.dialled, first.automatic, second.dialled, second.automatic) == ("1", True, "2", False)


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        ({"dialplan.replace.prefix.3": "(1"}, "dialplan.replace.prefix.3"),
        (
            {"dialplan.replace.prefix.3": "1", "dialplan.replace.replace.3": "$1"},
            "dialplan.replace.replace.3",
        ),
        (
            {"dialplan.replace.prefix.3": "1", "dialplan.replace.line_id.3": "one"},
            "dialplan.replace.line_id.3",
        ),
        ({"dialplan.dialnow.rule.7": "[1"}, "dialplan.dialnow.rule.7"),
        ({"dialplan.block_out.number.1": "1]"}, "dialplan.block_out.number.1"),
        ({"dialplan.area_code.code": "1", "dialplan.area_code.min_len": "16"}, "dialplan.area_code.min_len"),
        (
            {
                "dialplan.area_code.code": "1",
                "dialplan.area_code.min_len": "5",
                "dialplan.area_code.max_len": "5",
            },
            "dialplan.area_code.max_len",
        ),
        ({"dialplan.area_code.code": "1", "dialplan.area_code.line_id": "x"}, "dialplan.area_code.line_id"),
        ({"phone_setting.dialnow_delay": "15"}, "phone_setting.dialnow_delay"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named_by_its_key(keys, field):
    _, bad = from_keys(keys)
    assert [rule.field for rule in bad] == [field]


def test_keys_beyond_the_limits_of_the_phone_are_no_rules():
    plan, _ = from_keys({"dialplan.block_out.number.11": "1", "dialplan.dialnow.rule.101": "1"})
    assert plan == DialPlan()


@pytest.mark.parametrize("text", ["x", "1;2", "-1", "1,,2"])
def test_lines_are_numbers(text):
    with pytest.raises(BadRule):
        read_lines(text)
