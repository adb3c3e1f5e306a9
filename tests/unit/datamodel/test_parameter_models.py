"""What the data models say of parameters."""

from __future__ import annotations

from pathlib import Path

import pytest

from acs.datamodel import parameter_models
from acs.datamodel.parameter_models import lookup, problem
from cwmp_schemas import make_models
from cwmp_schemas.loader import model_text

DATA_MODELS = Path(__file__).parents[4] / "shared" / "reference" / "data-models"
LINE = "Device.Services.VoiceService.1.VoiceProfile.2.Line.1."


def test_a_parameter_is_found_by_its_full_name_whatever_its_instances_and_root():
    model = lookup(LINE + "SIP.AuthPassword")
    assert model is not None
    assert (model.type, model.longest, model.writable, model.secret) == ("string", 128, True, True)
    assert model.source == "TR-104"
    assert lookup(LINE.replace("Device.", "InternetGatewayDevice.") + "SIP.AuthPassword") == model
    assert lookup("Device.Time.NTPServer9") is None
    assert lookup("") is None


def test_what_the_inform_always_has_is_forced():
    assert {path for path, model in parameter_models.models().items() if model.forced} >= {
        "Device.DeviceSummary",
        "Device.DeviceInfo.HardwareVersion",
        "Device.DeviceInfo.SoftwareVersion",
        "Device.ManagementServer.ParameterKey",
        "Device.ManagementServer.ConnectionRequestURL",
        "Device.LAN.IPAddress",
    }


def test_versions_tell_the_young_from_the_old():
    enable, ntp = lookup("Device.Time.Enable"), lookup("Device.Time.NTPServer1")
    alias = lookup("Device.Services.VoiceService.1.VoiceProfile.1.Alias")
    assert enable
    assert ntp
    assert alias
    assert (enable.since, ntp.since, alias.since) == ("1.14", "", "1.1")


def test_vendor_leaves_are_from_the_field():
    model = lookup("Device.Time.X_001565_TimeFormat")
    assert model is not None
    assert (model.source, model.type, model.writable) == ("field", "unsignedInt", True)


def test_objects_tell_whether_rows_can_be_added():
    objects = parameter_models.objects()
    assert objects["Device.Services.VoiceService.{i}.VoiceProfile.{i}."] is True
    assert objects["Device.Time."] is False


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Device.LAN.AddressingType", "PPPoE", "permitted: DHCP, Static"),
        ("Device.Time.NTPServer1", "n" * 65, "at most 64 characters are permitted, these are 65"),
        ("Device.ManagementServer.PeriodicInformInterval", "0", "from 1 to 4294967295"),
        ("Device.ManagementServer.PeriodicInformInterval", "soon", "a whole number"),
        ("Device.ManagementServer.PeriodicInformEnable", "yes", "permitted: 0, 1, true, false"),
        ("Device.ManagementServer.PeriodicInformTime", "noon", "2026-01-31T12:00:00Z"),
        (LINE.replace("Line.1.", "SIP.") + "DSCPMark", "64", "from 0 to 63"),
        (LINE.replace("Line.1.", "SIP.") + "VLANIDMark", "-2", "from -1 to"),
        ("Device.LAN.DHCPOption.1.Value", "?", "base64"),
    ],
)
def test_a_bad_value_is_told_with_what_is_permitted(name, value, said):
    assert said in problem(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Device.LAN.DNSServers", "192.0.2.1,192.0.2.2"),
        (LINE.replace("Line.1.", "RTP.SRTP.") + "KeyingMethods", "Static"),
        (LINE + "Enable", "Enabled"),
        ("Device.X_000000_Own.Leaf", "anything"),
    ],
)
def test_a_good_value_and_one_that_no_model_knows_are_let_pass(name, value):
    assert problem(name, value) == ""


@pytest.mark.skipif(not DATA_MODELS.is_dir(), reason="the data models are not here")
def test_the_files_are_what_the_script_makes_of_the_data_models(tmp_path, monkeypatch):
    monkeypatch.setattr(make_models, "HERE", tmp_path)
    make_models.main(str(DATA_MODELS))
    for name in ("device-1", "voice-service-1"):
        assert (tmp_path / f"{name}.csv").read_text(encoding="utf-8") == model_text(name)
