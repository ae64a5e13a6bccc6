"""The difference map as a file: every grid of both plans, nothing from outside.  How it behaves: tests/e2e."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.errors import InputError, StorageError
from maps import offline
from maps.change_map import SCRIPTS, render_change_map, write_change_map
from maps.style import CHANGES
from partition.compare import compare
from tests.cell_plans import SIDE_M, cell_plan
from tests.maps.plans import make_plan
from tests.maps.test_plan_map import HOSTILE, data_of
from tests.maps.test_style import VISION, contrast, lab
from tests.partition.test_compare import NEW, OLD


@pytest.fixture(scope="module")
def page() -> str:
    return render_change_map(cell_plan(OLD), cell_plan(NEW, plan_id="P-2"))


def ring_m2(rings: list[list[int]]) -> float:
    """Area of packed rings in square degrees, millionths; holes run the other way round."""
    total = 0.0
    for ring in rings:
        x, y = np.cumsum(np.array(ring, dtype=float).reshape(-1, 2), axis=0).T
        total += (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2
    return abs(total)


def test_the_same_plans_give_the_same_bytes(tmp_path: Path, page: str) -> None:
    for name in ("a.html", "b.html"):
        write_change_map(cell_plan(OLD), cell_plan(NEW, plan_id="P-2"), tmp_path / name)
        assert (tmp_path / name).read_bytes() == page.encode()
    assert len(list(tmp_path.iterdir())) == 2


def test_the_page_refers_to_nothing_outside_itself(page: str) -> None:
    assert not re.findall(r"<(?:script|img|link|iframe)[^>]*\b(?:src|href)=", page)
    assert "default-src 'none'" in page
    assert len(re.findall(r"<script>", page)) >= len(SCRIPTS) + 2


def test_the_page_holds_every_grid_of_both_plans(page: str) -> None:
    data = data_of(page)
    now = [grid for grid in data["grids"] if not grid.get("gone")]
    gone = [grid for grid in data["grids"] if grid.get("gone")]
    assert {grid["code"][-1] for grid in now} == set("ABCFJKLMNO")
    assert {grid["code"][-1]: grid["status"] for grid in gone} == {
        **dict.fromkeys("DGH", "merged"),
        "E": "split",
        "I": "retired",
    }
    assert all(data["old"][grid["gone"] - 1] for grid in gone)
    assert all(data["old_codes"][grid["gone"] - 1] == grid["code"] for grid in gone)
    counts = {row["change"]: (row["old"], row["new"]) for row in data["counts"]}
    assert counts["all"] == (9, 10)
    assert sum(old for change, (old, _) in counts.items() if change != "all") == 9
    joined = next(grid for grid in now if grid["code"].endswith("J"))
    assert {code[-1] for code, _, _ in joined["come"]} == set("DGH")
    assert sum(share for _, _, share in joined["come"]) == pytest.approx(1, abs=1e-3)


def test_the_ground_that_changed_hands_is_one_cell(page: str) -> None:
    data = data_of(page)
    cell = ring_m2(next(grid for grid in data["grids"] if grid["code"].endswith("K"))["rings"])
    assert len(data["moved"]) == 1
    assert ring_m2(data["moved"][0]) == pytest.approx(cell, rel=0.03)
    assert SIDE_M**2 == 10_000


def test_old_borders_stand_once_each() -> None:
    data = data_of(render_change_map(cell_plan(["AAB", "CCB"]), cell_plan(["AAB", "CCB"], plan_id="P-2")))
    lines = [shapely.LineString(np.cumsum(np.array(s).reshape(-1, 2), axis=0)) for s in data["old_lines"]]
    assert shapely.union_all(lines).length == pytest.approx(sum(line.length for line in lines), rel=1e-6)
    # Nothing is old about a kept grid: its outline is not sent twice.
    assert data["old"] == [[], [], []]
    assert data["moved"] == []


def test_a_page_of_two_equal_plans_says_so(page: str) -> None:
    same = data_of(render_change_map(cell_plan(OLD), cell_plan(OLD)))
    assert {grid["status"] for grid in same["grids"]} == {"kept"}
    assert same["plans"][1]["measures"]["households_moved"] == 0
    assert data_of(page)["plans"][1]["measures"]["households_moved"] > 0


def test_hostile_names_stay_data() -> None:
    old = cell_plan(OLD, grid_names={"A": HOSTILE}, meta={"created_at": HOSTILE})
    html = render_change_map(old, cell_plan(NEW, grid_names={"B": HOSTILE}, plan_id=HOSTILE), title=HOSTILE)
    assert html.count("</script>") == html.count("<script")
    assert "<img src=x" not in html
    assert HOSTILE in [grid["name"] for grid in data_of(html)["grids"]]


def test_the_land_lies_under_the_grids_when_it_is_given() -> None:
    filed, territory = make_plan(24, 3)
    data = data_of(render_change_map(filed, filed, territory=territory, language="en"))
    assert data["language"] == "en"
    assert len(data["ground"]["buildings"]) == len(territory["buildings"])
    assert [c["name"] for c in data["communities"]] == territory["communities"]["name"].tolist()


def test_a_comparison_made_before_is_shown_as_it_is() -> None:
    plans = cell_plan(OLD), cell_plan(NEW, plan_id="P-2")
    data = data_of(render_change_map(*plans, comparison=compare(plans, ("before", "after"))))
    assert [plan["name"] for plan in data["plans"]] == ["before", "after"]


def test_what_cannot_be_shown_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = cell_plan(OLD)
    with pytest.raises(InputError, match="map_language_unknown"):
        render_change_map(good, good, language="fr")
    far = replace(good, grids=good.grids.assign(geometry=good.grids.geometry.translate(50_000)))
    with pytest.raises(InputError, match="compare_no_overlap"):
        write_change_map(good, far, tmp_path / "map.html")
    with pytest.raises(StorageError, match="map_not_written"):
        write_change_map(good, good, tmp_path / "nowhere" / "map.html")
    monkeypatch.setattr(offline, "ASSETS", tmp_path)
    with pytest.raises(StorageError, match="map_assets_missing"):
        render_change_map(good, good)
    assert not list(tmp_path.iterdir())


def test_changes_can_be_told_apart_by_every_kind_of_colour_vision() -> None:
    shown = [CHANGES[change]["mark"] for change in ("changed", "split", "merged", "new")]
    for vision in VISION:
        for one, two in combinations(shown, 2):
            assert np.linalg.norm(lab(one, vision) - lab(two, vision)) > 14, (vision, one, two)
    # Where colour alone is near, the patterns differ: no two changes share one.
    script = (offline.STATIC / "change_look.js").read_text(encoding="utf-8")
    drawn = re.findall(r"^    (\w+): \(mark\) => (\[.*\]),$", script, re.MULTILINE)
    assert len(drawn) == len({pattern for _, pattern in drawn}) == 5
    assert all(contrast(pair["tint"], "#17202c") > 9 for change, pair in CHANGES.items() if change != "moved")
