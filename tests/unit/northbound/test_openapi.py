"""The OpenAPI document says what the server does: no route less, no status untrue."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from klein import Klein

from acs.datamodel.keys import Catalogue
from acs.northbound import openapi
from acs.northbound.rest.application import make_application
from acs.northbound.rest.routes import ROUTES
from acs.northbound.rest.routing import Services
from acs.operations.tasks import TaskView
from acs.store.shapes import Shapes

CONTRACT = {
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /api/v1/devices",
    "GET /api/v1/devices/{device}",
    "GET /api/v1/devices/{device}/parameters",
    "GET /api/v1/devices/{device}/timeline",
    "POST /api/v1/devices/{device}/tasks",
    "GET /api/v1/tasks/{task}",
    "DELETE /api/v1/tasks/{task}",
    "PUT /api/v1/files/{name}",
    "GET /api/v1/files/{name}",
    "DELETE /api/v1/files/{name}",
    "GET /api/v1/files",
    "GET /api/v1/keys",
    "GET /api/openapi.json",
}


@pytest.fixture(scope="module")
def document():
    return openapi.document(ROUTES, "1.2.3")


@pytest.fixture(scope="module")
def application() -> Klein:
    nothing: dict[str, object] = dict.fromkeys(
        ("runner", "wake", "replay", "reactor", "now", "randomness", "models", "account")
    )
    return make_application(
        Services(
            shapes=Shapes(),
            files=Path(),
            incoming=Path(),
            catalogue=Catalogue(()),
            file_limit=1,
            version="1.2.3",
            **nothing,
        ),
        ROUTES,
    )


def described(document):
    return {
        f"{method.upper()} {path}" for path, operations in document["paths"].items() for method in operations
    }


def test_every_route_of_the_server_is_described_and_none_besides(document, application):
    served = {
        f"{method} {rule.rule.translate(str.maketrans('<>', '{}'))}"
        for rule in application.url_map.iter_rules()
        if not rule.endpoint.startswith("no ")  # says which methods a path takes
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    browsers_way = {"GET /oidc/login", "GET /oidc/back"}
    assert described(document) == served - browsers_way


def test_what_the_contract_fixes_is_there(document):
    assert described(document) >= CONTRACT


def test_every_reference_leads_somewhere(document):
    text = msgspec.json.encode(document).decode()
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names
    assert names <= set(document["components"]["schemas"])


def test_path_parameters_are_those_of_the_path(document):
    for path, operations in document["paths"].items():
        for operation in operations.values():
            named = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
            assert named == re.findall(r"\{(\w+)\}", path)


def test_operation_ids_are_unique(document):
    ids = [one["operationId"] for operations in document["paths"].values() for one in operations.values()]
    assert len(ids) == len(set(ids))


def test_only_health_logging_in_and_the_document_itself_are_open_to_all(document):
    open_to_all = {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if operation.get("security") == []
    }
    assert open_to_all == {
        "/healthz",
        "/readyz",
        "/api/openapi.json",
        "/api/v1/session",
        "/api/v1/setup",
    }


def test_a_task_is_described_as_it_is_answered(document):
    schema = document["components"]["schemas"]["TaskView"]
    assert set(schema["properties"]) == set(TaskView.__struct_encode_fields__)
    assert {"id", "device", "type", "state", "result", "fault", "evidence"} <= set(schema["required"])


def test_every_task_type_is_described_with_its_fields(document):
    schemas = document["components"]["schemas"]
    body = document["paths"]["/api/v1/devices/{device}/tasks"]["post"]["requestBody"]
    options = body["content"]["application/json"]["schema"]["anyOf"]
    assert len(options) == 13
    reboot = schemas["RebootRequest"]
    assert reboot["properties"]["type"] == {"enum": ["reboot"]}
    assert "priority" in reboot["properties"]
    assert reboot["required"] == ["type"]


def test_it_is_served_without_a_token(anonymous, document):
    answer = anonymous("GET", "/api/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == msgspec.json.decode(msgspec.json.encode(document))
    assert answer.json()["openapi"] == "3.1.0"
