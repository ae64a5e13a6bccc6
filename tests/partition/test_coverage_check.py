"""The independent check of coverage: an honest survey passes, and every kind of lie is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis.sight import Seen, Sights
from gis.territory import Territory
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.check import check_cameras, check_reach
from partition.coverage.land import grids_of
from partition.coverage.posts.place import site_posts
from partition.coverage.posts.types import Goal, PostsAnswer
from partition.coverage.reach.survey import survey_reach
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.settings import Band, CameraSettings, ReachRule, ReachSettings
from partition.coverage.siting.problem import SitingAnswer
from partition.coverage.siting.site import site_cameras
from partition.filed import FiledPlan
from tests.coverage_check_kit import made_land

CAMERAS = CameraSettings(level="detect", forbidden_near_m=MappingProxyType({"学校": 30.0}))
REACH = ReachSettings(
    rules=(ReachRule("1", 1.0), ReachRule("2", 2.0, places=frozenset({"学校"}))), bands=(Band("day"),)
)
ADD = 4


@dataclass(frozen=True)
class World:
    """A made-up quarter, surveyed and asked for proposals."""

    territory: Territory
    filed: FiledPlan
    survey: CameraSurvey
    answer: SitingAnswer
    reach: ReachSurvey
    posts: PostsAnswer

    def cameras(self, survey: CameraSurvey | None = None, answer: SitingAnswer | None = None, **given: Any) -> set[str]:
        """Codes of what is wrong with cameras."""
        check = check_cameras(self.territory, self.filed, survey or self.survey, answer, **given)
        return {fault.code for fault in check.faults}

    def times(self, survey: ReachSurvey | None = None, posts: PostsAnswer | None = None) -> set[str]:
        """Codes of what is wrong with response times."""
        answers = [(posts, 2)] if posts else []
        return {fault.code for fault in check_reach(self.territory, self.filed, survey or self.reach, answers).faults}


@pytest.fixture(scope="module")
def world() -> World:
    territory, filed = made_land()
    land = grids_of(territory, filed)
    survey = survey_cameras(territory, land, CAMERAS, with_polygons=True)
    answer = site_cameras(territory, land, survey, CAMERAS, add=ADD)
    reach = survey_reach(territory, land, REACH)
    posts = site_posts(territory, land, reach, rule=0, goal=Goal.MOST, add=2)
    return World(territory, filed, survey, answer, reach, posts)


def test_an_honest_survey_with_its_proposals_passes(world: World) -> None:
    assert world.cameras(answer=world.answer, add=ADD) == set()
    assert world.times(posts=world.posts) == set()
    assert len(world.answer.proposals) == ADD
    assert len(world.survey.sights.point) > 100


def _row(world: World, scope: str, **changed: Any) -> CameraSurvey:
    rows = list(world.survey.rows)
    at = next(k for k, row in enumerate(rows) if row.scope == scope and row.positions > 0)
    rows[at] = replace(rows[at], **{name: change(getattr(rows[at], name)) for name, change in changed.items()})
    return replace(world.survey, rows=tuple(rows))


@pytest.mark.parametrize(
    ("column", "change", "code"),
    [
        ("positions", lambda n: n + 1, "coverage_check_count"),
        ("channels", lambda n: n - 1, "coverage_check_count"),
        ("missing", lambda n: n + 1, "coverage_check_count"),
        ("area_km2", lambda a: 2 * a, "coverage_check_area"),
        ("density_per_km2", lambda d: d + 1, "coverage_check_density"),
        ("target_per_km2", lambda t: t + 1, "coverage_check_target"),
        ("street_m", lambda m: m + 10, "coverage_check_count"),
        ("seen_m", lambda seen: {**seen, "detect": seen["detect"] + 10}, "coverage_check_count"),
    ],
)
def test_a_wrong_figure_of_a_grid_is_found(world: World, column: str, change: Callable[[Any], Any], code: str) -> None:
    assert code in world.cameras(_row(world, "grid", **{column: change}))


def test_a_sum_that_its_grids_do_not_make_is_found(world: World) -> None:
    for column in ("positions", "street_m", "private_m", "missing"):
        assert "coverage_check_sum" in world.cameras(_row(world, "all", **{column: lambda value: value + 7}))


def test_a_camera_counted_elsewhere_or_not_at_all_is_found(world: World) -> None:
    grid = np.array(world.survey.grid)
    grid[0] = 1 - grid[0]
    assert "coverage_check_camera_grid" in world.cameras(replace(world.survey, grid=grid))
    cameras = world.territory["cameras"]
    more = gpd.GeoDataFrame({"id": ["extra"]}, geometry=[cameras.geometry.iloc[0]], crs=world.territory.crs)
    grown = world.territory.with_layers(cameras=gpd.GeoDataFrame(pd.concat([cameras, more], ignore_index=True)))
    check = check_cameras(grown, world.filed, world.survey)
    assert "coverage_check_camera_missing" in {fault.code for fault in check.faults}


def test_a_sight_through_a_wall_is_found(world: World) -> None:
    """Let the first camera see every street point within its range, whatever stands between."""
    survey, samples, cameras = world.survey, world.survey.samples, world.survey.cameras
    d = np.hypot(samples.x - cameras.x[0], samples.y - cameras.y[0])
    near = np.flatnonzero(
        (d > cameras.near_m[0] + 1) & (d < cameras.focal_px[0] / 25.0) & (samples.kind == Seen.STREET)
    )
    start = np.array(survey.sights.start)
    others = np.asarray(survey.sights.point)[start[1] :]
    px = (cameras.focal_px[0] / d[near]).astype(np.float32)
    lying = Sights(
        start=np.concatenate([[0], start[1:] - start[1] + len(near)]),
        point=np.concatenate([near, others]).astype(np.int32),
        px_per_m=np.concatenate([px, np.asarray(survey.sights.px_per_m)[start[1] :]]),
        n_points=len(samples),
    )
    assert "coverage_check_not_seen" in world.cameras(replace(survey, sights=lying))


def test_a_sight_that_is_kept_quiet_is_found(world: World) -> None:
    survey = world.survey
    nothing = Sights(
        np.zeros(len(survey.cameras) + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), len(survey.samples)
    )
    found = world.cameras(replace(survey, sights=nothing))
    assert {"coverage_check_view_missed", "coverage_check_count"} <= found


def test_blind_stretches_and_private_metres_that_do_not_add_up_are_found(world: World) -> None:
    assert "coverage_check_blind" in world.cameras(replace(world.survey, blind=world.survey.blind[1:]))
    private = np.array(world.survey.private_m)
    private[0] += 5.0
    assert "coverage_check_private_sum" in world.cameras(replace(world.survey, private_m=private))


def _moved(answer: SitingAnswer, x: float, y: float) -> SitingAnswer:
    first = replace(answer.proposals[0], x=x, y=y)
    return replace(answer, proposals=(first, *answer.proposals[1:]))


def test_a_proposal_where_no_camera_may_stand_is_found(world: World) -> None:
    house = world.territory["buildings"].geometry.iloc[0].representative_point()
    assert "coverage_check_pole_building" in world.cameras(answer=_moved(world.answer, house.x, house.y))
    places = world.territory["key_places"]
    school = places.geometry[places["kind"] == "学校"].iloc[0]
    assert "coverage_check_pole_forbidden" in world.cameras(answer=_moved(world.answer, school.x + 5, school.y))
    first = world.answer.proposals[0]
    zone = np.array([shapely.Point(first.x, first.y).buffer(3.0)], dtype=object)
    assert "coverage_check_pole_forbidden" in world.cameras(answer=world.answer, zones=zone)
    assert "coverage_check_pole_refused" in world.cameras(answer=world.answer, refused=[first.id])


def test_too_many_proposals_and_wrong_gains_are_found(world: World) -> None:
    answer, proposals = world.answer, world.answer.proposals
    assert "coverage_check_too_many" in world.cameras(answer=answer, add=ADD - 1)
    boast = replace(proposals[0], gain_m=proposals[0].gain_m + 40, street_m=proposals[0].street_m + 40)
    lying = replace(answer, proposals=(boast, *proposals[1:]), seen_after_m=answer.seen_after_m + 40)
    assert {"coverage_check_total", "coverage_check_gain_sum"} <= world.cameras(answer=lying)
    assert "coverage_check_ranks" in world.cameras(answer=replace(answer, proposals=proposals[::-1]))
    assert "coverage_check_bound" in world.cameras(answer=replace(answer, bound=answer.worth / 2))


def _rule(world: World, **changed: Any) -> ReachSurvey:
    first = replace(world.reach.rules[0], **changed)
    return replace(world.reach, rules=(first, *world.reach.rules[1:]))


def test_a_node_that_is_told_to_be_reached_too_soon_or_too_late_is_found(world: World) -> None:
    rule = world.reach.rules[0]
    for factor in (0.5, 2.0):
        node_s = np.array(rule.arrival.node_s) * factor
        lying = _rule(world, arrival=replace(rule.arrival, node_s=node_s))
        assert "coverage_check_arrival" in world.times(lying)


def test_doors_shares_and_verdicts_that_contradict_each_other_are_found(world: World) -> None:
    rule = world.reach.rules[0]
    late = np.array(rule.door_s)
    late[0] += 30.0
    assert "coverage_check_door" in world.times(_rule(world, door_s=late))
    more = replace(rule.shares, households_in=rule.shares.households_in - 3)
    assert "coverage_check_share" in world.times(_rule(world, shares=more))
    assert "coverage_check_kept" in world.times(_rule(world, is_kept=not rule.is_kept))
    assert "coverage_check_unreachable" in world.times(_rule(world, unreachable=rule.unreachable + 1))
    assert "coverage_check_worst" in world.times(_rule(world, worst_s=(rule.worst_s or 0.0) + 60))
    assert "coverage_check_rule_missing" in world.times(replace(world.reach, rules=world.reach.rules[1:]))


def test_posts_that_promise_more_than_they_bring_are_found(world: World) -> None:
    posts = world.posts
    assert posts.proposals
    lying = replace(posts, households_in_after=posts.households_in_after + 20)
    assert "coverage_check_posts_reach" in world.times(posts=lying)
    apart = replace(posts.proposals[0], x=posts.proposals[0].x + 40)
    assert "coverage_check_post_off" in world.times(posts=replace(posts, proposals=(apart, *posts.proposals[1:])))
