"""Finding the key behind a written name, and what is said of a name that stands for none."""

from __future__ import annotations

import pytest

from acs.datamodel import key_loading, key_values
from acs.datamodel.keys import Catalogue, IndexNotAllowed, UnknownKey

HEAD = 'models = ["A1"]\nsource = "a test"\n[[feature]]\nname = "F"\n'


def described(name: str, more: str = "") -> str:
    return (
        f'[[feature.key]]\nname = "{name}"\ntype = "string"\ndefault = ""\nfile = "common"\n'
        f'description = "Does it."\n{more}\n'
    )


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return key_loading.shipped()


@pytest.fixture
def small() -> Catalogue:
    text = (
        HEAD
        + described("account.X.row.Y.name", 'indexes = { X = "1-2", Y = "1-6, 9, 13" }')
        + described("phone.name")
        + described("phone.2.name")
        + described("phone.X.name", 'indexes = { X = "1, 3" }').replace("F", "G")
    )
    # two keys of one shape are not for one model: here the plain name is another model's
    first, second = text.split('[[feature.key]]\nname = "phone.X.name"')
    other = HEAD.replace("A1", "B2") + '[[feature.key]]\nname = "phone.X.name"' + second
    keys = [*key_loading.read(first, "a.toml"), *key_loading.read(other, "b.toml")]
    return Catalogue(keys)


def test_a_written_name_gives_the_key_and_its_numbers(small):
    use = small.find("account.2.row.13.name")
    assert use.key.name == "account.X.row.Y.name"
    assert use.name == "account.2.row.13.name"
    assert use.indexes == {"X": 2, "Y": 13}


def test_a_name_without_letters_is_found_as_it_is(small):
    assert small.find("phone.name").indexes == {}
    assert small.find("phone.2.name").key.name == "phone.2.name"
    assert small.find("phone.3.name").indexes == {"X": 3}


@pytest.mark.parametrize(
    ("name", "permitted"),
    [
        ("account.3.row.1.name", "X = 1-2"),
        ("account.0.row.1.name", "X = 1-2"),
        ("account.1.row.7.name", "Y = 1-6, 9, 13"),
        ("account.01.row.1.name", "X = 1-2"),
        ("account.99999999999999999999.row.1.name", "X = 1-2"),
    ],
)
def test_a_number_that_is_not_permitted_is_told_with_those_that_are(small, name, permitted):
    with pytest.raises(IndexNotAllowed) as refusal:
        small.find(name)
    assert permitted in str(refusal.value)
    assert refusal.value.allowed == permitted
    assert not refusal.value.placeholder
    assert small.get(name) is None


def test_a_letter_in_place_of_a_number_is_known_as_such(small):
    with pytest.raises(IndexNotAllowed) as refusal:
        small.find("account.X.row.1.name")
    assert refusal.value.placeholder
    with pytest.raises(IndexNotAllowed):
        small.find("account.X.row.Y.name")


def test_a_misspelt_name_is_told_with_likely_ones_and_its_own_numbers(shipped):
    with pytest.raises(UnknownKey) as refusal:
        shipped.find("acount.1.sip_server.2.adress")
    assert refusal.value.near[0] == "account.1.sip_server.2.address"
    assert "did you mean account.1.sip_server.2.address" in str(refusal.value)
    assert shipped.near("voice.jib.maks")[0] == "voice.jib.max"
    assert shipped.near("nothing.like.any.of.them") == ()


def test_the_key_itself_is_found_by_its_name_with_letters(shipped):
    assert shipped.key("account.X.transport").indexes.keys() == {"X"}
    with pytest.raises(UnknownKey, match="transpport"):
        shipped.key("account.X.transpport")


def test_each_model_has_its_own_keys(small):
    assert small.models == ("A1", "B2")
    assert [key.name for key in small.for_model("b2")] == ["phone.X.name"]
    assert len(small.for_model("A1")) == 3
    assert len(small.for_model("C3")) == 0


def test_a_phone_has_its_models_keys_or_all_where_nothing_is_known_of_its_model(small):
    assert small.for_phone("b2") is small.for_model("B2")
    assert small.for_phone("C3") is small


def test_a_value_under_a_name_that_no_key_has_is_not_shown(shipped):
    assert shipped.secret("account.1.password")
    assert not shipped.secret("voice.jib.max")
    assert shipped.secret("voice.jib.maxx")


def test_every_name_that_a_key_can_have_is_found_again(shipped):
    for key in shipped:
        for use in key.uses():
            found = shipped.find(use.name)
            assert (found.key.name, found.indexes) == (key.name, use.indexes)


def test_the_order_is_that_of_the_files_then_of_the_numbers(small):
    names = ["phone.name", "account.2.row.1.name", "account.1.row.13.name", "account.1.row.9.name"]
    ordered = sorted(map(small.find, names), key=small.order)
    assert [use.name for use in ordered] == [*reversed(names[1:]), "phone.name"]


def test_a_key_of_two_accounts_is_told_apart_by_the_account():
    use = key_loading.shipped().find("security.user_password:admin")
    assert (use.key.name, use.holder) == ("security.user_password", "admin")
    assert key_values.check(use, "admin:secret") == []
    [wrong] = key_values.check(use, "user:secret")
    assert "has to begin with `admin:`" in wrong.message
    assert "secret" not in wrong.message
    with pytest.raises(UnknownKey, match=r"security\.user_password:user or security\.user_password:admin"):
        key_loading.shipped().find("security.user_password:root")
    assert key_loading.shipped().get("voice.jib.max:admin") is None
    assert key_loading.shipped().secret("security.user_password:user")
