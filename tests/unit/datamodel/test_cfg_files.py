"""Configuration files: what is read from any bytes, what is said of each line, and what is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.datamodel import cfg_files, key_loading
from acs.datamodel.cfg_files import UnwritableValue
from acs.datamodel.key_values import Severity

KEYS = key_loading.shipped()


def complaints(content: bytes | str):
    raw = content.encode() if isinstance(content, str) else content
    return [(one.line, one.key, one.severity.value) for one in cfg_files.check(raw, KEYS)]


# --- reading ------------------------------------------------------------------------------------------------


def test_comments_blank_lines_and_the_version_are_no_assignments():
    file = cfg_files.read(b"#!version:1.0.0.1\n\n# voice.vad = 0\n   \nvoice.vad = 1\n")
    assert file.values == {"voice.vad": "1"}
    assert file.findings == ()
    assert file.lines[0].number == 5


def test_what_stands_within_a_value_is_kept():
    file = cfg_files.read(b"a.b = x  y = z # w\nc.d=\ne.f =g\n  h.i\t=\t two words \t\n")
    assert file.values == {"a.b": "x  y = z # w", "c.d": "", "e.f": "g", "h.i": "two words"}


@pytest.mark.parametrize(
    "content", ["\ufeff#!version:1.0.0.1\r\nvoice.vad = 1\r\n", "\r\rvoice.vad = 1", "\n\nvoice.vad = 1"]
)
def test_a_bom_and_any_line_ends_are_tolerated(content):
    assert complaints(content) == []
    assert cfg_files.read(content.encode()).values == {"voice.vad": "1"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("voice.vad", "no equal sign"),
        ("voice.vad: 1", "no equal sign"),
        ("= 1", "no key"),
        ("voice vad = 1", "cannot be a key"),
        ("[ voice ]", "no equal sign"),
    ],
)
def test_a_line_that_is_none_is_told_with_what_is_expected(line, said):
    (found,) = cfg_files.read(f"\n{line}\n".encode()).findings
    assert (found.line, found.severity) == (2, Severity.ERROR)
    assert said in found.message
    assert "expected `key = value`" in found.message


def test_a_line_without_an_equal_sign_may_have_a_password_and_is_not_repeated():
    (found,) = cfg_files.read(b"account.1.password s3cret").findings
    assert "s3cret" not in found.message


def test_a_line_that_is_no_utf8_is_told_and_the_others_are_read():
    file = cfg_files.read(b"voice.vad = 1\na.b = M\xfcller\nc.d = 2\n")
    assert file.values == {"voice.vad": "1", "c.d": "2"}
    assert [(found.line, found.severity) for found in file.findings] == [(2, Severity.ERROR)]
    assert "UTF-8" in file.findings[0].message


def test_a_file_that_is_no_text_is_told_once():
    (found,) = cfg_files.read(bytes(range(256)) * 8).findings
    assert "no text" in found.message
    assert "decrypt" in found.message


def test_a_version_below_the_first_line_is_of_no_use():
    assert complaints("\n#!version:1.0.0.1\n") == [(2, "", "warning")]


def test_the_last_of_two_lines_counts_and_is_told():
    content = "voice.vad = 0\n\nvoice.vad = 1\n"
    assert cfg_files.read(content.encode()).values == {"voice.vad": "1"}
    (found,) = cfg_files.check(content.encode(), KEYS)
    assert (found.line, found.severity) == (3, Severity.WARNING)
    assert "line 1" in found.message


def test_passwords_of_two_users_are_not_twice_the_same():
    two = "security.user_password = user:abc\nsecurity.user_password = admin:abc\n"
    assert complaints(two) == []
    assert complaints(two + "security.user_password = admin:abcd\n") == [
        (3, "security.user_password", "warning")
    ]


def test_both_passwords_of_a_layer_are_lines_of_one_name():
    both = {"security.user_password:user": "user:abc", "security.user_password:admin": "admin:x:y"}
    content = cfg_files.write(both, KEYS)
    assert content.decode().splitlines()[1:] == [
        "security.user_password = admin:x:y",
        "security.user_password = user:abc",
    ]
    assert cfg_files.check(content, KEYS) == []
    assert complaints("security.user_password:user = user:abc\n") == [
        (1, "security.user_password:user", "warning")
    ]


@given(st.binary())
def test_nothing_that_can_be_in_a_file_is_too_much(content):
    file = cfg_files.read(content)
    assert all(finding.line >= 1 for finding in cfg_files.check_file(file, KEYS))


# --- checks -------------------------------------------------------------------------------------------------

#: a line that is wrong, with the key it names and words of what is said
WRONG_LINES = [
    ("voice.vad = yes", "voice.vad", "0 (Disabled)"),
    ("account.1.transport = UDP", "account.1.transport", "0 (UDP)"),
    ("auto_redial.times = 301", "auto_redial.times", "1 to 300"),
    ("auto_redial.times = ten", "auto_redial.times", "1 to 300"),
    ("network.internet_port.ip = 192.168.1", "network.internet_port.ip", "IPv4"),
    ("network.ipv6_internet_port.ip = 192.168.1.1", "network.ipv6_internet_port.ip", "IPv6"),
    ("local_time.ntp_server1 = http://pool.example", "local_time.ntp_server1", "domain name"),
    ("firmware.url = gopher://192.168.1.20/x.rom", "firmware.url", "http://"),
    ("auto_provision.aes_key_16.com = short", "auto_provision.aes_key_16.com", "16"),
    ("local_time.time_zone = 25", "local_time.time_zone", "+8"),
    ("voice.jib.max = 401", "voice.jib.max", "0 to 400"),
    ("account.9.transport = 1", "account.9.transport", "X = 1"),
    ("programablekey.8.type = 0", "programablekey.8.type", "1-6, 9, 13"),
    (
        "multicast.listen_address.1.ip_address = 224.5.6.20:99999",
        "multicast.listen_address.1.ip_address",
        "port",
    ),
    ("account.1.sip_server.1.failback_timeout = 30", "account.1.sip_server.1.failback_timeout", "60"),
]


@pytest.mark.parametrize(("line", "key", "allowed"), WRONG_LINES)
def test_a_wrong_value_is_told_with_its_line_key_and_what_is_allowed(line, key, allowed):
    findings = cfg_files.check(f"#!version:1.0.0.1\n# a comment\n{line}\n".encode(), KEYS)
    assert [(found.line, found.key, found.severity) for found in findings] == [(3, key, Severity.ERROR)]
    found = findings[0]
    listed = found.allowed if isinstance(found.allowed, str) else ", ".join(found.allowed)
    assert allowed in f"{found.message} {listed}"
    assert found.section


def test_all_wrong_lines_of_one_file_are_told_in_their_order():
    content = "\n".join(line for line, _, _ in WRONG_LINES)
    findings = cfg_files.check(content.encode(), KEYS)
    errors = [found.line for found in findings if found.severity is Severity.ERROR]
    assert errors == list(range(1, len(WRONG_LINES) + 1))
    assert cfg_files.failed(findings)


def test_an_unknown_key_is_kept_and_flagged_with_what_was_meant():
    content = b"voice.jib.mx = 3\nours.alone = 1\n"
    assert cfg_files.read(content).values == {"voice.jib.mx": "3", "ours.alone": "1"}
    first, second = cfg_files.check(content, KEYS)
    assert (first.severity, second.severity) == (Severity.WARNING, Severity.WARNING)
    assert "voice.jib.max" in first.allowed
    assert "did you mean voice.jib.max" in first.message
    assert second.allowed == []
    assert not cfg_files.failed([first, second])


def test_in_a_file_of_another_model_suggestions_end_and_findings_do_not():
    content = "".join(f"voice.jib.mx{number} = 1\n" for number in range(60)).encode()
    findings = cfg_files.check(content, KEYS)
    assert len(findings) == 60
    assert [bool(found.allowed) for found in findings] == [True] * 50 + [False] * 10


def test_a_name_that_broke_at_a_dot_is_read_and_flagged():
    content = b"action_url. mute = http://192.0.2.1/\n"
    assert cfg_files.read(content).values == {"action_url.mute": "http://192.0.2.1/"}
    assert complaints(content) == [(1, "action_url.mute", "warning")]


# --- writing ------------------------------------------------------------------------------------------------

NAMES = st.one_of(
    st.sampled_from(sorted(use.name for key in KEYS for use in key.uses())),
    st.from_regex(r"[a-z_]{1,8}(\.[a-z0-9_]{1,8}){0,3}", fullmatch=True),
)
VALUES = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=("Cs",)), max_size=40).map(
    lambda text: text.strip(" \t")
)
TABLES = st.dictionaries(NAMES, VALUES, max_size=20)


@given(TABLES)
def test_what_is_written_is_read_again(values):
    file = cfg_files.read(cfg_files.write(values, KEYS))
    assert file.values == values
    assert file.findings == ()


@given(TABLES, st.randoms(use_true_random=False))
def test_the_same_values_give_the_same_bytes_in_whatever_order_they_come(values, random):
    names = list(values)
    random.shuffle(names)
    assert cfg_files.write({name: values[name] for name in names}, KEYS) == cfg_files.write(values, KEYS)


def test_a_file_begins_with_its_version_and_follows_the_catalogue():
    first, second = KEYS.keys[0].name, KEYS.keys[1].name
    account = [use.name for use in KEYS.key("programablekey.X.type").uses()]
    values = {"zz.unknown": "1", "aa.unknown": "", second: "1", account[-1]: "0", account[1]: "2", first: "0"}
    lines = cfg_files.write(values, KEYS).decode().split("\n")
    assert lines[:3] == ["#!version:1.0.0.1", f"{first} = 0", f"{second} = 1"]
    assert lines[3:] == [f"{account[1]} = 2", f"{account[-1]} = 0", "aa.unknown =", "zz.unknown = 1", ""]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("voice.vad", "1\nvoice.jib.max = 3", "voice.vad"),
        ("voice.vad", " 1", "voice.vad"),
        ("voice.vad", "1\0", "voice.vad"),
        ("voice vad", "1", "voice vad"),
        ("#voice.vad", "1", "#voice.vad"),
        ("voice.vad=1", "1", "voice.vad=1"),
        ("", "1", "key"),
    ],
)
def test_what_no_line_can_hold_is_not_written(name, value, said):
    with pytest.raises(UnwritableValue, match=said):
        cfg_files.write({name: value}, KEYS)


def test_a_zero_byte_in_a_value_is_told_once():
    found = cfg_files.check(b"local_time.time_zone_name = a\0b\n", KEYS)
    assert [(one.line, one.message) for one in found] == [
        (1, "the value has a zero byte in it; expected text")
    ]
