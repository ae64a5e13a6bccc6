"""``gridwright cameras`` and ``gridwright reach`` on a small town, for tests: run them, read what they wrote.

Import the fixtures where they are needed: ``cameras``, ``reach`` (and ``drawn_town``, which both use).
"""

# ruff: noqa: F811 (fixtures are imported by name)
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from pyproj import CRS

from api.cli import main
from tests.drawn_town import DrawnTown, drawn_town  # noqa: F401

Run = Callable[..., tuple[int, dict[str, Any]]]


def _runner(command: str, town: DrawnTown, folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str, territory: Path | None = None, plan: Path | None = None) -> tuple[int, dict[str, Any]]:
        files = [str(territory or town.territory), str(plan or town.plan)]
        out = [] if "--out" in words else ["--out", str(folder / command)]
        capsys.readouterr()
        status = main([command, *files, *words, *out, "--lang", "en", "--json"])
        return status, json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def cameras(drawn_town: DrawnTown, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``gridwright cameras`` on the town; its status and what ``--json`` prints."""
    return _runner("cameras", drawn_town, tmp_path, capsys)


@pytest.fixture
def reach(drawn_town: DrawnTown, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``gridwright reach`` on the town; its status and what ``--json`` prints."""
    return _runner("reach", drawn_town, tmp_path, capsys)


def rows_of(answer: dict[str, Any], scope: str) -> list[dict[str, Any]]:
    """Rows of one scope."""
    return [row for row in answer["rows"] if row["scope"] == scope]


def spots_of(rows: list[dict[str, Any]], crs: CRS) -> list[Any]:
    """Points of rows with lon and lat, in a metric CRS."""
    degrees = gpd.GeoSeries.from_xy([row["lon"] for row in rows], [row["lat"] for row in rows], crs="EPSG:4326")
    return list(degrees.to_crs(crs))


def notes_of(answer: dict[str, Any]) -> set[str]:
    """Codes of the notes."""
    return {note["code"] for note in answer["notes"]}
