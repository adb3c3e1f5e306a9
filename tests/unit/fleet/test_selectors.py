"""The grammar of selectors, what is wrong in one and where, and whom each means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from acs.fleet.selector import drivers, values
from acs.fleet.selector.drivers import Directory, Pair, Site, Tag
from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.evaluation import test_of as evaluate
from acs.fleet.selector.expressions import (
    Age,
    Ago,
    And,
    Comparison,
    Drift,
    Everything,
    Expression,
    Instant,
    Not,
    OneOf,
    Or,
    Reference,
    Subject,
    TaskEnded,
    Text,
)
from acs.fleet.selector.facts import Facts, from_id
from acs.fleet.selector.fields import FIELDS, Kind
from acs.fleet.selector.lexing import LONGEST, quoted_text
from acs.fleet.selector.parsing import parse
from acs.fleet.selector.printing import show

NOW = 1_000_000.0


def about(field: str, operator: str, value: Any, name: str = "") -> Comparison:
    return Comparison(Subject(field, name), operator, value)


MODEL = about("model", "=", "CP860")
ONLINE = about("state", "=", "online")


# --- grammar --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model = CP860", MODEL),
        ('model="CP860"', MODEL),
        ("MODEL = 'CP860'", MODEL),
        ("online", ONLINE),
        ("state = ONLINE", ONLINE),
        ("state in (late, offline)", OneOf(Subject("state"), ("late", "offline"))),
        ("firmware <= 37.72.0.5", about("firmware", "<=", "37.72.0.5")),
        ("firmware<37.72.0.5", about("firmware", "<", "37.72.0.5")),
        ("tag != site7", about("tag", "!=", "site7")),
        ("label ~ 'Room *'", about("label", "~", "Room *")),
        (r'label = "say \"hi\" \\"', about("label", "=", 'say "hi" \\')),
        ("label = O'Hara", about("label", "=", "O'Hara")),
        ('label = ""', about("label", "=", "")),
        ('label = "and"', about("label", "=", "and")),
        ("model in (CP860, 'T46 G')", OneOf(Subject("model"), ("CP860", "T46 G"))),
        ("ip in 192.0.2.0/24", OneOf(Subject("ip"), ("192.0.2.0/24",))),
        ("ip in (2001:db8::/32)", OneOf(Subject("ip"), ("2001:db8::/32",))),
        ("last_seen > 2h ago", about("last_seen", ">", Ago(7200))),
        ("last_seen < 1d", about("last_seen", "<", Age(86400))),
        ("last_seen < 90min", about("last_seen", "<", Age(5400))),
        ("last_boot >= 1970-01-02", about("last_boot", ">=", Instant(86400))),
        ("last_boot >= 1970-01-02T01:00:00+01:00", about("last_boot", ">=", Instant(86400))),
        ("attr.extension = 100", about("attr", "=", "100", "extension")),
        ("key voice.jib.max = 300", about("key", "=", "300", "voice.jib.max")),
        ('parameter Device.X = "…"', about("parameter", "=", "…", "Device.X")),
        ("drift", Drift()),
        ("all", Everything()),
        ("task failed", TaskEnded("failed")),
        ("task EXPIRED", TaskEnded("expired")),
        ("selector = mine", Reference("mine")),
        ("lobby", Text("lobby")),
        ('"model"', Text("model")),
        ("00:15:65:1a:2b:3c", Text("00:15:65:1a:2b:3c")),
        ("001565-T46%20G-1", Text("001565-T46%20G-1")),
        ("one two", And((Text("one"), Text("two")))),
        ("one and 'two three'", And((Text("one"), Text("two three")))),
        ("online and model = CP860 or lobby", Or((And((ONLINE, MODEL)), Text("lobby")))),
        ("online and (model = CP860 or lobby)", And((ONLINE, Or((MODEL, Text("lobby")))))),
        ("not online and drift", And((Not(ONLINE), Drift()))),
        ("NOT (online AND drift)", Not(And((ONLINE, Drift())))),
        ("not not drift", Not(Not(Drift()))),
        ("a or b or c", Or((Text("a"), Text("b"), Text("c")))),
    ],
)
def test_what_a_selector_says(text: str, said: Expression) -> None:
    assert parse(text).expression == said
    assert parse(show(said)).expression == said


@pytest.mark.parametrize(
    ("text", "at", "message", "expected"),
    [
        ("", 0, "found the end", "a field, a word"),
        ("   ", 3, "found the end", "a field, a word"),
        ("model CP860", 6, "found 'CP860' after 'model'", "= != ~ in"),
        ("model", 5, "found the end after 'model'", "= != ~ in"),
        ("model < CP860", 6, "found '<' after 'model'", "= != ~ in"),
        ("model = ", 8, "found the end after '='", "a value"),
        ("model = and online", 8, "found 'and' after '='", "a value"),
        ("model = (CP860)", 8, "found '(' after '='", "a value"),
        ("modle = CP860", 0, "there is no field 'modle'; did you mean model?", "model, firmware"),
        ('"model" = CP860', 0, "a field has no quotation marks", ""),
        ("model = CP860 firmware < 3", 14, "found 'firmware'", "and, or or the end"),
        ("model = CP860 lobby", 14, "found 'lobby'", "and, or or the end"),
        ("(online", 7, "found the end", "and, or or the closing )"),
        ("online)", 6, "found ')'", "and, or or the end"),
        ("online and", 10, "found the end", "a field, a word"),
        ("and online", 0, "found 'and'", "a field, a word"),
        ("not", 3, "found the end", "a field, a word"),
        ("firmware ! 3", 9, "'!' stands alone", "!="),
        ("label = 'x", 8, "this quotation mark is never closed", "a closing '"),
        ("model in (a b)", 12, "found 'b'", ", or the closing )"),
        ("model in ()", 10, "found ')'", "a value"),
        ("model in", 8, "found the end after 'in'", "a value or ("),
        ("last_seen in (1d)", 10, "found 'in' after 'last_seen'", "< <= > >="),
        ("firmware > latest", 11, "'latest' is no version", "numbers, such as"),
        ("last_seen < yesterday", 12, "'yesterday' is no time", "30m, 2h"),
        ("last_seen < 2026-13-01", 12, "'2026-13-01' is no time", "30m, 2h"),
        ("ip = 10.0.0.0/8", 5, "10.0.0.0/8 is a network, which goes with in", "an address"),
        ("ip = 300.1.1.1", 5, "'300.1.1.1' is no address", "an address such as"),
        ("ip in (10.0.0.0/8, ten)", 19, "'ten' is neither an address nor a network", "an address such"),
        ("mac = 0015", 6, "'0015' is no MAC address", "12 hex digits"),
        ("state = gone", 8, "'gone' is no state", "online, late, offline"),
        ("task = failed", 5, "found '=' after \"task\"", "failed or expired"),
        ("key = 3", 4, "found '=' after 'key'", "the name of a key"),
        ("attr.=3", 0, "the attribute has no name", "attr.NAME"),
        ("attr = 3", 0, "the attribute has no name", "attr.NAME"),
        ("label ~ ''", 8, "there is nothing to look for", "a part"),
        ("''", 0, "there is nothing to search for", "a field"),
        ("x" * (LONGEST + 1), LONGEST, f"a selector has at most {LONGEST} characters", ""),
        ("(" * 60 + "x" + ")" * 60, 51, "this is nested too deeply", "at most 50 levels"),
    ],
)
def test_an_error_points_at_the_character_and_says_what_is_expected_there(
    text: str, at: int, message: str, expected: str
) -> None:
    with pytest.raises(SelectorError) as raised:
        parse(text)
    error = raised.value
    assert (error.position, error.message) == (at, message)
    assert error.expected.startswith(expected)
    assert str(error).startswith(f"character {at + 1}: {message}")
    assert error.pointed().splitlines()[-1] == " " * at + "^"


def test_the_mark_stands_in_the_line_that_is_wrong():
    with pytest.raises(SelectorError) as caught:
        parse("model = CP860\n  and firmware <\nand online")
    assert caught.value.pointed() == "and online\n^"


# --- printing -------------------------------------------------------------------------------------------

_TEXTS = st.text(min_size=1, max_size=8).filter(str.strip) | st.sampled_from(
    ["and", "online", "model", "attr.x", "it's", 'a"b', "\\", "192.0.2.1", "task"]
)
_NAMED = ("key", "parameter")


def _comparisons() -> st.SearchStrategy[Expression]:
    plain = [field for field in FIELDS.values() if field.kind in (Kind.TEXT, Kind.NAME, Kind.VERSION)]
    texts = st.sampled_from([field for field in plain if field.name != "selector"]).flatmap(
        lambda field: st.builds(
            Comparison,
            st.just(Subject(field.name)),
            st.sampled_from(field.operators),
            _TEXTS.map("{}7".format) if field.kind is Kind.VERSION else _TEXTS,
        )
    )
    named = st.builds(
        Comparison,
        st.builds(Subject, st.sampled_from(_NAMED), _TEXTS),
        st.sampled_from(FIELDS["key"].operators),
        _TEXTS,
    )
    spans = st.integers(0, 999_999_999)
    times = st.builds(
        Comparison,
        st.sampled_from([Subject("last_seen"), Subject("first_seen"), Subject("last_boot")]),
        st.sampled_from(["<", "<=", ">", ">="]),
        st.builds(Age, spans) | st.builds(Ago, spans) | st.builds(Instant, st.integers(0, 4_000_000_000)),
    )
    listed = st.builds(
        OneOf,
        st.sampled_from([Subject("model"), Subject("tag"), Subject("key", "voice.jib.max")]),
        st.lists(_TEXTS, min_size=1, max_size=3).map(tuple),
    )
    return st.one_of(texts, named, times, listed)


_LEAVES = st.one_of(
    _comparisons(),
    st.builds(Text, _TEXTS),
    st.sampled_from([Drift(), Everything(), ONLINE, TaskEnded("failed")]),
    st.builds(Reference, _TEXTS),
)


def _several(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[tuple[Expression, ...]]:
    return st.lists(inner, min_size=2, max_size=3).map(tuple)


EXPRESSIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner), st.builds(And, _several(inner)), st.builds(Or, _several(inner))
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_what_is_printed_reads_as_the_same(expression: Expression) -> None:
    assert parse(show(expression)).expression == expression


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_at_one_of_its_characters(text: str) -> None:
    place = 0
    try:
        parse(text)
    except SelectorError as error:
        place = error.position
    assert 0 <= place <= len(text)


@given(_TEXTS)
def test_a_fragment_in_marks_is_searched_for_and_nothing_else(text: str) -> None:
    assert parse(quoted_text(text)).expression == Text(text)


# --- values ---------------------------------------------------------------------------------------------


def test_firmware_is_ordered_by_its_numbers() -> None:
    ascending = ["9.1", "37.72", "37.72.0.5", "37.72.0.12", "37.72.0.12-b", "37.72.1", "37.80.0.1", "100"]
    assert sorted(reversed(ascending), key=values.version_key) == ascending
    assert values.compare_versions("37.72.00.5", "37.72.0.5") == 0


@given(st.text("0123456789.abß-", max_size=8), st.text("0123456789.abß-", max_size=8))
def test_any_two_versions_are_in_one_order(one: str, other: str) -> None:
    assert values.compare_versions(one, other) == -values.compare_versions(other, one)


@pytest.mark.parametrize(
    ("one", "other", "order"), [("9", "10", -1), ("1.5", "1.25", 1), ("-2", "1", -1), ("a9", "a10", -1)]
)
def test_free_values_are_numbers_where_both_are(one: str, other: str, order: int) -> None:
    assert values.compare_values(one, other) == order


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8::1", "2001:db8::/64"),
        ("", ""),
        ("somewhere", ""),
        ("1.2.3", ""),
    ],
)
def test_a_site_is_a_small_network(address: str, site: str) -> None:
    assert values.site_of(address) == site


# --- evaluation -----------------------------------------------------------------------------------------

PHONE = Facts(
    "001565-CP860-0015651A2B3C",
    oui="001565",
    model="CP860",
    serial="0015651A2B3C",
    mac="0015651a2b3c",
    manufacturer="Yealink",
    firmware="37.72.0.5",
    hardware="37.0.0.0",
    ip="192.0.2.7",
    label="Empfang Süd",
    extension="401",
    tags=("site7", "lobby"),
    groups=("canary",),
    attributes={"extension": "100"},
    ended=frozenset({"failed"}),
    first_seen=NOW - 100_000,
    last_seen=NOW - 3600,
    last_boot=0.0,
    state="online",
    parameters={"Device.X": "5"},
    keys={"voice.jib.max": "300"},
    drift=False,
)


@pytest.mark.parametrize(
    "text",
    [
        "model = cp860",
        "model ~ p8",
        "model ~ 'cp*'",
        "firmware = 37.72.00.5",
        "firmware < 37.72.0.12",
        "firmware >= 37.72.0.5",
        "firmware ~ 37.72",
        "tag = lobby",
        "tag != other",
        "tag ~ site?",
        "group in (canary, rest)",
        "ip = 192.0.2.7",
        "ip in (10.0.0.0/8, 192.0.2.0/29)",
        "ip ~ 192.0.2.*",
        "mac = 00-15-65-1A-2B-3C",
        "mac ~ 00:15:65",
        "mac ~ 2B:3C",
        "serial = 0015651a2b3c",
        "label ~ süd",
        "attr.extension = 100",
        "attr.extension < 1000",
        "attr.other != 1",
        "key voice.jib.max = 300",
        "parameter Device.X >= 5.0",
        "last_seen < 2h",
        "last_seen > 2h ago",
        "last_seen > 30m",
        "last_boot > 1w",
        "first_seen < 1d ago",
        "first_seen > 1970-01-02",
        "task failed",
        "not task expired",
        "not drift",
        "online and not offline",
        "state != late",
        "süd",
        "SITE7 canary",
        "00:15:65:1a:2b:3c",
        "37.72",
        "all",
    ],
)
def test_what_the_phone_is(text: str) -> None:
    expression = parse(text).expression
    assert evaluate(expression, now=NOW)(PHONE) is True
    assert evaluate(Not(expression), now=NOW)(PHONE) is False


@pytest.mark.parametrize(
    "text",
    [
        "firmware < 37.72.0.5",
        "tag = LOBBY",
        "ip in 192.0.2.8/29",
        "attr.other = 1",
        "attr.other < 1",
        "parameter Device.Y ~ '*'",
        "key voice.jib.max > 300",
        "last_seen < 30m",
        "last_boot < 1w",
        "yealink",
        "model = CP860 and late",
    ],
)
def test_what_the_phone_is_not(text: str) -> None:
    assert evaluate(parse(text).expression, now=NOW)(PHONE) is False


def test_unknown_firmware_is_neither_older_nor_newer() -> None:
    unknown = Facts("x", firmware="")
    for operator in ("<", "<=", ">", ">="):
        assert evaluate(parse(f"firmware {operator} 1").expression, now=NOW)(unknown) is False
    assert evaluate(parse("firmware != 1").expression, now=NOW)(unknown) is True


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("model = CP860 and tag = a", None),
        ("model = T46 and tag = a", False),
        ("model = CP860 or tag = a", True),
        ("not tag = a", None),
        ("tag = a or not model = CP860", None),
        ("cp86", True),
        ("lobby", None),
    ],
)
def test_what_is_not_looked_up_yet_decides_only_where_it_cannot_matter(
    text: str, answer: bool | None
) -> None:
    assert evaluate(parse(text).expression, now=NOW)(Facts("x", model="CP860")) is answer


@given(EXPRESSIONS, st.sets(st.sampled_from(Facts.__struct_fields__[1:])))
def test_more_knowledge_never_turns_an_answer(expression: Expression, hidden: set[str]) -> None:
    """What is decided on a part of the facts stays so when all are known."""
    expression = _without_references(expression)
    known = {name: getattr(PHONE, name) for name in Facts.__struct_fields__}
    partly = Facts(**{name: UNSET if name in hidden else value for name, value in known.items()})
    test = evaluate(expression, now=NOW)
    whole = test(PHONE)
    assert whole is not None
    assert test(partly) in (None, whole)


def _without_references(expression: Expression) -> Expression:
    match expression:
        case Reference():
            return Everything()
        case Not(part=part):
            return Not(_without_references(part))
        case And(parts=parts):
            return And(tuple(map(_without_references, parts)))
        case Or(parts=parts):
            return Or(tuple(map(_without_references, parts)))
        case _:
            return expression


def test_an_id_says_who_the_phone_is() -> None:
    facts = from_id("001565-T46%20G-0015651A2B3C")
    assert (facts.oui, facts.model, facts.serial) == ("001565", "T46 G", "0015651A2B3C")
    assert facts.mac == "0015651a2b3c"
    assert from_id("001565--77").mac is UNSET


# --- drivers --------------------------------------------------------------------------------------------

DIRECTORY = Directory(
    (Pair("CP860", "37.72.0.5"), Pair("CP860", "37.80.0.1"), Pair("T46G", "28.1")),
    (Tag("site7"), Tag("site8")),
    (Site("192.0.2.0/24"), Site("198.51.100.0/24"), Site("2001:db8::/64")),
)
SIZES = {DIRECTORY.pairs[0]: 50, DIRECTORY.pairs[1]: 30, DIRECTORY.pairs[2]: 20, Tag("site7"): 40}


def chosen(text: str) -> set[Any] | None:
    found = drivers.best(parse(text).expression, DIRECTORY, lambda one: SIZES.get(one, 10), 100)
    return None if found is None else set(found)


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        ("model = CP860", {DIRECTORY.pairs[0], DIRECTORY.pairs[1]}),
        ("model = CP860 and firmware > 37.72.0.5", {DIRECTORY.pairs[1]}),
        ("not model = CP860", {DIRECTORY.pairs[2]}),
        ("model = CP860 and tag = site7", {Tag("site7")}),
        ("model = T46G and tag = site7", {DIRECTORY.pairs[2]}),
        ("tag ~ site*", {Tag("site7"), Tag("site8")}),
        ("ip in 192.0.2.0/26", {Site("192.0.2.0/24")}),
        ("ip in 192.0.0.0/8 and online", {Site("192.0.2.0/24")}),
        ("ip in 0.0.0.0/0", {Site("192.0.2.0/24"), Site("198.51.100.0/24")}),
        ("group = canary", {drivers.Group("canary")}),
        ("id = x", {drivers.Device("x")}),
        ("task failed and online", {drivers.Ended("failed")}),
        ("tag = site8 or group = canary", {Tag("site8"), drivers.Group("canary")}),
        ("tag = site8 or online", None),
        ("not tag = site7", None),
        ("tag != site7", None),
        ("online", None),
        ("model = X", set()),
    ],
)
def test_candidates_come_from_the_smallest_sets_that_hold_all(text: str, sets: set[Any] | None) -> None:
    assert chosen(text) == sets
