"""Users: made, listed, changed, deleted; their passwords. No user is there from the start."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from acs.datamodel.keys import Catalogue
from acs.fleet.selector.lexing import LONGEST
from acs.operations import browser_sessions, passwords, selectors
from acs.operations.actors import Role
from acs.operations.errors import Conflict, Invalid, NotFound, WrongLogin
from acs.operations.ports import Runner, moment
from acs.store import tokens
from acs.store import users as store
from acs.store.users import User

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
NAMES = "1 to 100 of a-z 0-9 . _ @ + -, beginning with a letter or digit; capitals are made small"

Name = Annotated[
    str,
    Meta(
        max_length=200,
        extra_json_schema={"pattern": "^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$", "description": NAMES},
    ),
]
FullName = Annotated[str, Meta(max_length=200)]
Select = Annotated[
    str, Meta(max_length=LONGEST, description="a selector: only its phones are seen; empty for all phones")
]
#: its length is checked by `passwords`, whose message does not repeat it
Password = Annotated[
    str,
    Meta(
        description="10 to 256 characters, not the name nor what is tried first",
        extra_json_schema={"minLength": 10, "maxLength": 256},
    ),
]


class UserRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Without a password the user can log in by the OpenID provider only, or once an admin has set one."""

    name: Name
    role: Role
    password: Password | None = None
    full_name: FullName = ""
    select: Select = ""


class UserChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    role: Role | UnsetType = UNSET
    full_name: FullName | UnsetType = UNSET
    select: Select | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    password: Password | UnsetType = UNSET


class UserView(Struct, frozen=True):
    name: str
    role: str
    full_name: str
    select: str
    disabled: bool
    #: whether there is a password to log in with
    has_password: bool
    #: whether the user came by the OpenID provider, which then says the role
    by_provider: bool
    created_at: datetime | None
    created_by: str


class UserList(Struct, frozen=True):
    items: list[UserView]


async def list_all(runner: Runner) -> UserList:
    return UserList([view(user) for user in await runner.run(store.list_all())])


async def show(runner: Runner, name: str) -> UserView:
    """Raises NotFound."""
    return view(await find(runner, name))


async def find(runner: Runner, name: str) -> User:
    """Raises NotFound."""
    user = await runner.run(store.get(name.casefold()))
    if user is None:
        raise NotFound("user", name)
    return user


async def create(
    runner: Runner, asked: UserRequest, catalogue: Catalogue, *, by: str, now: float
) -> UserView:
    """Raises Invalid, and Conflict for a name that is taken."""
    user = await _new(runner, asked, catalogue, by=by, now=now)
    if not await runner.run(store.create(user)):
        raise Conflict(f"There is a user {user.name!r} already.")
    return view(user)


async def change(
    runner: Runner, name: str, asked: UserChange, catalogue: Catalogue, *, now: float
) -> UserView:
    """Raises NotFound, Invalid, and Conflict where nobody would be left who may make users."""
    user = await find(runner, name)
    given = {
        field: value
        for field, value in structs.asdict(asked).items()
        if value is not UNSET and field != "password"
    }
    if isinstance(asked.full_name, str):
        _check_full_name(asked.full_name)
    if isinstance(asked.select, str):
        given["select"] = await selectors.usable(runner, asked.select, catalogue, field="select")
    if isinstance(asked.password, str):
        passwords.check_new(asked.password, user.name)
        given |= {"password": await passwords.hashed(asked.password), "password_at": now}
    if _is_master(user) and not _is_master(structs.replace(user, **given)):
        await _require_another(runner, user.name)
    after = await runner.drive(store.change(user.name, lambda before: structs.replace(before, **given)))
    if after is None:
        raise NotFound("user", name)
    return view(after)


async def set_password(runner: Runner, name: str, password: str, *, now: float) -> None:
    """Browser sessions from before are void. Raises NotFound, Invalid."""
    user = await find(runner, name)
    passwords.check_new(password, user.name)
    changes = {"password": await passwords.hashed(password), "password_at": now}
    await runner.drive(store.change(user.name, lambda before: structs.replace(before, **changes)))


async def change_own_password(
    runner: Runner, name: str, old: str, new: str, *, address: str, now: float
) -> None:
    """As `set_password`, for who knows the present one. Raises TooMany after too many that were wrong."""
    try:
        await browser_sessions.prove(runner, name, old, address=address)
    except WrongLogin:
        raise Invalid.field("old", "is not the present password", allowed="the present password") from None
    await set_password(runner, name, new, now=now)


async def delete(runner: Runner, name: str) -> None:
    """Sessions and tokens end too. Raises NotFound, and Conflict for the last one who may make users."""
    user = await find(runner, name)
    if _is_master(user):
        await _require_another(runner, user.name)
    if not await runner.run(store.delete(user.name)):
        raise NotFound("user", name)
    own = [token for token in await runner.run(tokens.list_all()) if token.user == user.name]
    await runner.run_all([tokens.revoke(token.id) for token in own])


# --- the first one --------------------------------------------------------------------------------------


class FirstUser(Struct, frozen=True, forbid_unknown_fields=True):
    """`link` is what the set-up link has behind `token=`."""

    link: Annotated[str, Meta(max_length=200)]
    name: Name
    password: Password
    full_name: FullName = ""


async def link_holds(runner: Runner, link: str, *, now: float) -> bool:
    """Whether the first user may be made by this link."""
    there, holds = await runner.run_all([store.count(), store.link_holds(store.link_digest(link), now=now)])
    return bool(holds) and not there


async def create_first(runner: Runner, asked: FirstUser, catalogue: Catalogue, *, now: float) -> UserView:
    """The first user, an admin. Raises Invalid, and Conflict for a link that is used up or too old."""
    if not await link_holds(runner, asked.link, now=now):
        raise Conflict(_LINK_VOID)
    request = UserRequest(asked.name, Role.ADMIN, asked.password, asked.full_name)
    user = await _new(runner, request, catalogue, by="set-up link", now=now)
    if await runner.run(store.create_first(user, store.link_digest(asked.link), now=now)) != 1:
        raise Conflict(_LINK_VOID)
    return view(user)


_LINK_VOID = (
    "This set-up link does not hold: it is good for a day, and for the first user only. "
    "`acs up` prints a new one at its start while there is no user; else `acs user create` makes users."
)


async def _new(runner: Runner, asked: UserRequest, catalogue: Catalogue, *, by: str, now: float) -> User:
    name = asked.name.strip().casefold()
    if not NAME.fullmatch(name):
        raise Invalid.field("name", "is no name of a user", value=asked.name, allowed=NAMES)
    _check_full_name(asked.full_name)
    select = await selectors.usable(runner, asked.select, catalogue, field="select")
    password = ""
    if asked.password is not None:
        passwords.check_new(asked.password, name)
        password = await passwords.hashed(asked.password)
    return User(
        name=name,
        role=asked.role,
        password=password,
        full_name=asked.full_name,
        select=select,
        created_at=now,
        created_by=by,
        password_at=now if password else 0,
    )


def _is_master(user: User) -> bool:
    """Whether this user may make others."""
    return user.role == Role.ADMIN and not user.disabled and not user.select


async def _require_another(runner: Runner, name: str) -> None:
    others = [user for user in await runner.run(store.list_all()) if user.name != name]
    if not any(map(_is_master, others)):
        raise Conflict(f"{name} is the only admin who sees all phones: make another one first.")


def _check_full_name(text: str) -> None:
    if not text.isprintable():
        raise Invalid.field("full_name", "has control characters", value=text, allowed="printable text")


def view(user: User) -> UserView:
    return UserView(
        name=user.name,
        role=user.role,
        full_name=user.full_name,
        select=user.select,
        disabled=user.disabled,
        has_password=bool(user.password),
        by_provider=bool(user.subject),
        created_at=moment(user.created_at),
        created_by=user.created_by,
    )
