"""Counts by area: the published figures, edges, zero areas, and every row recounted by brute force."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.report import QualityReport
from gis.territory import Territory
from partition.coverage.cameras.density import mean_spacing_m, missing_positions, target_of
from partition.coverage.cameras.survey import is_networked, survey_cameras
from partition.coverage.cameras.types import CameraSurvey, DensityRow, Land
from partition.coverage.land import grids_of
from partition.coverage.settings import CameraSettings
from tests.camera_land import box, camera, here, land, plan, strip_land, territory

BASE = CameraSettings()


def count(
    town: Territory, grids: Land, rules: CameraSettings = BASE, report: QualityReport | None = None
) -> CameraSurvey:
    return survey_cameras(town, grids, rules, with_sight=False, report=report)


def row_of(survey: CameraSurvey, scope: str = "all", code: str = "all") -> DensityRow:
    return next(row for row in survey.rows if (row.scope, row.code) == (scope, code))


def test_the_published_densities_have_the_published_spacings() -> None:
    assert [round(mean_spacing_m(density)) for density in (70, 8, 9)] == [120, 354, 333]
    assert mean_spacing_m(0.0) == math.inf


CLASSES = {"111": 70, "urban": 70, "123": 70, "210": 8, "220": 8, "rural": 8}


@pytest.mark.parametrize("class_code", CLASSES)
def test_seventy_in_town_and_eight_outside(class_code: str) -> None:
    assert target_of(class_code, BASE.density) == CLASSES[class_code]
    assert target_of(class_code, {**BASE.density, class_code: 9}) == 9


@pytest.mark.parametrize(
    ("target", "km2", "there", "missing"),
    [
        (70, 1.0, 69, 1),
        (70, 1.0, 70, 0),
        (70, 1.0, 71, 0),
        (70, 1.001, 70, 1),
        (8, 0.3, 0, 3),
        (8, 0.0, 0, 0),
        (0.1 + 0.2, 10, 3, 0),
    ],
)
def test_missing_is_the_target_rounded_up_less_what_is_there(
    target: float, km2: float, there: int, missing: int
) -> None:
    assert missing_positions(target, km2, there) == missing


def test_build_progress_is_counted_by_channels_and_density_by_positions() -> None:
    spots = [camera(10.0 + k, 10.0, channels=n, programme="雪亮工程") for k, n in enumerate([4000, 3000, 880])]
    town = territory(cameras=spots)
    rules = replace(BASE, planned_channels={"": 5700, "雪亮工程": 7880, "天网": 10})
    survey = count(town, land(town, G=box(0, 0, 1000, 1000)), rules)
    built, planned, frac = survey.progress[""]
    assert (built, planned, round(100 * frac, 2)) == (7880, 5700, 138.25)
    assert survey.progress["雪亮工程"] == (7880, 7880, 1.0)
    assert survey.progress["天网"] == (0, 10, 0.0)
    assert (row_of(survey).positions, row_of(survey).channels) == (3, 7880)


def test_the_published_programmes_and_feeds_add_up() -> None:
    programmes = {"天网": (2360, "公安", True), "雪亮工程": (5120, "综治", True), "慧眼": (18312, "社会", False)}
    feeds = {"教育": 212, "医院": 318, "交通": 340, "甲": 8, "乙": 4, "丙": 8, "景区": 397}
    rows = [(p, owner, on) for p, (n, owner, on) in programmes.items() for _ in range(n)]
    rows += [("", owner, True) for owner, n in feeds.items() for _ in range(n)]
    spots = [
        camera(1.0 + 2.0 * (k % 200), 1.0 + 2.0 * (k // 200), programme=p, owner=o, status="已联网" if on else "未联网")
        for k, (p, o, on) in enumerate(rows)
    ]
    town = territory(cameras=spots)
    survey = count(town, land(town, G=box(0, 0, 1000, 1000)))
    assert {name: survey.by_programme[name] for name in programmes} == {n: (c[0], c[0]) for n, c in programmes.items()}
    assert sum(n for name, (n, _) in survey.by_programme.items() if name) == 25_792
    assert {name: survey.by_owner[name][0] for name in feeds} == feeds
    everything = row_of(survey)
    assert everything.networked == 8_767
    assert everything.networked_known == everything.positions == 25_792 + 1_287
    assert next(iter(survey.by_programme)) == "慧眼"


def test_a_camera_on_an_edge_counts_once_in_the_grid_with_the_lowest_code() -> None:
    spots = [camera(100, 50), camera(100, 100), camera(100 + 1e-9, 20), camera(150, 150), camera(500, 500)]
    town = territory(cameras=spots)
    grids = land(town, b=box(0, 0, 100, 100), a=box(100, 0, 200, 100), c=box(100, 100, 200, 200))
    report = QualityReport()
    survey = count(town, grids, report=report)
    assert [grids.codes[k] if k >= 0 else "-" for k in survey.grid] == ["a", "a", "a", "c", "-"]
    assert row_of(survey).positions == 4
    assert [(r.id, r.facts["measured"]) for r in report.remarks if r.code == "warn_coverage_cameras_off_grids"] == [
        ("cameras4", 1)
    ]


def test_a_grid_without_land_has_no_density_and_says_so() -> None:
    town = territory(cameras=[camera(5, 5)], barriers=[{"kind": "water", "geometry": box(0, 0, 10, 10)}])
    report = QualityReport()
    survey = count(town, land(town, A=box(0, 0, 10, 10), B=box(10, 0, 1010, 1000)), report=report)
    wet, dry = row_of(survey, "grid", "A"), row_of(survey, "grid", "B")
    assert (wet.density_per_km2, wet.missing, wet.positions) == (None, 0, 1)
    assert (dry.density_per_km2, dry.missing) == (0.0, 70)
    assert [r.id for r in report.remarks if r.code == "note_coverage_grid_without_land"] == ["A"]
    assert row_of(survey).density_per_km2 == pytest.approx(1.0)


def test_the_target_of_a_mixed_area_is_the_mean_by_area() -> None:
    towns = [
        {"code": "C1", "town": "镇", "class_code": "111", "geometry": box(0, 0, 1000, 1000)},
        {"code": "C2", "town": "镇", "class_code": "220", "geometry": box(1000, 0, 4000, 1000)},
    ]
    town = territory(towns, cameras=[camera(1, 1)])
    grids = [
        {"code": "1", "community": "C1", "geometry": box(0, 0, 1000, 1000)},
        {"code": "2", "community": "C2", "geometry": box(1000, 0, 4000, 1000)},
    ]
    survey = count(town, grids_of(town, plan(grids)))
    assert row_of(survey, "town", "镇").target_per_km2 == pytest.approx((70 + 3 * 8) / 4)
    assert row_of(survey, "town", "镇").missing == 69 + 24
    assert [(r.scope, r.code) for r in survey.rows if r.scope.startswith("class")] == [
        ("class", "rural"),
        ("class", "urban"),
        ("class_code", "111"),
        ("class_code", "220"),
    ]


def test_status_words_tell_working_and_networked_apart() -> None:
    words = {
        "在线": None,
        "离线": None,
        "联网": True,
        "已联网,在线": True,
        "未联网": False,
        "Networked": True,
        "": None,
    }
    assert {word: is_networked(word) for word in words} == words
    spots = [camera(10.0 * k, 5.0, status=word) for k, word in enumerate(words, 1)]
    town = territory(cameras=spots)
    row = row_of(count(town, land(town, G=box(0, 0, 100, 100))))
    assert (row.working, row.positions) == (6, 7)
    assert (row.networked, row.networked_known) == (3, 4)
    assert row.working_frac == pytest.approx(6 / 7)
    assert row.networked_frac == 0.75


def test_rates_of_nothing_are_none() -> None:
    town = territory()
    row = row_of(count(town, land(town, G=box(0, 0, 100, 100))))
    assert (row.working_frac, row.networked_frac, row.street_per_camera_m) == (None, None, None)


def test_channels_that_state_nothing_count_one() -> None:
    town = territory(cameras=[camera(1.0 + k, 1, channels=n) for k, n in enumerate([None, 0, -3, 4])])
    report = QualityReport()
    survey = count(town, land(town, G=box(0, 0, 100, 100)), report=report)
    assert survey.channels.tolist() == [1, 1, 1, 4]
    assert [r.facts["measured"] for r in report.remarks if r.code == "note_coverage_channels_assumed"] == [3]


def test_eight_per_square_kilometre_of_the_published_rural_land() -> None:
    survey = count(*strip_land(203.0, 1624, "220"))
    assert row_of(survey).density_per_km2 == pytest.approx(8.0, abs=1e-9)
    assert row_of(survey).missing == 0


@st.composite
def _lands(draw: Any) -> tuple[list[Any], list[tuple[float, float]], dict[str, tuple[str, str]]]:
    """Cuts of a square into columns and rows, cameras on a lattice that often hits the cuts, towns."""
    cuts_x = sorted(draw(st.sets(st.integers(1, 9), max_size=3)))
    cuts_y = sorted(draw(st.sets(st.integers(1, 9), max_size=3)))
    xs, ys = [0, *cuts_x, 10], [0, *cuts_y, 10]
    boxes = [
        box(100 * a, 100 * c, 100 * b, 100 * d) for a, b in itertools.pairwise(xs) for c, d in itertools.pairwise(ys)
    ]
    spots = draw(st.lists(st.tuples(st.integers(-2, 22), st.integers(-2, 22)), max_size=25))
    kinds = {c: (draw(st.sampled_from("甲乙")), draw(st.sampled_from(["111", "122", "220", ""]))) for c in "pqr"}
    return boxes, [(50.0 * x, 50.0 * y) for x, y in spots], kinds


@settings(max_examples=60, deadline=None)
@given(_lands(), st.integers(0, 2**32 - 1))
def test_rows_add_up_and_equal_a_recount(drawn: Any, seed: int) -> None:
    boxes, spots, kinds = drawn
    rng = np.random.default_rng(seed)
    whole = box(0, 0, 1000, 1000)
    communities = [
        {"code": c, "town": town, "class_code": klass, "geometry": whole} for c, (town, klass) in kinds.items()
    ]
    water = box(0, 0, *rng.uniform(1, 600, 2).tolist())
    cameras = [
        camera(x, y, channels=int(rng.integers(1, 5)), status=str(rng.choice(["在线", "离线", "联网"])))
        for x, y in spots
    ]
    town = territory(communities, cameras=cameras, barriers=[{"kind": "water", "geometry": water}])
    of = [str(rng.choice(list("pqr"))) for _ in boxes]
    codes = [f"g{k:02d}" for k in rng.permutation(len(boxes))]
    filed = plan([{"code": c, "community": o, "geometry": b} for c, o, b in zip(codes, of, boxes, strict=True)])
    survey = count(town, grids_of(town, filed))

    # Recount: each camera in the first grid, by code, that touches it.
    order = sorted(zip(codes, of, boxes, strict=True))
    table = town["cameras"]
    wanted = {code: [0, 0, 0] for code in codes}
    for point, channels, status in zip(table.geometry, table["channels"], table["status"], strict=True):
        home = next((code for code, _, shape in order if here(shape).intersects(point)), None)
        if home is not None:
            wanted[home][0] += 1
            wanted[home][1] += int(channels)
            wanted[home][2] += status != "离线"
    for code, community, shape in order:
        row = row_of(survey, "grid", code)
        klass = kinds[community][1]
        target = {"111": 70, "122": 70, "220": 8, "": 70}[klass]
        km2 = shape.difference(water).area / 1e6
        assert [row.positions, row.channels, row.working] == wanted[code]
        assert row.area_km2 == pytest.approx(km2, abs=1e-9)
        assert row.target_per_km2 == target
        assert row.missing == max(0, math.ceil(target * row.area_km2 - 1e-9) - row.positions)
    members = {("community", community): [c for c, o, _ in order if o == community] for community in set(of)} | {
        ("all", "all"): codes
    }
    members |= {("town", t): [c for c, o, _ in order if kinds[o][0] == t] for t in {kinds[o][0] for o in of}}
    urban = {"111": "urban", "122": "urban", "220": "rural", "": "urban"}
    classes = {urban[kinds[o][1]] for o in of}
    members |= {("class", k): [c for c, o, _ in order if urban[kinds[o][1]] == k] for k in classes}
    found = {(row.scope, row.code) for row in survey.rows if row.scope not in ("grid", "class_code")}
    assert found == set(members)
    for (scope, code), inside in members.items():
        row, parts = row_of(survey, scope, code), [row_of(survey, "grid", c) for c in inside]
        for name in ("positions", "channels", "working", "missing", "networked", "networked_known"):
            assert getattr(row, name) == sum(getattr(part, name) for part in parts), name
        assert row.area_km2 == pytest.approx(sum(part.area_km2 for part in parts))
        if row.area_km2:
            assert row.density_per_km2 == pytest.approx(row.positions / row.area_km2)
        else:
            assert row.density_per_km2 is None
