"""Grid codes of a first plan."""

from __future__ import annotations

import numpy as np

from partition.codes import is_well_formed, stat15


def test_numbers_run_north_to_south_in_rows_and_west_to_east_in_a_row():
    x = np.array([0.0, 100.0, 0.0, 100.0])
    y = np.array([0.0, 5.0, 100.0, 95.0])
    codes = stat15("330402015006", x, y, np.full(4, 50.0), np.zeros(4, bool))
    assert codes == ["330402015006003", "330402015006004", "330402015006001", "330402015006002"]


def test_dedicated_grids_are_numbered_from_600():
    codes = stat15("C", np.arange(3.0), np.zeros(3), np.ones(3), np.array([True, False, True]))
    assert codes == ["C600", "C001", "C601"]


def test_a_community_with_more_grids_than_the_range_gets_one_more_digit():
    codes = stat15("C", np.arange(600.0), np.zeros(600), np.ones(600), np.zeros(600, bool))
    assert len(set(codes)) == 600
    assert {len(code) for code in codes} == {5}
    assert all(is_well_formed(code, "C", "standard") for code in codes)


def test_ill_formed_codes_are_known():
    assert is_well_formed("C001", "C", "rural")
    assert not is_well_formed("C000", "C", "standard")
    assert not is_well_formed("C600", "C", "standard")
    assert not is_well_formed("C001", "C", "dedicated")
    assert not is_well_formed("D001", "C", "standard")
    assert not is_well_formed("C01", "C", "standard")


def test_no_grid_no_code():
    assert stat15("C", np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, bool)) == []
