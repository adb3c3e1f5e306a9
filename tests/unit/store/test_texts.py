"""Words are looked for in what the index says of phones: what it finds, and when it is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from acs.fleet.device import Device, OperatorNotes
from acs.fleet.selector.parsing import parse
from acs.store import devices, indexes, keyspace, selection, texts
from acs.store.shapes import Shapes


def phone(number: int, **fields: Any) -> Device:
    known = {"oui": "001565", "product_class": "CP860", "software_version": "37.72.0.5", **fields}
    serial = known.pop("serial_number", f"00156500{number:04x}")
    identifier = f"{known['oui']}-{known['product_class']}-{serial}".replace(" ", "%20")
    return Device(id=identifier, serial_number=serial, ip=known.pop("ip", f"192.0.2.{number}"), **known)


PHONES = {
    1: (phone(1), OperatorNotes(label="Reception", attributes={"extension": "401", "password": "k33p-out"})),
    2: (phone(2), OperatorNotes(tags=("site7",), groups=("lobby",), label="Empfang Süd")),
    3: (phone(3, ip="2001:db8::7"), OperatorNotes()),
    4: (phone(4, serial_number="AB 12", user_agent="Yealink CP860 00:15:65:aa:bb:cc"), OperatorNotes()),
    5: (phone(5, product_class="T46S"), OperatorNotes(tags=("Site9",), attributes={"extension": "4711"})),
}


@pytest.fixture
def fleet(store: Any) -> Any:
    for device, noted in PHONES.values():
        store.run(devices.register(device.id))
        store.run(indexes.put(device))
        store.run(indexes.put_notes(device.id, noted))
    return store


def prepared(store: Any, text: str) -> selection.Selection:
    chosen: selection.Selection = store.drive(selection.prepare(parse(text), Shapes(), now=0.0))
    return chosen


def found(store: Any, text: str) -> list[int]:
    ids = {device.id: number for number, (device, _) in PHONES.items()}
    return [ids[one] for one in store.drive(prepared(store, text).every())]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("reception", [1]),
        ("RECEP", [1]),
        ("401", [1]),
        ("47", [5]),
        ("k33p", []),  # of a phone's attributes only the extension is looked in: others may be secret
        ('"Süd"', [2]),
        ('"süd"', [2]),
        ("lobby", [2]),
        ("site", [2, 5]),
        ("192.0.2.1", [1]),
        ("db8::7", [3]),
        ("00:15:65:00:00:03", [3]),
        ("0015.6500.0003", [3]),
        ("aabbcc", [4]),
        ("00-15-65-AA-BB-CC", [4]),
        ('"ab 12"', [4]),
        ("t46", [5]),
        ("37.72", [1, 2, 3, 4, 5]),
        ("0015650000*1", [1]),
        ("001565000001", [1]),
        ('"*0002"', [2]),
        ("cp860 site7", [2]),
        ("cp860 and not site7", [1, 3, 4]),
        ("cp860 or t46", [1, 2, 3, 4, 5]),
        ("nobody", []),
        # names of sets stand in the text as well, and are nobody's
        ("t:site7", []),
        ("192.0.2.0/24", []),
    ],
)
def test_words_are_found_in_all_that_is_said_of_a_phone(fleet: Any, text: str, numbers: list[int]) -> None:
    assert sorted(found(fleet, text)) == numbers


def test_a_text_follows_what_changes(fleet: Any) -> None:
    device, _ = PHONES[1]
    fleet.run(indexes.put_notes(device.id, OperatorNotes(label="Post room")))
    assert (found(fleet, "reception"), found(fleet, "post")) == ([], [1])
    fleet.run(indexes.put(phone(1, ip="198.51.100.9")))
    assert (found(fleet, '"192.0.2.1"'), found(fleet, "198.51"), found(fleet, "post")) == ([], [1], [1])
    assert fleet.run(texts.count()) == len(PHONES)
    fleet.drive(devices.delete(device.id))
    assert fleet.run(texts.count()) == len(PHONES) - 1
    assert found(fleet, "198.51") == []


def test_notes_of_a_phone_that_is_not_indexed_are_no_text(store: Any) -> None:
    store.run(indexes.put_notes("a-b-c", OperatorNotes(label="early")))
    assert store.run(texts.count()) == 0
    store.run(indexes.put(Device("a-b-c", product_class="b")))
    [member] = store.raw.zrange(keyspace.INDEX_TEXTS, 0, -1)
    assert b"early" in member


def test_pages_begin_behind_the_last_phone_however_few_are_looked_at(
    fleet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "LOOKED_AT", 2)
    monkeypatch.setattr(selection, "LEAST_WINDOW", 1)
    chosen = prepared(fleet, "37.72")
    after: str | None = ""
    ids: list[str] = []
    while after is not None:
        page = fleet.drive(chosen.page(after=after, limit=1))
        ids += page.ids
        after = page.next
    assert ids == sorted(device.id for device, _ in PHONES.values())


def test_with_a_phone_that_has_no_text_every_phone_is_looked_at(fleet: Any) -> None:
    late = phone(6)
    fleet.run(devices.register(late.id))
    assert not prepared(fleet, "0015").words
    fleet.run(indexes.put(late))
    assert prepared(fleet, "0015").words
