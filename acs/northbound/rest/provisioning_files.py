"""…/config/file: the provisioning files of a phone or a model as they would be served now."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from acs.northbound.rest.configuration import phone_of
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import Call, Route
from acs.operations import configuration_targets, provisioning_files
from acs.operations.provisioning_files import Rendered, Server, Which

_PLAIN = "text/plain; charset=utf-8"
_BINARY = "application/octet-stream"

Encrypt = Annotated[bool, Meta(description="as phones with an AES key get it; for engineers and above")]


class _ModelQuery(Struct, frozen=True, forbid_unknown_fields=True):
    encrypt: Encrypt = False


class _PhoneQuery(_ModelQuery, frozen=True):
    which: Annotated[Which, Meta(description="the model's file, or the phone's own")] = "mac"


async def _phone(call: Call) -> Reply:
    query: _PhoneQuery = call.query
    target = await phone_of(call)
    rendered = await provisioning_files.of_phone(
        call.services.runner, target, query.which, _server(call), call.actor, encrypt=query.encrypt
    )
    return _reply(rendered)


async def _model(call: Call) -> Reply:
    query: _ModelQuery = call.query
    model = call.segment("model")
    configuration_targets.model(call.services.catalogue, model)
    rendered = await provisioning_files.of_model(
        call.services.runner, model, _server(call), call.actor, encrypt=query.encrypt
    )
    return _reply(rendered)


def _server(call: Call) -> Server:
    services = call.services
    request: Any = call.request  # twisted types its methods as untyped
    host: str = request.getRequestHostname().decode("latin-1")
    return Server(services.catalogue, services.models, services.account, f"[{host}]" if ":" in host else host)


def _reply(rendered: Rendered) -> Reply:
    headers = [("Content-Disposition", f'attachment; filename="{rendered.name}"')]
    if rendered.etag:
        headers.append(("ETag", rendered.etag))
    return Reply(200, rendered.content, tuple(headers), _BINARY if rendered.encrypted else _PLAIN)


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/devices/{device}/config/file",
        handle=_phone,
        summary="A provisioning file of the phone as it is served; its secrets are for engineers and above",
        query=_PhoneQuery,
        answers={200: {_PLAIN: str, _BINARY: bytes}},
        problems=(404, 409),
    ),
    Route(
        method="GET",
        path="/api/v1/models/{model}/config/file",
        handle=_model,
        summary="The common provisioning file of the model; its secrets are for engineers and above",
        query=_ModelQuery,
        answers={200: {_PLAIN: str, _BINARY: bytes}},
        problems=(409,),
    ),
)
