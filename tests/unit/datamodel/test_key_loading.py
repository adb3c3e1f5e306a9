"""Files of keys: what they give, and how the line of each fault is found."""

from __future__ import annotations

import pytest

from acs.datamodel import key_loading
from acs.datamodel.key_loading import KeyFileError
from acs.datamodel.keys import Condition, FileKind, KeyType
from cwmp_schemas.loader import key_files

GOOD = """\
# keys of a phone of ours
models = ["SIP-T22P", "A1"]
source = "our own reading"

[[feature]]
name = "Paging"
section = "Paging Groups"

[[feature.key]]
name = "paging.X.volume"
indexes = { X = "1-3, 5" }
type = "integer"
minimum = 0
maximum = 10
sure_maximum = 8
special = ["99"]
default = { "1" = "3", "2" = "4" }
default_by = "X"
file = "mac"
reboot = true
depends_on = ["paging.mode = 1 or 2"]
description = "How loud it is."

[[feature.key]]
name = "paging.mode"
type = "enum"
values = { "0" = "off", "1" = "on", "2" = "always" }
default = "0"
file = "common"
description = "When it pages."

[[feature]]
name = "Names"

[[feature.key]]
name = "names.list"
type = "string"
separator = ","
max_items = 5
pattern = "[a-z]+"
allowed = "small letters"
default = ""
file = "both"
secret = true
description = "Who may."
"""


def test_a_file_gives_its_keys_in_order_with_all_fields():
    volume, mode, names = key_loading.read(GOOD, "ours.toml")
    assert (volume.name, volume.type, volume.feature) == ("paging.X.volume", KeyType.INTEGER, "Paging")
    assert volume.indexes["X"].numbers == {1, 2, 3, 5}
    assert (volume.minimum, volume.maximum, volume.sure_maximum, volume.special) == (0, 10, 8, ("99",))
    assert (volume.default, volume.default_by) == ({"1": "3", "2": "4"}, "X")
    assert (volume.file, volume.reboot, volume.secret) == (FileKind.MAC, True, False)
    assert volume.depends_on == (Condition("paging.mode", ("1", "2")),)
    assert volume.section == "Paging Groups"
    assert volume.models == ("SIP-T22P", "A1")
    assert volume.source == "our own reading"
    assert volume.origin == "ours.toml:10"
    assert mode.values == {"0": "off", "1": "on", "2": "always"}
    assert (names.separator, names.max_items, names.secret, names.section) == (",", 5, True, "")


#: what is changed in the good file, the line of the fault, and words of the complaint
FAULTS = [
    ('[[feature]]\nname = "Paging"', '[[feature]\nname = "Paging"', 5, ["TOML"]),
    ('models = ["SIP-T22P", "A1"]', "models = []", 2, ["models", "empty"]),
    ('models = ["SIP-T22P", "A1"]\n', "", 1, ["models"]),
    ('source = "our own reading"', "source = 3", 3, ["source", "str"]),
    ('name = "Names"', 'nam = "Names"', 33, ["nam", "name, section, key"]),
    ('type = "integer"', 'type = "number"', 12, ["type", "number"]),
    ('type = "integer"', 'typ = "integer"', 12, ["typ"]),
    ("minimum = 0", 'minimum = "0"', 13, ["minimum"]),
    ("minimum = 0", "minimum = 0.5", 13, ["minimum", "whole number"]),
    ("maximum = 10", "maximum = -1", 13, ["minimum", "maximum"]),
    ('"1-3, 5"', '"1-3 and 5"', 11, ["indexes", "X", "1-3 and 5", "1-6, 9, 13"]),
    ('"1-3, 5"', '"3-1"', 11, ["3-1", "low to high"]),
    ("{ X =", "{ Y =", 11, ["Y", "X"]),
    ('name = "paging.X.volume"', 'name = "paging..volume"', 10, ["paging..volume", "components"]),
    ('default = { "1" = "3", "2" = "4" }', 'default = "11"', 18, ["default_by", "table"]),
    ('"2" = "4" }', '"2" = "44" }', 17, ["44", "0 to 10"]),
    ('"2" = "4" }', '"4" = "4" }', 17, ["4", "1-3, 5"]),
    ('default_by = "X"\n', "", 17, ["default_by"]),
    ('file = "mac"', 'file = "phone"', 19, ["file", "phone"]),
    ("reboot = true", 'reboot = "yes"', 20, ["reboot"]),
    ('"paging.mode = 1 or 2"', '"paging.mode"', 21, ["paging.mode", "key = value"]),
    ('values = { "0" = "off", "1" = "on", "2" = "always" }\n', "", 25, ["values"]),
    ('type = "enum"', 'type = "boolean"', 27, ["boolean", "0 and 1"]),
    ('type = "enum"', 'type = "string"', 27, ["string"]),
    ('default = "0"', 'default = "7"', 28, ["7", "0 (off)", "2 (always)"]),
    ('description = "When it pages."', 'description = " "', 30, ["description"]),
    ('description = "When it pages."\n', "", 25, ["description"]),
    ('pattern = "[a-z]+"', 'pattern = "[a-z"', 40, ["pattern"]),
    ('allowed = "small letters"\n', "", 40, ["pattern", "allowed"]),
    ('separator = ","\n', "", 38, ["max_items", "separator"]),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), FAULTS, ids=[new or old for old, new, *_ in FAULTS])
def test_a_fault_is_told_in_one_line_with_its_place(old, new, line, words):
    assert old in GOOD
    with pytest.raises(KeyFileError) as refusal:
        key_loading.read(GOOD.replace(old, new, 1), "ours.toml")
    text = str(refusal.value)
    assert text.startswith(f"ours.toml:{line}: ")
    assert "\n" not in text
    assert [word for word in words if word not in text] == []


def test_further_files_add_keys_of_other_models_even_by_a_name_that_is_taken():
    other = GOOD.replace("paging.mode", "voice.jib.max")
    both = key_loading.catalogue([("ours.toml", other)])
    assert len(both) == len(key_loading.shipped()) + 3
    assert both.find("voice.jib.max").key.models == ("CP860",)
    assert both.for_model("a1").find("voice.jib.max").key.source == "our own reading"


def test_a_key_twice_for_one_model_is_refused_with_both_places():
    twice = GOOD.replace("SIP-T22P", "CP860").replace("names.list", "voice.jib.max")
    with pytest.raises(KeyFileError, match=r"^ours\.toml:36: voice\.jib\.max .*CP860.*\.toml:\d+$"):
        key_loading.catalogue([("ours.toml", twice)])
    with pytest.raises(KeyFileError, match=r"voice\.jib\.max"):
        key_loading.catalogue([("ours.toml", twice.replace("CP860", "*"))])


def test_what_a_key_depends_on_must_exist_with_such_a_value():
    with pytest.raises(KeyFileError, match=r"^ours\.toml:10: .*paging\.mood"):
        key_loading.catalogue([("ours.toml", GOOD.replace('["paging.mode =', '["paging.mood ='))])
    with pytest.raises(KeyFileError, match=r"paging\.mode = 7; permitted: 0, 1, 2"):
        key_loading.catalogue([("ours.toml", GOOD.replace("1 or 2", "1 or 7"))])


@pytest.mark.parametrize(("origin", "text"), key_files(), ids=[origin for origin, _ in key_files()])
def test_every_shipped_file_can_be_read(origin, text):
    assert key_loading.read(text, origin)
