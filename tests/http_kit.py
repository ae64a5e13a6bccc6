"""The service over an empty store, and what every problem answer must be."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore
from tests.stores import embedded_store, migrated_file

__all__ = ["app", "client", "code", "embedded_store", "migrated_file"]


@pytest.fixture
def app(embedded_store: SqlStore) -> FastAPI:
    """With small limits."""
    return create_app(embedded_store, ServiceSettings(max_body_bytes=100_000, max_url_bytes=2_000))


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """Speaks to it."""
    return TestClient(app)


def code(answer: Any) -> tuple[int, str]:
    """Status and code of an answer, which must be a problem of our one shape."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert {"type", "title", "status", "detail", "code", "instance", "faults"} <= body.keys()
    assert body["detail"] == body["faults"][0]["message"]
    assert "?" not in body["detail"].replace("?lang", "")
    return answer.status_code, body["code"]
