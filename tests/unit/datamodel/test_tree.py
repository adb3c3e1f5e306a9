"""A phone's parameters as they become known, piece by piece."""

from __future__ import annotations

from acs.cwmp.structures import ParameterAttribute, ParameterInfo, ParameterValue
from acs.datamodel.tree import Parameter, ParameterTree


def test_name_value_and_attributes_add_up():
    tree = ParameterTree()
    tree.hear_name(ParameterInfo("Device.A", True))
    tree.hear_value(ParameterValue("Device.A", "1", "xsd:int"), 5.0)
    tree.hear_attributes(ParameterAttribute("Device.A", 2, ("Subscriber",)))
    tree.hear_name(ParameterInfo("Device.A", False))
    assert tree["Device.A"] == Parameter("1", "xsd:int", False, 5.0, 2, ("Subscriber",))


def test_a_secret_read_back_empty_is_no_news():
    """Quirk 59."""
    tree = ParameterTree()
    for value in ("seen", "", "other", ""):
        tree.hear_value(ParameterValue("Device.AuthPassword", value), 1.0)
    assert tree["Device.AuthPassword"].value == "other"
    tree.hear_value(ParameterValue("Device.Name", "x"), 1.0)
    tree.hear_value(ParameterValue("Device.Name", ""), 2.0)
    assert tree["Device.Name"].value == ""


def test_an_object_has_no_value():
    tree = ParameterTree()
    tree.hear_value(ParameterValue("Device.A.", "x"), 1.0)
    assert "Device.A." not in tree


def test_a_branch_is_forgotten_whole():
    tree = ParameterTree(
        {name: Parameter() for name in ("Device.A.", "Device.A.1.B", "Device.AB", "Device.C")}
    )
    copy = tree.copy()
    tree.forget("Device.A.")
    assert list(tree) == ["Device.AB", "Device.C"]
    tree.forget("Device.C")
    tree.forget("")
    assert len(tree) == 0
    assert len(copy) == 4
    assert list(copy.below("Device.A.")) == ["Device.A.", "Device.A.1.B"]
