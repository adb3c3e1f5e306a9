"""Each rule of the guide about resource files can fail, on the right line; its own examples pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.datamodel.resources import KINDS, UnknownKind, check, kind_of, recognised
from acs.datamodel.resources.checking import read_root
from acs.datamodel.resources.dial_rules import dial_now_rules, replace_rules

from .guide_examples import EXAMPLES, LOCAL_CONTACTS  # isort: skip


def complaints(kind, text):
    content = text if isinstance(text, bytes) else text.encode()
    return [(one.line, str(one.severity), one.where, one.message) for one in check(KINDS[kind], content)]


def errors(kind, text):
    return [(line, where) for line, severity, where, _ in complaints(kind, text) if severity == "error"]


def warnings(kind, text):
    return [(line, where) for line, severity, where, _ in complaints(kind, text) if severity == "warning"]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_guides_examples_pass(kind):
    assert complaints(kind, EXAMPLES[kind]) == []
    assert recognised(EXAMPLES[kind]) is KINDS[kind]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_declaration_mark_and_comments_do_no_harm(kind):
    content = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\n<!-- ours -->\n' + EXAMPLES[kind]
    assert complaints(kind, content) == []
    assert recognised(content) is KINDS[kind]


def test_every_kind_has_a_schema_and_a_key_but_departments():
    assert len(KINDS) == 13
    assert [kind.name for kind in KINDS.values() if not kind.key] == ["phone-book-department"]
    for kind in KINDS:
        assert errors(kind, "<nothing/>") == [(1, "nothing")]


def test_an_unknown_kind_is_told_with_those_there_are():
    with pytest.raises(UnknownKind) as refused:
        kind_of("logo")
    assert "replace-rules" in str(refused.value)


# --- XML ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "no XML"),
        ("hello", 1, "no XML"),
        ('<DialRule>\n<Data Prefix="1" Replace="2"\n</DialRule>', 3, "no XML"),
        ("<DialRule>\n<Data Prefix=\u201d1\u201d Replace=\u201d2\u201d/>\n</DialRule>", 2, "typographic"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>\n<DialRule/>', 1, "document type"),
        ("<DialRule>&b;</DialRule>", 1, "no XML"),
    ],
)
def test_what_is_no_xml_is_told_with_its_line(text, line, said):
    found = complaints("replace-rules", text)
    assert [(place, said in message) for place, _, _, message in found][:1] == [(line, True)], found


def test_the_guides_contact_file_as_it_is_printed_is_told_why_it_fails():
    printed = LOCAL_CONTACTS.decode().replace(
        'ring="Resource:Ring1.wav"', "ring=\u201dResource:Ring1.wav\u201d"
    )
    assert [line for line, *_ in complaints("local-contacts", printed)] == [3]


def test_a_file_that_is_too_large_is_not_looked_at():
    assert errors("dial-now", b" " * (4 << 20) + b"<DialNow/>") == [(1, "")]


def test_line_ends_of_any_kind_count():
    text = '<DialNow>\r\n<Data DialNowRule="1"/>\r\n<Data DialNowRule="["/>\r\n</DialNow>'
    assert errors("dial-now", text) == [(3, "Data DialNowRule")]


def test_unknown_attributes_are_doubts_and_unknown_elements_errors():
    text = '<DialNow>\n<Data DialNowRule="1" Colour="red"/>\n<Rule/>\n</DialNow>'
    assert warnings("dial-now", text) == [(2, "Data Colour")]
    assert errors("dial-now", text) == [(3, "Rule")]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from(sorted(KINDS)))
def test_whatever_the_bytes_are_nothing_is_raised(content, kind):
    check(KINDS[kind], content)
    recognised(content)


@pytest.mark.parametrize(
    "text",
    [
        f'<DialRule><Data Prefix="{"x" * 100_000}" Replace="{"1" * 100_000}"/></DialRule>',
        f'<root_contact><contact display_name="a" ring="{"1" * 100_000}"/></root_contact>',
        f'<CallIn><Enable><Key Type="{"1" * 100_000}"/></Enable></CallIn>',
        f"<YealinkIPPhoneMenu><Title>a</Title><MenuItem><Name>b</Name><URL>{'1' * 100_000}</URL></MenuItem>"
        "</YealinkIPPhoneMenu>",
        f"<DialNow><Data DialNowRule='{'x' * 512}'/><{'a' * 40_000}/></DialNow>",
    ],
)
def test_messages_stay_short_whatever_they_are_about(text):
    found = check(recognised(text.encode()), text.encode())
    assert found
    assert all(len(str(finding)) < 1000 for finding in found)


def test_of_very_many_faults_the_first_are_told():
    many = "".join('<Data Prefix="" Replace="$"/>' for _ in range(100_000))
    assert 100 < len(complaints("replace-rules", f"<DialRule>{many}</DialRule>")) <= 2000


# --- rules of the dial plan -----------------------------------------------------------------------------


def rules(*rules_, root="DialRule"):
    return f"<{root}>\n" + "\n".join(f"<Data {rule}/>" for rule in rules_) + f"\n</{root}>"


def test_a_hundred_rules_and_no_more():
    assert errors("replace-rules", rules(*(f'Prefix="{n}" Replace="1"' for n in range(100)))) == []
    assert errors("replace-rules", rules(*(f'Prefix="{n}" Replace="1"' for n in range(103)))) == [
        (102, "Data")
    ]
    assert errors("dial-now", rules(*(f'DialNowRule="{n}"' for n in range(101)), root="DialNow")) == [
        (102, "Data")
    ]


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ('Prefix="" Replace="1"', "Data Prefix"),
        ('Prefix="  " Replace="1"', "Data Prefix"),
        ('Replace="1"', "Data Prefix"),
        ('Prefix="1"', "Data Replace"),
        ('Prefix="(1" Replace="1"', "Data Prefix"),
        ('Prefix="[3-1]" Replace="1"', "Data Prefix"),
        ('Prefix="1(x)" Replace="$2"', "Data Replace"),
        ('Prefix="1" Replace="$"', "Data Replace"),
        (f'Prefix="{"1" * 33}" Replace="1"', "Data Prefix"),
        (f'Prefix="1" Replace="{"1" * 33}"', "Data Replace"),
        ('Prefix="1" Replace="2" LineID="first"', "Data LineID"),
    ],
)
def test_a_replace_rule_can_be_wrong(rule, where):
    found = rules('Prefix="9" Replace="8"', rule)
    assert (3, where) in errors("replace-rules", found)
    assert errors("replace-rules", found) == [(3, where)]


@pytest.mark.parametrize("rule", ['DialNowRule=""', 'DialNowRule="1)"', f'DialNowRule="{"1" * 512}"'])
def test_a_dial_now_rule_can_be_wrong(rule):
    assert errors("dial-now", rules(rule, root="DialNow")) == [(2, "Data DialNowRule")]


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ('Prefix="9" Replace="7"', "Data Prefix"),
        ('Prefix="1|2" Replace="7"', "Data Prefix"),
        ('Prefix="1" Replace=""', "Data Replace"),
        ('Prefix="1" Replace="2" LineID="2"', "Data LineID"),
    ],
)
def test_a_replace_rule_can_be_doubtful(rule, where):
    text = rules('Prefix="9" Replace="8"', rule)
    assert (errors("replace-rules", text), warnings("replace-rules", text)) == ([], [(3, where)])


def test_rules_of_a_file_know_their_line():
    root = read_root(KINDS["replace-rules"], EXAMPLES["replace-rules"])
    assert [rule.origin for rule in replace_rules(root, "a.xml")][:2] == ["a.xml:2", "a.xml:3"]
    root = read_root(KINDS["dial-now"], rules('DialNowRule="1" LineID="2"', root="DialNow").encode())
    assert [(rule.lines, rule.origin) for rule in dial_now_rules(root, "b.xml")] == [((2,), "b.xml:2")]


# --- soft keys ------------------------------------------------------------------------------------------

#: the guide's table, "Softkey Layout": default keys first
STATES = {
    "softkeys-call-failed": ("CallFailed", {"": "NewCall Empty Switch Cancel"}),
    "softkeys-call-in": ("CallIn", {"": "Answer Forward Silence Reject Empty Switch"}),
    "softkeys-connecting": (
        "Connecting",
        {"Connecting": "Empty Cancel Switch", "SemiAttendTrans": "Transfer Empty Cancel Switch"},
    ),
    "softkeys-dialing": (
        "Dialing",
        {"": "Send IME Delete Cancel Empty History Directory Switch GPickup DPickup"},
    ),
    "softkeys-ring-back": (
        "RingBack",
        {"RingBack": "Empty Cancel Switch", "SemiAttendTransBack": "Transfer Empty Cancel Switch"},
    ),
    "softkeys-talking": (
        "Talking",
        {
            "Talk": "Transfer Hold Conference Cancel Empty Mute SWAP NewCall Switch Answer Reject "
            "Start_Record Pause_Record Resume_Record Stop_Record",
            "Hold": "Transfer Resume NewCall Cancel Empty Switch Answer Reject "
            "Start_Record Pause_Record Resume_Record Stop_Record",
            "Held": "Empty Cancel Switch Answer Reject NewCall "
            "Start_Record Pause_Record Resume_Record Stop_Record",
            "PreTrans": "Transfer IME Delete Cancel Empty Directory Switch Send",
            "Conferenced": "Empty Hold Split Cancel Switch Answer Reject Mute Manager "
            "Start_Record Pause_Record Resume_Record Stop_Record",
        },
    ),
}
PARTS = [
    (kind, root, part, [key.replace("_", " ") for key in keys.split()])
    for kind, (root, parts) in STATES.items()
    for part, keys in parts.items()
]
EVERY_KEY = sorted({key for *_, keys in PARTS for key in keys})


def layout(root, part, keys, listed="Enable"):
    inside = f"<{listed}>" + "".join(f'\n<Key Type="{key}"/>' for key in keys) + f"</{listed}>"
    return f"<{root}>{f'<{part}>{inside}</{part}>' if part else inside}</{root}>"


@pytest.mark.parametrize(("kind", "root", "part", "known"), PARTS)
def test_each_state_knows_the_keys_of_the_guides_table_and_no_others(kind, root, part, known):
    assert errors(kind, layout(root, part, known)) == []
    foreign = [key for key in EVERY_KEY if key not in known]
    assert errors(kind, layout(root, part, foreign)) == [
        (line, "Key Type") for line in range(2, len(foreign) + 2)
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        '<Enable>\n<Key Type=""/></Enable>',
        "<Enable>\n<Key/></Enable>",
        '<Enable>\n<Key Type="newcall"/></Enable>',
        '<Enable><Key Type="NewCall"/>\n<Key Type="NewCall"/></Enable>',
        '<Disable><Key Type="NewCall"/></Disable><Enable>\n<Key Type="NewCall"/></Enable>',
    ],
)
def test_a_key_can_be_wrong(wrong):
    assert errors("softkeys-call-failed", f"<CallFailed>{wrong}</CallFailed>") == [(2, "Key Type")]


def test_the_allowed_keys_are_listed():
    found = check(
        KINDS["softkeys-call-failed"], b'<CallFailed><Enable><Key Type="IME"/></Enable></CallFailed>'
    )
    assert found[0].allowed == ["NewCall", "Empty", "Switch", "Cancel"]
    assert "'IME'" in found[0].message


def test_a_state_is_laid_out_whole_or_by_its_parts():
    whole = layout("Talking", "", ["Resume", "Split"])
    assert errors("softkeys-talking", whole) == []
    lists = '<Enable><Key Type="Hold"/></Enable>'
    both = f"<Talking>{lists}<Talk>{lists}</Talk></Talking>"
    assert errors("softkeys-talking", both) == [(1, "Talking")]


def test_a_list_stands_once():
    assert errors("softkeys-call-in", "<CallIn><Enable/>\n<Enable/></CallIn>") == [(2, "Enable")]


# --- lists ----------------------------------------------------------------------------------------------


def item(name="localdirectory", shown="Local Directory", priority="1", enable="1"):
    return f'<item id_name="{name}" display_name="{shown}" priority="{priority}" enable="{enable}"/>'


HISTORY = item("history", "History", "2")


@pytest.mark.parametrize(
    ("second", "where"),
    [
        (item("contacts"), "item id_name"),
        (item("history", "", "1"), "item display_name"),
        (item("history", "History", "5"), "item priority"),
        (item("history", "History", "0"), "item priority"),
        (item("history", "History", "2", "yes"), "item enable"),
        (item(priority="2"), "item id_name"),
        ('<item id_name="history" display_name="History" priority="2"/>', "item enable"),
    ],
)
def test_a_list_can_be_wrong(second, where):
    text = f"<root_favorite_set>{item()}\n{second}</root_favorite_set>"
    assert errors("directory", text) == [(2, where)]


@pytest.mark.parametrize(
    ("second", "where"),
    [
        (item("history", "Calls", "2"), "item display_name"),
        (item("history", "History", "1"), "item priority"),
    ],
)
def test_a_list_can_be_doubtful(second, where):
    text = f"<root_favorite_set>{item()}\n{second}</root_favorite_set>"
    assert (errors("directory", text), warnings("directory", text)) == ([], [(2, where)])


def test_each_file_has_its_own_lists():
    assert errors("super-search", f"<root_super_search>{HISTORY}</root_super_search>") == [
        (1, "item id_name")
    ]


# --- contacts -------------------------------------------------------------------------------------------


def contacts(*lines, groups=()):
    group = f"<root_group>{''.join(groups)}</root_group>" if groups else ""
    return f"{group}<root_contact>\n" + "\n".join(lines) + "\n</root_contact>"


def contact(name="Ann", number="1", more=""):
    return f'<contact display_name="{name}" office_number="{number}" {more}/>'


@pytest.mark.parametrize(
    ("second", "where"),
    [
        (contact(""), "contact display_name"),
        (contact("   "), "contact display_name"),
        (contact("Ann"), "contact display_name"),
        ('<contact office_number="1"/>', "contact display_name"),
        (contact("Bob", more='ring="Resource:Ring6.wav"'), "contact ring"),
        (contact("Bob", more='ring="Resource:Ring0.wav"'), "contact ring"),
        (contact("Bob", more='ring="auto"'), "contact ring"),
        (contact("Bob", more='ring="Custom:a.mp3"'), "contact ring"),
        ("<person/>", "person"),
    ],
)
def test_a_contact_can_be_wrong(second, where):
    assert errors("local-contacts", contacts(contact(), second)) == [(3, where)]


@pytest.mark.parametrize(
    "ring", ["", "Auto", "Resource:Ring1.wav", "Resource:Ring5.wav", "Custom:My tune.wav"]
)
def test_ring_tones_of_every_form_pass(ring):
    assert complaints("local-contacts", contacts(contact(more=f'ring="{ring}"'))) == []


@pytest.mark.parametrize("group", ["", "All Contacts", "Friend", "Family", "Company", "Sales"])
def test_groups_of_the_phone_and_of_the_file_are_known(group):
    text = contacts(
        contact(more=f'group_id_name="{group}"'), groups=['<group display_name="Sales" ring=""/>']
    )
    assert complaints("local-contacts", text) == []


@pytest.mark.parametrize(
    ("second", "where"),
    [
        (contact("Bob", more='group_id_name="Sales"'), "contact group_id_name"),
        (contact("Bob", ""), "contact"),
    ],
)
def test_a_contact_can_be_doubtful(second, where):
    text = contacts(contact(), second)
    assert (errors("local-contacts", text), warnings("local-contacts", text)) == ([], [(3, where)])


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ('<group display_name=""/>', "group display_name"),
        ('<group display_name="Sales"/>', "group display_name"),
        ('<group display_name="Else" ring="loud"/>', "group ring"),
        ("<group/>", "group display_name"),
    ],
)
def test_a_group_can_be_wrong(wrong, where):
    text = f'<root_group><group display_name="Sales"/>\n{wrong}</root_group><root_contact/>'
    assert errors("local-contacts", text) == [(2, where)]


def test_a_thousand_contacts_and_no_more():
    many = [contact(f"n{number}") for number in range(1001)]
    assert errors("local-contacts", contacts(*many[:1000])) == []
    assert errors("local-contacts", contacts(*many)) == [(1002, "contact")]


def test_forty_eight_groups_with_the_phones_own_three_and_no_more():
    own = [f'<group display_name="{name}"/>' for name in ("Company", "Family", "Friend")]
    many = [f'\n<group display_name="g{number}"/>' for number in range(46)]
    assert errors("local-contacts", contacts(groups=many[:45])) == []
    assert errors("local-contacts", contacts(groups=own + many[:45])) == []
    assert errors("local-contacts", contacts(groups=many)) == [(47, "group")]


# --- phone books ----------------------------------------------------------------------------------------


def menu(*items, title="<Title>Us</Title>"):
    return f"<YealinkIPPhoneMenu>{title}\n" + "\n".join(items) + "\n</YealinkIPPhoneMenu>"


def department(name="Sales", url="http://a/b.xml", tag="MenuItem"):
    return f"<{tag}><Name>{name}</Name><URL>{url}</URL></{tag}>"


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        (department(""), "Name"),
        (department(url=""), "URL"),
        (department(url="b.xml"), "URL"),
        (department(url="http://a/b c"), "URL"),
        (department(url="http://a/" + "b" * 512), "URL"),
        ("<MenuItem><Name>Sales</Name></MenuItem>", "MenuItem"),
        ("<MenuItem><URL>http://a</URL></MenuItem>", "MenuItem"),
        ("<Department/>", "Department"),
    ],
)
def test_a_menu_entry_can_be_wrong(entry, where):
    assert errors("phone-book-menu", menu(entry)) == [(2, where)]


@pytest.mark.parametrize("title", ["", "<Title> </Title>"])
def test_a_menu_needs_its_title(title):
    assert errors("phone-book-menu", menu(department(), title=title)) != []


@pytest.mark.parametrize("second", [department(), department("F1", tag="SoftKeyItem")])
def test_a_menu_entry_can_be_doubtful(second):
    text = menu(department(), second)
    assert (errors("phone-book-menu", text), warnings("phone-book-menu", text)) == ([], [(3, "Name")])


def book(*entries):
    return "<YealinkIPPhoneDirectory>\n" + "\n".join(entries) + "\n</YealinkIPPhoneDirectory>"


def entry(name, *numbers):
    telephones = "".join(f"<Telephone>{number}</Telephone>" for number in numbers)
    return f"<DirectoryEntry><Name>{name}</Name>{telephones}</DirectoryEntry>"


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (entry("", "1"), "Name"),
        (entry("Ann"), "DirectoryEntry"),
        (entry("Ann", ""), "Telephone"),
        (entry("Ann", "1", "2", "3", "4"), "Telephone"),
        ("<DirectoryEntry><Telephone>1</Telephone></DirectoryEntry>", "Telephone"),
    ],
)
def test_an_entry_of_a_phone_book_can_be_wrong(wrong, where):
    assert errors("phone-book-department", book(wrong)) == [(2, where)]


def test_an_entry_of_a_phone_book_can_be_doubtful():
    text = book(entry("Ann", "1"), entry("Ann", "2"), entry("Bob", "1", "2"))
    assert errors("phone-book-department", text) == []
    assert warnings("phone-book-department", text) == [(3, "Name"), (4, "Telephone")]


def test_five_thousand_entries_and_no_more():
    many = [entry(f"n{number}", "1") for number in range(5001)]
    assert errors("phone-book-department", book(*many[:5000])) == []
    assert errors("phone-book-department", book(*many)) == [(5002, "DirectoryEntry")]
