"""Fixtures: the service in a process of its own on both stores.

GDAL holds Python's lock while it waits for an answer: a service in the same process could never give it.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from data.store import SqlStore
from tests.served import WAIT_S, Served, drawn_town, postgis_server, running_apart, stores

__all__ = ["drawn_town", "postgis_server", "served", "stores"]


@pytest.fixture(scope="session", params=["embedded", "postgis"])
def served(request: pytest.FixtureRequest, stores: dict[str, tuple[SqlStore, str]]) -> Iterator[Served]:
    """The service over each kind of store."""
    store, plan = stores[request.param]
    with running_apart(store) as (url, _), httpx.Client(timeout=WAIT_S) as http:
        yield Served(url, store, http, request.param, plan)
