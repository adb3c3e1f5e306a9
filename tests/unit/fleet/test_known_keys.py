"""What is known of keys, without keeping secrets."""

from __future__ import annotations

from acs.fleet.known_keys import Proof, proved


def test_a_value_is_kept_and_a_secret_is_not():
    values = {"voice.jib.max": "300", "account.1.password": "hunter2"}
    known = proved(values, lambda key: "password" in key, at=5.0, proof=Proof.FETCHED, salt="a1b2")
    assert known["voice.jib.max"].value == "300"
    assert known["account.1.password"].value not in ("", "hunter2")
    assert all(one.at == 5.0 and one.proof is Proof.FETCHED for one in known.values())
    assert known["account.1.password"].holds("hunter2")
    assert not known["account.1.password"].holds("hunter3")
    assert known["voice.jib.max"].holds("300")


def test_two_phones_with_one_secret_do_not_look_alike():
    def hashed(salt: str) -> str:
        return proved({"k": "1234"}, lambda _: True, at=0, proof=Proof.SENT, salt=salt)["k"].value

    assert hashed("a") != hashed("b")
