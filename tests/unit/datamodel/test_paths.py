"""What a parameter's name tells."""

from __future__ import annotations

import pytest

from acs.datamodel import paths


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("Device.A.B", "Device."),
        ("InternetGatewayDevice.A", "InternetGatewayDevice."),
        ("device.A", "device."),
        ("Devices.A", ""),
        ("Device", ""),
        ("", ""),
        (".", ""),
    ],
)
def test_either_root_is_known(name, root):
    assert paths.root_of(name) == root


@pytest.mark.parametrize(
    ("name", "leaf", "parent"),
    [
        ("Device.A.B", "B", "Device.A."),
        ("Device.A.1.", "1", "Device.A."),
        ("Device.", "Device", ""),
    ],
)
def test_leaf_and_parent(name, leaf, parent):
    assert (paths.leaf_of(name), paths.parent_of(name)) == (leaf, parent)


def test_tables_on_the_way_outermost_first():
    assert paths.tables_of("Device.A.1.B.22.C") == ("Device.A.", "Device.A.1.B.")


def test_instances_are_whatever_the_phone_has():
    """Quirk 62."""
    names = ["Device.A.3.X", "Device.A.17.", "Device.A.Name", "Device.B.1.X"]
    assert paths.instances(names, "Device.A.") == {3, 17}


@pytest.mark.parametrize("leaf", ["AuthPassword", "X_001565_AdminPassword", "KeyPassphrase", "PreSharedKey"])
def test_secrets(leaf):
    assert paths.is_secret("Device.A." + leaf)
    assert not paths.is_secret("Device.Password.Leaf")


def test_vendors_leave_the_standard():
    assert paths.is_vendor("Device.X_001565_A.B")
    assert not paths.is_vendor("Device.AX_B")
