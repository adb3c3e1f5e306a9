"""Encrypted configuration files: as phones and openssl read them, and back."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.datamodel import cfg_encryption
from acs.datamodel.cfg_encryption import EncryptionError, KeyFormError

KEY = "0123456789abMINS"
TEXT = b"#!version:1.0.0.1\nvoice.vad = 1\n"


def openssl(content: bytes, *options: str) -> bytes:
    """What `openssl enc -aes-128-ecb` makes of it, without a complaint."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on PATH")
    command = ["openssl", "enc", "-aes-128-ecb", "-K", KEY.encode().hex(), *options]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.mark.parametrize("options", [(), ("-nopad",)], ids=["padding off", "padding left"])
@pytest.mark.parametrize("length", range(17))
def test_openssl_decrypts_it_whether_it_takes_a_padding_off_or_not(length, options):
    text = TEXT + b"# " + b"x" * length + b"\n"
    plain = openssl(cfg_encryption.encrypt(text, KEY), "-d", *options)
    assert plain.startswith(text)
    assert plain[len(text) :].strip(b"\n") == b""


@pytest.mark.parametrize("length", range(17))
def test_what_openssl_encrypts_is_decrypted(length):
    text = TEXT + b"# " + b"x" * length + b"\n"
    assert cfg_encryption.decrypt(openssl(text, "-e"), KEY) == text


@pytest.mark.parametrize("filler", [b"\n", b"\0"], ids=["newlines", "zeros"])
def test_files_of_other_paddings_are_decrypted(filler):
    padded = TEXT + filler * (-len(TEXT) % 16)
    assert cfg_encryption.decrypt(openssl(padded, "-e", "-nopad"), KEY) == TEXT


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc"))), st.from_regex(r"[0-9A-Za-z]{16}", fullmatch=True)
)
def test_every_text_comes_back_and_gives_the_same_bytes_each_time(text, key):
    content = f"# {text}\n".encode()
    encrypted = cfg_encryption.encrypt(content, key)
    assert len(encrypted) % 16 == 0
    assert encrypted == cfg_encryption.encrypt(content, key)
    assert cfg_encryption.decrypt(encrypted, key) == content


def test_a_wrong_key_is_noticed():
    with pytest.raises(EncryptionError, match="with this key"):
        cfg_encryption.decrypt(cfg_encryption.encrypt(TEXT * 10, KEY), KEY[::-1])


@pytest.mark.parametrize("content", [b"", TEXT[:17], TEXT + b"x"])
def test_what_cannot_be_an_encrypted_file_is_told_by_its_length(content):
    with pytest.raises(EncryptionError, match=f"{len(content)} bytes.*16"):
        cfg_encryption.decrypt(content, KEY)


@pytest.mark.parametrize(
    "key", ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcde!", "0123456789abcdé\n"]
)
def test_a_key_is_16_letters_and_digits_and_is_not_repeated_when_it_is_not(key):
    with pytest.raises(KeyFormError, match="16 of 0-9, A-Z and a-z") as refusal:
        cfg_encryption.encrypt(TEXT, key)
    assert not key or key not in str(refusal.value)
