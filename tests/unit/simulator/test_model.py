"""The parameters of the simulated CP860."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lxml import etree

from acs.simulator.factory import factory_of
from acs.simulator.model import Branch, Leaf, load, type_fits, value_fits
from acs.simulator.personas import PERSONAS
from acs.simulator.tree import PhoneTree

DATA_MODELS = Path(__file__).parents[4] / "shared" / "reference" / "data-models"


def official() -> dict[str, tuple[str, bool]]:
    """Pattern to (type, writable) of TR-106 Device:1.2 and, below its service, TR-104 VoiceService:1.1."""
    result = {}
    for name, prefix in (("tr-106-1-2-0-full.xml", ""), ("tr-104-1-1-0-full.xml", "Device.Services.")):
        for parameter in etree.parse(DATA_MODELS / name).iter("parameter"):
            path = parameter.getparent().get("name")
            syntax = parameter.find("syntax")
            if path is None or syntax is None:
                continue
            path = path.replace("VoiceService.{i}.", "VoiceService.1.")
            kinds = [child.tag for child in syntax if child.tag != "default"]
            # a list travels as one comma-separated string, and the named data types here are strings
            kind = "string" if {"list", "dataType"} & set(kinds) else kinds[0]
            result[prefix + path + parameter.get("name")] = (kind, parameter.get("access") == "readWrite")
    return result


@pytest.mark.skipif(not DATA_MODELS.is_dir(), reason="the data models are not here")
def test_standard_parameters_have_the_standards_names_types_and_writability() -> None:
    standard = official()
    younger_or_seen_only_on_phones = ("X_001565_", ".CWMPRetry", ".VoiceMailNumber")
    strange = {}
    for path, entry in load("cp860").entries.items():
        if isinstance(entry, Branch) or any(part in path for part in younger_or_seen_only_on_phones):
            continue
        if standard.get(path) != (entry.of.type, entry.writable):
            strange[path] = (standard.get(path), entry.of.type, entry.writable)
    assert strange == {}


def test_a_phone_has_more_than_300_parameters() -> None:
    assert sum(isinstance(entry, Leaf) for entry in factory_of("cp860").image.values()) >= 300


@pytest.mark.parametrize("persona", PERSONAS)
def test_every_factory_value_fits_its_own_parameter(persona: str) -> None:
    leaves = {n: e for n, e in factory_of(persona).image.items() if isinstance(e, Leaf)}
    unfit = {
        n: e.default
        for n, e in leaves.items()
        if not e.default.startswith("$") and not value_fits(e, e.default)
    }
    # a leaf without a value of its own may be empty, and Unknown Time is a time
    assert {name: value for name, value in unfit.items() if value} == {}


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        (
            "Device.ManagementServer.PeriodicInformInterval",
            ["1", "4294967295"],
            ["0", "-1", "x", "", "4294967296"],
        ),
        ("Device.ManagementServer.PeriodicInformEnable", ["0", "1", "true", "false"], ["yes", "2", ""]),
        ("Device.ManagementServer.PeriodicInformTime", ["2026-01-02T03:04:05Z"], ["now", "2026-01-02"]),
        ("Device.LAN.AddressingType", ["DHCP", "Static"], ["dhcp", ""]),
        ("Device.Time.NTPServer1", ["", "ntp.example"], ["x" * 65]),
        ("Device.ManagementServer.STUNMaximumKeepAlivePeriod", ["-1", "60"], ["-2"]),
        ("Device.LAN.DHCPOption.{i}.Value", ["AQI=", ""], ["?", "A"]),
    ],
)
def test_what_a_parameter_takes(path: str, good: list[str], bad: list[str]) -> None:
    leaf = load("cp860").entries[path]
    assert isinstance(leaf, Leaf)
    assert [value for value in good if not value_fits(leaf, value)] == []
    assert [value for value in bad if value_fits(leaf, value)] == []


def test_types_are_told_apart() -> None:
    leaf = load("cp860").entries["Device.ManagementServer.PeriodicInformInterval"]
    assert isinstance(leaf, Leaf)
    assert type_fits(leaf, "xsd:unsignedInt")
    assert type_fits(leaf, "xs:unsignedInt")
    assert not type_fits(leaf, "xsd:int")
    assert not type_fits(leaf, "xsd:string")


def test_the_tree_of_another_phone_is_untouched_by_changes() -> None:
    factory = factory_of("cp860")

    def tree() -> PhoneTree:
        return PhoneTree(factory.model, factory.image, factory.numbering, lambda word, name: word)

    one, other = tree(), tree()
    one.put("Device.Time.NTPServer1", "ntp.example")
    one.add_row("Device.LAN.DHCPOption.")
    assert other.value("Device.Time.NTPServer1") == "cn.pool.ntp.org"
    assert other.rows("Device.LAN.DHCPOption.") == []
    assert one.rows("Device.LAN.DHCPOption.") == [1]


def test_an_unchanged_phone_costs_little() -> None:
    """A thousand trees share one image: each is its own few empty dictionaries."""
    factory = factory_of("cp860")
    tree = PhoneTree(factory.model, factory.image, factory.numbering, lambda word, name: word)
    own = sum(sys.getsizeof(part) for part in (tree, tree._values, tree._attributes, tree._highest))
    assert own < 1000
    assert tree._entries is factory.image


def test_rows_carry_their_own_defaults() -> None:
    factory = factory_of("cp860")
    tree = PhoneTree(factory.model, factory.image, factory.numbering, lambda word, name: word)
    codecs = "Device.Services.VoiceService.1.VoiceProfile.1.Line.1.Codec.List."
    assert tree.rows(codecs) == list(range(1, 12))
    assert tree.value(codecs + "1.Codec") == "G.711MuLaw"
    assert tree.value(codecs + "4.Codec") == "G.729"
    assert tree.value(codecs + "4.Priority") == "4"


def test_counts_follow_the_rows() -> None:
    factory = factory_of("cp860")
    tree = PhoneTree(factory.model, factory.image, factory.numbering, lambda word, name: word)
    number = "Device.Services.VoiceService.1.VoiceProfileNumberOfEntries"
    assert tree.value(number) == "1"
    tree.add_row("Device.Services.VoiceService.1.VoiceProfile.")
    assert tree.value(number) == "2"
    assert tree.value("Device.Services.VoiceService.1.VoiceProfile.2.NumberOfLines") == "1"
    tree.delete_row("Device.Services.VoiceService.1.VoiceProfile.2.")
    assert tree.value(number) == "1"
    assert tree.add_row("Device.Services.VoiceService.1.VoiceProfile.") == 3, "a number is not used twice"
