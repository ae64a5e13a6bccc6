"""What if: published figures replayed, and every answer equal to a survey of the land as it would be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError
from gis.sight import Cameras
from gis.sight.walls import Walls
from gis.territory import Territory
from partition.coverage.cameras.density import missing_positions
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.cameras.types import CameraSurvey, DensityRow, Land
from partition.coverage.cameras.what_if import WhatIf, spread, what_if
from partition.coverage.land import grids_of
from partition.coverage.settings import CameraSettings
from tests.camera_land import box, camera, land, plan, street, strip_land, territory

BASE = CameraSettings()


def of(answer: WhatIf, scope: str, code: str) -> tuple[DensityRow, DensityRow]:
    return next((a, b) for a, b in answer.rows if (a.scope, a.code) == (scope, code))


def test_two_hundred_and_three_points_more_raise_eight_to_nine_per_square_kilometre() -> None:
    """203 positions more lift 8 to 9 where 1,624 stand on 203 km2."""
    survey = survey_cameras(*strip_land(203.0, 1624, "220"), BASE, with_sight=False)
    answer = what_if(survey, counts=spread(survey, 203, "class", "rural"), targets={"rural": 9.0})
    before, after = of(answer, "class", "rural")
    assert (before.positions, after.positions, answer.added) == (1624, 1827, 203)
    assert (round(before.density_per_km2 or 0, 9), round(after.density_per_km2 or 0, 9)) == (8.0, 9.0)
    assert (after.target_per_km2, after.missing) == (9.0, 0)
    assert missing_positions(9.0, 203.0, 1624) == 203
    before, after = of(what_if(survey, targets={"rural": 9.0}), "class", "rural")
    assert (before.missing, after.missing) == (0, 203)


def test_one_more_changes_its_grid_community_class_and_all_and_nothing_else() -> None:
    towns = [
        {"code": "C1", "town": "甲", "class_code": "111", "geometry": box(0, 0, 1000, 1000)},
        {"code": "C2", "town": "乙", "class_code": "220", "geometry": box(1000, 0, 2000, 1000)},
    ]
    town = territory(towns)
    grids = [
        {"code": f"{c}{k}", "community": c, "geometry": box(x, 500 * k, x + 1000, 500 * k + 500)}
        for c, x in (("C1", 0), ("C2", 1000))
        for k in (0, 1)
    ]
    survey = survey_cameras(town, grids_of(town, plan(grids)), BASE, with_sight=False)
    answer = what_if(survey, counts={"C10": 2})
    assert [(a.scope, a.code) for a, _ in answer.rows] == [
        ("grid", "C10"),
        ("community", "C1"),
        ("town", "甲"),
        ("class", "urban"),
        ("class_code", "111"),
        ("all", "all"),
    ]
    before, after = of(answer, "grid", "C10")
    assert (before.missing, after.missing, after.channels, after.working) == (35, 33, 2, 2)
    assert set(answer.seen_m.values()) == {0.0}


def test_nothing_asked_changes_nothing() -> None:
    survey = survey_cameras(*strip_land(1.0, 5, "111"), BASE, with_sight=False)
    answer = what_if(survey)
    assert (answer.rows, answer.added, answer.private_m, answer.grid) == ((), 0, 0.0, ())
    assert {*answer.seen_m.values(), *answer.places.values()} == {0}


def test_wrong_questions_are_told_together() -> None:
    survey = survey_cameras(*strip_land(1.0, 5, "111"), BASE, with_sight=False)
    with pytest.raises(InputError) as caught:
        what_if(survey, counts={"X": 1, "G": -1})
    assert [f.code for f in caught.value.faults] == ["coverage_what_if_grid_unknown", "coverage_what_if_count_wrong"]
    with pytest.raises(InputError, match="coverage_settings_out_of_range"):
        what_if(survey, targets={"urban": -1.0})
    with pytest.raises(InputError, match="coverage_what_if_area_unknown"):
        spread(survey, 3, "class", "rural")
    with pytest.raises(InputError, match="coverage_what_if_count_wrong"):
        spread(survey, -3)


@given(st.integers(0, 60), st.lists(st.integers(0, 12), min_size=3, max_size=3))
@settings(max_examples=30, deadline=None)
def test_spread_raises_the_lowest_density_first(n: int, there: list[int]) -> None:
    shapes = {"a": box(0, 0, 100, 100), "b": box(100, 0, 300, 100), "c": box(300, 0, 600, 100)}
    spots = [camera(x0 + 1 + k, 50) for x0, m in zip((0, 100, 300), there, strict=True) for k in range(m)]
    town = territory(cameras=spots)
    survey = survey_cameras(town, land(town, **shapes), BASE, with_sight=False)
    added = spread(survey, n)
    assert sum(added.values()) == n
    after = {code: there[i] + added.get(code, 0) for i, code in enumerate("abc")}
    km2 = dict(zip("abc", (1, 2, 3), strict=True))
    for code, more in added.items():
        # Nobody was given one who had more than another would have had with it.
        assert all(after[code] / km2[code] <= (after[o] + 1) / km2[o] + 1e-9 for o in "abc"), (code, more)


def crossing() -> tuple[Territory, Land]:
    """Two streets that cross, houses in two corners, a camera that works and one that does not."""
    town = territory(
        cameras=[camera(-40, 1, heading_deg=90.0), camera(40, -1, heading_deg=270.0, status="离线")],
        streets=[street((-100, 0), (0, 0), (100, 0)), street((0, -100), (0, 0), (0, 100))],
        buildings=[
            {"households": 5, "geometry": box(8, 8, 60, 40)},
            {"households": 5, "geometry": box(-60, -40, -8, -8)},
        ],
        key_places=[{"kind": "gate", "geometry": (box(4, 40, 6, 42)).centroid}],
    )
    return town, land(town, A=box(-100, -100, 0, 100), B=box(0, -100, 100, 100))


def with_camera(town: Territory, *rows: dict[str, object]) -> Territory:
    """The same land with cameras added."""
    old = [
        camera(-40, 1, heading_deg=90.0, id="cameras0"),
        camera(40, -1, heading_deg=270.0, status="离线", id="cameras1"),
    ]
    return town.with_layers(cameras=territory(cameras=[*old, *rows])["cameras"])


def pose_of(survey: CameraSurvey, *ids: str) -> Cameras:
    """Some of the cameras of a survey, as poses."""
    at = [survey.cameras.ids.index(id) for id in ids]
    arrays = {
        name: getattr(survey.cameras, name)[at].copy()
        for name in survey.cameras.__dataclass_fields__
        if isinstance(getattr(survey.cameras, name), np.ndarray)
    }
    return replace(survey.cameras, ids=tuple(ids), **arrays)


def test_a_camera_on_a_spot_is_the_same_as_a_survey_with_it() -> None:
    town, grids = crossing()
    now = survey_cameras(town, grids, BASE)
    added = [
        camera(2, -60, heading_deg=0.0, id="new1"),
        camera(3, 60, heading_deg=180.0, id="new2"),
    ]
    then = survey_cameras(with_camera(town, *added), grids, BASE)
    answer = what_if(now, poses=pose_of(then, "new1", "new2"), walls=Walls.of(town))
    changed = {(a.scope, a.code): b for a, b in answer.rows}
    assert changed
    assert answer.grid == (1, 1)
    for before, after in zip(now.rows, then.rows, strict=True):
        assert changed.get((before.scope, before.code), before) == after
    for level in BASE.profile.names:
        gain = then.rows[-1].seen_m[level] - now.rows[-1].seen_m[level]
        assert answer.seen_m[level] == pytest.approx(gain)
    assert answer.seen_m["detect"] > 20
    assert answer.private_m == pytest.approx(then.rows[-1].private_m - now.rows[-1].private_m)


def test_a_camera_where_one_stands_already_sees_nothing_new() -> None:
    town, grids = crossing()
    now = survey_cameras(town, grids, BASE)
    answer = what_if(now, poses=pose_of(now, "cameras0"), walls=Walls.of(town))
    assert set(answer.seen_m.values()) == {0.0}
    assert of(answer, "all", "all")[1].positions == 3
    assert of(answer, "all", "all")[1].twice_m == pytest.approx(now.rows[-1].seen_m[BASE.level])
