"""The maps of cameras and of response times as files: what they hold, and nothing from outside.

How they behave: tests/e2e/test_coverage_maps_in_browser.py.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.errors import InputError, StorageError
from gis.sight import Samples, Seen, Sights
from gis.territory import Territory
from maps import offline
from maps.camera_map import SCRIPTS, render_camera_map, write_camera_map
from maps.coverage import camera_page, reach_page
from maps.coverage.stretches import cut_lines, finest_level, runs_of
from maps.coverage.words import coverage_page_words, coverage_words
from maps.reach_map import render_reach_map, write_reach_map
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.reach.arrival import reached_m
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.settings import CameraSettings
from partition.filed import FiledPlan
from tests.coverage_kit import (
    camera_survey,
    posts_answer,
    reach_of,
    sights_of,
    siting_of,
    with_names,
    with_places,
)
from tests.maps.plans import make_plan
from tests.maps.test_plan_map import HOSTILE, data_of
from tests.maps.test_style import VISION, lab

Plan = tuple[FiledPlan, Territory]
COLUMNS = (float, float, int, np.int32, float, float, np.int32, float, float)
"""Types of the columns of sample points."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    filed, territory = make_plan(16, 3)
    return filed, with_places(territory, filed)


@pytest.fixture(scope="module")
def survey(plan: Plan) -> CameraSurvey:
    return camera_survey(*plan)


@pytest.fixture(scope="module")
def cameras(plan: Plan, survey: CameraSurvey) -> str:
    siting = siting_of(survey)
    return render_camera_map(survey, *plan, siting=siting, sights=sights_of(siting.cameras, 125.0))


@pytest.fixture(scope="module")
def reach(plan: Plan) -> ReachSurvey:
    return reach_of(*plan)


@pytest.fixture(scope="module")
def times(plan: Plan, reach: ReachSurvey) -> str:
    return render_reach_map(reach, *plan, posts_answer=posts_answer(reach, plan[0]))


# ---- stretches -------------------------------------------------------------------------------------------------------


def test_parts_of_lines_are_what_they_are_by_definition() -> None:
    rng = np.random.default_rng(3)
    lines = np.array(
        [shapely.LineString(rng.uniform(0, 100, (rng.integers(2, 9), 2))) for _ in range(30)], dtype=object
    )
    row = rng.integers(0, len(lines), 600)
    length = shapely.length(lines)[row]
    start = rng.uniform(0, 0.9, len(row)) * length
    end = start + rng.uniform(0.01, 1, len(row)) * (length - start)
    for part, line, a, b in zip(cut_lines(lines, row, start, end), lines[row], start, end):
        wanted = shapely.ops.substring(line, a, b)
        assert part.length == pytest.approx(b - a, abs=1e-6)
        assert shapely.hausdorff_distance(part, wanted) < 1e-6


def test_a_cut_beyond_the_end_ends_there_and_one_without_length_is_nothing() -> None:
    lines = np.array(
        [shapely.LineString([(0, 0), (10, 0)]), shapely.MultiLineString([[(0, 0), (4, 0)], [(9, 0), (15, 0)]])]
    )
    parts = cut_lines(lines, np.array([0, 0, 1]), np.array([4.0, 3.0, 2.0]), np.array([99.0, 3.0, 6.0]))
    assert parts[0].equals(shapely.LineString([(4, 0), (10, 0)]))
    assert parts[1] is None
    # Along a street of two parts the metres run on; the gap between them counts nothing.
    assert parts[2].coords[0] == (2, 0)
    assert parts[2].coords[-1] == (11, 0)


def test_runs_join_points_that_are_seen_alike_and_end_at_gaps() -> None:
    along = np.array([5.0, 15.0, 25.0, 55.0, 5.0])
    nothing = np.zeros(5)
    samples = Samples(
        nothing, nothing.copy(), np.full(5, int(Seen.STREET)), np.array([0, 0, 0, 0, 1], np.int32),
        along, np.full(5, 10.0), np.zeros(5, np.int32), nothing.copy(), nothing.copy(),
    )  # fmt: skip
    runs = runs_of(samples, np.array([2, 2, 0, 0, 0]))
    assert list(zip(runs.street, runs.from_m, runs.to_m, runs.level)) == [
        (0, 0.0, 20.0, 2),
        (0, 20.0, 30.0, 0),
        (0, 50.0, 60.0, 0),
        (1, 0.0, 10.0, 0),
    ]


def test_only_working_cameras_see() -> None:
    sights = Sights(np.array([0, 1, 2]), np.array([0, 0], np.int32), np.array([30.0, 300.0], np.float32), 1)
    samples = Samples(
        *(np.zeros(1, kind) for kind in (float, float, int, np.int32, float, float, np.int32, float, float))
    )
    levels = (25.0, 62.5, 125.0, 250.0)
    assert finest_level(samples, sights, np.array([True, False]), levels).tolist() == [1]
    assert finest_level(samples, sights, np.array([False, True]), levels).tolist() == [4]
    assert finest_level(samples, sights, np.array([False, False]), levels).tolist() == [0]


# ---- cameras ---------------------------------------------------------------------------------------------------------


def metres_of(packed: list[list[int]], origin: list[float]) -> float:
    total = 0.0
    for steps in packed:
        path = np.cumsum(np.array(steps).reshape(-1, 2), axis=0) / 1e6 + origin
        scale = np.array([np.cos(np.radians(origin[1])), 1.0]) * 111_195
        total += float(np.hypot(*(np.diff(path, axis=0) * scale).T).sum())
    return total


def test_the_page_holds_every_figure_by_area_camera_and_blind_stretch(survey: CameraSurvey, cameras: str) -> None:
    data = data_of(cameras)
    assert [(row["scope"], row["code"], row["missing"]) for row in data["rows"]] == [
        (row.scope, row.code, row.missing) for row in survey.rows
    ]
    levels = survey.settings.profile.names
    assert [level["name"] for level in data["levels"]] == list(levels)
    assert data["levels"][data["asked"]]["name"] == "recognise"
    assert data["rows"][0]["seen_m"] == [round(survey.rows[0].seen_m[name]) for name in levels]
    told = data["cameras"]
    assert told["id"] == list(survey.cameras.ids)
    assert [bool(v) for v in told["working"]] == survey.cameras.is_working.tolist()
    assert [bool(v) for v in told["forbidden"]] == survey.is_forbidden.tolist()
    assert [told["kinds"][k] for k in told["kind"]] == list(survey.kind)
    assert sum(bool(mask) for mask in told["mask"]) == int((~shapely.is_empty(survey.mask)).sum()) > 0
    assert [one[3] for one in data["blind"]] == [round(one.length_m, 1) for one in survey.blind]
    assert [grid["code"] for grid in data["grids"]] == list(survey.land.codes)


def test_drawn_metres_are_the_metres_seen(survey: CameraSurvey, cameras: str) -> None:
    data = data_of(cameras)
    drawn = [metres_of(lines, data["origin"]) for lines in data["stretches"]["by_level"]]
    streets = survey.samples.kind == Seen.STREET
    assert sum(drawn) == pytest.approx(float(survey.samples.metres[streets].sum()), rel=0.01)
    seen = float(survey.samples.metres[streets & (survey.seen_by > 0)].sum())
    assert seen > 100
    assert sum(drawn[data["asked"] + 1 :]) == pytest.approx(seen, rel=0.02)


def test_proposals_stand_in_their_order_with_what_they_would_see(survey: CameraSurvey, cameras: str) -> None:
    siting = siting_of(survey)
    told = data_of(cameras)["siting"]
    assert [one["rank"] for one in told["proposals"]] == [1, 2, 3, 4, 5, 6]
    assert [one["total_m"] for one in told["proposals"]] == [round(one.total_m, 1) for one in siting.proposals]
    assert all(one["sight"] for one in told["proposals"])
    assert told["frac"] == pytest.approx(1 / 1.008, abs=1e-6)
    assert told["short"] == [[survey.land.codes[0], 2]]


def test_a_least_number_of_cameras_is_compared_with_the_least_possible(plan: Plan, survey: CameraSurvey) -> None:
    siting = replace(siting_of(survey, goal="all"), worth=10.0, bound=9.0)
    assert data_of(render_camera_map(survey, *plan, siting=siting))["siting"]["frac"] == 0.9


def test_too_much_is_left_out_and_said(plan: Plan, survey: CameraSurvey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_page, "MOST_STRETCHES", 40)
    monkeypatch.setattr(camera_page, "MOST_BLIND", 7)
    monkeypatch.setattr(camera_page, "MOST_CORNERS", 120)
    data = data_of(render_camera_map(survey, *plan))
    assert data["stretches"]["drawn"] == 40 < data["stretches"]["total"]
    assert len(data["blind"]) == 7 < data["blind_total"] == len(survey.blind)
    assert data["cameras"]["sight_tolerance_m"] > 1


def test_a_survey_that_only_counts_makes_a_page_without_sight(plan: Plan, survey: CameraSurvey) -> None:
    samples = Samples(*(np.zeros(0, kind) for kind in COLUMNS))
    n = len(survey.cameras)
    sights = Sights(np.zeros(n + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), 0)
    nowhere = np.full(n, shapely.Polygon(), dtype=object)
    bare = replace(
        survey, samples=samples, sights=sights, seen_by=np.zeros(0, np.int32), polygon=nowhere, mask=nowhere, blind=()
    )
    data = data_of(render_camera_map(bare, *plan))
    assert not data["has_sight"]
    assert not data["has_polygons"]
    assert data["stretches"]["total"] == 0


def test_no_camera_at_all_makes_a_page(plan: Plan) -> None:
    filed, territory = plan
    layers = {name: table for name, table in territory.layers.items() if name != "cameras"}
    bare = Territory.of(layers, crs=territory.crs)
    data = data_of(render_camera_map(camera_survey(filed, bare), filed, bare))
    assert data["cameras"]["id"] == []
    assert data["stretches"]["total"] > 0


# ---- response times --------------------------------------------------------------------------------------------------


def test_the_page_holds_every_promise_in_every_band(reach: ReachSurvey, times: str) -> None:
    data = data_of(times)
    assert [(rule["name"], rule["band"], rule["kept"]) for rule in data["rules"]] == [
        (one.rule.name, one.band, one.is_kept) for one in reach.rules
    ]
    for told, one in zip(data["rules"], reach.rules, strict=True):
        assert told["shares"][:2] == [round(one.shares.households_in), round(one.shares.households)]
        assert len(told["by_grid"]) == len(reach.codes)
        assert [door["id"] for door in told["worst"]] == [door.id for door in one.worst]
        assert [minutes for minutes, _ in told["rings"]] == sorted(one.ring)
    assert any(rule["kept"] is False for rule in data["rules"])
    assert any(door["seconds"] is None for rule in data["rules"] for door in rule["worst"])


def test_equal_times_are_packed_once(reach: ReachSurvey, times: str) -> None:
    data = data_of(times)
    different = {(one.rule.mode, one.arrival.link_s.tobytes()) for one in reach.rules}
    assert len(data["times"]) == len(different) < len(reach.rules)


def test_streets_cut_by_the_page_are_those_reached_in_time(reach: ReachSurvey, times: str) -> None:
    """What the page's script does with the packed times, done here: the metres agree with the survey's own."""
    data = data_of(times)
    bands = {band["name"]: band["factor"] for band in data["bands"]}
    for told, one in zip(data["rules"], reach.rules, strict=True):
        network = reach.networks[told["mode"]]
        streets = data["modes"][told["mode"]]
        open_links = np.isfinite(network.passing_s).any(axis=1) & (network.length_m > 0.01)
        limit = told["minutes"] * 60
        tails, heads = (np.array(values, float) for values in data["times"][told["times"]])
        parts = []
        for seconds, pace in ((tails, streets["ahead_s"]), (heads, streets["back_s"])):
            pace = np.array(pace) / bands[told["band"]]
            with np.errstate(divide="ignore", invalid="ignore"):
                part = np.where(pace > 0, (limit - seconds) / pace, 1.0)
            parts.append(np.where((seconds < 0) | (pace < 0) | (limit < seconds), 0.0, np.clip(part, 0, 1)))
        drawn = float((np.minimum(parts[0] + parts[1], 1) * network.length_m[open_links]).sum())
        ahead, behind = reached_m(network, one.arrival, limit, bands[told["band"]])
        exact = float(np.minimum(ahead + behind, network.length_m)[open_links].sum())
        assert drawn == pytest.approx(exact, rel=0.03, abs=60)


def test_posts_proposed_stand_on_the_page(plan: Plan, reach: ReachSurvey, times: str) -> None:
    (told,) = data_of(times)["answers"]
    assert [one["rank"] for one in told["proposals"]] == [1, 2, 3]
    assert told["goal"] == "center"
    assert not told["is_proved"]
    several = [posts_answer(reach, plan[0], rule=k) for k in (0, 4)]
    assert len(data_of(render_reach_map(reach, *plan, posts_answer=several))["answers"]) == 2


def test_unreachable_doors_beyond_the_limit_are_counted(
    plan: Plan, reach: ReachSurvey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach_page, "MOST_UNREACHABLE", 1)
    rules = data_of(render_reach_map(reach, *plan))["rules"]
    assert max(len(rule["nobody"]) for rule in rules) == 1
    assert max(rule["unreachable"] for rule in rules) > 1


# ---- both ------------------------------------------------------------------------------------------------------------


def test_the_same_survey_gives_the_same_bytes(
    plan: Plan, survey: CameraSurvey, reach: ReachSurvey, tmp_path: Path
) -> None:
    for k in (1, 2):
        write_camera_map(survey, *plan, tmp_path / f"c{k}.html", siting=siting_of(survey), language="en")
        write_reach_map(reach, *plan, tmp_path / f"r{k}.html", posts_answer=posts_answer(reach, plan[0]))
    assert (tmp_path / "c1.html").read_bytes() == (tmp_path / "c2.html").read_bytes()
    assert (tmp_path / "r1.html").read_bytes() == (tmp_path / "r2.html").read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


def test_the_pages_refer_to_nothing_outside_themselves(cameras: str, times: str) -> None:
    for page in (cameras, times):
        assert not re.findall(r"<(?:script|img|link|iframe)[^>]*\b(?:src|href)=", page)
        assert "default-src 'none'" in page
        assert len(re.findall(r"<script>", page)) >= len(SCRIPTS) + 2


def test_hostile_names_stay_data(plan: Plan) -> None:
    filed, territory = plan
    for layer, column in (("streets", "name"), ("posts", "kind"), ("key_places", "name"), ("communities", "name")):
        territory = with_names(territory, layer, column, {0: HOSTILE})
    survey = camera_survey(filed, territory, names=[HOSTILE] * 4)
    cameras = render_camera_map(survey, filed, territory, siting=siting_of(survey, name=HOSTILE), title=HOSTILE)
    found = reach_of(filed, territory)
    answer = posts_answer(found, filed, name=HOSTILE)
    times = render_reach_map(found, filed, territory, posts_answer=answer, title=HOSTILE)
    said = " ".join(HOSTILE.split())
    for page in (cameras, times):
        assert page.count("</script>") == page.count("<script")
        assert "<img src=x" not in page
    assert data_of(cameras)["cameras"]["programme"][0] == said
    assert data_of(times)["answers"][0]["proposals"][0]["near"] == said


def test_what_cannot_be_shown_is_refused(
    plan: Plan, survey: CameraSurvey, reach: ReachSurvey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed, territory = plan
    with pytest.raises(InputError, match="map_language_unknown"):
        render_camera_map(survey, *plan, language="fr")
    with pytest.raises(InputError, match="coverage_map_other_plan"):
        render_reach_map(reach, *make_plan(15, 3, seed=4))
    fewer = replace(filed, grids=filed.grids.iloc[:-1])
    with pytest.raises(InputError, match="coverage_map_other_plan"):
        render_camera_map(survey, fewer, territory)
    with pytest.raises(InputError, match="map_nothing_to_show"):
        render_camera_map(survey, replace(filed, grids=filed.grids.iloc[:0]), territory)
    with pytest.raises(StorageError, match="map_not_written"):
        write_reach_map(reach, *plan, tmp_path / "nowhere" / "map.html")
    monkeypatch.setattr(offline, "ASSETS", tmp_path)
    with pytest.raises(StorageError, match="map_assets_missing"):
        render_camera_map(survey, *plan)
    assert list(tmp_path.iterdir()) == []


def test_other_levels_of_another_edition_are_data(plan: Plan) -> None:
    from gis.sight import PixelProfile

    profile = PixelProfile("GB 99999-2030", (("coarse", 20.0), ("fine", 40.0)))
    survey = camera_survey(*plan, settings=CameraSettings(profile=profile, level="fine"))
    data = data_of(render_camera_map(survey, *plan))
    assert data["edition"] == "GB 99999-2030"
    assert [level["name"] for level in data["levels"]] == ["coarse", "fine"]
    assert len(data["stretches"]["by_level"]) == 3


SCRIPT_WORD = re.compile(r"""\b(?:say|words)\(["'](\w+)["']|data-say(?:-\w+)?="(\w+)\"""")


@pytest.mark.parametrize("page", ["camera", "reach"])
def test_every_word_a_page_says_is_known_in_both_languages(page: str) -> None:
    own = {"camera": ("camera_",), "reach": ("reach_",)}[page]
    names = [name for name in offline.STATIC.iterdir() if name.name.startswith((*own, "coverage_"))]
    said = {a or b for name in names for a, b in SCRIPT_WORD.findall(name.read_text(encoding="utf-8"))}
    assert len(said) > 40
    for language in ("zh", "en"):
        assert not said - set(coverage_page_words(language, page)), language


def test_both_languages_have_the_same_words_with_the_same_facts() -> None:
    zh, en = coverage_words("zh"), coverage_words("en")
    assert list(zh) == list(en)
    facts = re.compile(r"\{(\w+)\}")
    assert not {key for key in zh if set(facts.findall(zh[key])) != set(facts.findall(en[key]))}
    han = re.compile(r"[\u4e00-\u9fff]")
    assert not [key for key, text in en.items() if han.search(text)]


def test_classes_of_grids_differ_for_every_kind_of_colour_vision_or_have_a_pattern() -> None:
    script = (offline.STATIC / "camera_layers.js").read_text(encoding="utf-8")
    short = re.search(r"const SHORT = \[(.*?)\];", script, re.DOTALL)
    assert short
    classes = re.findall(r'fill: "(#\w+)", hatch: (null|\["(\w+)")', short[1])
    assert len(classes) == 4
    for (one, _, mark), (two, _, other) in combinations(classes, 2):
        for vision in VISION:
            apart = np.linalg.norm(lab(one, vision) - lab(two, vision))
            assert apart > 8 or mark != other, (vision, one, two)
