"""Plans side by side: measures that a ruler confirms, changes that add up, households found three ways."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.optimize import linear_sum_assignment

from gis.errors import InputError
from partition.checks.cover import border_on_lines
from partition.compare import Comparison, compare
from partition.filed import FiledPlan
from tests.cell_plans import CORNER, cell_ground, cell_plan, cells
from tests.maps.plans import make_plan

OLD = ["AABBCC", "AABBCC", "DDEEFF", "DDEEFF", "GGHHII", "GGHHII"]
# A and F kept; C gives a cell to B; D, G and H become J; E falls apart into K, L, M, N; I left the town, O is fresh
NEW = ["AABBCC", "AABBBC", "JJKLFF", "JJMNFF", "JJJJ..", "JJJJ..", "OO...."]


def of(old: list[str], new: list[str], **options: object) -> Comparison:
    return compare((cell_plan(old), cell_plan(new, plan_id="P-2")), ("old", "new"), **options)  # type: ignore[arg-type]


def told(comparison: Comparison) -> set[str]:
    changes = comparison.pairs[0].changes
    ends = [changes[side].map(lambda code: code[-1], na_action="ignore").fillna("-") for side in ("old", "new")]
    return {f"{change} {old}>{new}" for change, old, new in zip(changes["change"], *ends)}


def test_a_plan_against_itself_has_changed_nothing() -> None:
    comparison = of(OLD, OLD)
    pair, (_, later) = comparison.pairs[0], comparison.measures
    assert pair.is_unchanged
    assert pair.counts.loc["kept"].tolist() == pair.counts.loc["all"].tolist() == [9, 9]
    assert (later.households_moved, later.households_moved_frac, later.keeps_code_frac) == (0, 0.0, 1.0)
    assert (pair.crosswalk["share_of_old"] == 1).all()
    assert comparison.measures[0].households_moved is None


def test_every_grid_has_the_change_that_the_drawing_shows() -> None:
    comparison = of(OLD, NEW)
    assert told(comparison) == {
        *("kept A>A", "changed B>B", "changed C>C", "kept F>F"),
        *("merged D>-", "merged G>-", "merged H>-", "merged ->J"),
        *("split E>-", "split ->K", "split ->L", "split ->M", "split ->N"),
        *("retired I>-", "new ->O"),
    }
    counts = comparison.pairs[0].counts
    assert counts.loc["all"].tolist() == [9, 10]
    assert counts.drop("all").sum().tolist() == [9, 10]
    assert counts.loc["split"].tolist() == [1, 4]
    assert counts.loc["merged"].tolist() == [3, 1]


def test_a_change_says_how_many_households_came_and_left() -> None:
    comparison = of(OLD, NEW, ground=cell_ground(NEW))
    _, letters, households, names = cells(NEW)
    moved = int(households[list(names).index("01-04")])
    changes = comparison.pairs[0].changes.set_index("new")
    b, c = changes.loc["330402015001B"], changes.loc["330402015001C"]
    assert (b["households_in"], b["households_out"]) == (moved, 0)
    assert (c["households_in"], c["households_out"]) == (0, moved)
    assert comparison.pairs[0].households == "counted"
    j = changes.loc["330402015001J"]
    assert j["households_in"] == j["households_new"] == households[[x == "J" for x in letters]].sum()


@pytest.mark.parametrize("seed", range(25))
def test_counts_shares_and_households_add_up_for_any_two_drawings(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, two = (["".join(row) for row in rng.choice(list("ABCDEFGH"), (5, 6))] for _ in range(2))
    comparison = of(one, two, ground=cell_ground(two))
    pair = comparison.pairs[0]
    for side, drawing in (("old", one), ("new", two)):
        codes = pair.changes[side].dropna().tolist()
        assert Counter(code[-1] for code in codes) == Counter(set("".join(drawing)))
        assert pair.counts.loc["all", side] == len(set("".join(drawing)))
        shares = pair.crosswalk[pair.crosswalk[side].notna()].groupby(side)[f"share_of_{side}"].sum()
        assert (shares == 1.0).all()
    heirs = pair.changes["change"].isin(["kept", "changed"])
    assert (pair.changes[heirs]["old"].notna() & pair.changes[heirs]["new"].notna()).all()
    _, _, households, _ = cells(two)
    assert pair.crosswalk["households"].sum() == households.sum()
    # Households that change grid: what a dense assignment leaves over.
    table = np.zeros((8, 8))
    for a, b, n in zip("".join(one), "".join(two), households):
        table["ABCDEFGH".index(a), "ABCDEFGH".index(b)] += n
    best = table[linear_sum_assignment(table, maximize=True)].sum()
    assert comparison.measures[1].households_moved == table.sum() - best
    kept = np.mean([a == b for a, b in zip("".join(one), "".join(two))])
    assert comparison.measures[1].keeps_code_frac == pytest.approx(kept)


def test_the_inverse_tells_the_same_from_the_other_side() -> None:
    pair = of(OLD, NEW).pairs[0]
    forth = {(o, n): h for o, n, h in zip(pair.crosswalk["old"], pair.crosswalk["new"], pair.crosswalk["households"])}
    back = {(n, o): h for o, n, h in zip(pair.inverse["old"], pair.inverse["new"], pair.inverse["households"])}
    assert forth == back


def test_borders_and_compactness_are_those_of_the_ruler() -> None:
    four = compare((cell_plan(["AABB", "AABB", "CCDD", "CCDD"]),) * 2, ("a", "b")).measures[0]
    assert four.inner_border_km == pytest.approx(0.8)
    assert four.polsby_popper == pytest.approx(np.pi / 4)
    # The border of two communities is nobody's choice.
    homes = {"A": "330402015001", "B": "330402015002"}
    split = cell_plan(["AABB", "AACC"], communities={**homes, "C": homes["B"]})
    assert compare((split, split), ("a", "b")).measures[0].inner_border_km == pytest.approx(0.2)


def test_borders_agree_with_the_independent_check() -> None:
    filed, _ = make_plan(30, 3)
    shapes = np.asarray(filed.grids.geometry.array)
    owner = np.unique(filed.grids["community"], return_inverse=True)[1]
    ruler_m, _ = border_on_lines(shapes, owner, np.array([], dtype=object))
    measured = compare((filed, filed), ("a", "b")).measures[0]
    assert measured.inner_border_km * 1000 == pytest.approx(ruler_m, rel=1e-6)
    standard = filed.grids[filed.grids["kind"] == "standard"]
    outside = standard[~standard["within_band"]]
    assert measured.households_out_of_band == outside["households"].sum()
    assert measured.in_band_frac == pytest.approx(1 - len(outside) / len(standard))
    assert (measured.standard, measured.dedicated, measured.rural) == tuple(
        (filed.grids["kind"] == kind).sum() for kind in ("standard", "dedicated", "rural")
    )
    assert measured.communities_without_plan == (filed.communities["feasible"] == "no").sum()
    assert measured.proved_optimal_frac == 0.0  # lawful ones have a gap of 5 %


def test_members_with_other_ids_are_joined_by_place() -> None:
    old, new = cell_plan(OLD), cell_plan(NEW, prefix="x", plan_id="P-2")
    placed = compare((old, new), ("old", "new"), ground=cell_ground(NEW, prefix="x"))
    by_id = of(OLD, NEW, ground=cell_ground(NEW))
    assert placed.pairs[0].joined == "place"
    assert of(OLD, OLD).pairs[0].joined == "id"
    pd.testing.assert_frame_equal(placed.pairs[0].changes, by_id.pairs[0].changes)
    pd.testing.assert_frame_equal(placed.pairs[0].crosswalk, by_id.pairs[0].crosswalk)
    assert placed.measures[1] == by_id.measures[1]


def test_without_ids_and_places_the_shared_ground_decides() -> None:
    old, new = cell_plan(OLD), cell_plan(NEW, prefix="x", plan_id="P-2")
    by_area = compare((old, new), ("old", "new"))
    assert by_area.pairs[0].joined == "area"
    assert by_area.pairs[0].households == "estimated"
    assert told(by_area) == told(of(OLD, NEW))
    households = by_area.pairs[0].crosswalk.groupby("new")["households"].sum()
    assert households.to_dict() == new.grids.set_index("code")["households"].to_dict()


def test_ids_that_were_given_anew_are_not_believed() -> None:
    new = cell_plan(NEW, plan_id="P-2")
    ids = new.members["id"].to_numpy()
    shuffled = replace(new, members=new.members.assign(id=ids[::-1].copy()))
    ground = cell_ground(NEW)
    known = dict(zip(ground.members["id"], ids[::-1]))
    renamed = replace(ground, members=ground.members.assign(id=ground.members["id"].map(known)))
    comparison = compare((cell_plan(OLD), shuffled), ("old", "new"), ground=renamed)
    assert comparison.pairs[0].joined == "place"
    pd.testing.assert_frame_equal(comparison.pairs[0].changes, of(OLD, NEW, ground=ground).pairs[0].changes)


def test_households_are_estimated_so_that_old_and_new_grids_hold_what_they_hold() -> None:
    # Two old grids joined whole: each brings what it held, however many members it has.
    pair = of(["AAAB", "CCCC"], ["DDDD", "CCCC"]).pairs[0]
    assert pair.households == "estimated"
    old = cell_plan(["AAAB", "CCCC"]).grids.set_index("code")["households"]
    rows = pair.crosswalk.set_index("old")["households"]
    assert rows["330402015001A"] == old["330402015001A"]
    assert rows["330402015001B"] == old["330402015001B"]


def test_buildings_count_in_communities_without_units() -> None:
    old, new = cell_plan(OLD, kind="building"), cell_plan(NEW, kind="building", plan_id="P-2")
    comparison = compare((old, new), ("old", "new"), ground=cell_ground(NEW, kind="building"))
    walk = comparison.pairs[0].crosswalk
    assert comparison.pairs[0].households == "counted"
    assert walk["buildings"].sum() == len(new.members)
    assert walk["households"].sum() == new.grids["households"].sum()


def test_plans_in_other_coordinate_systems_are_brought_together() -> None:
    degrees = compare((cell_plan(OLD), cell_plan(NEW, plan_id="P-2", crs="EPSG:4326")), ("old", "new"))
    metres = of(OLD, NEW)
    columns = ["change", "old", "new", "households_in", "households_out"]
    pd.testing.assert_frame_equal(degrees.pairs[0].changes[columns], metres.pairs[0].changes[columns])
    assert degrees.measures[1].inner_border_km == pytest.approx(metres.measures[1].inner_border_km, rel=1e-3)
    assert compare((cell_plan(OLD), cell_plan(OLD, crs="EPSG:4490")), ("a", "b")).pairs[0].is_unchanged


def test_a_kept_grid_with_another_outline_is_told() -> None:
    old, new = cell_plan(OLD), cell_plan(OLD, plan_id="P-2")
    grids = new.grids.copy()
    a, b = grids.geometry.iloc[0], grids.geometry.iloc[1]
    strip = shapely.box(CORNER[0] + 200, CORNER[1] - 200, CORNER[0] + 230, CORNER[1])
    grids.geometry = gpd.GeoSeries(
        [shapely.union(a, strip), shapely.difference(b, strip), *grids.geometry.iloc[2:]], crs=grids.crs
    )
    pair = compare((old, replace(new, grids=grids)), ("old", "new")).pairs[0]
    assert (pair.changes["change"] == "kept").all()
    assert pair.changes["outline_m2"].tolist()[:3] == [6000.0, 6000.0, 0.0]
    assert not pair.is_unchanged


def test_grids_without_members_are_matched_by_their_ground() -> None:
    old, new = cell_plan(OLD), cell_plan(OLD, plan_id="P-2")

    def emptied(plan: FiledPlan) -> FiledPlan:
        code = plan.grids["code"].iloc[4]
        grids = plan.grids.assign(households=plan.grids["households"].where(plan.grids["code"] != code, 0))
        return replace(plan, grids=grids, members=plan.members[plan.members["grid"] != code])

    assert compare((emptied(old), emptied(new)), ("old", "new")).pairs[0].is_unchanged


def test_the_crosswalk_of_a_redraw_is_used_as_filed() -> None:
    old, new = cell_plan(OLD), cell_plan(NEW, plan_id="P-2", meta={"parent_plan": "P-1"})
    made = compare((old, new), ("old", "new"))
    assert made.pairs[0].households != "filed"  # says it is a re-draw, but carries no table
    table = made.pairs[0].crosswalk.assign(households=made.pairs[0].crosswalk["households"] + 1)
    both = compare((old, replace(new, crosswalk=table)), ("old", "new"))
    filed = both.pairs[0]
    kept = table[table["relation"].isin(["kept", "changed"])]["households"].sum()
    heirs = table[table["old"].notna() & table["new"].notna()]["households"].sum()
    assert both.measures[1].households_moved <= heirs - kept
    assert both.measures[1].households_moved != made.measures[1].households_moved
    assert (filed.households, filed.joined) == ("filed", "filed")
    pd.testing.assert_frame_equal(filed.crosswalk, table)
    stranger = replace(new, crosswalk=table, meta={**new.meta, "parent_plan": "P-9"})
    assert compare((old, stranger), ("old", "new")).pairs[0].households != "filed"


def test_three_plans_are_each_held_against_the_first() -> None:
    plans = (cell_plan(OLD), cell_plan(NEW, plan_id="P-2"), cell_plan(OLD, plan_id="P-3"))
    comparison = compare(plans, ("a", "b", "c"))
    assert [(pair.old, pair.new, pair.is_unchanged) for pair in comparison.pairs] == [
        ("a", "b", False),
        ("a", "c", True),
    ]
    assert len(comparison.measures) == 3


def test_the_answer_does_not_depend_on_the_order_of_rows() -> None:
    new = cell_plan(NEW, plan_id="P-2")
    turned = replace(
        new,
        grids=new.grids.iloc[::-1].reset_index(drop=True),
        members=new.members.sample(frac=1, random_state=1).reset_index(drop=True),
    )
    one, two = of(OLD, NEW), compare((cell_plan(OLD), turned), ("old", "new"))
    columns = ["change", "old", "new"]
    pd.testing.assert_frame_equal(one.pairs[0].changes[columns], two.pairs[0].changes[columns])
    assert one.measures[1].households_moved == two.measures[1].households_moved


def test_what_cannot_be_compared_is_refused_with_every_fault() -> None:
    good = cell_plan(OLD)
    with pytest.raises(InputError, match="compare_too_few"):
        compare((good,), ("a",))
    far = replace(good, grids=good.grids.assign(geometry=good.grids.geometry.translate(50_000)))
    with pytest.raises(InputError, match="compare_no_overlap") as caught:
        compare((good, far), ("here", "there"))
    assert caught.value.facts["file"] == "there"
    assert "EPSG:4549" in str(caught.value.facts["measured"])
    # Neighbours that share a border share no ground.
    beside = replace(good, grids=good.grids.assign(geometry=good.grids.geometry.translate(600)))
    with pytest.raises(InputError, match="compare_no_overlap"):
        compare((good, beside), ("here", "beside"))
    empty = replace(good, grids=good.grids.iloc[:0], members=good.members.iloc[:0])
    with pytest.raises(InputError, match="compare_plan_empty"):
        compare((good, empty), ("a", "b"))
    double = replace(good, grids=gpd.GeoDataFrame(pd.concat([good.grids, good.grids.iloc[:1]]), crs=good.grids.crs))
    stray = replace(
        good,
        members=pd.concat([good.members, good.members.iloc[:2].assign(grid="nowhere")], ignore_index=True),
    )
    with pytest.raises(InputError) as several:
        compare((double, stray), ("double", "stray"))
    assert [(f.code, f.facts["file"]) for f in several.value.faults] == [
        ("compare_code_twice", "double"),
        ("compare_member_twice", "stray"),
        ("compare_member_without_grid", "stray"),
    ]
