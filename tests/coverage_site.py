"""A service over the small drawn town for tests of coverage over HTTP, and what they ask of it again and again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore, open_store
from tests.patrol_site import NOON

__all__ = ["desk", "read_service", "rows", "spot_in"]


@pytest.fixture(scope="module")
def read_service(loaded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One service for tests that change nothing: a survey is made once."""
    path = shutil.copy2(loaded_file, tmp_path_factory.mktemp("coverage") / "town.sqlite")
    store: SqlStore = open_store(f"sqlite:///{path}")
    yield TestClient(create_app(store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    store.close()


@pytest.fixture
def desk(town_store: Path) -> Iterator[TestClient]:
    """A service of its own for a test that changes something."""
    store: SqlStore = open_store(f"sqlite:///{town_store}")
    yield TestClient(create_app(store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    store.close()


def rows(service: TestClient, scope: str = "grid", **query: Any) -> list[dict[str, Any]]:
    """Rows of a scope."""
    answer = service.get("/v1/cameras", params={"scope": scope, **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rows"])


def spot_in(service: TestClient, number: int = 0) -> tuple[float, float]:
    """Longitude and latitude of a camera that stands in a grid."""
    found = service.get("/v1/cameras/features", params={"what": "cameras"}).json()["features"]
    placed = [one for one in found if one["properties"]["grid"]]
    lon, lat = placed[number]["geometry"]["coordinates"]
    return lon, lat
