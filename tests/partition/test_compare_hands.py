"""Ground that changed hands between two plans, against the cells of the drawings."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
import shapely

from partition.compare import compare, ground_between
from tests.cell_plans import CRS, SIDE_M, cell_ground, cell_plan, cells

CELL_M2 = SIDE_M**2


def hands(old: list[str], new: list[str]):  # type: ignore[no-untyped-def]
    plans = cell_plan(old), cell_plan(new, plan_id="P-2")
    pair = compare(plans, ("old", "new"), ground=cell_ground(new)).pairs[0]
    return ground_between(*plans, pair.crosswalk), pair.crosswalk


def letter(code: str | None) -> str:
    return code[-1] if isinstance(code, str) else "-"


def test_a_cell_that_went_over_is_the_only_ground_that_changed() -> None:
    table, _ = hands(["AABB", "AABB"], ["AABB", "AAAB"])
    (row,) = table.itertuples()
    assert (letter(row.old), letter(row.new), row.area_m2) == ("B", "A", pytest.approx(CELL_M2))
    _, _, households, names = cells(["AABB", "AABB"])
    assert row.households == households[list(names).index("01-02")]
    assert table.crs == "EPSG:4326"


def test_the_same_plan_has_no_such_ground() -> None:
    table, _ = hands(["AABB", "CCBB"], ["AABB", "CCBB"])
    assert len(table) == 0


def test_ground_that_only_one_plan_covers_is_told_apart() -> None:
    table, _ = hands(["AABB", "AA.."], ["AA..", "AACC"])
    told = {(letter(row.old), letter(row.new)): row.area_m2 for row in table.itertuples()}
    assert told == {("B", "-"): pytest.approx(2 * CELL_M2), ("-", "C"): pytest.approx(2 * CELL_M2)}
    assert {(row.old is None, row.new is None) for row in table.itertuples()} == {(True, False), (False, True)}


@pytest.mark.parametrize("seed", range(20))
def test_for_any_two_drawings_the_ground_is_that_of_the_cells_whose_grid_is_no_heir(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, two = (["".join(row) for row in rng.choice(list("ABCDEF."), (5, 6))] for _ in range(2))
    table, crosswalk = hands(one, two)
    carried = crosswalk[crosswalk["relation"].isin(("kept", "changed"))]
    heir = {letter(o): letter(n) for o, n in zip(carried["old"], carried["new"])}
    wanted: dict[tuple[str, str], float] = defaultdict(float)
    for a, b in zip("".join(one), "".join(two)):
        a, b = a.replace(".", "-"), b.replace(".", "-")
        if a != b or a == "-":
            if heir.get(a) != b and (a, b) != ("-", "-"):
                wanted[a, b] += CELL_M2
        elif heir.get(a) != b:
            wanted[a, b] += CELL_M2
    told = {(letter(row.old), letter(row.new)): row.area_m2 for row in table.itertuples()}
    assert told == {pair: pytest.approx(area) for pair, area in wanted.items()}
    # The rows lie apart, and each is as large as it says.
    metric = np.asarray(table.geometry.to_crs(CRS).array)
    assert shapely.area(metric) == pytest.approx(table["area_m2"].to_numpy(), rel=1e-3)
    if len(metric) > 1:
        assert shapely.area(shapely.union_all(metric)) == pytest.approx(float(shapely.area(metric).sum()), rel=1e-4)
