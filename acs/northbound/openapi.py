"""The OpenAPI 3.1 document, made from the routes and the types that serve them: it can say nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from msgspec import NODEFAULT, structs

from acs.northbound.rest.problems import CONTENT_TYPE, Problem
from acs.northbound.rest.routing import Route, contents

_REFERENCE = "#/components/schemas/{name}"

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "With the same key, what is here is made once; its first answer is given again for a day",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}

_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the version that is to be changed; another one in its place is a 412",
    "schema": {"type": "string", "minLength": 1},
}

_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the version that the caller has; while it is that one, the answer is a 304",
    "schema": {"type": "string"},
}

_TEXT = {"required": True, "schema": {"type": "string"}}
_SECONDS = {"required": True, "schema": {"type": "integer"}}

#: Headers of answers by their status.
_HEADERS = {
    201: {"Location": _TEXT},
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": _SECONDS},
    503: {"Retry-After": _SECONDS},
}

#: What the path parameters mean.
_SEGMENTS = {
    "device": "Device id, `OUI-ProductClass-SerialNumber`, each part percent-encoded outside `[A-Za-z0-9_]`; "
    "its percent signs are written `%25` in a URL (as they are is understood too)",
    "task": "Task id",
    "trace": "Id of a recorded session",
    "name": "Name of a stored file",
    "kind": "Kind of resource file, such as `replace-rules`",
    "token": "Token id",
    "user": "Name of a user",
    "rollout": "Rollout id",
    "schedule": "Id of a schedule",
    "model": "Product class, as phones tell it",
    "group": "Name of a group",
    "selector": "Name of a saved selector",
    "member": "Device id, or the MAC address of a phone that is awaited",
    "mac": "MAC address, with or without separators",
    "alert": "Id of an alert",
    "rule": "Name of a rule",
    "webhook": "Name of a webhook",
    "letter": "Id of a call that was given up",
    "version": "Number of a version",
}

_STATUS = {
    200: "Done",
    201: "Made",
    204: "Done; nothing to say",
    206: "The part of the file asked for",
    304: "Not changed",
    400: "The request is not understood",
    401: "No token, or one that does not count",
    403: "The caller's role, or the selector that limits it, does not allow it",
    404: "There is no such thing",
    409: "Not in the present state",
    412: "Somebody else wrote meanwhile",
    413: "Too large",
    429: "Too many calls; `Retry-After` tells when to go on",
    406: "No content type that Accept names",
    414: "The request's first line is too long",
    415: "The body is compressed",
    416: "No such part of the file",
    422: "A field is wrong; `errors` names each, its value and what is allowed",
    500: "The server failed; `instance` is the id of the line in its log",
    503: "The store does not answer, or the server is not ready",
}


def document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The whole document as plain data."""
    table = tuple(routes)
    types = _types(table)
    _, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    components = {name: _even(schema) for name, schema in components.items()}
    paths: dict[str, dict[str, Any]] = {}
    for route in filter(lambda route: route.documented, table):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Auto-configuration server",
            "version": version,
            "summary": "Manages SIP phones by TR-069",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "acs_ID_SECRET"},
                "session": {"type": "apiKey", "in": "cookie", "name": "acs_session"},
            },
        },
        "security": [{"token": []}, {"session": []}],
    }


def _types(routes: tuple[Route, ...]) -> list[Any]:
    """Every type that appears in a body or an answer."""
    found: list[Any] = [Problem]
    for route in routes:
        for answer in route.answers.values():
            found += [kind for kind in contents(answer).values() if kind not in (bytes, str)]
        if route.body not in (None, bytes):
            found.append(route.body)
    return found


def _operation(route: Route) -> dict[str, Any]:
    parameters = [*_path_parameters(route.path), *_query_parameters(route)]
    if route.creates and route.role is not None:
        parameters.append(_IDEMPOTENCY_KEY)
    if route.tagged:
        parameters.append(_IF_NONE_MATCH if route.method == "GET" else _IF_MATCH)
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', route.path.lower()).strip('_')}",
        "summary": route.summary,
        "tags": [_tag(route.path)],
        "parameters": parameters,
        "responses": _responses(route),
    }
    if route.role is None:
        operation["security"] = []
    else:
        operation["description"] = f"Needs the role `{route.role}` or a higher one."
    if route.body is bytes:
        binary = {route.body_type: {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": False, "content": binary}  # no bytes are bytes too
    elif route.body is not None:
        content = {"application/json": {"schema": _schema(route.body)}}
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    return operation


def _tag(path: str) -> str:
    parts = [part for part in path.removeprefix("/api/v1").split("/") if part and not part.startswith("{")]
    return "server" if not path.startswith("/api/v1") else parts[0]


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _SEGMENTS[name],
            "schema": {"type": "string"},
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    described = []
    for field in structs.fields(route.query):
        schema = dict(_schema(field.type))
        parameter: dict[str, Any] = {"name": field.encode_name, "in": "query", "required": field.required}
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        if field.default is not NODEFAULT and field.default is not None:
            schema["default"] = msgspec.to_builtins(field.default)
        described.append({**parameter, "schema": schema})
    return described


def _responses(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answer in route.answers.items():
        response: dict[str, Any] = {"description": _STATUS[status]}
        content = {name: {"schema": _schema_of_content(kind)} for name, kind in contents(answer).items()}
        if content:
            response["content"] = content
        headers = {"ETag": _TEXT} if route.tagged else _HEADERS.get(status)
        if headers:
            response["headers"] = headers
        responses[str(status)] = response
    for status in _problems(route):
        if str(status) in responses:
            continue
        problem = {CONTENT_TYPE: {"schema": {"$ref": _REFERENCE.format(name="Problem")}}}
        responses[str(status)] = {"description": _STATUS[status], "content": problem}
        if status in _HEADERS:
            responses[str(status)]["headers"] = _HEADERS[status]
    return responses


def _schema_of_content(kind: Any) -> dict[str, Any]:
    return {"type": "string", "format": "binary"} if kind is bytes else _schema(kind)


def _problems(route: Route) -> list[int]:
    every = {414, 422, 500}  # 422: a query parameter that no route knows is named
    if route.role is not None:
        every |= {401, 403, 406, 429, 503}
    if "{" in route.path:
        every.add(404)
    if route.body is not None:
        every |= {413, 415} if route.body is bytes else {400, 413, 415}
    if route.creates and route.role is not None:
        every.add(409)  # of an Idempotency-Key that is under way
    return sorted(every | set(route.problems))


@cache
def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
    found: dict[str, Any] = _even(schema)
    return found


def _even(schema: Any) -> Any:
    """Pairs of one kind as lists of two: tools that read schemas stumble over `prefixItems`."""
    if isinstance(schema, list):
        return [_even(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    first, *others = schema.get("prefixItems") or [None]
    if first is not None and all(other == first for other in others):
        schema = {**schema, "items": first}
        del schema["prefixItems"]
    return {name: _even(one) for name, one in schema.items()}
