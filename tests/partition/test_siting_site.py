"""Cameras proposed for a plan on small made-up land: what is asked, what is forbidden, what is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.errors import InputError
from gis.sight import Seen
from gis.sight.see import see
from gis.sight.walls import Walls
from gis.territory import Territory
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.cameras.types import CameraSurvey, Land
from partition.coverage.land import grids_of
from partition.coverage.settings import CameraSettings
from partition.coverage.siting import SitingAnswer, site_cameras
from partition.coverage.siting.pose import pose
from tests.camera_land import box, here, plan, territory

SETTINGS = replace(CameraSettings(), level="detect", density={"urban": 30.0, "rural": 8.0})
SIDE = 500.0


def _town(**more: Any) -> Territory:
    """Five streets each way over half a kilometre, blocks of houses between, an estate in the middle."""
    lines = [k * 100.0 + 50.0 for k in range(5)]
    streets = [{"geometry": shapely.LineString([(x, 0), (x, SIDE)]), "class": "residential"} for x in lines]
    streets += [{"geometry": shapely.LineString([(0, y), (SIDE, y)]), "class": "residential"} for y in lines]
    houses = [
        {"geometry": box(x + 12, y + 12, x + 88, y + 34), "households": 20}
        for x in (50.0, 150.0, 250.0, 350.0)
        for y in (50.0, 150.0, 350.0)
    ]
    layers: dict[str, Any] = {
        "streets": streets,
        "buildings": houses,
        "estates": [{"kind": "estate", "name": "花园", "geometry": box(155, 255, 245, 345)}],
        "key_places": [
            {"kind": "学校", "geometry": shapely.Point(250, 60)},
            {"kind": "医院", "geometry": shapely.Point(450, 445)},
        ],
    }
    return territory([{"code": "C1", "geometry": box(0, 0, SIDE, SIDE)}], **(layers | more))


def _grids(town: Territory) -> Land:
    west = {"code": "A", "community": "C1", "geometry": box(0, 0, 250, SIDE)}
    return grids_of(town, plan([west, {"code": "B", "community": "C1", "geometry": box(250, 0, SIDE, SIDE)}]))


def _ask(town: Territory, settings: CameraSettings = SETTINGS, **asked: Any) -> tuple[CameraSurvey, SitingAnswer]:
    land = _grids(town)
    survey = survey_cameras(town, land, settings)
    return survey, site_cameras(town, land, survey, settings, **({"add": 12} | asked))


def _seen_again(town: Territory, survey: CameraSurvey, answer: SitingAnswer, settings: CameraSettings) -> np.ndarray:
    """Points that the proposals see, looked at once more."""
    sights = see(answer.cameras, survey.samples, Walls.of(town), settings.px_per_m)
    return sights.count(settings.px_per_m) > 0


def test_totals_are_what_the_proposed_cameras_see() -> None:
    town = _town()
    survey, answer = _ask(town)
    assert len(answer.proposals) == 12
    seen = _seen_again(town, survey, answer, SETTINGS)
    street = survey.samples.kind == Seen.STREET
    assert answer.seen_after_m == pytest.approx(float(survey.samples.metres[street & seen].sum()))
    assert answer.seen_before_m == 0.0
    assert answer.proposals[-1].total_m == pytest.approx(sum(p.gain_m for p in answer.proposals))
    assert sum(p.places for p in answer.proposals) == int((seen & (survey.samples.kind == Seen.PLACE)).sum())
    assert answer.seen_after_m <= answer.reachable_m <= answer.street_m
    assert answer.worth <= answer.bound + 1e-6
    assert answer.worth >= 0.99 * answer.bound
    gains = [p.gain_m for p in answer.proposals]
    assert gains == sorted(gains, reverse=True)
    assert answer.edition == "EN/IEC 62676-4:2015"


def test_existing_cameras_are_kept_and_their_streets_not_counted_again() -> None:
    at = {"id": "K", "heading_deg": 0.0, "focal_mm": 4.0, "sensor_mm": 5.37, "px_width": 2560, "height_m": 6.0}
    bare_survey, bare = _ask(_town(), add=1)
    best = bare.proposals[0]
    spot = shapely.Point(best.x, best.y)
    there = [{**at, "heading_deg": best.heading_deg, "geometry": _back(spot)}]
    survey, answer = _ask(_town(cameras=there), add=1)
    assert answer.seen_before_m == pytest.approx(bare.seen_after_m)
    assert answer.proposals[0].id != best.id
    assert answer.proposals[0].gain_m <= best.gain_m
    assert bare_survey.samples.metres.sum() == pytest.approx(survey.samples.metres.sum())


def test_a_broken_camera_sees_nothing_and_its_street_is_proposed_again() -> None:
    best = _ask(_town(), add=1)[1].proposals[0]
    camera = {"id": "K", "heading_deg": best.heading_deg, "geometry": _back(shapely.Point(best.x, best.y))}
    _, answer = _ask(_town(cameras=[{**camera, "status": "离线"}]), add=1)
    assert answer.seen_before_m == 0.0
    assert answer.proposals[0].id == best.id


def test_accepted_poses_count_as_standing_and_refused_ones_never_come_back() -> None:
    town = _town()
    _, first = _ask(town, add=3)
    one, two, three = (p.id for p in first.proposals)
    _, again = _ask(town, add=3, accepted=[one], refused=[two, three.rpartition("@")[0]])
    told = {p.id for p in again.proposals}
    assert not told & {one, two, three}
    assert not any(id.startswith(three.rpartition("@")[0] + "@") for id in told)
    assert again.seen_before_m == pytest.approx(first.proposals[0].street_m)


def test_no_more_cameras_at_a_pole_than_allowed_with_those_accepted() -> None:
    town = _town()
    settings = replace(SETTINGS, per_pole=1, headings=4)
    _, all_of_them = _ask(town, settings, add=400)
    poles = [p.id.rpartition("@")[0] for p in all_of_them.proposals]
    assert len(poles) == len(set(poles))
    accepted = [p.id for p in all_of_them.proposals[:5]]
    _, rest = _ask(town, settings, add=400, accepted=accepted)
    assert not {id.rpartition("@")[0] for id in accepted} & {p.id.rpartition("@")[0] for p in rest.proposals}


def test_forbidden_ground_gets_no_camera_and_is_counted() -> None:
    town = _town()
    zone = gpd.GeoSeries([here(box(300, 0, SIDE, SIDE))], crs=town.crs)
    settings = replace(SETTINGS, forbidden_near_m={"学校": 60.0})
    _, answer = _ask(town, settings, add=60, zones=zone)
    points = shapely.points([p.x for p in answer.proposals], [p.y for p in answer.proposals])
    assert len(points) > 10
    assert not shapely.intersects(zone.iloc[0], points).any()
    assert (shapely.distance(here(shapely.Point(250, 60)), points) >= 60.0 - 1e-6).all()
    assert answer.left_out["forbidden"] > 0


def test_private_ground_in_view_is_a_price_and_a_limit() -> None:
    town = _town()
    _, free = _ask(town, replace(SETTINGS, private_level="detect"), add=20)
    _, dear = _ask(town, replace(SETTINGS, private_level="detect", private_price=5.0), add=20)
    _, none = _ask(town, replace(SETTINGS, private_level="detect", private_most_m=0.0), add=20)
    private = [sum(p.private_m for p in answer.proposals) for answer in (free, dear, none)]
    assert private[0] > private[1] >= private[2] == 0.0
    assert none.left_out["too_private"] > 0
    assert none.seen_after_m <= free.seen_after_m


def test_between_equals_the_more_private_view_loses() -> None:
    # One street, dwellings on its west side only: many poses see as much of the street, and more or fewer windows.
    lone = [{"geometry": shapely.LineString([(250, 0), (250, SIDE)]), "class": "residential"}]
    houses = [{"geometry": box(225, y, 238, y + 20), "households": 9} for y in range(0, 480, 30)]
    town = _town(streets=lone, buildings=houses, key_places=[], estates=[])
    settings = replace(SETTINGS, private_level="detect", headings=8)
    survey, answer = _ask(town, settings, add=1)
    posed = pose(town, _grids(town), survey, settings, asked=np.ones(2, dtype=bool))
    gain = np.add.reduceat(np.append(posed.weight[posed.point], 0.0), posed.start[:-1])
    gain[np.diff(posed.start) == 0] = 0.0
    equals = posed.private_m[gain >= gain.max() - 1e-9]
    assert len(equals) > 1
    assert equals.max() > equals.min()
    assert answer.proposals[0].gain_m == pytest.approx(gain.max())
    assert answer.proposals[0].private_m == pytest.approx(equals.min())


def test_floors_put_cameras_where_density_is_short() -> None:
    town = _town()
    survey, answer = _ask(town, goal="floor", add=None)
    missing = {row.code: row.missing for row in survey.rows if row.scope == "grid"}
    assert missing == {"A": 4, "B": 4}  # 30 per km2 on an eighth of a square kilometre
    assert sorted(survey.land.codes[p.grid] for p in answer.proposals) == ["A"] * 4 + ["B"] * 4
    assert all(p.is_for_floor for p in answer.proposals)
    assert answer.floor_short == {}
    before, after = answer.density["urban"]
    assert (before, after) == (0.0, pytest.approx(32.0))


def test_a_floor_that_no_pole_can_serve_is_said() -> None:
    town = _town()
    zone = gpd.GeoSeries([here(box(250, 0, SIDE, SIDE))], crs=town.crs)
    _, answer = _ask(town, goal="floor", add=None, zones=zone)
    assert answer.floor_short == {"B": 4}
    assert len(answer.proposals) == 4


def test_only_the_grids_asked_for_get_poles_and_count() -> None:
    town = _town()
    survey, answer = _ask(town, add=5, grids=["B"])
    assert {survey.land.codes[p.grid] for p in answer.proposals} == {"B"}
    inside = (survey.samples.kind == Seen.STREET) & (survey.samples.grid == 1)
    assert answer.street_m == pytest.approx(float(survey.samples.metres[inside].sum()))


def test_no_blind_corner_sees_all_that_can_be_seen() -> None:
    _, answer = _ask(_town(), goal="all", add=None)
    assert answer.seen_after_m == pytest.approx(answer.reachable_m)
    assert answer.bound <= len(answer.proposals) == answer.worth <= answer.greedy_worth


def test_a_budget_of_none_is_a_result() -> None:
    _, answer = _ask(_town(), add=0)
    assert answer.proposals == ()
    assert answer.is_proved
    assert answer.seen_after_m == answer.seen_before_m


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"goal": "most"}, "siting_goal_unknown"),
        ({"add": None}, "siting_add_missing"),
        ({"add": -1}, "siting_add_out_of_range"),
        ({"add": 10**9}, "siting_add_out_of_range"),
        ({"grids": ["A", "nowhere"]}, "siting_grid_unknown"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(asked: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as told:
        _ask(_town(), **asked)
    assert [fault.code for fault in told.value.faults] == [code]


def test_an_impossible_model_is_refused() -> None:
    town = _town()
    with pytest.raises(InputError) as told:
        _ask(town, replace(SETTINGS, model=replace(SETTINGS.model, focal_mm=-4.0)))
    assert told.value.faults


def test_land_without_streets_gets_no_proposals() -> None:
    _, answer = _ask(_town(streets=[], key_places=[]), add=3)
    assert answer.proposals == ()
    assert answer.street_m == 0.0


def _back(point: Any) -> Any:
    """From the metres of the territory to those of this file's drawings."""
    zero = here(shapely.Point(0.0, 0.0))
    return shapely.Point(point.x - zero.x, point.y - zero.y)
