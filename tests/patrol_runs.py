"""``gridwright patrol`` on a small town, for tests: run it, read its summary, change the town beneath it.

Import the fixtures where they are needed: ``run``, ``patrols`` (and ``drawn_town``, which both use).
"""

# ruff: noqa: F811 (fixtures are imported by name)
from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from api.cli import main
from data.files.plan_file import read_plan, write_plan
from data.files.territory_file import write_territory
from gis.readers.territory_file import read_territory
from gis.territory import Territory
from tests.drawn_town import DrawnTown, drawn_town  # noqa: F401

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def run(drawn_town: DrawnTown, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command on the town; its status and what ``--json`` prints."""

    def call(*words: str, territory: Path | None = None, plan: Path | None = None) -> tuple[int, dict[str, Any]]:
        files = [str(territory or drawn_town.territory), str(plan or drawn_town.plan)]
        out = [] if "--out" in words else ["--out", str(tmp_path / "patrols")]
        capsys.readouterr()
        status = main(["patrol", *files, *words, *out, "--workers", "1", "--lang", "en", "--json"])
        return status, json.loads(capsys.readouterr().out)

    return call


@pytest.fixture(scope="session")
def patrols(drawn_town: DrawnTown, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All grids of the town, planned once."""
    out = tmp_path_factory.mktemp("patrols") / "out"
    words = [str(drawn_town.territory), str(drawn_town.plan), "--all", "--out", str(out), "--workers", "1"]
    assert main(["patrol", *words, "--lang", "en"]) == 0
    return out


def summary(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def codes(answer: dict[str, Any]) -> list[str]:
    return [fault["code"] for fault in answer["error"]["faults"]]


def grids_of(town: DrawnTown) -> gpd.GeoDataFrame:
    filed = read_plan(town.plan)
    return filed.grids.to_crs(read_territory(town.territory).crs)


def redone(territory: Territory, town: DrawnTown, folder: Path) -> tuple[Path, Path]:
    """A changed territory in a file, and the town's plan as if it had been drawn on it."""
    file, plan = folder / "changed.gpkg", folder / "changed-plan.gpkg"
    write_territory(territory, file)
    filed = read_plan(town.plan)
    write_plan(replace(filed, meta={**filed.meta, "territory_hash": read_territory(file).content_hash()}), plan)
    return file, plan
