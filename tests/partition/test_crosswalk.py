"""Crosswalk: every code, exact shares, relations that add up, and what two tables in a row say."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError
from partition.crosswalk import compose, invert, make_crosswalk, relations
from partition.filed import CROSSWALK_COLUMNS
from tests.partition.chains import chain

OLD, NEW = ["A1", "A2", "A3", "A5", "A9"], ["A1", "A3", "A4", "A6", "B1", "Z"]


def example() -> pd.DataFrame:
    """A1 loses a part to A4, A2 goes to A4 as a whole, A3 stays, A5 is A6 now, A9 is gone, B1 and Z are new."""
    return make_crosswalk(
        ["A1", "A1", "A2", "A3", None, "A5"],
        ["A1", "A4", "A4", "A3", "B1", "A6"],
        np.array([300, 33, 410, 350, 12, 7]),
        np.array([3, 1, 4, 5, 1, 1]),
        OLD,
        NEW,
    )


def row(table: pd.DataFrame, old: str | None, new: str | None) -> pd.Series:
    mask = [(o, n) == (old, new) for o, n in zip(table["old"], table["new"])]
    assert sum(mask) == 1
    return table[mask].iloc[0]


def test_each_relation_is_told():
    table = example()
    assert list(table.columns) == list(CROSSWALK_COLUMNS)
    assert list(zip(table["old"], table["new"], table["relation"])) == [
        ("A1", "A1", "changed"),
        ("A1", "A4", "split"),
        ("A2", "A4", "merged"),
        ("A3", "A3", "kept"),
        ("A5", "A6", "changed"),
        ("A9", None, "retired"),
        (None, "B1", "new"),
        (None, "Z", "new"),
    ]
    told_old, told_new = relations(table)
    assert told_old.to_dict() == {"A1": "changed", "A2": "merged", "A3": "kept", "A5": "changed", "A9": "retired"}
    assert told_new.to_dict() == {
        "A1": "changed",
        "A3": "kept",
        "A4": "merged",
        "A6": "changed",
        "B1": "new",
        "Z": "new",
    }


def test_an_old_grid_cut_in_three_is_split_and_its_parts_are_split():
    table = make_crosswalk(
        ["A"] * 3, ["X", "Y", "Z"], np.array([1, 1, 1]), np.ones(3, np.int64), ["A"], ["X", "Y", "Z"]
    )
    assert table["relation"].tolist() == ["split"] * 3
    assert [s.tolist() for s in relations(table)] == [["split"], ["split"] * 3]
    # A third can not be written exactly; the shares add up all the same, in any order.
    for order in itertools.permutations(table["share_of_old"]):
        assert sum(order) == 1.0
    assert invert(table)["relation"].tolist() == ["merged"] * 3


def test_an_heir_with_another_code_is_changed_and_a_parent_has_one_heir():
    members = (["X1", "X1", "X2"], ["Y1", "Y2", "Y2"], np.array([90, 10, 100]), np.ones(3, np.int64))
    table = make_crosswalk(*members, ["X1", "X2"], ["Y1", "Y2"], ["X1", "X2"])
    assert table["relation"].tolist() == ["changed", "split", "changed"]
    assert make_crosswalk(*members, ["X1", "X2"], ["Y1", "Y2"])["relation"].tolist() == ["split", "split", "merged"]
    both = make_crosswalk(*members, ["X1", "X2"], ["Y1", "Y2"], ["X1", "X1"])
    assert both["relation"].tolist() == ["split", "split", "merged"]


def test_with_parents_given_one_code_for_two_places_is_no_kinship():
    members = (["C1", "C1", "C2"], ["C2", "C1", "C2"], np.array([90, 10, 100]), np.ones(3, np.int64))
    table = make_crosswalk(*members, ["C1", "C2"], ["C1", "C2"], [None, None])
    assert not table["relation"].isin(["kept", "changed"]).any()


def test_grids_without_households_share_by_buildings_then_by_members():
    table = make_crosswalk(
        ["P", "P", "P", "Q", "Q", "Q"],
        ["P", "P", "R", "Q", "R", "R"],
        np.zeros(6, np.int64),
        np.array([1, 2, 1, 0, 0, 0]),
        ["P", "Q"],
        ["P", "Q", "R"],
    )
    assert row(table, "P", "P")["share_of_old"] == 0.75
    assert row(table, "Q", "Q")["share_of_old"] == pytest.approx(1 / 3, abs=1e-6)
    assert row(table, "P", "R")["share_of_new"] == 1.0
    assert row(table, "Q", "R")["share_of_new"] == 0.0


def test_empty_ground_is_no_row_where_its_grids_have_better_to_show():
    table = make_crosswalk(
        ["A", "A", "B"], ["A", "B", "B"], np.array([9, 0, 9]), np.array([1, 0, 1]), ["A", "B"], ["A", "B"]
    )
    assert table["relation"].tolist() == ["kept", "kept"]


def test_codes_that_come_twice_or_are_unknown_are_refused():
    nothing = np.zeros(0, np.int64)
    with pytest.raises(InputError, match="codes_twice"):
        make_crosswalk([], [], nothing, nothing, ["A", "A"], [])
    with pytest.raises(InputError, match="crosswalk_code_unknown"):
        make_crosswalk(["A"], ["B"], np.ones(1, np.int64), np.ones(1, np.int64), ["A"], [])
    assert make_crosswalk([], [], nothing, nothing, [], []).empty


codes = st.sampled_from(["1", "2", "3", "4", "5", None])
tables = st.lists(
    st.tuples(codes, codes, st.sampled_from([0, 0, 1, 2, 3, 7, 400, 10**6 + 3]), st.integers(0, 2)), max_size=25
)


def crosswalk_of(rows) -> pd.DataFrame:
    listed = ["1", "2", "3", "4", "5", "6"]
    columns = list(zip(*rows)) or [(), (), (), ()]
    return make_crosswalk(
        columns[0], columns[1], np.array(columns[2], np.int64), np.array(columns[3], np.int64), listed, listed
    )


@settings(max_examples=200, deadline=None)
@given(tables)
def test_every_code_appears_and_shares_add_up_exactly(rows):
    table = crosswalk_of(rows)
    for side in ("old", "new"):
        shares = table[table[side].notna()].groupby(side)[f"share_of_{side}"]
        assert sorted(shares.groups) == ["1", "2", "3", "4", "5", "6"]
        for _, values in shares:
            assert sum(values) == sum(reversed(values.tolist())) == 1.0
            assert values.between(0, 1).all()
    placed = [r for r in rows if r[0] is not None or r[1] is not None]
    assert table["households"].sum() == sum(r[2] for r in placed)
    assert table["buildings"].sum() == sum(r[3] for r in placed)
    assert not table.duplicated(["old", "new"]).any()


@settings(max_examples=200, deadline=None)
@given(tables)
def test_relations_count_every_grid_once_on_its_side(rows):
    table = crosswalk_of(rows)
    told_old, told_new = relations(table)
    assert len(told_old) == len(told_new) == 6
    assert set(told_old) <= {"kept", "changed", "split", "merged", "retired"}
    assert set(told_new) <= {"kept", "changed", "split", "merged", "new"}
    for relation in ("kept", "changed"):
        assert (told_old == relation).sum() == (told_new == relation).sum()
    for code, relation in told_old.items():
        if relation == "kept":
            assert row(table, code, code)[["share_of_old", "share_of_new"]].tolist() == [1.0, 1.0]


@settings(max_examples=200, deadline=None)
@given(tables)
def test_inverting_twice_gives_the_table_back(rows):
    table = crosswalk_of(rows)
    back = invert(table)
    pd.testing.assert_frame_equal(invert(back), table)
    assert (back["relation"] == "kept").sum() == (table["relation"] == "kept").sum()
    swapped = {"new": "retired", "retired": "new"}
    for side, other in ((0, 1), (1, 0)):
        told, mirrored = relations(table)[side], relations(back)[other]
        merged = {"merged": "split", "split": "merged"}
        one_row = table[("old", "new")[side]].value_counts() == 1
        for code, relation in told.items():
            if relation in swapped:
                assert mirrored[code] == swapped[relation]
            elif relation in ("kept", "changed"):
                assert mirrored[code] == relation
            elif not one_row[code]:
                assert mirrored[code] == relation or mirrored[code] in merged


def step_table(one, two):
    n = len(one.of)
    return make_crosswalk(
        one.code_of_member, two.code_of_member, one.weight, np.ones(n, np.int64), one.codes, two.codes
    )


@pytest.mark.parametrize("block", range(4))
def test_over_a_thousand_chains_the_crosswalk_of_two_steps_composes(block):
    listed = exact = 0
    for seed in range(block * 250, block * 250 + 250):
        first, second, third = chain(seed, 3)
        told = compose(step_table(first, second), step_table(second, third))
        truth = step_table(first, third)
        bounds = {(o, n): (low, high, sure) for o, n, low, high, sure in told.itertuples(index=False)}
        for old, new, share in zip(truth["old"], truth["new"], truth["share_of_old"]):
            low, high, sure = bounds[old, new]
            assert low - 1e-5 <= share <= high + 1e-5, seed
            assert not sure or abs(share - low) < 1e-5
            listed, exact = listed + 1, exact + sure
        sums = told.groupby("old")[["share_low", "share_high"]].sum()
        assert (sums["share_low"] <= 1 + 1e-5).all()
        assert (sums["share_high"] >= 1 - 1e-5).all()
        # Nothing is lost on the way: codes of the first plan are all told of.
        assert set(told["old"]) == set(first.codes)
    assert listed > exact > listed / 2


def test_a_grid_gathered_and_cut_again_is_known_within_bounds_only():
    first = make_crosswalk(["A", "B"], ["M", "M"], np.array([60, 40]), np.ones(2, np.int64), ["A", "B"], ["M"])
    second = make_crosswalk(["M", "M"], ["X", "Y"], np.array([50, 50]), np.ones(2, np.int64), ["M"], ["X", "Y"])
    told = compose(first, second)
    assert not told["exact"].any()
    to_x = told[(told["old"] == "A") & (told["new"] == "X")].iloc[0]
    assert (to_x["share_low"], to_x["share_high"]) == (pytest.approx(1 / 6, abs=1e-5), pytest.approx(5 / 6, abs=1e-5))
    gone = make_crosswalk([], [], *[np.zeros(0, np.int64)] * 2, ["M"], [])
    assert compose(first, gone)[["old", "new", "share_low"]].to_numpy().tolist() == [["A", None, 1.0], ["B", None, 1.0]]
