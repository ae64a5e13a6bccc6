"""The description of the service is whole and valid, in OpenAPI 3.1 and in its copy in 3.0."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from schemathesis.specs.openapi import definitions

from api.app import create_app
from api.http.openapi import needs_account, responses
from api.http.openapi_30 import MEDIA_TYPE, downgraded, openapi_30, schema_30
from data.store import SqlStore
from tests.stores import embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]

PROBLEM = "application/problem+json"


@pytest.fixture
def app(embedded_store: SqlStore) -> FastAPI:
    return create_app(embedded_store)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    }


def faults(validator: Any, document: dict[str, Any]) -> list[str]:
    return [f"{list(e.instance_path)}: {e.message[:200]}" for e in validator.iter_errors(document)]


def test_both_descriptions_are_valid(app) -> None:
    assert faults(definitions.OPENAPI_31_VALIDATOR, app.openapi()) == []
    copy = openapi_30(app)
    assert copy["openapi"] == "3.0.3"
    assert faults(definitions.OPENAPI_30_VALIDATOR, copy) == []
    assert operations(copy).keys() == operations(app.openapi()).keys()
    assert app.openapi()["openapi"].startswith("3.1")


def test_descriptions_are_served_with_their_media_types(app) -> None:
    client = TestClient(app)
    assert client.get("/openapi.json").headers["content-type"] == "application/json"
    assert client.get("/openapi.json").json() == app.openapi()
    answer = client.get("/api", headers={"Accept": MEDIA_TYPE})
    assert answer.headers["content-type"].replace(" ", "") == MEDIA_TYPE
    assert answer.json()["openapi"] == "3.0.3"


def test_every_route_is_described_with_every_answer_it_can_give(app) -> None:
    described = operations(app.openapi())
    for route in (r for r in app.routes if isinstance(r, APIRoute) and r.include_in_schema):
        for method in route.methods:
            name = f"{method} {route.path_format}"
            answers = described[name]["responses"]
            wanted = {"400", "406", "414", "429", "431", "500", "503"}
            wanted |= set() if method == "GET" else {"408", "413"}
            wanted |= {"401", "403"} if needs_account(route) else set()
            wanted |= {"415", "422"} if "requestBody" in described[name] else set()
            # What has a name in its path may not be there; `/login/...` and the like state otherwise themselves.
            if "{" in route.path_format:
                wanted.add("404")
            assert wanted <= answers.keys(), (name, sorted(wanted - answers.keys()))
            assert any(status.startswith(("2", "3")) for status in answers), name
            for status, answer in answers.items():
                if status >= "400":
                    assert PROBLEM in answer.get("content", {}), (name, status)


def test_every_operation_has_a_summary_an_id_of_its_own_and_states_who_may_call_it(app) -> None:
    described = operations(app.openapi())
    ids = [operation["operationId"] for operation in described.values()]
    assert len(set(ids)) == len(ids)
    for name, operation in described.items():
        assert operation["summary"], name
        assert "security" in operation, name
    schemes = app.openapi()["components"]["securitySchemes"]
    for operation in described.values():
        for choice in operation["security"]:
            assert choice.keys() <= schemes.keys()
    assert described["GET /healthz"]["security"] == []
    assert described["GET /v1/lookup"]["security"]


def test_every_reference_leads_somewhere(app) -> None:
    for document in (app.openapi(), openapi_30(app)):
        schemas = document["components"]["schemas"]
        waiting: list[Any] = [document]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    assert node["$ref"].removeprefix("#/components/schemas/") in schemas
                waiting.extend(node.values())
            elif isinstance(node, list):
                waiting.extend(node)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        ({"type": ["integer", "null"]}, {"type": "integer", "nullable": True}),
        ({"type": ["integer", "string"]}, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ({"const": "x"}, {"enum": ["x"]}),
        ({"type": "null"}, {"enum": [None], "nullable": True}),
        ({"exclusiveMinimum": 0, "type": "number"}, {"minimum": 0, "exclusiveMinimum": True, "type": "number"}),
        ({"type": "array", "prefixItems": [{"type": "number"}] * 2}, {"type": "array", "items": {"type": "number"}}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
        ({"type": "string", "contentMediaType": "application/octet-stream"}, {"type": "string", "format": "binary"}),
        ({"$ref": "#/x", "description": "y"}, {"allOf": [{"$ref": "#/x"}], "description": "y"}),
        (
            {"anyOf": [{"$ref": "#/x"}, {"type": "null"}], "title": "t"},
            {"allOf": [{"$ref": "#/x"}], "nullable": True, "title": "t"},
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": True},
        ),
        (
            {"properties": {"const": {"const": 1}, "type": {"type": ["string", "null"]}}},
            {"properties": {"const": {"enum": [1]}, "type": {"type": "string", "nullable": True}}},
        ),
        (True, {}),
        (False, {"not": {}}),
    ],
)
def test_schemas_are_said_in_the_words_of_3_0(newer, older) -> None:
    assert schema_30(newer) == older


def test_the_copy_leaves_the_original_as_it_is() -> None:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1", "summary": "s", "license": {"name": "n", "identifier": "MIT"}},
        "paths": {"/x": {"get": {"parameters": [{"name": "q", "schema": {"type": ["string", "null"]}}]}}},
        "webhooks": {},
    }
    made = downgraded(document)
    assert "webhooks" not in made
    assert made["info"] == {"title": "t", "version": "1", "license": {"name": "n"}}
    assert made["paths"]["/x"]["get"]["parameters"][0]["schema"] == {"type": "string", "nullable": True}
    assert document["info"]["summary"] == "s"


def test_refusals_of_a_route_are_described_as_problems() -> None:
    assert responses(404, 412).keys() == {404, 412}
    assert PROBLEM in responses(404)[404]["content"]
