"""A service over the small drawn town, and walks along its routes: for tests of patrols over HTTP."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore, open_store

__all__ = ["a_grid", "gpx_of", "service", "walk_of"]

SHIFT = {"date": "2026-11-22", "half": "am"}
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
BEGIN = datetime(2026, 11, 22, 0, tzinfo=UTC)  # eight in the morning in China


@pytest.fixture
def service(town_store: Path) -> Iterator[TestClient]:
    """Answers as on the day of the shift, from an embedded store."""
    store: SqlStore = open_store(f"sqlite:///{town_store}")
    yield TestClient(create_app(store, ServiceSettings(now=lambda: NOON)), base_url="http://127.0.0.1")
    store.close()


def a_grid(service: TestClient) -> str:
    """A grid with streets to patrol: the first."""
    return str(service.get("/v1/patrols/grids").json()["grids"][0]["code"])


def walk_of(legs: list[dict[str, Any]], *, without: str = "", step_m: float = 5.0) -> list[tuple[float, float] | None]:
    """Points along the legs of a route, every few metres; ``None`` where a street of some name is left out."""
    points: list[tuple[float, float] | None] = []
    for leg in legs:
        line = leg["geometry"]["coordinates"]
        if leg["geometry"]["type"] == "Point":
            continue
        if without and leg["properties"]["name"] == without:
            points.append(None)
            continue
        for (x0, y0), (x1, y1) in pairwise(line):
            metres = math.hypot((x1 - x0) * 111_320 * math.cos(math.radians(y0)), (y1 - y0) * 111_320)
            n = max(1, round(metres / step_m))
            points += [(x0 + (x1 - x0) * i / n, y0 + (y1 - y0) * i / n) for i in range(n)]
    return points


def gpx_of(
    points: Sequence[tuple[float, float] | None], *, name: str = "", begin: datetime | None = BEGIN, every_s: int = 6
) -> str:
    """A GPX file of a recorded track; at ``None`` the receiver was off for ten minutes."""
    fixes, now = [], begin
    for point in points:
        if now is not None:
            now += timedelta(seconds=every_s if point is not None else 600)
        if point is None:
            fixes.append("</trkseg><trkseg>")
            continue
        when = f"<time>{now:%Y-%m-%dT%H:%M:%SZ}</time>" if now else ""
        fixes.append(f'<trkpt lat="{point[1]:.7f}" lon="{point[0]:.7f}">{when}</trkpt>')
    head = '<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">'
    return f"{head}<trk><name>{name}</name><trkseg>{''.join(fixes)}</trkseg></trk></gpx>"
