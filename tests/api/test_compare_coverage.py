"""``gridwright compare --territory``: what a change of plan does to cameras and response times."""

# ruff: noqa: F811 (fixtures are imported by name)
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from api.usecases import draw_plan
from data.files.territory_file import write_territory
from gis.readers.territory_file import read_territory
from tests.drawn_town import DrawnTown, drawn_town  # noqa: F401


def compared(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["compare", *words, "--lang", "en", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_cameras_stay_where_they_are_and_count_for_other_grids(
    drawn_town: DrawnTown, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("min_households = 200\nmax_households = 350\ntarget_households = 280\n", encoding="utf-8")
    other = draw_plan(drawn_town.territory, tmp_path / "other.gpkg", rules_path=rules)
    plans = [str(drawn_town.plan), str(other.path)]
    answer = compared(capsys, *plans, "--territory", str(drawn_town.territory), "--out", str(tmp_path / "out"))
    (told,) = answer["coverage"]
    measures = told["measures"]
    assert measures["grids"]["before"] != measures["grids"]["after"]
    # The same streets are seen by the same cameras, whatever the grids; only shares of the grids move.
    for name in ("seen_frac", "blind_m", "places_seen_frac"):
        assert measures[name]["before"] == pytest.approx(measures[name]["after"], rel=0.02, abs=0.002)
    assert measures["seen_frac_min"]["before"] <= measures["seen_frac"]["before"] <= measures["seen_frac_max"]["before"]
    for promise in told["promises"]:
        assert promise["kept_before"] == promise["kept_after"]
    assert sum(told["codes"].values()) == len(told["grids"])
    kept = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert kept["coverage"] == answer["coverage"]


def test_without_cameras_and_posts_nothing_is_said_of_them(
    drawn_town: DrawnTown, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    territory = read_territory(drawn_town.territory)
    bare = tmp_path / "bare.gpkg"
    nothing = {name: territory[name].iloc[:0] for name in ("cameras", "posts")}
    write_territory(territory.with_layers(**nothing), bare)
    plan = str(drawn_town.plan)
    assert "coverage" not in compared(capsys, plan, plan, "--territory", str(bare))
    assert "coverage" not in compared(capsys, plan, plan)
