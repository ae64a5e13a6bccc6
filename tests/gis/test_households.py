"""The household model: whole numbers, exact totals, never on what nobody lives in, never silent."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.apportion import share_whole, whole_totals
from gis.errors import InputError
from gis.households import USES, floor_area_m2, model_households, use_of
from gis.report import QualityReport


def buildings(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Square footprints of ``area`` m2 in a row, 80 m apart."""
    geometry, data = [], []
    for k, row in enumerate(rows):
        side = float(row.get("area", 400.0)) ** 0.5
        geometry.append(shapely.box(80.0 * k, 0, 80.0 * k + side, side) if side else shapely.Point(80.0 * k, 0))
        data.append({"id": f"b{k:03d}", "households": None, "levels": None, "use": None, "community": "c", **row})
    return gpd.GeoDataFrame(pd.DataFrame(data), geometry=geometry, crs=32632)


def households(table: gpd.GeoDataFrame, **options: Any) -> list[int]:
    return model_households(table, **options).buildings["households"].tolist()


def test_floor_area_over_area_per_household() -> None:
    table = buildings([{"area": 400, "levels": 5, "use": "apartments"}, {"area": 300, "levels": 10, "use": "住宅"}])
    assert households(table) == [20, 30]
    assert households(table, floor_area_per_household_m2=50) == [40, 60]


def test_dwelling_counts_go_before_floor_area() -> None:
    table = buildings([{"dwellings": 40, "levels": 3}, {"dwellings": None, "area": 400, "levels": 5}])
    assert households(table) == [40, 20]
    assert households(table, households_per_dwelling=0.9) == [36, 20]


@pytest.mark.parametrize("use", [name for name, use in USES.items() if use.residential_frac == 0])
def test_nobody_lives_where_the_table_says_so(use: str) -> None:
    table = buildings([{"area": 5000, "levels": 9, "use": use}, {"use": "apartments", "levels": 4}])
    assert households(table) == [0, 16]


@pytest.mark.parametrize("use", ["学校", "厂房", "医院", "车库", "寺庙", "办公楼"])
def test_chinese_words_for_uses_are_understood(use: str) -> None:
    assert use_of(use).residential_frac == 0


def test_an_unknown_use_counts_as_housing_and_the_basis_says_how_many() -> None:
    result = model_households(
        buildings([{"use": None, "levels": 5}, {"use": "yes", "levels": 5}, {"use": "apartments"}])
    )
    assert "use unknown and taken as housing for 2" in result.basis
    assert "storeys estimated for 1" in result.basis


def test_a_house_is_one_household_and_a_hut_none() -> None:
    table = buildings([
        {"area": 200, "levels": 3, "use": "residential"}, {"area": 900, "levels": 2, "use": "house"},
        {"area": 25, "levels": 1, "use": None}, {"area": 200, "levels": 6, "use": "residential"},
    ])  # fmt: skip
    assert households(table) == [1, 1, 0, 12]


def test_counts_of_the_source_are_never_touched() -> None:
    table = buildings([{"households": 7, "use": "school"}, {"households": 0, "levels": 9}, {"levels": 5}])
    result = model_households(table)
    assert result.buildings["households"].tolist() == [7, 0, 20]
    assert result.is_modelled.tolist() == [False, False, True]
    assert result.meta["households_modelled"] == "1 of 3 buildings"
    assert "2 stated by the source" in result.basis


def test_storeys_come_from_like_neighbours_nearby() -> None:
    near = [{"levels": n, "use": "apartments"} for n in (6, 8, 7)]
    table = buildings([*near, {"use": "apartments"}, {"use": "school"}])
    area, guessed = floor_area_m2(table)
    assert area.tolist() == [2400, 3200, 2800, 2800, 1200]
    assert guessed.tolist() == [False, False, False, True, True]
    assert floor_area_m2(table, default_levels=3)[0].tolist()[3:] == [1200, 1200]


def test_a_point_without_dwellings_is_reported_not_guessed() -> None:
    report = QualityReport()
    assert households(buildings([{"area": 0, "use": "apartments"}, {"area": 0, "dwellings": 12}]), report=report) == [
        0,
        12,
    ]
    assert [r.code for r in report.remarks] == ["note_households_modelled", "warn_households_no_footprint"]


def test_nothing_modelled_says_nothing() -> None:
    report = QualityReport()
    result = model_households(buildings([{"households": 3}]), report=report)
    assert not report.remarks
    assert result.total == 0


def test_an_empty_table_stays_empty() -> None:
    assert model_households(buildings([{"households": 3}]).iloc[:0]).total == 0


@pytest.mark.parametrize(
    "options",
    [
        {"households_per_dwelling": -1},
        {"floor_area_per_household_m2": 0},
        {"floor_area_per_household_m2": float("nan")},
    ],
)
def test_senseless_factors_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="households_factor_bad"):
        model_households(buildings([{}]), **options)


def test_degrees_are_refused() -> None:
    with pytest.raises(InputError, match="crs_not_metres"):
        model_households(buildings([{}]).to_crs(4326))


town = st.lists(
    st.fixed_dictionaries(
        {
            "area": st.floats(10, 3000),
            "levels": st.one_of(st.none(), st.integers(1, 30)),
            "use": st.sampled_from([None, "apartments", "house", "mixed", "school", "shed"]),
            "community": st.sampled_from(["a", "b", None]),
            "dwellings": st.one_of(st.none(), st.integers(0, 200)),
        }
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(town, st.floats(0.5, 1.5), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[dict[str, Any]], factor: float, random: Any) -> None:
    table = buildings(rows)
    order = list(range(len(table)))
    random.shuffle(order)
    first = model_households(table, households_per_dwelling=factor)
    second = model_households(table.iloc[order], households_per_dwelling=factor)
    assert second.buildings["households"].tolist() == first.buildings["households"].iloc[order].tolist()
    assert first.basis == second.basis
    unlived = table["use"].isin(["school", "shed"]) & table["dwellings"].isna()
    assert not first.buildings.loc[unlived.to_numpy(), "households"].any()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1e12), st.integers(0, 4)), min_size=1, max_size=60),
    st.lists(st.integers(0, 10_000_000), min_size=5, max_size=5),
)
def test_shares_sum_to_the_total_of_their_group(members: list[tuple[float, int]], totals: list[int]) -> None:
    weights = np.array([w for w, _ in members])
    groups = np.array([g for _, g in members], dtype=np.int64)
    shares = share_whole(weights, groups, np.array(totals, dtype=np.int64))
    assert (shares >= 0).all()
    for group in np.unique(groups):
        mine = groups == group
        assert shares[mine].sum() == totals[group]
        weight = weights[mine].sum()
        if weight > 1e-6:
            quota = totals[group] * weights[mine] / weight
            assert (np.abs(shares[mine] - quota) <= 1.001).all()


def test_equal_fractions_go_to_the_first() -> None:
    assert share_whole(np.ones(3), np.zeros(3, dtype=np.int64), np.array([2])).tolist() == [1, 1, 0]
    assert share_whole(np.zeros(3), np.zeros(3, dtype=np.int64), np.array([4])).tolist() == [2, 1, 1]


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_whole_totals_keep_the_rounded_sum(values: list[float]) -> None:
    whole = whole_totals(np.array(values, dtype=float))
    assert abs(whole.sum() - sum(values)) <= 0.5 + 1e-3
    assert all(abs(w - v) < 1 + 1e-6 for w, v in zip(whole, values))
