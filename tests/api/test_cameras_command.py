"""``gridwright cameras`` from files to a folder: what is counted, what is seen, what is proposed and where."""

# ruff: noqa: F811 (fixtures are imported by name)
from __future__ import annotations

import json
import math
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from api.cli import main
from gis.readers.territory_file import read_territory
from tests.coverage_runs import Run, cameras, drawn_town, rows_of, spots_of  # noqa: F401
from tests.drawn_town import DrawnTown
from tests.patrol_runs import grids_of

SUMS = ("positions", "channels", "working", "missing", "area_km2", "street_m", "places", "private_m")
LEVELS = ["detect", "observe", "recognise", "identify"]


@pytest.fixture(scope="module")
def folder(drawn_town: DrawnTown, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's cameras, surveyed once, with six more proposed."""
    out = tmp_path_factory.mktemp("cameras") / "out"
    files = [str(drawn_town.territory), str(drawn_town.plan)]
    assert main(["cameras", *files, "--out", str(out), "--add", "6", "--lang", "en"]) == 0
    return out


def summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def test_the_rows_of_grids_add_up_to_every_larger_area(folder: Path) -> None:
    content = summary(folder)
    grids = rows_of(content, "grid")
    for scope in ("community", "town", "class", "all"):
        rows = rows_of(content, scope)
        assert rows
        for column in SUMS:
            assert sum(row[column] for row in rows) == pytest.approx(sum(row[column] for row in grids), abs=0.05)
    for level in LEVELS:
        seen = sum(row["seen_m"][level] for row in grids)
        assert content["totals"]["seen_m"][level] == pytest.approx(seen, abs=0.05)


def test_positions_and_areas_are_those_of_the_map(folder: Path, drawn_town: DrawnTown) -> None:
    """Counted from the two files alone."""
    territory = read_territory(drawn_town.territory)
    grids = grids_of(drawn_town).set_index("code")
    barriers = territory["barriers"]
    water = shapely.union_all(barriers.geometry[barriers["kind"].isin(["river", "water"])].to_numpy())
    poles = shapely.MultiPoint(territory["cameras"].geometry.to_list())
    for row in rows_of(summary(folder), "grid"):
        land = grids.geometry[row["code"]].difference(water)
        assert row["area_km2"] == pytest.approx(land.area / 1e6, rel=1e-3)
        inside = shapely.intersection(grids.geometry[row["code"]], poles)
        assert row["positions"] == shapely.get_num_geometries(inside) * (not inside.is_empty)
        wanted = math.ceil(row["target_per_km2"] * row["area_km2"] - 1e-9)
        assert row["missing"] == max(0, wanted - row["positions"])


def test_a_finer_level_sees_less_and_names_its_edition(folder: Path) -> None:
    content = summary(folder)
    assert content["edition"] == "EN/IEC 62676-4:2015"
    assert [level["name"] for level in content["levels"]] == LEVELS
    for row in content["rows"]:
        seen = [row["seen_m"][level] for level in LEVELS]
        assert seen == sorted(seen, reverse=True)
        assert seen[0] <= row["street_m"] + 0.01
    totals = content["totals"]
    assert 0 < totals["seen_m"]["recognise"] < totals["street_m"]
    unseen = totals["street_m"] - totals["seen_m"][content["level"]]
    assert totals["blind_m"] == pytest.approx(unseen, abs=1.0)
    lengths = [blind["length_m"] for blind in content["blind"]]
    assert lengths == sorted(lengths, reverse=True)


def test_proposals_are_ranked_and_stay_below_their_bound(folder: Path) -> None:
    siting = summary(folder)["siting"]
    assert siting["n"] == len(siting["proposals"]) == 6
    assert [p["rank"] for p in siting["proposals"]] == [1, 2, 3, 4, 5, 6]
    total = 0.0
    for proposal in siting["proposals"]:
        total += proposal["gain_m"]
        assert proposal["total_m"] == pytest.approx(total, abs=0.01)
        assert proposal["gain_m"] > 0
    gained = sum(p["street_m"] for p in siting["proposals"])
    assert siting["seen_after_m"] - siting["seen_before_m"] == pytest.approx(gained, abs=0.01)
    assert siting["greedy_worth"] <= siting["worth"] + 1e-6
    assert siting["worth"] <= siting["bound"] + 1e-6
    assert 0.99 <= siting["bound_frac"] <= 1.0
    assert siting["seen_after_m"] <= siting["reachable_m"] <= siting["street_m"]


def test_no_proposal_stands_in_a_building_or_a_guarded_estate(folder: Path, drawn_town: DrawnTown) -> None:
    territory = read_territory(drawn_town.territory)
    spots = spots_of(summary(folder)["siting"]["proposals"], territory.crs)
    houses = territory["buildings"].geometry.buffer(-0.05)
    guarded = territory["estates"][territory["estates"]["kind"].isin(["estate", "school", "hospital"])]
    for spot in spots:
        assert not houses.intersects(spot).any()
        assert not guarded.geometry.buffer(-0.05).intersects(spot).any()


def test_the_folder_holds_what_its_index_lists(folder: Path) -> None:
    content = summary(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*content["files"], "summary.json"])
    assert content["form"] == "gridwright cameras"
    assert content["faults"] == []
    assert content["checked"]["sight_lines"] > 100
    page = (folder / "cameras.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert 'src="http' not in page


def test_same_input_same_bytes(folder: Path, drawn_town: DrawnTown, tmp_path: Path) -> None:
    out = tmp_path / "again"
    files = [str(drawn_town.territory), str(drawn_town.plan)]
    assert main(["cameras", *files, "--out", str(out), "--add", "6", "--lang", "en"]) == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in folder.iterdir())
    for path in sorted(out.iterdir()):
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_no_camera_to_add_is_an_answer_and_no_crash(cameras: Run) -> None:
    status, answer = cameras("--add", "0", "--no-pages")
    assert status == 0
    assert answer["siting"]["proposals"] == []
    assert answer["siting"]["seen_after_m"] == answer["siting"]["seen_before_m"]


def test_density_alone_looks_at_nothing(cameras: Run, folder: Path) -> None:
    status, answer = cameras("--no-sight", "--no-pages")
    totals = summary(folder)["totals"]
    assert status == (1 if totals["missing"] else 0)
    assert answer["totals"]["positions"] == totals["positions"]
    assert answer["totals"]["missing"] == totals["missing"]
    assert answer["totals"]["street_m"] == 0


def test_targets_of_the_command_line_make_the_missing_positions(cameras: Run) -> None:
    status, answer = cameras("--no-sight", "--no-pages", "--target", "urban=0", "rural=0")
    assert (status, answer["totals"]["missing"]) == (0, 0)
    status, answer = cameras("--no-sight", "--no-pages", "--target", "urban=500")
    assert status == 1
    for row in rows_of(answer, "grid"):
        wanted = math.ceil(row["target_per_km2"] * row["area_km2"] - 1e-9)
        assert row["missing"] == max(0, wanted - row["positions"])


def test_the_density_goal_fills_every_grid_it_can(cameras: Run) -> None:
    status, answer = cameras("--goal", "floor", "--target", "urban=300", "--no-pages")
    siting = answer["siting"]
    new = {row["code"]: 0 for row in rows_of(answer, "grid")}
    for proposal in siting["proposals"]:
        new[proposal["grid"]] += 1
    for row in rows_of(answer, "grid"):
        assert row["missing"] == new[row["code"]] + siting["floor_short"].get(row["code"], 0)
    assert status == (1 if siting["floor_short"] else 0)
    assert all(p["is_for_floor"] for p in siting["proposals"])


def test_proposals_stay_in_the_grids_asked_for_and_out_of_the_zones(
    cameras: Run, folder: Path, drawn_town: DrawnTown, tmp_path: Path
) -> None:
    grids = grids_of(drawn_town).set_index("code")
    code = summary(folder)["siting"]["proposals"][0]["grid"]
    _, free = cameras("--add", "4", "--grid", code, "--no-pages")
    assert {p["grid"] for p in free["siting"]["proposals"]} == {code}
    best = free["siting"]["proposals"][0]
    zone = gpd.GeoDataFrame(geometry=[spots_of([best], grids.crs)[0].buffer(60.0)], crs=grids.crs)
    zone.to_crs("EPSG:4326").to_file(tmp_path / "zones.geojson", driver="GeoJSON")
    _, kept = cameras("--add", "4", "--grid", code, "--zones", str(tmp_path / "zones.geojson"), "--no-pages")
    for spot in spots_of(kept["siting"]["proposals"], grids.crs):
        assert not zone.geometry[0].buffer(-0.5).intersects(spot)
    assert kept["siting"]["worth"] <= free["siting"]["worth"] + 1e-6
    community = next(row["community"] for _, row in grids_of(drawn_town).iterrows() if row["code"] == code)
    _, wide = cameras("--add", "4", "--community", community, "--no-pages")
    there = set(grids.index[grids["community"] == community])
    assert {p["grid"] for p in wide["siting"]["proposals"]} <= there
    assert wide["siting"]["worth"] >= free["siting"]["worth"] - 1e-6


def test_what_if_replays_a_number_of_positions(cameras: Run, folder: Path) -> None:
    before = next(row for row in rows_of(summary(folder), "all"))
    _, answer = cameras("--no-sight", "--no-pages", "--what-if", "all=50")
    pair = next(pair for pair in answer["what_if"] if pair["after"]["scope"] == "all")
    assert pair["before"]["positions"] == before["positions"]
    assert pair["after"]["positions"] == before["positions"] + 50
    assert pair["after"]["density_per_km2"] == pytest.approx(pair["after"]["positions"] / before["area_km2"], rel=1e-3)


def test_an_area_of_ones_own_gets_a_row_with_its_own_target(
    cameras: Run, drawn_town: DrawnTown, tmp_path: Path
) -> None:
    grids = grids_of(drawn_town)
    core = gpd.GeoDataFrame({"name": ["核心区"]}, geometry=[grids.geometry.iloc[:3].union_all()], crs=grids.crs)
    core.to_file(tmp_path / "core.gpkg", layer="core")
    _, answer = cameras("--no-sight", "--no-pages", "--area", str(tmp_path / "core.gpkg"), "--area-target", "120")
    (row,) = answer["areas"]
    assert (row["scope"], row["name"], row["target_per_km2"]) == ("area", "核心区", 120.0)
    inside = [r for r in rows_of(answer, "grid") if r["code"] in set(grids["code"].iloc[:3])]
    assert row["area_km2"] == pytest.approx(sum(r["area_km2"] for r in inside), rel=1e-3)
    assert row["missing"] == max(0, math.ceil(120 * row["area_km2"] - 1e-9) - row["positions"])


def test_progress_is_channels_built_of_channels_planned(cameras: Run) -> None:
    _, answer = cameras("--no-sight", "--no-pages", "--channels", "all=100")
    (row,) = answer["progress"]
    assert (row["name"], row["planned"], row["channels"]) == ("", 100, answer["totals"]["channels"])
    assert row["frac"] == pytest.approx(answer["totals"]["channels"] / 100)
