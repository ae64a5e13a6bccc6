"""Tables of cameras and of response times as XLSX: every row, codes as text, the same bytes, both languages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from data.papers import coverage_cameras
from data.papers.coverage_cameras import write_camera_tables
from data.papers.coverage_reach import write_reach_tables
from data.papers.workbook import FIRST_ROW, HEADER_ROW
from gis.errors import InputError, StorageError
from gis.territory import Territory
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.settings import REACH_RULES, ReachSettings
from partition.filed import FiledPlan
from tests.coverage_kit import camera_survey, posts_answer, reach_of, siting_of, with_names, with_places
from tests.data.paper_kit import FORMULA
from tests.maps.plans import make_plan

Plan = tuple[FiledPlan, Territory]


@pytest.fixture(scope="module")
def plan() -> Plan:
    filed, territory = make_plan(16, 3)
    return filed, with_places(territory, filed)


@pytest.fixture(scope="module")
def survey(plan: Plan) -> CameraSurvey:
    return camera_survey(*plan)


@pytest.fixture(scope="module")
def reach(plan: Plan) -> ReachSurvey:
    rules = [replace(rule, target_frac=0.1) if rule.name == "circle15" else rule for rule in REACH_RULES]
    return reach_of(*plan, ReachSettings(rules=tuple(rules)))


def sheets(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Sheet -> rows as head -> value."""
    found = {}
    for page in openpyxl.load_workbook(path):
        rows = list(page.iter_rows(values_only=True))
        heads = rows[HEADER_ROW - 1]
        found[page.title] = [dict(zip(heads, row)) for row in rows[HEADER_ROW:]]
    return found


def test_cameras_by_area_and_grid_say_what_the_survey_says(plan: Plan, survey: CameraSurvey, tmp_path: Path) -> None:
    write_camera_tables(survey, *plan, tmp_path / "c.xlsx", language="en")
    told = sheets(tmp_path / "c.xlsx")
    assert list(told) == ["Areas", "Grids", "Cameras", "Blind stretches", "Programmes and owners", "About"]
    whole = next(row for row in survey.rows if row.scope == "all")
    first = told["Areas"][0]
    assert (first["Kind of area"], first["Positions"], first["Channels"]) == (
        "All grids",
        whole.positions,
        whole.channels,
    )
    assert first["Missing positions"] == whole.missing > 0
    assert first["Seen: detect"] == pytest.approx(whole.seen_m["detect"] / whole.street_m)
    grids = [row for row in survey.rows if row.scope == "grid"]
    for row, wanted in zip(told["Grids"], grids):
        assert row["Grid code"] == wanted.code
        assert row["Positions per km²"] == pytest.approx(wanted.density_per_km2)
        assert row["Target per km²"] == pytest.approx(wanted.target_per_km2)
        assert row["Missing positions"] == wanted.missing
    total = told["Grids"][len(grids)]
    assert total["Grid code"] == "Total"
    assert total["Missing positions"] == sum(row.missing for row in grids)
    assert {row["Kind of area"] for row in told["Areas"]} == {"All grids", "Community", "Town", "Town or country"}


def test_every_camera_has_its_grid_its_state_and_the_verdict_on_its_number(
    plan: Plan, survey: CameraSurvey, tmp_path: Path
) -> None:
    write_camera_tables(survey, *plan, tmp_path / "c.xlsx", language="en")
    rows = sheets(tmp_path / "c.xlsx")["Cameras"]
    assert [row["Camera"] for row in rows] == list(survey.cameras.ids)
    for k, row in enumerate(rows):
        grid = int(survey.grid[k])
        assert row["Grid code"] == (survey.land.codes[grid] if grid >= 0 else None)
        assert row["Works"] == ("yes" if survey.cameras.is_working[k] else "no")
        assert (row["Place"] == "forbidden place") == bool(survey.is_forbidden[k])
        assert (row["Heading or lens"] == "assumed") == bool(survey.cameras.is_assumed[k])
        assert row["Private metres in view"] == survey.private_m[k]
    assert rows[2]["GB/T 28181 number"] == "not 20 digits"
    assert rows[0]["Longitude (WGS 84)"] == pytest.approx(120.0, abs=0.2)
    assert {row["Networked"] for row in rows} == {None}  # no status says so


def test_proposals_are_ranked_with_the_running_total_and_the_bound_is_told(
    plan: Plan, survey: CameraSurvey, tmp_path: Path
) -> None:
    siting = siting_of(survey)
    write_camera_tables(survey, *plan, tmp_path / "c.xlsx", siting=siting, language="en")
    told = sheets(tmp_path / "c.xlsx")
    rows = told["Proposals"]
    assert [row["Rank"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row["Running total (m)"] for row in rows] == [round(one.total_m, 1) for one in siting.proposals]
    assert rows[-1]["For the density target"] == "yes"
    about = {row["Item"]: row["Content"] for row in told["About"]}
    assert about["Of what is possible"] == "≥ 99.2 %"
    assert about["Edition of levels"] == "EN/IEC 62676-4:2015"
    assert about["Targets per km²"] == "rural 8, urban 70"
    assert about["Plan version"] == plan[0].meta["plan_id"]
    n = int(survey.cameras.is_assumed.sum())
    assert about["Cameras with assumed heading or lens"] == f"{n} of {len(survey.cameras)}"
    proved = replace(siting, is_proved=True)
    write_camera_tables(survey, *plan, tmp_path / "c.xlsx", siting=proved, language="en")
    about = {row["Item"]: row["Content"] for row in sheets(tmp_path / "c.xlsx")["About"]}
    assert about["Of what is possible"] == "proved best"


def test_programmes_show_their_progress(plan: Plan, survey: CameraSurvey, tmp_path: Path) -> None:
    built = replace(survey, progress={"": (7_880, 5_700, 7_880 / 5_700), "四期": (0, 100, 0.0)})
    write_camera_tables(built, *plan, tmp_path / "c.xlsx", language="en")
    rows = sheets(tmp_path / "c.xlsx")["Programmes and owners"]
    total = next(row for row in rows if row["Name"] == "Total")
    assert (total["Channels"], total["Channels planned"]) == (7_880, 5_700)
    assert round(total["Progress"], 4) == 1.3825
    assert next(row for row in rows if row["Name"] == "四期")["Channels planned"] == 100


def test_of_very_many_blind_stretches_the_longest_are_listed(
    plan: Plan, survey: CameraSurvey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage_cameras, "MOST_BLIND", 5)
    write_camera_tables(survey, *plan, tmp_path / "c.xlsx", language="en")
    page = openpyxl.load_workbook(tmp_path / "c.xlsx")["Blind stretches"]
    assert f"{len(survey.blind)}, the longest 5 listed" in page.cell(1, 1).value
    assert [page.cell(FIRST_ROW + k, 8).value for k in range(5)] == [round(one.length_m, 1) for one in survey.blind[:5]]
    assert page.max_row == FIRST_ROW + 4


def test_promises_grids_and_worst_doors_say_what_the_survey_says(
    plan: Plan, reach: ReachSurvey, tmp_path: Path
) -> None:
    answer = posts_answer(reach, plan[0])
    write_reach_tables(reach, *plan, tmp_path / "r.xlsx", posts_answer=answer, language="en")
    told = sheets(tmp_path / "r.xlsx")
    assert list(told) == ["Promises", "Grids", "Rings", "Worst doors", "Posts proposed", "About"]
    for row, one in zip(told["Promises"], reach.rules, strict=True):
        assert (row["Promise"], row["Minutes"]) == (one.rule.name, one.rule.minutes)
        assert row["Kept"] == {None: None, True: "yes", False: "no"}[one.is_kept]
        assert row["Doors nobody reaches"] == one.unreachable
        assert row["Households in time"] == round(one.shares.households_in)
    assert {row["Kept"] for row in told["Promises"]} >= {"yes", "no"}
    wide = told["Grids"][: len(reach.codes)]
    assert [row["Grid code"] for row in wide] == list(reach.codes)
    column = "circle15, day"
    for row in wide:
        shares = next(one for one in reach.rules if (one.rule.name, one.band) == ("circle15", "day")).by_grid[
            row["Grid code"]
        ]
        wanted = shares.households_in / shares.households if shares.households else None
        assert row[column] == (None if wanted is None else pytest.approx(wanted))
    doors = told["Worst doors"]
    assert [row["Id"] for row in doors] == [door.id for one in reach.rules for door in one.worst]
    lost = [row for row in doors if row["Remark"] == "nobody comes"]
    assert lost
    assert all(row["Arrival (min)"] is None for row in lost)
    posts = told["Posts proposed"]
    assert [row["Rank"] for row in posts] == [1, 2, 3]
    assert posts[0]["Improves by"] == 2.0  # minutes
    about = {row["Item"]: row["Content"] for row in told["About"]}
    assert about["Speeds"] == "car 40 km/h, e-bike 18 km/h, on foot 4.5 km/h"
    assert "401" not in about["Posts for 5, day"]
    assert "bound 6.68" in about["Posts for 5, day"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_same_survey_gives_the_same_bytes(
    plan: Plan, survey: CameraSurvey, reach: ReachSurvey, tmp_path: Path, language: str
) -> None:
    for k in (1, 2):
        write_camera_tables(survey, *plan, tmp_path / f"c{k}.xlsx", siting=siting_of(survey), language=language)
        write_reach_tables(reach, *plan, tmp_path / f"r{k}.xlsx", language=language)
    assert (tmp_path / "c1.xlsx").read_bytes() == (tmp_path / "c2.xlsx").read_bytes()
    assert (tmp_path / "r1.xlsx").read_bytes() == (tmp_path / "r2.xlsx").read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


def test_texts_that_look_like_formulas_stay_texts(plan: Plan, tmp_path: Path) -> None:
    filed, territory = plan
    names = [FORMULA, "+1", "-1", "@x", "=1+1"]
    for layer, column in (("streets", "name"), ("cameras", "id"), ("key_places", "name")):
        territory = with_names(territory, layer, column, dict(enumerate(names[:3])))
    survey = camera_survey(filed, territory, names=names)
    write_camera_tables(survey, filed, territory, tmp_path / "c.xlsx", siting=siting_of(survey, name="=1"))
    found = reach_of(filed, territory)
    write_reach_tables(found, filed, territory, tmp_path / "r.xlsx", posts_answer=posts_answer(found, filed, name="=2"))
    texts = set()
    for name in ("c", "r"):
        for page in openpyxl.load_workbook(tmp_path / f"{name}.xlsx"):
            cells = [cell for row in page.iter_rows() for cell in row]
            assert all(cell.data_type != "f" for cell in cells)
            texts |= {cell.value for cell in cells if isinstance(cell.value, str)}
    assert {FORMULA, "+1", "=1@000", "=2"} <= texts


def test_what_cannot_be_written_is_refused(
    plan: Plan, survey: CameraSurvey, reach: ReachSurvey, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="option_out_of_range"):
        write_camera_tables(survey, *plan, tmp_path / "c.xlsx", language="fr")
    with pytest.raises(StorageError, match="folder_missing"):
        write_reach_tables(reach, *plan, tmp_path / "nowhere" / "r.xlsx")
    assert list(tmp_path.iterdir()) == []
