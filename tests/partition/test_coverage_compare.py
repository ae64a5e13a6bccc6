"""Two plans of one land: what a re-draw does to densities, sight and promises."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from gis.streets.network import Mode
from gis.territory import Territory
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.cameras.types import CameraSurvey, Land
from partition.coverage.compare import compare_coverage
from partition.coverage.reach.survey import survey_reach
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.settings import Band, CameraSettings, ReachRule, ReachSettings
from tests.camera_land import box, camera, land, street, territory

FINE = CameraSettings(sample_m=1.0, density={"urban": 30.0, "rural": 8.0})
ROUND = {"focal_mm": 4.0, "sensor_mm": 5.0, "px_width": 2500, "height_m": 3.0, "kind": "dome"}
REACH = replace(
    ReachSettings(),
    rules=(ReachRule("1", 1.0, mode=Mode.FOOT), ReachRule("gates", 1.0, places=frozenset({"gate"}), mode=Mode.FOOT)),
    bands=(Band("day"),),
)


@pytest.fixture(scope="module")
def town() -> Territory:
    """A street of 400 m with a house every 20 m, a post at its western end and three cameras in its west."""
    return territory(
        cameras=[camera(x, 0, **ROUND) for x in (30, 60, 90)],
        streets=[street((0, 0), (400, 0))],
        buildings=[{"households": 10, "geometry": box(x, 8, x + 5, 12)} for x in range(10, 400, 20)],
        posts=[{"kind": "police", "geometry": camera(0, 0)["geometry"]}],
    )


def surveyed(town: Territory, grids: Land) -> tuple[CameraSurvey, ReachSurvey]:
    return survey_cameras(town, grids, FINE), survey_reach(town, grids, REACH)


def test_the_same_plan_compared_with_itself_changes_nothing(town: Territory) -> None:
    cameras, reach = surveyed(town, land(town, A=box(0, -50, 200, 50), B=box(200, -50, 400, 50)))
    same = compare_coverage(cameras, cameras, reach, reach)
    assert {m.change for m in same.measures} <= {0.0, None}
    assert [g.change for g in same.grids] == ["kept", "kept"]
    assert all(p.share_before == p.share_after and p.kept_before == p.kept_after for p in same.promises)
    json.dumps(same.to_json(), allow_nan=False)


def test_a_redraw_moves_the_thinnest_grid_and_leaves_totals_alone(town: Territory) -> None:
    halves = land(town, A=box(0, -50, 200, 50), B=box(200, -50, 400, 50))
    lengthwise = land(town, A=box(0, -50, 400, 0), C=box(0, 0, 400, 50))
    one, other = surveyed(town, halves), surveyed(town, lengthwise)
    both = compare_coverage(one[0], other[0], one[1], other[1])
    measure = {m.name: (m.before, m.after) for m in both.measures}
    assert measure["grids"] == (2.0, 2.0)
    assert measure["density_min"] == (0.0, 0.0)
    assert measure["density_max"] == (pytest.approx(150.0), pytest.approx(150.0))
    assert measure["density_mean"] == (pytest.approx(75.0), pytest.approx(75.0))
    assert measure["missing_positions"] == (1.0, 1.0)
    assert measure["grids_under_target"] == (1.0, 1.0)
    assert measure["seen_frac"][0] == pytest.approx(measure["seen_frac"][1])
    assert measure["seen_frac_min"][0] == 0.0
    assert [(g.code, g.change, g.density_before is None, g.density_after is None) for g in both.grids] == [
        ("A", "changed", False, False),
        ("B", "retired", False, True),
        ("C", "new", True, False),
    ]
    assert both.to_json()["codes"] == {"kept": 0, "changed": 1, "new": 1, "retired": 1}


def test_households_in_time_are_told_for_the_worst_grid(town: Territory) -> None:
    halves = land(town, A=box(0, -50, 200, 50), B=box(200, -50, 400, 50))
    whole = land(town, A=box(0, -50, 400, 50))
    one, other = surveyed(town, halves), surveyed(town, whole)
    both = compare_coverage(one[0], other[0], one[1], other[1])
    measure = {m.name: (m.before, m.after) for m in both.measures}
    promise = next(p for p in both.promises if p.rule == "1")
    # On foot 75 m in a minute at 4.5 km/h: doors of the four nearest of twenty houses, none of them in B.
    assert promise.share_before == promise.share_after
    assert 0 < (promise.share_before or 0) < 0.3
    assert (promise.least_before, promise.least_grid_before) == (0.0, "B")
    assert (promise.least_after, promise.least_grid_after) == (promise.share_after, "A")
    assert measure["households_in_time_min"] == (0.0, promise.share_after)
    assert (promise.kept_before, promise.kept_after) == (False, False)
    gates = next(p for p in both.promises if p.rule == "gates")
    assert (gates.kept_before, gates.share_before, gates.least_before, gates.least_grid_before) == (
        None,
        None,
        None,
        "",
    )


def test_without_reach_there_are_no_promises(town: Territory) -> None:
    cameras, reach = surveyed(town, land(town, A=box(0, -50, 400, 50)))
    for both in (compare_coverage(cameras, cameras), compare_coverage(cameras, cameras, reach, None)):
        assert both.promises == ()
        assert "promises" not in {m.name for m in both.measures}


def test_an_outline_that_moved_by_less_than_a_square_metre_is_kept(town: Territory) -> None:
    one, _ = surveyed(town, land(town, A=box(0, -50, 400, 50)))
    other, _ = surveyed(town, land(town, A=box(0.001, -50, 400, 50)))
    assert [g.change for g in compare_coverage(one, other).grids] == ["kept"]
    assert np.isfinite([m.after for m in compare_coverage(one, other).measures if m.after is not None]).all()
