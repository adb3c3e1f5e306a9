"""The shipped keys against a second reading of the administrator's guide, made apart from the catalogue.

`data/guide_reading.csv` has a row for each key: its indices (`X=1;Y=1-2`), what is permitted, the default
(nothing where the guide says Blank, `1=28;2=61` where it hangs on an index or a name), whether a change
reboots the phone, whether it is a secret, and the line where the key's row begins in the text of the guide.
What is permitted is one of

    0|2|5       these values (from the description, where the cell has less)
    1-300       a whole number; `float 0.5-10` any number; `0|60-65535` or `blank|1-32000` one value more;
                `5 of 128-254` up to five, with commas between
    url<=511    a form of FORMS, of so many characters at most
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from acs.datamodel import key_loading, key_values
from acs.datamodel.key_rules import indexes
from acs.datamodel.keys import Key, KeyType

KEYS = {key.name: key for key in key_loading.shipped() if key.source == "guide"}

#: The catalogue permits this instead of what the guide's row says; the same is told beside the key.
CHOSEN = {
    "account.X.subscribe_mwi_expires": (
        "0-86400",
        "84600 is taken for a day, 86400, with two digits changed round; above it with a warning",
    ),
    "account.X.codec.Y.payload_type": (
        "PCMU|PCMA|G729|G722|iLBC|AMR-WB|G723_53|G723_63|G726-16|G726-24|G726-32|G726-40",
        "the row's own defaults are codecs that its permitted values leave out",
    ),
}

#: Where the guide contradicts itself or was garbled: the catalogue must say how that was settled.
IN_DOUBT = (
    "account.X.codec.Y.payload_type",
    "account.X.dns_cache_srv.Y.weight",
    "account.X.dtmf.info_type",
    "account.X.subscribe_mwi_expires",
    "account.X.transport",
    "distinctive_ring_tones.alert_info.X.ringer",
    "features.auto_answer_delay",
    "features.send_key_tone",
    "local_time.time_zone",
    "local_time.time_zone_name",
    "programablekey.X.type",
    "security.user_password",
    "server_certificates.url",
    "transfer.semi_attend_tran_enable",
    "voice.jib.max",
    "voice.jib.min",
    "voice.jib.normal",
)


class Row(NamedTuple):
    name: str
    indices: str
    permitted: str
    default: str
    reboot: str
    secret: str
    line: str


class Form(NamedTuple):
    """Values of this form, values that are not, one of so many characters, the length that all have."""

    good: tuple[str, ...]
    bad: tuple[str, ...] = ()
    stretched: Callable[[int], str] | None = None
    length: int | None = None


def url(length: int) -> str:
    return "http://192.168.1.20/".ljust(length, "a")


def host(length: int) -> str:
    # no domain name is longer than 253 characters
    return (("a" * 49 + ".") * 6)[: length if length > 256 else min(length, 253)]


FORMS = {
    "ipv4": Form(("192.168.1.20",), ("192.168.1", "192.168.1.256", "2026:1234::caa", "pbx.example")),
    "ipv6": Form(("2026:1234:1:1:215:65ff:fe1f:caa", "::1"), ("192.168.1.20", "2026:1234:1", "pbx.example")),
    "ip": Form(("192.168.1.13",), ("192.168.1.256", "pbx.example")),
    "mask": Form(("255.255.255.0", "255.255.240.0"), ("255.0.255.0", "0.0.0.255", "24")),
    "host": Form(
        ("192.168.1.20", "pbx.example"), ("192.168.1.256", "pbx example", "http://pbx.example"), host
    ),
    "hosts": Form(
        ("0.0.0.0", "192.168.1.50 as.manager.com"),
        ("192.168.1.256", "pbx.example,other.example"),
        lambda length: ("10.0.0.1 " * 28).ljust(length, "a"),
    ),
    "domain": Form(("pbx.example", "_sip._tcp.yealink.pbx.com"), ("192.168.1.1", "::1", "pbx example"), host),
    "ip masks or any": Form(("any", "10.10.*.*", "10.1.1.1,10.2.*.*"), ("10.10.*", "10.10.*.256", "none")),
    "multicast ip:port": Form(
        ("224.5.6.20:10008", "239.255.255.255:1"),
        ("240.0.0.0:1", "223.0.0.1:1", "224.5.6.20", "224.5.6.20:65536"),
    ),
    "url": Form(
        ("http://10.2.8.16:8080/XMLfiles/CallIn.xml", "tftp://10.2.8.16/a", "ftp://10.2.8.16/a"),
        ("10.2.8.16/a", "file:///a"),
        url,
    ),
    "web url": Form(
        ("http://192.168.0.20/help.xml?IP=$ip", "https://192.168.0.20/"),
        ("tftp://192.168.0.20/a", "help"),
        url,
    ),
    "sip": Form(
        ("sip:moh@sip.com", "conference@example.com", "yealink.com"),
        (),
        lambda length: "sip:moh@".ljust(length, "a"),
    ),
    "text": Form(("a b", "*71"), (), lambda length: "1" * length),
    "digits": Form(("0123",), ("12a",), lambda length: "1" * length),
    "dtmf digits": Form(("0*#A", "D9"), ("E", "1-2"), lambda length: "1" * length),
    "%attributes": Form(("%cn", "%cn %sn"), ("cn",), lambda length: "%".ljust(length, "a")),
    "name:password": Form(
        ("user:password123", "admin:a b"), ("password123", "user:"), lambda length: "user:".ljust(length, "a")
    ),
    "aes key": Form(("0123456789abmins", "A" * 16), ("a" * 15, "a" * 17, "_" * 16), length=16),
    "hh:mm": Form(("00:00", "23:59"), ("24:00", "12:60", "noon"), length=5),
    "weekdays": Form(("0", "01", "0123456"), ("7", "Monday"), length=7),
    "dst": Form(
        ("1/1/0", "12/31/23", "3/5/7/2"), ("13/1/0", "0/1/0", "1/32/0", "1/1/24", "1/6/1/0", "1/1/8/0")
    ),
    "tones": Form(
        ("250/200, 0/1000, 200+300/500, 600+700+800+1000/2000", "!7000/30000", ",".join(["200/0"] * 8)),
        ("199/1", "7001/1", "200/30001", "200+300+400+500+600/1", "200", ",".join(["200/0"] * 9)),
    ),
}

_RANGE = re.compile(
    r"((?P<single>\w+)\|)?((?P<items>\d+) of )?(?P<float>float )?(?P<least>-?[\d.]+)-(?P<most>[\d.]+)"
)


def reading() -> list[Row]:
    with (Path(__file__).parent / "data" / "guide_reading.csv").open(encoding="utf-8", newline="") as file:
        return [Row(**row) for row in csv.DictReader(file)]


ROWS = reading()
each_key = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])


def permitted(row: Row) -> str:
    return CHOSEN[row.name][0] if row.name in CHOSEN else row.permitted


def form_of(text: str) -> tuple[Form | None, int | None]:
    """`url<=511` as its form and its length; None for values and numbers."""
    name, _, length = text.partition("<=")
    form = FORMS.get(name)
    return form, int(length) if length else form.length if form else None


def refused(row: Row, value: str) -> bool:
    use = next(KEYS[row.name].uses())
    return key_values.refused(key_values.check(use, value))


def limits(key: Key) -> str:
    """What the catalogue permits, as the reading writes it; of texts the length alone."""
    if key.values:
        return "|".join(sorted(key.values))
    if key.type in (KeyType.INTEGER, KeyType.FLOAT):
        number = "float " if key.type is KeyType.FLOAT else ""
        number += f"{key.minimum}-{key.maximum}"
        number = f"{key.max_items} of {number}" if key.separator == "," else number
        return "|".join([*(value or "blank" for value in key.special), number])
    return "" if key.max_length is None else f"<={key.max_length}"


def good_and_bad(text: str) -> tuple[list[str], list[str]]:
    """Values that the reading permits, up to its limits, and values just beyond them."""
    form, length = form_of(text)
    if form is not None:
        good, bad = list(form.good), list(form.bad)
        if form.stretched and length:
            good.append(form.stretched(length))
            bad.append(form.stretched(length + 1))
        return good, bad
    match = _RANGE.fullmatch(text)
    if match is None:
        values = text.split("|")
        beyond = [str(int(values[-1]) + 1)] if values[-1].isdigit() else ["klingon"]
        return values, [*beyond, "yes", "-1" if "-1" not in values else "-12"]
    step = Decimal("0.1") if match["float"] else 1
    least, most = Decimal(match["least"]), Decimal(match["most"])
    good, bad = [str(least), str(most)], [str(least - step), str(most + step), "x", "1 2"]
    if match["single"]:
        good.append("" if match["single"] == "blank" else match["single"])
    if match["items"]:
        good.append(",".join([str(most)] * int(match["items"])))
        bad.append(",".join([str(most)] * (int(match["items"]) + 1)))
    if not match["float"]:
        bad.append(f"{least}.5")
    return good, bad


def test_the_names_are_those_of_the_guide():
    assert len({row.name for row in ROWS}) == len(ROWS) == 327
    assert set(KEYS) == {row.name for row in ROWS}


@each_key
def test_indices(row):
    expected = dict(part.split("=") for part in row.indices.split(";") if part)
    found = {letter: numbers.numbers for letter, numbers in KEYS[row.name].indexes.items()}
    assert found == {letter: indexes(text).numbers for letter, text in expected.items()}


@each_key
def test_limits(row):
    form, length = form_of(permitted(row))
    if form is not None:
        expected = f"<={length}" if length else ""
    elif _RANGE.fullmatch(permitted(row)):
        expected = permitted(row)
    else:
        expected = "|".join(sorted(permitted(row).split("|")))
    assert limits(KEYS[row.name]) == expected


@each_key
def test_what_is_permitted_passes_and_what_is_not_does_not(row):
    good, bad = good_and_bad(permitted(row))
    assert [value for value in good if refused(row, value)] == []
    assert [value for value in bad if not refused(row, value)] == []


@each_key
def test_blank_passes_where_it_is_the_default_only(row):
    form, _ = form_of(permitted(row))
    if row.default == "":
        assert not refused(row, "")
    elif form is None and not permitted(row).startswith("blank"):
        assert refused(row, "")


@each_key
def test_default(row):
    pairs = "=" in row.default
    expected = dict(part.split("=") for part in row.default.split(";")) if pairs else row.default
    assert KEYS[row.name].default == expected


@each_key
def test_flags(row):
    key = KEYS[row.name]
    assert ("yes" if key.reboot else "no") == row.reboot
    assert ("yes" if key.secret else "no") == row.secret


@pytest.mark.parametrize("name", CHOSEN)
def test_a_choice_differs_from_the_guide_and_is_told_beside_the_key(name):
    row = next(row for row in ROWS if row.name == name)
    assert row.permitted != CHOSEN[name][0]
    assert KEYS[name].doubt


@pytest.mark.parametrize("name", IN_DOUBT)
def test_a_doubt_is_told_beside_the_key(name):
    assert KEYS[name].doubt


def test_the_lines_are_those_of_the_guide(shared):
    guide = (shared / "reference" / "cp860-administrator-guide.txt").read_text(encoding="utf-8").split("\n")
    assert [row.name for row in ROWS if not guide[int(row.line) - 1].strip().startswith(row.name)] == []
