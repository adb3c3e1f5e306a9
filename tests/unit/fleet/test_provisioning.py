"""Which key goes into which of a phone's two files."""

from __future__ import annotations

import pytest

from acs.datamodel import cfg_encryption, cfg_files
from acs.datamodel.cfg_encryption import EncryptionError
from acs.datamodel.key_loading import shipped
from acs.fleet.desired import NamedLayer
from acs.fleet.layers import Layer
from acs.fleet.provisioning import COMMON_KEY, OWN_KEY, AcsAccount, Files

ACCOUNT = AcsAccount("http://acs.example:7547/", "fleet", "secret")
LEADS_HERE = {
    "managementserver.enable": "1",
    "managementserver.url": "http://acs.example:7547/",
    "managementserver.username": "fleet",
    "managementserver.password": "secret",
}
KEY, OTHER_KEY = "0123456789abcdef", "FEDCBA9876543210"
MAC = {"mac": "0015658a3786"}


def files(
    *layers: tuple[str, dict[str, str]],
    attributes: dict[str, str] | None = None,
    account: AcsAccount | None = None,
    model: str = "CP860",
) -> Files:
    named = [NamedLayer(name, Layer(1, values=values)) for name, values in layers]
    return Files(shipped(), model, named, attributes, account)


def test_shared_layers_fill_the_common_file_and_others_the_phones():
    made = files(
        ("fleet", {"voice.jib.max": "300", "voice.jib.min": "60"}),
        ("model:CP860", {"voice.jib.min": "70"}),
        ("group:a", {"voice.jib.normal": "120"}),
        ("phone:x", {"voice.jib.max": "240"}),
    )
    assert made.common_values == {"voice.jib.max": "300", "voice.jib.min": "70"}
    assert made.own_values == {"voice.jib.normal": "120", "voice.jib.max": "240"}
    assert made.effective_values() == {
        "voice.jib.max": "240",
        "voice.jib.min": "70",
        "voice.jib.normal": "120",
    }


def test_a_key_of_the_mac_file_goes_there_from_any_layer():
    made = files(("fleet", {"account.1.sip_server.1.address": "sip.example"}))
    assert made.common_values == {}
    assert made.own_values == {"account.1.sip_server.1.address": "sip.example"}


def test_what_a_phone_says_itself_stands_in_its_file_even_where_all_have_it():
    made = files(("fleet", {"voice.jib.max": "300"}), ("phone:x", {"voice.jib.max": "300"}))
    assert made.own_values == {"voice.jib.max": "300"}


def test_a_template_is_filled_in_the_phones_file():
    layer = ("fleet", {"phone_setting.lock_key": "{{ lock }}", "voice.jib.max": "300"})
    assert files(layer, attributes={"lock": "1"}).common_values == {"voice.jib.max": "300"}
    layer = ("fleet", {"voice.jib.max": "{{ jib }}"})
    assert files(layer, attributes={"jib": "200"}).own_values == {"voice.jib.max": "200"}
    assert files(layer, attributes={}).own_values == {}


def test_a_template_of_the_model_hides_what_the_fleet_says_from_the_common_file():
    made = files(
        ("fleet", {"voice.jib.max": "300"}), ("model:CP860", {"voice.jib.max": "{{ jib }}"}), attributes={}
    )
    assert made.effective_values() == {}


@pytest.mark.parametrize("filled", ["400000", "none", " 300", "30\n0", "300\nsecurity.user_password = x:y"])
def test_a_filled_value_that_no_line_should_have_is_left_out(filled):
    made = files(("fleet", {"voice.jib.max": "{{ jib }}"}), attributes={"jib": filled})
    assert made.own_values == {}


def test_a_value_that_breaks_the_line_does_not_take_the_file_along():
    made = files(("fleet", {"voice.jib.max": "300", "voice.jib.min": "60\nx = y"}))
    assert made.common().text == b"#!version:1.0.0.1\nvoice.jib.max = 300\n"


def test_the_same_layers_give_the_same_bytes_in_any_order():
    one = files(("fleet", {"voice.jib.max": "300", "voice.jib.min": "60"}), account=ACCOUNT)
    other = files(("fleet", {"voice.jib.min": "60", "voice.jib.max": "300"}), account=ACCOUNT)
    assert one.common() == other.common()
    assert cfg_files.read(one.common().text).values == one.common_values


class TestWayToThisServer:
    def test_it_is_added_where_nobody_says_otherwise(self):
        assert files(account=ACCOUNT).common_values == LEADS_HERE
        assert files(account=ACCOUNT).own_values == {}
        assert files().common_values == {}

    def test_without_login_there_is_none_in_it(self):
        assert set(files(account=AcsAccount("http://a/")).common_values) == {
            "managementserver.enable",
            "managementserver.url",
        }

    @pytest.mark.parametrize("url", ["http://other.example/", "http://{{ site }}.example/"])
    def test_another_url_gets_nothing_of_ours(self, url):
        made = files(("fleet", {"managementserver.url": url}), account=ACCOUNT)
        assert "managementserver.password" not in made.common_values
        assert "managementserver.enable" not in made.common_values

    def test_our_own_url_keeps_the_login(self):
        made = files(("fleet", {"managementserver.url": ACCOUNT.url}), account=ACCOUNT)
        assert made.common_values == LEADS_HERE

    def test_switched_off_means_off(self):
        made = files(("model:CP860", {"managementserver.enable": "0"}), account=ACCOUNT)
        assert made.common_values == {"managementserver.enable": "0"}

    def test_half_a_login_is_not_completed_with_half_of_ours(self):
        made = files(("fleet", {"managementserver.username": "site7"}), account=ACCOUNT)
        assert made.common_values["managementserver.username"] == "site7"
        assert "managementserver.password" not in made.common_values

    def test_a_phone_that_reports_elsewhere_is_told_to_forget_our_login(self):
        layer = ("phone:x", {"managementserver.url": "http://other.example/"})
        assert files(layer, account=ACCOUNT).own_values == {
            "managementserver.url": "http://other.example/",
            "managementserver.username": "",
            "managementserver.password": "",
        }

    def test_unless_it_has_a_login_for_there(self):
        own = {
            "managementserver.url": "http://other.example/",
            "managementserver.username": "u",
            "managementserver.password": "p",
        }
        assert files(("phone:x", own), account=ACCOUNT).own_values == own


class TestEncryption:
    def test_each_file_has_its_key(self):
        made = files(("fleet", {COMMON_KEY: KEY, OWN_KEY: OTHER_KEY, "voice.jib.max": "300"}))
        common, own = made.common(), made.own()
        assert cfg_encryption.decrypt(common.content, KEY) == common.text
        assert cfg_encryption.decrypt(own.content, OTHER_KEY) == own.text
        assert b"voice.jib.max = 300" in common.text

    def test_without_a_key_a_file_is_plain(self):
        made = files(("fleet", {COMMON_KEY: "", "voice.jib.max": "300"}))
        assert made.common().content == made.common().text
        assert not made.common().encrypted

    def test_the_phones_own_key_opens_the_common_file_it_gets(self):
        layers = (("fleet", {COMMON_KEY: KEY, "voice.jib.max": "300"}), ("phone:x", {COMMON_KEY: OTHER_KEY}))
        text = cfg_encryption.decrypt(files(*layers).common().content, OTHER_KEY)
        assert b"voice.jib.max = 300" in text

    def test_a_plain_common_file_keeps_the_other_key_to_the_phones(self):
        made = files(("fleet", {OWN_KEY: KEY}))
        assert made.common_values == {}
        assert made.own_values == {OWN_KEY: KEY}

    def test_a_key_by_phone_needs_a_phone(self):
        layer = ("fleet", {COMMON_KEY: "abcd{{ mac }}", OWN_KEY: "efgh{{ mac }}"})
        with pytest.raises(EncryptionError, match="which phone"):
            files(layer).common()
        with pytest.raises(EncryptionError, match="mac"):
            files(layer).own()
        made = files(layer, attributes=MAC)
        assert cfg_encryption.decrypt(made.common().content, "abcd0015658a3786")
        assert cfg_encryption.decrypt(made.own().content, "efgh0015658a3786")

    def test_the_entity_tag_tells_contents_apart(self):
        plain, secret = files(), files(("fleet", {COMMON_KEY: KEY}))
        assert plain.common().etag != secret.common().etag
        assert secret.common().etag == files(("fleet", {COMMON_KEY: KEY})).common().etag


def test_work_done_for_all_phones_need_not_be_done_again():
    layers = [NamedLayer("fleet", Layer(1, values={"voice.jib.max": "300", COMMON_KEY: KEY}))]
    shared = Files(shipped(), "CP860", layers, None, ACCOUNT)
    own = NamedLayer("phone:x", Layer(1, values={"voice.jib.min": "60"}))
    anew = Files(shipped(), "CP860", [*layers, own], MAC, ACCOUNT)
    after = Files(shipped(), "CP860", [*layers, own], MAC, ACCOUNT, shared)
    assert (anew.common(), anew.own()) == (after.common(), after.own())


def test_secrets_are_not_shown():
    made = files(("fleet", {"voice.jib.max": "300"}), account=ACCOUNT)
    text = made.shown(made.common_values, shipped().secret)
    assert b"managementserver.password = ******" in text
    assert b"voice.jib.max = 300" in text
