"""``gridwright cameras`` where something is wrong: wishes that can not be met, files, folders, odd cameras."""

# ruff: noqa: F811 (fixtures are imported by name)
from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from data.files.territory_file import write_territory
from gis.readers.territory_file import read_territory
from tests.coverage_runs import Run, cameras, drawn_town, notes_of  # noqa: F401
from tests.drawn_town import DrawnTown
from tests.patrol_runs import codes, grids_of, redone


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--add", "-1"), ["option_out_of_range"]),
        (("--add", "some"), ["usage_wrong_type"]),
        (("--goal", "cover"), ["coverage_goal_without_number"]),
        (("--goal", "best", "--add", "2"), ["usage_choice"]),
        (("--add", "2", "--no-sight"), ["coverage_sight_needed"]),
        (("--add", "2", "--grid", "nowhere", "nor-here"), ["coverage_grid_unknown", "coverage_grid_unknown"]),
        (("--add", "2", "--community", "nowhere"), ["coverage_community_unknown"]),
        (("--level", "guess"), ["coverage_settings_not_one_of"]),
        (("--target", "urban=-1"), ["coverage_settings_out_of_range"]),
        (("--target", "urban", "rural=x"), ["coverage_pair_wrong", "coverage_pair_wrong"]),
        (("--target", "city=9"), ["coverage_settings_not_one_of"]),
        (("--channels", "all=1.5"), ["coverage_pair_wrong"]),
        (("--what-if", "nowhere=3"), ["coverage_what_if_unknown"]),
        (("--what-if", "all=-3"), ["coverage_pair_wrong"]),
        (("--seconds", "0"), ["option_out_of_range"]),
        (("--settings", "no-such.toml"), ["coverage_settings_missing"]),
        (("--zones", "no-such.gpkg", "--add", "1"), ["file_not_found"]),
    ],
)
def test_wishes_that_can_not_be_met_are_refused_with_a_remedy(
    cameras: Run, tmp_path: Path, words: tuple[str, ...], expected: list[str]
) -> None:
    status, answer = cameras(*words)
    assert (status, codes(answer)) == (2, expected)
    assert all("?" not in fault["message"] for fault in answer["error"]["faults"])
    assert not (tmp_path / "cameras").exists()


def test_settings_of_a_file_hold_until_an_option_says_otherwise(cameras: Run, tmp_path: Path) -> None:
    file = tmp_path / "coverage.toml"
    file.write_text('[cameras]\nlevel = "observe"\n[cameras.density]\nurban = 33\n[reach]\n', encoding="utf-8")
    _, answer = cameras("--settings", str(file), "--target", "rural=5", "--no-sight", "--no-pages")
    assert (answer["level"], answer["targets"]) == ("observe", {"urban": 33.0, "rural": 5.0})
    _, answer = cameras("--settings", str(file), "--level", "detect", "--no-sight", "--no-pages")
    assert answer["level"] == "detect"
    file.write_bytes("[cameras]\nlevel = 'élan'".encode("latin-1"))
    assert codes(cameras("--settings", str(file))[1]) == ["coverage_settings_not_text"]
    file.write_text('[cameras]\nlevle = "observe"\nheadings = 0\n', encoding="utf-8")
    assert codes(cameras("--settings", str(file))[1]) == [
        "coverage_settings_unknown_key",
        "coverage_settings_out_of_range",
    ]


def test_zones_that_are_no_polygons_have_no_place_or_lie_elsewhere_are_refused(cameras: Run, tmp_path: Path) -> None:
    points = tmp_path / "points.gpkg"
    gpd.GeoDataFrame(geometry=[shapely.Point(1, 2)], crs="EPSG:4326").to_file(points)
    assert codes(cameras("--add", "1", "--zones", str(points))[1]) == ["coverage_polygons_none"]
    far = tmp_path / "far.geojson"
    gpd.GeoDataFrame(geometry=[shapely.box(1, 2, 3, 4)], crs="EPSG:4326").to_file(far, driver="GeoJSON")
    assert codes(cameras("--add", "1", "--zones", str(far))[1]) == ["coverage_polygons_elsewhere"]
    bare = tmp_path / "bare.gpkg"
    with pytest.warns(UserWarning, match="crs"):
        gpd.GeoDataFrame(geometry=[shapely.box(1, 2, 3, 4)]).to_file(bare)
    assert codes(cameras("--add", "1", "--zones", str(bare))[1]) == ["coverage_polygons_no_crs"]
    table = tmp_path / "zones.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    assert codes(cameras("--add", "1", "--zones", str(table))[1]) == ["coverage_polygons_format"]


def test_an_earlier_folder_is_replaced_and_a_foreign_one_is_not(cameras: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert cameras("--no-sight", "--no-pages", "--target", "urban=0", "rural=0")[0] == 0
    (tmp_path / "cameras" / "notes.txt").write_text("mine", encoding="utf-8")
    status, answer = cameras("--no-sight", "--no-pages")
    assert (status, codes(answer)) == (2, ["results_holds_other_files"])
    assert (tmp_path / "cameras" / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_plan_of_another_territory_is_refused(cameras: Run, drawn_town: DrawnTown, tmp_path: Path) -> None:
    territory = read_territory(drawn_town.territory)
    other = tmp_path / "other.gpkg"
    write_territory(territory.with_layers(cameras=territory["cameras"].iloc[1:]), other)
    assert codes(cameras(territory=other)[1]) == ["coverage_other_territory"]


def test_cameras_as_they_come_are_counted_mended_and_told(cameras: Run, drawn_town: DrawnTown, tmp_path: Path) -> None:
    """Inside a building, without heading, impossible optics, outside the territory: none of them stops the rest."""
    territory = read_territory(drawn_town.territory)
    table = territory["cameras"].copy()
    _, before = cameras("--no-pages")
    house = territory["buildings"].geometry.iloc[0]
    table.loc[0, "geometry"] = house.representative_point()
    table.loc[1, "kind"], table.loc[1, "heading_deg"] = "枪机", float("nan")
    table.loc[2, "focal_mm"], table.loc[3, "hfov_deg"] = -4.0, 720.0
    x0, y0, *_ = territory["communities"].total_bounds
    table.loc[4, "geometry"] = shapely.Point(x0 - 500, y0 - 500)
    changed, plan = redone(territory.with_layers(cameras=table), drawn_town, tmp_path)
    status, answer = cameras("--no-pages", territory=changed, plan=plan)
    assert status in (0, 1)
    wanted = {
        "repair_sight_in_building",
        "note_sight_heading_unknown",
        "repair_sight_value_impossible",
        "warn_sight_outside",
    }
    assert wanted <= notes_of(answer)
    assert answer["totals"]["positions"] == before["totals"]["positions"] - 1
    assert answer["totals"]["assumed"] > before["totals"]["assumed"]
    assert answer["faults"] == []


def test_two_cameras_of_one_id_are_refused_by_the_reader(cameras: Run, drawn_town: DrawnTown, tmp_path: Path) -> None:
    path = tmp_path / "twice.gpkg"
    path.write_bytes(drawn_town.territory.read_bytes())
    table = gpd.read_file(path, layer="cameras")
    twice = gpd.GeoDataFrame(pd.concat([table, table.iloc[:1]], ignore_index=True), crs=table.crs)
    twice.to_file(path, layer="cameras")
    status, answer = cameras(territory=path)
    assert status == 2
    fault = answer["error"]["faults"][0]
    assert (fault["code"], fault["facts"]["layer"]) == ("id_duplicate", "cameras")


def test_a_town_without_cameras_is_a_result(cameras: Run, drawn_town: DrawnTown, tmp_path: Path) -> None:
    territory = read_territory(drawn_town.territory)
    bare, plan = redone(territory.with_layers(cameras=territory["cameras"].iloc[:0]), drawn_town, tmp_path)
    status, answer = cameras("--add", "3", territory=bare, plan=plan)
    assert status == 0
    assert (answer["totals"]["positions"], answer["totals"]["seen_m"]["detect"]) == (0, 0)
    assert len(answer["siting"]["proposals"]) == 3


def test_a_grid_that_is_all_water_has_no_density_and_says_so(
    cameras: Run, drawn_town: DrawnTown, tmp_path: Path
) -> None:
    territory = read_territory(drawn_town.territory)
    grids = grids_of(drawn_town).sort_values("code")
    water = territory["barriers"].iloc[:1].copy()
    water["id"], water["kind"] = "lake", "water"
    water.geometry = [grids.geometry.iloc[0].buffer(1.0)]
    barriers = gpd.GeoDataFrame(pd.concat([territory["barriers"], water], ignore_index=True), crs=territory.crs)
    flooded, plan = redone(territory.with_layers(barriers=barriers), drawn_town, tmp_path)
    _, answer = cameras("--no-sight", "--no-pages", territory=flooded, plan=plan)
    row = next(row for row in answer["rows"] if row["code"] == grids["code"].iloc[0])
    assert (row["area_km2"], row["density_per_km2"], row["missing"]) == (0, None, 0)
    assert "note_coverage_grid_without_land" in notes_of(answer)


def test_what_the_check_finds_wrong_is_not_written(
    cameras: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("api.usecases.survey_cameras")
    honest: Any = module.survey

    def dishonest(*args: Any, **kwargs: Any) -> Any:
        from dataclasses import replace

        found = honest(*args, **kwargs)
        rows = tuple(replace(row, positions=row.positions + 1) if row.scope == "grid" else row for row in found.rows)
        return replace(found, rows=rows)

    monkeypatch.setattr(module, "survey", dishonest)
    status, answer = cameras("--no-sight")
    assert status == 2
    assert {"coverage_check_count", "coverage_check_sum"} <= set(codes(answer))
    assert not (tmp_path / "cameras").exists()
