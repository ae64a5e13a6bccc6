"""Fixtures: the service over real HTTP on both stores, and each collection of it."""

from __future__ import annotations

import pytest

from data.store.rooms.collections import COLLECTIONS
from tests.served import drawn_town, postgis_server, served, stores

__all__ = ["collection", "drawn_town", "postgis_server", "served", "stores"]


@pytest.fixture(params=list(COLLECTIONS))
def collection(request: pytest.FixtureRequest) -> str:
    """Name of each collection."""
    return str(request.param)
