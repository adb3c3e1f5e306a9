"""What each type of key takes and refuses, and which values mean the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.datamodel import key_loading, key_values
from acs.datamodel.key_values import Severity
from acs.datamodel.keys import KeyUse

TEXT = """
models = ["A1"]
source = "a test"
[[feature]]
name = "F"
section = "The Section"
"""

KINDS = {
    "on": 'type = "boolean"\nvalues = { "0" = "off", "1" = "on" }\ndefault = "0"',
    "mode": 'type = "enum"\nvalues = { "+8" = "east", "any" = "", "0" = "west" }\ndefault = "0"\n'
    'doubtful_values = { "7" = "the guide lists it elsewhere" }',
    "count": 'type = "integer"\nminimum = 10\nmaximum = 400\nsure_minimum = 20\nsure_maximum = 300\n'
    'special = ["0"]\ndefault = "100"',
    "offset": 'type = "integer"\nminimum = -5\nmaximum = 5\ndefault = ""',
    "factor": 'type = "float"\nminimum = 0.5\nmaximum = 2\ndefault = "1"',
    "text": 'type = "string"\nmax_length = 8\ndefault = "abc"',
    "key": 'type = "string"\nmin_length = 4\nmax_length = 4\npattern = "[0-9]+"\nallowed = "4 digits"\n'
    'default = "0000"\nsecret = true',
    "ip": 'type = "ip"\ndefault = ""',
    "ipv6_ip": 'type = "ip"\ndefault = ""',
    "host": 'type = "host"\nmax_length = 256\ndefault = "a.example"',
    "group": 'type = "host_port"\ndefault = ""',
    "url": 'type = "url"\nmax_length = 64\ndefault = ""',
    "options": 'type = "integer"\nminimum = 128\nmaximum = 254\nseparator = ","\nmax_items = 3\n'
    'default = "132"',
    "trusted": 'type = "host"\nseparator = " "\ndefault = ""',
    "row.X": 'type = "string"\nmin_length = 1\nindexes = { X = "1-3" }\ndefault = { "1" = "F1", "2" = "" }\n'
    'default_by = "X"',
    "login": 'type = "string"\nmin_length = 3\ndefault = { user = "user", admin = "admin" }\n'
    'default_by = "user name"\nsecret = true',
}

CATALOGUE = {
    key.name: key
    for key in key_loading.read(
        TEXT
        + "".join(
            f'[[feature.key]]\nname = "{name}"\n{kind}\nfile = "common"\ndescription = "It."\n'
            for name, kind in KINDS.items()
        ),
        "test.toml",
    )
}


def use(name: str, **indexes: int) -> KeyUse:
    return CATALOGUE[name].use(indexes)


GOOD = [
    ("on", "1"),
    ("mode", "+8"),
    ("mode", "any"),
    ("count", "0"),
    ("count", "20"),
    ("count", "300"),
    ("offset", "-5"),
    ("offset", "+5"),
    ("offset", ""),
    ("factor", "0.5"),
    ("factor", "2"),
    ("text", ""),
    ("text", "a  b = #c"[:8]),
    ("key", "0123"),
    ("ip", "192.0.2.1"),
    ("ip", ""),
    ("ipv6_ip", "2001:db8::1"),
    ("host", "pbx.example.com"),
    ("host", "_sip._tcp.pbx.example.com"),
    ("host", "localhost"),
    ("host", "192.0.2.1"),
    ("host", "2001:db8::1"),
    ("host", "[2001:db8::1]"),
    ("group", "224.5.6.20:10008"),
    ("group", "pbx.example.com"),
    ("group", "[2001:db8::1]:65535"),
    ("url", "http://192.0.2.1:8080/a/b.xml?IP=$ip"),
    ("url", "TFTP://files.example/a.rom"),
    ("url", "https://user:pass@[2001:db8::1]/"),
    ("url", "ftp://files.example"),
    ("options", "128,254"),
    ("options", "128, 129 ,130"),
    ("trusted", "192.0.2.1 as.manager.com"),
    ("login", "admin:x"),
]

#: key, value, words of the message, words of what is allowed
WRONG = [
    ("on", "2", "'2'", "0 (off), 1 (on)"),
    ("on", "true", "'true'", "1 (on)"),
    ("on", "01", "'01'", "1 (on)"),
    ("on", "", "blank", "0 (off)"),
    ("on", "1 # comment", "line of its own", "1 (on)"),
    ("mode", "8", "'8'", "+8 (east), any, 0 (west)"),
    ("mode", "ANY", "'ANY'", "any"),
    ("count", "9", "below 10", "0 or a whole number from 10 to 400"),
    ("count", "401", "above 400", "10 to 400"),
    ("count", "20.5", "not a whole number", "10 to 400"),
    ("count", "0x20", "not a whole number", "10 to 400"),
    ("count", "٣٠", "not a whole number", "10 to 400"),
    ("count", "9" * 30, "not a whole number", "10 to 400"),
    ("count", "", "blank", "10 to 400"),
    ("count", "30 40", "not a whole number", "10 to 400"),
    ("offset", "-6", "below -5", "-5 to 5"),
    ("factor", "0.4", "below 0.5", "a number from 0.5 to 2"),
    ("factor", "1,5", "not a number", "0.5 to 2"),
    ("factor", "nan", "not a number", "0.5 to 2"),
    ("text", "123456789", "9 characters, more than 8", "at most 8"),
    ("text", "a\nb", "line break", "at most 8"),
    ("text", "a\0b", "zero byte", "at most 8"),
    ("key", "012", "3 characters, fewer than 4", "4 digits"),
    ("key", "01234", "5 characters, more than 4", "4 digits"),
    ("key", "012a", "permitted form", "4 digits"),
    ("ip", "192.0.2.256", "IPv4", "IPv4"),
    ("ip", "192.0.2", "IPv4", "IPv4"),
    ("ip", "pbx.example.com", "IPv4", "IPv4"),
    ("ip", "2001:db8::1", "is an IPv6 address", "IPv4"),
    ("ip", "192.0.02.1", "IPv4", "IPv4"),
    ("ipv6_ip", "192.0.2.1", "is an IPv4 address", "IPv6"),
    ("ipv6_ip", "2001:db8:::1", "IPv6", "IPv6"),
    ("ipv6_ip", "fe80::1%eth0", "IPv6", "IPv6"),
    ("host", "pbx example com", "neither", "domain name or an IP address"),
    ("host", "http://pbx.example.com", "neither", "domain name or an IP address"),
    ("host", "300.1.1.1", "neither", "domain name"),
    ("host", "-pbx.example", "neither", "domain name"),
    ("host", "pbx..example", "neither", "domain name"),
    ("host", "pbx.example:5060", "neither", "domain name"),
    ("host", "", "blank", "domain name"),
    ("group", "224.5.6.20:0", "port", "domain name"),
    ("group", "224.5.6.20:65536", "port", "domain name"),
    ("group", "224.5.6.20:", "port", "domain name"),
    ("group", "2001:db8::1::5", "neither", "domain name"),
    ("url", "pbx.example.com/file", "not a URL", "http://"),
    ("url", "not a url", "not a URL", "http://"),
    ("url", "file:///etc/passwd", "file://", "tftp://"),
    ("url", "http:///file", "host", "http://"),
    ("url", "http://pbx.example:99999/", "port", "http://"),
    ("url", "http://pbx.example\\file", "backslash", "http://"),
    ("url", "http://pbx .example/", "host", "http://"),
    ("url", "http://pbx.example/" + "x" * 64, "more than 64", "at most 64"),
    ("options", "128,255", "above 254", "up to 3, separated by commas"),
    ("options", "128,", "not a whole number", "commas"),
    ("options", "128,129,130,131", "4 items", "up to 3"),
    ("trusted", "192.0.2.1 bad_host!", "neither", "separated by spaces"),
    ("login", "x", "fewer than 3", "at least 3"),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_a_good_value_has_no_finding(name, value):
    assert key_values.check(use(name), value) == []


@pytest.mark.parametrize(("name", "value", "message", "allowed"), WRONG)
def test_a_wrong_value_is_an_error_that_says_what_is_allowed(name, value, message, allowed):
    findings = key_values.check(use(name), value)
    assert key_values.refused(findings)
    assert message in findings[0].message
    listed = findings[0].allowed
    assert allowed in (listed if isinstance(listed, str) else ", ".join(listed))
    assert findings[0].section == "The Section"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", "19", "below 20"),
        ("count", "301", "above 300"),
        ("mode", "7", "the guide lists it elsewhere"),
        ("text", " abc", "spaces"),
        ("ipv6_ip", "2001:db8: :1", "space"),
        ("url", "http://192.0.2.1/ a.pem", "space"),
        ("url", "http://192.0.2.1/a%20b.pem", "escape"),
    ],
)
def test_what_the_guide_doubts_is_a_warning(name, value, message):
    (finding,) = key_values.check(use(name), value)
    assert finding.severity is Severity.WARNING
    assert message in finding.message


def test_a_secret_is_never_repeated():
    for finding in key_values.check(use("key"), "s3cr"):
        assert "s3cr" not in finding.message


def test_blank_is_good_where_the_factory_has_it():
    assert key_values.refused(key_values.check(use("row.X", X=1), ""))
    assert not key_values.check(use("row.X", X=2), "")


def test_the_default_is_that_of_the_index():
    assert key_values.default_of(use("count")) == "100"
    assert [key_values.default_of(use("row.X", X=number)) for number in (1, 2, 3)] == ["F1", "", ""]
    assert key_values.default_of(use("login")) is None


@pytest.mark.parametrize(
    ("name", "one", "other", "equal"),
    [
        ("count", "020", "20", True),
        ("count", "20", "+20", True),
        ("count", "20", "200", False),
        ("count", "", "100", False),
        ("factor", "1.0", "1", True),
        ("factor", "10", "1", False),
        ("on", "01", "1", True),
        ("mode", "8", "+8", True),
        ("mode", "any", "ANY", False),
        ("text", "A", "a", False),
        ("text", "1", "01", False),
        ("host", "PBX.example.com", "pbx.Example.com.", True),
        ("host", "2001:DB8:0::1", "2001:db8::1", True),
        ("ipv6_ip", "2001:DB8:0:0::1", "2001:db8::1", True),
        ("group", "PBX.example:0080", "pbx.example:80", True),
        ("group", "pbx.example:80", "pbx.example", False),
        ("url", "HTTP://Files.example/A", "http://files.example/A", True),
        ("url", "http://files.example/A", "http://files.example/a", False),
        ("options", "128,129", "128, 0129", True),
        ("options", "128,129", "129,128", False),
        ("trusted", "A.example  b.example", "a.example b.example", True),
    ],
)
def test_values_are_the_same_when_they_mean_the_same(name, one, other, equal):
    assert key_values.same(use(name), one, other) is equal
    assert key_values.same(use(name), other, one) is equal


@given(st.sampled_from(sorted(set(KINDS) - {"row.X"})), st.text())
def test_any_text_is_judged_and_has_one_canonical_spelling(name, text):
    findings = key_values.check(use(name), text)
    assert all(finding.message and finding.allowed for finding in findings)
    once = key_values.canonical(use(name), text)
    assert key_values.canonical(use(name), once) == once
    assert key_values.same(use(name), text, once)


@given(st.sampled_from(key_loading.shipped().keys), st.data())
def test_every_key_takes_what_it_lists_and_its_own_default(key, data):
    indexes = {letter: data.draw(st.sampled_from(sorted(one.numbers))) for letter, one in key.indexes.items()}
    chosen = key.use(indexes)
    default = key_values.default_of(chosen)
    if default is not None:
        assert not key_values.refused(key_values.check(chosen, default))
    for value in key.values:
        assert not key_values.refused(key_values.check(chosen, value))
    for limit in (key.minimum, key.maximum):
        if limit is not None:
            assert not key_values.refused(key_values.check(chosen, str(limit)))
    if key.maximum is not None:
        assert key_values.refused(key_values.check(chosen, str(key.maximum + 1)))
    if key.max_length is not None:
        assert key_values.refused(key_values.check(chosen, "1" * (key.max_length + 1)))
