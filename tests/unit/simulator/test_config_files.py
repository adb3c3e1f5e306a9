"""What a simulated phone makes of a configuration file, and of its own."""

from __future__ import annotations

from acs.datamodel import cfg_files
from acs.simulator import config_files

METHOD = "Device.Services.VoiceService.1.VoiceProfile.1.DTMFMethod"


def uploaded(phone) -> dict[str, str]:
    return cfg_files.read(config_files.configuration(phone)).values


def test_the_upload_has_every_key_that_a_parameter_keeps(make_phone):
    lines = uploaded(make_phone())
    assert lines["account.1.sip_server.1.port"] == "5060"
    assert lines["account.1.codec.6.enable"] == "1", (
        "G722 is the third of the phone's rows, the sixth of the keys'"
    )
    assert lines["local_time.time_zone"] == "+8"
    assert lines["security.user_password"] == "", "secrets are blank"


def test_keys_without_a_parameter_come_back_as_they_were(make_phone):
    phone = make_phone()
    assert config_files.apply(phone, b"voice.jib.max = 300\naccount.1.dtmf.type = 2\n") == 1
    assert phone.tree.value(METHOD) == "SIPInfo"
    assert uploaded(phone)["voice.jib.max"] == "300"


def test_a_value_without_a_word_in_its_parameter_holds_until_the_parameter_is_set(make_phone):
    phone = make_phone()
    config_files.apply(phone, b"account.1.dtmf.type = 3\n")
    assert uploaded(phone)["account.1.dtmf.type"] == "3"
    phone.put(METHOD, "InBand", by_acs=True)
    assert uploaded(phone)["account.1.dtmf.type"] == "0"
    config_files.apply(phone, b"account.1.dtmf.type = 3\n")
    config_files.apply(phone, b"account.1.dtmf.type = 1\n")
    assert uploaded(phone)["account.1.dtmf.type"] == "1"


def test_values_that_no_phone_takes_are_skipped(make_phone):
    phone = make_phone()
    before = uploaded(phone)
    assert config_files.apply(phone, b"network.qos.rtptos = 64\nvoice.jib.max = loud\nno line\n") == 0
    assert uploaded(phone) == before
