"""What a phone gets of what an operator wrote, by the type that the phone itself told."""

from __future__ import annotations

import pytest

from acs.cwmp.structures import ParameterValue
from acs.datamodel.tree import ParameterTree
from acs.fleet import values
from acs.fleet.task import TypedValue

NAME = "Device.X"


def told(type_name: str, value: str = "1") -> ParameterTree:
    tree = ParameterTree()
    tree.hear_value(ParameterValue(NAME, value, type_name), 0.0)
    return tree


@pytest.mark.parametrize(
    ("theirs", "wish", "written"),
    [
        ("xsd:unsignedInt", "7", ("7", "xsd:unsignedInt")),
        ("xsd:unsignedInt", True, ("1", "xsd:unsignedInt")),
        ("xsd:boolean", "enabled", ("1", "xsd:boolean")),
        ("xsd:json", "7", ("7", "xsd:string")),
        # the phone tells a type that cannot hold it: it is sent all the same, and valid
        ("xsd:unsignedInt", "hello", ("hello", "xsd:string")),
        ("xsd:unsignedInt", -1, ("-1", "xsd:string")),
        ("xsd:boolean", "maybe", ("maybe", "xsd:string")),
        ("xsd:dateTime", "tomorrow", ("tomorrow", "xsd:string")),
        ("xsd:hexBinary", "xy", ("xy", "xsd:string")),
    ],
)
def test_a_value_goes_in_the_phones_own_type_where_it_has_that_form(theirs, wish, written):
    sent = values.parameter(NAME, wish, told(theirs))
    assert (sent.value, sent.type) == written


def test_a_type_that_the_operator_names_stays():
    sent = values.parameter(NAME, TypedValue("7", "xsd:int"), told("xsd:string"))
    assert (sent.value, sent.type) == ("7", "xsd:int")
