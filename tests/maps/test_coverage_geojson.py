"""Sights, masks, blind ends, proposals and rings as GeoJSON: places, order, and the shifted variant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from gis.errors import StorageError
from gis.territory import Territory
from maps.coverage.geojson import file_name, write_blind, write_masks, write_proposals, write_rings, write_sights
from maps.features import to_lonlat
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.reach.rings import rings
from partition.filed import FiledPlan
from tests.coverage_kit import camera_survey, reach_of, sights_of, siting_of, with_names, with_places
from tests.maps.plans import make_plan
from tests.maps.test_plan_map import HOSTILE

Plan = tuple[FiledPlan, Territory]


@pytest.fixture(scope="module")
def plan() -> Plan:
    filed, territory = make_plan(12, 2)
    return filed, with_places(territory, filed)


@pytest.fixture(scope="module")
def survey(plan: Plan) -> CameraSurvey:
    return camera_survey(*plan)


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def shapes(collection: dict[str, Any]) -> list[Any]:
    return [shapely.geometry.shape(feature["geometry"]) for feature in collection["features"]]


def test_sights_lie_where_the_cameras_see(plan: Plan, survey: CameraSurvey, tmp_path: Path) -> None:
    told = read(write_sights(survey, plan[1], tmp_path, plan_id="P-1"))
    assert (told["plan"], told["level"], told["datum"]) == ("P-1", "recognise", "wgs84")
    there = [k for k, shape in enumerate(survey.polygon) if not shape.is_empty]
    assert [f["properties"]["camera"] for f in told["features"]] == [survey.cameras.ids[k] for k in there]
    exact = to_lonlat(survey.polygon[there], plan[1].crs)
    for drawn, wanted in zip(shapes(told), exact, strict=True):
        assert drawn.is_valid
        assert shapely.area(shapely.symmetric_difference(drawn, wanted)) < 0.02 * wanted.area
        # RFC 7946: shells run counter-clockwise.
        assert all(part.exterior.is_ccw for part in shapely.get_parts(drawn))
    assert told["bbox"] == pytest.approx(shapely.total_bounds(shapes(told)).tolist())


def test_only_cameras_with_private_ground_in_view_have_a_mask(plan: Plan, survey: CameraSurvey, tmp_path: Path) -> None:
    told = read(write_masks(survey, plan[1], tmp_path))
    wanted = [survey.cameras.ids[k] for k, mask in enumerate(survey.mask) if not mask.is_empty]
    assert [f["properties"]["camera"] for f in told["features"]] == wanted
    assert 0 < len(wanted) < len(survey.cameras)


def test_blind_stretches_come_longest_first_with_their_street(plan: Plan, survey: CameraSurvey, tmp_path: Path) -> None:
    told = read(write_blind(survey, plan[1], tmp_path))
    length = [f["properties"]["length_m"] for f in told["features"]]
    assert len(length) == len(survey.blind)
    assert length == sorted(length, reverse=True)
    first = survey.blind[0]
    assert told["features"][0]["properties"]["street"] == plan[1]["streets"]["id"].iloc[first.street]
    whole = to_lonlat(plan[1]["streets"].geometry.to_numpy()[[first.street]], plan[1].crs)[0]
    assert shapely.buffer(whole, 1e-5).contains(shapes(told)[0])


def test_proposals_are_points_and_what_each_would_see(plan: Plan, survey: CameraSurvey, tmp_path: Path) -> None:
    siting = siting_of(survey)
    told = read(write_proposals(siting, survey, plan[1], tmp_path, sights=sights_of(siting.cameras, 125.0)))
    parts = [(f["properties"]["part"], f["properties"]["rank"], f["geometry"]["type"]) for f in told["features"]]
    n = len(siting.proposals)
    assert parts[:n] == [("pole", k + 1, "Point") for k in range(n)]
    assert [part[:2] for part in parts[n:]] == [("sight", k + 1) for k in range(n)]
    assert told["bound"] == round(siting.bound, 1)
    assert [f["properties"]["grid"] for f in told["features"][:n]] == list(survey.land.codes[:n])
    alone = read(write_proposals(siting, survey, plan[1], tmp_path))
    assert len(alone["features"]) == n


def test_rings_grow_with_the_minutes_and_hold_their_streets(plan: Plan, tmp_path: Path) -> None:
    survey = reach_of(*plan)
    index = 4
    path = write_rings(survey, index, rings(survey, index, [1, 3, 5]), plan[1], tmp_path)
    assert path.name == "rings-5-day.geojson"
    told = read(path)
    drawn = {"ring": {}, "streets": {}}
    for feature, shape in zip(told["features"], shapes(told), strict=True):
        drawn[feature["properties"]["part"]][feature["properties"]["minutes"]] = shape
    polygons, streets = drawn["ring"], drawn["streets"]
    assert list(polygons) == [5.0, 3.0, 1.0]  # the widest first, so that it is drawn below
    assert streets[1].length < streets[3].length <= streets[5].length
    for minutes, polygon in polygons.items():
        assert polygon.covers(streets[minutes])


def test_the_shifted_variant_says_so_everywhere(plan: Plan, survey: CameraSurvey, tmp_path: Path) -> None:
    true, shifted = (write_sights(survey, plan[1], tmp_path, datum=datum) for datum in ("wgs84", "gcj02"))
    assert (true.name, shifted.name) == ("sights.geojson", "sights_gcj02.geojson")
    told = read(shifted)
    assert told["datum"] == "gcj02"
    assert {f["properties"]["datum"] for f in told["features"]} == {"gcj02"}
    away = np.array(told["bbox"]) - np.array(read(true)["bbox"])
    assert (np.abs(away) > 0.001).all()  # some hundred metres in China
    with pytest.raises(ValueError, match="no datum"):
        write_sights(survey, plan[1], tmp_path, datum="bd09")  # type: ignore[arg-type]


def test_the_same_survey_gives_the_same_bytes_and_hostile_texts_stay_text(plan: Plan, tmp_path: Path) -> None:
    territory = with_names(plan[1], "streets", "name", dict.fromkeys(range(len(plan[1]["streets"])), HOSTILE))
    survey = camera_survey(plan[0], territory, names=[HOSTILE] * 3)
    one = write_blind(survey, territory, tmp_path).read_bytes()
    assert one == write_blind(survey, territory, tmp_path).read_bytes()
    assert json.loads(one)["features"][0]["properties"]["name"] == " ".join(HOSTILE.split())


def test_names_of_files_hold_on_every_disk(plan: Plan, survey: CameraSurvey, tmp_path: Path) -> None:
    assert file_name("rings-15分钟/圈-day") == "rings-15分钟_圈-day.geojson"
    assert file_name("../../x", "gcj02") == "_.._x_gcj02.geojson"
    with pytest.raises(StorageError, match="patrol_file_not_written"):
        write_sights(survey, plan[1], tmp_path / "nowhere")
