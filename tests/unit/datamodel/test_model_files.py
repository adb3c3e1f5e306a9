"""Names of provisioning files, and which model asks for which number."""

from __future__ import annotations

import pytest

from acs.datamodel import model_files
from acs.datamodel.model_files import ModelNumberError, with_own


def test_the_names_of_the_guide():
    assert with_own("").number_of("CP860") == 37
    assert model_files.common_name(37) == "y000000000037.cfg"
    assert model_files.mac_name("001565113af8") == "001565113af8.cfg"


@pytest.mark.parametrize("name", ["y000000000037.cfg", "Y000000000037.CFG"])
def test_a_common_file_is_known_by_its_number(name):
    assert model_files.common_number(name) == 37


@pytest.mark.parametrize(
    "name",
    ["y37.cfg", "y0000000000037.cfg", "x000000000037.cfg", "y000000000037.cfg\n", ""],
)
def test_what_looks_like_a_common_file_and_is_none(name):
    assert model_files.common_number(name) is None
    assert not model_files.mac_in(name)


def test_a_phones_own_file_is_named_by_its_mac_address_in_any_case():
    assert model_files.mac_in("001565113AF8.cfg") == "001565113af8"
    assert model_files.mac_in("001565113AF8.Cfg") == "001565113af8"
    assert model_files.mac_in("00:15:65:11:3a:f8.cfg") == ""
    assert model_files.mac_in("001565113afg.cfg") == ""


def test_boot_files_are_those_of_a_phone_and_of_all():
    assert model_files.is_boot_file("001565113af8.boot")
    assert model_files.is_boot_file("y000000000000.BOOT")
    assert not model_files.is_boot_file("any.boot")


def test_a_model_is_found_with_and_without_sip_in_any_case():
    models = with_own("")
    assert models.number_of("sip-t46g") == models.number_of("T46G") == 28


class TestAskedFor:
    models = with_own("")

    def test_a_listed_model_that_asks_for_its_own_number(self):
        assert self.models.asked_for(37, "CP860", "37.72.0.5") == "CP860"

    def test_nobody_in_particular_is_the_numbers_model(self):
        assert self.models.asked_for(37, "") == "CP860"

    def test_who_asks_for_anothers_number_is_given_what_it_asked_for(self):
        assert self.models.asked_for(28, "CP860", "37.72.0.5") == "SIP-T46G"

    def test_an_unlisted_model_is_believed_when_its_version_begins_with_the_number(self):
        assert self.models.asked_for(108, "SIP-T46U", "108.86.0.20") == "SIP-T46U"
        assert self.models.asked_for(108, "SIP-T46U", "66.86.0.20") == ""
        assert self.models.asked_for(108, "") == ""


def test_an_installation_adds_numbers_and_overrules_the_shipped_ones():
    models = with_own(" SIP-T46U = 108 , cp860=99,")
    assert models.number_of("SIP-T46U") == 108
    assert models.number_of("CP860") == 99
    assert models.models_of(37) == ()
    assert models.models_of(99) == ("cp860",)


@pytest.mark.parametrize("text", ["CP860", "CP860=", "=37", "CP860=-1", "CP860=x", f"CP860={10**12}"])
def test_a_wrong_number_is_named_with_what_is_allowed(text):
    with pytest.raises(ModelNumberError) as refusal:
        with_own(f"SIP-T46U=108,{text}")
    assert text in str(refusal.value)
    assert "MODEL=NUMBER" in str(refusal.value)
