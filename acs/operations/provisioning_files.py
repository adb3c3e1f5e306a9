"""The provisioning files of a phone or a model as they would be served now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from acs.datamodel import model_files
from acs.datamodel.cfg_encryption import EncryptionError
from acs.datamodel.keys import Catalogue
from acs.datamodel.model_files import ModelFiles
from acs.fleet.attributes import mac_of
from acs.fleet.provisioning import AcsAccount, Files, PhoneFile
from acs.operations import configuration
from acs.operations.configuration_targets import Target
from acs.operations.errors import Conflict, Forbidden
from acs.operations.ports import Runner
from acs.operations.tokens import Actor, Role
from acs.store import layers

Which = Literal["common", "mac"]

#: Makes, for the host by which phones reach this server, what leads them to it; None: nothing does.
Account = Callable[[str], AcsAccount | None]

#: Who may see the secrets in a file.
SEES_SECRETS = Role.ENGINEER


class Rendered(Struct, frozen=True):
    """`content` has asterisks for each secret where the caller may not see them, and then no `etag`."""

    name: str
    content: bytes
    encrypted: bool
    etag: str


class Server(Struct, frozen=True):
    """What the files hang on beside the layers. `host` is by which the caller reached this server."""

    catalogue: Catalogue
    models: ModelFiles
    account: Account
    host: str


async def of_phone(
    runner: Runner, target: Target, which: Which, server: Server, actor: Actor, *, encrypt: bool
) -> Rendered:
    """One file of a phone. Raises Conflict where it has none, Forbidden for `encrypt` without the role."""
    own = await runner.run(layers.get(target.place))
    every, _ = await configuration.desired(runner, target, own.layer)
    device = target.known.device if target.known is not None else None
    host = (device.server_host if device is not None else "") or server.host
    files = Files(server.catalogue, target.model, every, target.attributes, server.account(host))
    if which == "common":
        name = _common_name(
            server.models, target.model, device.software_version if device is not None else ""
        )
        return _rendered(name, files, files.common_values, files.common, server, actor, encrypt)
    mac = mac_of(device) if device is not None else target.attributes.get("mac", "")
    if not mac:
        raise Conflict(f"{target.place.name} has not told its MAC address, by which its file is named.")
    return _rendered(model_files.mac_name(mac), files, files.own_values, files.own, server, actor, encrypt)


async def of_model(runner: Runner, model: str, server: Server, actor: Actor, *, encrypt: bool) -> Rendered:
    """The common file of a model. Raises as `of_phone`."""
    every = await runner.run_all([layers.get(layers.of_fleet()), layers.get(layers.of_model(model))])
    files = Files(server.catalogue, model, every, None, server.account(server.host))
    name = _common_name(server.models, model, "")
    return _rendered(name, files, files.common_values, files.common, server, actor, encrypt)


def _common_name(models: ModelFiles, model: str, version: str) -> str:
    number = models.number_of(model)
    first = version.partition(".")[0]
    if number is None and first.isdecimal() and len(first) <= 12:
        number = int(first)
    if number is None:
        raise Conflict(
            f"The number of the common file of {model or 'a phone that has not called yet'} is not known; "
            "--provisioning-models MODEL=NUMBER tells it."
        )
    return model_files.common_name(number)


def _rendered(
    name: str,
    files: Files,
    values: dict[str, str],
    make: Callable[[], PhoneFile],
    server: Server,
    actor: Actor,
    encrypt: bool,
) -> Rendered:
    trusted = actor.role.covers(SEES_SECRETS)
    if encrypt and not trusted:
        raise Forbidden(SEES_SECRETS, actor.role)
    if not trusted:
        secret = server.catalogue.secret
        return Rendered(name, files.shown(values, secret), False, "")
    try:
        file = make()
    except EncryptionError as error:
        raise Conflict(f"{name} cannot be made: {error}.") from None
    etag = file.etag.decode() if encrypt or not file.encrypted else ""
    return Rendered(name, file.content if encrypt else file.text, encrypt and file.encrypted, etag)
