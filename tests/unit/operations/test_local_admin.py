"""The token of the machine itself: made once, kept in a file only its owner reads, known to any Redis."""

from __future__ import annotations

import stat

from acs.operations.tokens import Role, actor_of, ensure_local_admin
from acs.store.tokens import Token


def of_ones(count: int) -> bytes:
    return b"\x11" * count


def test_a_first_start_makes_it(canned, finish, tmp_path):
    path = tmp_path / "local-admin.token"
    runner = canned(None, None)
    text = finish(ensure_local_admin(runner, path, now=1.0, randomness=of_ones))
    assert text == "acs_1111111111_" + "11" * 24
    assert path.read_text() == text + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [command[0] for command in runner.asked] == ["HGET", "HSET"]
    assert list(tmp_path.iterdir()) == [path]
    assert text.rpartition("_")[2].encode() not in runner.asked[1][3]


def known(text: str, **changes: object) -> Token:
    import hashlib

    _, identifier, secret = text.split("_")
    facts = {"role": Role.ADMIN, "secret_sha256": hashlib.sha256(secret.encode()).hexdigest(), **changes}
    return Token(id=identifier, **facts)


def test_a_later_start_uses_the_one_in_the_file(canned, finish, tmp_path):
    path = tmp_path / "local-admin.token"
    path.write_text("acs_ab_cd\n")
    runner = canned(known("acs_ab_cd"))
    assert finish(ensure_local_admin(runner, path, now=1.0)) == "acs_ab_cd"
    assert [command[0] for command in runner.asked] == ["HGET"]


def test_an_emptied_redis_learns_it_again(canned, finish, tmp_path):
    path = tmp_path / "local-admin.token"
    path.write_text("acs_ab_cd\n")
    runner = canned(None, None)
    assert finish(ensure_local_admin(runner, path, now=1.0)) == "acs_ab_cd"
    assert [command[0] for command in runner.asked] == ["HGET", "HSET"]


def test_a_damaged_file_is_replaced(canned, finish, tmp_path):
    path = tmp_path / "local-admin.token"
    path.write_text("nonsense")
    text = finish(ensure_local_admin(canned(None, None), path, now=1.0))
    assert text.startswith("acs_")
    assert path.read_text().strip() == text


def test_the_text_says_who_calls(canned, finish):
    token = known("acs_ab_cd", name="Alice", expires_at=100.0)
    assert finish(actor_of(canned(token), "acs_ab_cd", now=99.0)).name == "Alice"
    assert finish(actor_of(canned(token), "acs_ab_cd", now=100.0)) is None
    assert finish(actor_of(canned(token), "acs_ab_xx", now=99.0)) is None
    assert finish(actor_of(canned(None), "acs_ab_cd", now=99.0)) is None


def test_what_is_no_token_is_not_even_looked_up(canned, finish):
    for text in ("", "acs", "acs_ab", "acs_ab_", "acs__cd", "xyz_ab_cd", "acs_a/b_cd", "acs_ab_ü"):
        runner = canned()
        assert finish(actor_of(runner, text, now=1.0)) is None
        assert runner.asked == []


def test_higher_roles_may_all_that_lower_ones_may():
    ranks = list(Role)
    for place, role in enumerate(ranks):
        assert [role.covers(needed) for needed in ranks] == [at <= place for at in range(len(ranks))]
