"""Phones with TR-069 off that fetch their files and come in by what those say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tiny_acs import TinyAcs, play

from acs.cwmp import messages as m
from acs.datamodel import cfg_encryption
from acs.simulator import provisioning
from acs.simulator.phone import Phone
from acs.simulator.provisioning import ProvisioningFailed, file_names
from acs.simulator.state import PhoneState

COMMON, OWN = "/y000000000037.cfg", "/0015658a3786.cfg"
KEY = "0123456789abcdef"


def lines(*assignments: str) -> bytes:
    return "".join(f"{line}\n" for line in ("#!version:1.0.0.1", *assignments)).encode()


def leading_to(acs: TinyAcs) -> bytes:
    return lines(
        "managementserver.enable = 1", f"managementserver.url = {acs.url}/acs", "voice.jib.max = 300"
    )


def zero_touch(
    acs: TinyAcs, files: Callable[[], dict[str, bytes]], *, sessions: int = 1, aes_key: str = ""
) -> Phone:
    """A phone that knows nothing but where its files are."""

    def aim(phone: Phone) -> None:
        phone.state.surroundings.provisioning_url = acs.url
        phone.state.surroundings.aes_key = aes_key
        acs.files.update(files())

    return play(acs, sessions=sessions, before=aim)


def test_a_phone_asks_for_its_models_file_and_its_own(make_phone: Callable[..., PhoneState]) -> None:
    assert file_names(make_phone()) == (COMMON[1:], OWN[1:])


def test_the_way_to_the_acs_is_in_the_common_file() -> None:
    acs = TinyAcs([[]])
    phone = zero_touch(acs, lambda: {COMMON: leading_to(acs), OWN: lines("account.1.label = Reception")})
    assert acs.sessions[0].events == ["0 BOOTSTRAP", "1 BOOT"]
    assert phone.state.config_lines["voice.jib.max"] == "300"
    assert (
        phone.state.setting("Services.VoiceService.1.VoiceProfile.1.Line.1.SIP.X_001565_Label") == "Reception"
    )


def test_its_own_file_comes_last_and_a_missing_one_is_done_without() -> None:
    acs = TinyAcs([[]])
    phone = zero_touch(acs, lambda: {COMMON: leading_to(acs), OWN: lines("voice.jib.max = 240")})
    assert phone.state.config_lines["voice.jib.max"] == "240"
    acs = TinyAcs([[]])
    zero_touch(acs, lambda: {COMMON: leading_to(acs)})
    assert len(acs.sessions) == 1


def test_encrypted_files_are_read_with_the_phones_key() -> None:
    acs = TinyAcs([[]])
    zero_touch(acs, lambda: {COMMON: cfg_encryption.encrypt(leading_to(acs), KEY)}, aes_key=KEY)
    assert len(acs.sessions) == 1


def test_a_file_that_has_not_changed_is_not_applied_again() -> None:
    acs = TinyAcs([[m.Reboot("again")], []])
    applied: list[str] = []
    kept = provisioning._apply

    def counting(phone: PhoneState, name: str, digest: str, text: bytes) -> bool:
        applied.append(name)
        return kept(phone, name, digest, text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provisioning, "_apply", counting)
        zero_touch(acs, lambda: {COMMON: leading_to(acs)}, sessions=2)
    assert acs.sessions[1].events[0] == "1 BOOT"
    assert applied == [COMMON[1:]]


@pytest.mark.parametrize(
    ("content", "key", "words"),
    [
        (cfg_encryption.encrypt(lines("a = b"), KEY), "", "no key"),
        (cfg_encryption.encrypt(lines("a = b"), KEY), "FEDCBA9876543210", "key"),
        (b"<html>", KEY, "multiple of 16"),
    ],
)
def test_a_file_that_cannot_be_read_is_not_applied(
    make_phone: Callable[..., PhoneState], content: bytes, key: str, words: str
) -> None:
    phone = make_phone()
    phone.config_lines["auto_provision.aes_key_16.com"] = key
    with pytest.raises(ProvisioningFailed, match=words):
        list(provisioning._read(phone, [(COMMON[1:], "auto_provision.aes_key_16.com", content)]))


def test_a_phone_that_nobody_leads_anywhere_keeps_silent() -> None:
    acs = TinyAcs([[]])
    with pytest.raises(asyncio.TimeoutError):
        play(acs, before=lambda phone: _only_files(phone, acs), limit=1.0)
    assert not acs.sessions


def _only_files(phone: Phone, acs: TinyAcs) -> None:
    phone.state.surroundings.provisioning_url = acs.url
    acs.files[COMMON] = lines("voice.jib.max = 300")
