"""Two files to look up in, and ways to ask them; for tests of ``gridwright lookup``."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from data.files.plan_file import write_plan
from data.files.territory_file import write_territory
from tests.address_town import address_plan, address_territory
from tests.service_town import FIRST

_WHERE = ["query", "status", "grid", "community", "building", "matched_text"]
COLUMNS = [*_WHERE, "confidence", "lon", "lat", "plan", "reason"]


MANY = ["望月小区1栋", "忘月小区三号楼", "望月小区9栋", "银盆苑9栋", "枫林路3号", "没有的小区3栋", "", f"{FIRST}B"]


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    write_territory(address_territory(), folder / "town.gpkg")
    write_plan(address_plan(), folder / "plan.gpkg")
    return folder


@pytest.fixture
def here(originals, tmp_path, monkeypatch) -> Path:
    for name in ("town.gpkg", "plan.gpkg"):
        shutil.copy(originals / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> int:
    return main(["lookup", "town.gpkg", "plan.gpkg", *words])


def found(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The summary of a run."""
    run(*words, "--json")
    summary: dict[str, Any] = json.loads(capsys.readouterr().out)
    return summary


def codes(summary: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in summary["reasons"]]


def rows_of(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def batch(table: str | bytes, *words: str) -> list[dict[str, str]]:
    Path("in.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    assert run("--batch", "in.csv", "--out", "out.csv", *words) == 0
    return rows_of(Path("out.csv"))
