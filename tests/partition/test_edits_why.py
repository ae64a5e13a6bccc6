"""What is said to help a grid does help it, and what is said to be refused is refused: held against the edits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gis.errors import GridwrightError
from partition.edits import Ground, Sheet, Wish, edit, lay, prepare
from partition.edits.why import NEIGHBOUR_OUT, Standing, Step, examine_grid
from partition.edits.wishes import Part
from partition.plan import STANDARD
from tests.edit_kit import random_wish
from tests.plan_kit import drawn_town

N_PLANS, N_EDITS = 12, 14


def explain(code: str, facts: object) -> tuple[str, str]:
    return code, code


def _town(households: int = 6_000) -> tuple[Ground, Sheet]:
    town = drawn_town(households)
    ground = prepare(town.territory, town.atoms, town.rules)
    return ground, lay(town.filed, town.territory, ground)


def _spoilt(ground: Ground, sheet: Sheet, seed: int) -> Sheet:
    """The plan after some moves that nobody thought about."""
    rng = np.random.default_rng(seed)
    made = 0
    for _ in range(60 * N_EDITS):
        wish = random_wish(rng, ground, sheet)
        if wish.kind not in ("move", "new"):
            continue
        try:
            sheet, _ = edit(ground, sheet, wish, explain)
        except GridwrightError:
            continue
        made += 1
        if made == N_EDITS:
            break
    assert made == N_EDITS
    return sheet


def _outside(ground: Ground, sheet: Sheet) -> int:
    low, high = ground.rules.min_households, ground.rules.max_households
    sizes = [int(row["households"]) for row in sheet.grids.values() if row["kind"] == STANDARD]
    return sum(max(low - size, 0) + max(size - high, 0) for size in sizes)


def _wish(step: Step) -> Wish:
    if step.gives:
        return Wish("merge", grids=(step.gives, step.grid), grid=step.grid)
    return Wish("move", Part(atoms=step.atoms), step.grid)


def _out_of_band(ground: Ground, sheet: Sheet) -> list[tuple[str, Standing]]:
    standing = [(code, examine_grid(ground, sheet, code)) for code in sorted(sheet.grids)]
    return [(code, one) for code, one in standing if one.missing]


@pytest.mark.parametrize("seed", range(N_PLANS))
def test_every_way_is_lawful_and_does_what_it_says(seed: int) -> None:
    ground, sheet = _town()
    sheet = _spoilt(ground, sheet, seed)
    found = _out_of_band(ground, sheet)
    assert found
    n_ways = 0
    for code, standing in found:
        assert [way.is_into for way in standing.ways] == sorted((way.is_into for way in standing.ways), reverse=True)
        for way in standing.ways:
            n_ways += 1
            after = sheet
            for step in way.steps:
                after, _ = edit(ground, after, _wish(step), explain)  # raises where it is not lawful
            sizes = {
                grid: int(after.grids[grid]["households"]) if grid in after.grids else 0 for grid, _, _ in way.effects
            }
            assert sizes == {grid: size for grid, _, size in way.effects}
            assert {grid: int(sheet.grids[grid]["households"]) for grid in sizes} == {g: b for g, b, _ in way.effects}
            assert _outside(ground, sheet) - _outside(ground, after) == way.outside_before - way.outside_after > 0
            kept = code if code in after.grids else way.steps[0].grid
            low, high = ground.rules.min_households, ground.rules.max_households
            assert not way.is_into or low <= int(after.grids[kept]["households"]) <= high
    assert n_ways


@pytest.mark.parametrize("seed", range(N_PLANS))
def test_every_stop_is_what_the_edits_say(seed: int) -> None:
    ground, sheet = _town()
    sheet = _spoilt(ground, sheet, seed + 100)
    n_stops = 0
    for _, standing in _out_of_band(ground, sheet):
        for stop in standing.stops:
            n_stops += 1
            assert stop.n >= 1
            wish = _wish(stop.example)
            if stop.code == NEIGHBOUR_OUT:
                after, _ = edit(ground, sheet, wish, explain)
                assert _outside(ground, after) >= _outside(ground, sheet)
                continue
            with pytest.raises(GridwrightError) as refused:
                edit(ground, sheet, wish, explain)
            assert stop.code in {fault.code for fault in refused.value.faults}
            assert any(dict(fault.facts) == dict(stop.facts) for fault in refused.value.faults)
    assert n_stops


def test_no_single_move_that_would_help_is_left_out() -> None:
    ground, sheet = _town()
    sheet = _spoilt(ground, sheet, 7)
    graph = ground.graph
    checked = 0
    for code, standing in _out_of_band(ground, sheet):
        # Every move of one piece across its border, made for good by the edits themselves.
        helpful = 0
        for a, b in zip(graph.edge_a.tolist() + graph.edge_b.tolist(), graph.edge_b.tolist() + graph.edge_a.tolist()):
            one, two = str(sheet.atom_code[a]), str(sheet.atom_code[b])
            if one == two or code not in (one, two) or not graph.households[a]:
                continue
            try:
                after, _ = edit(ground, sheet, Wish("move", Part(atoms=(graph.atom_ids[a],)), two), explain)
            except GridwrightError:
                continue
            helpful += _outside(ground, after) < _outside(ground, sheet)
        checked += 1
        assert bool(helpful) == any(
            way.kind == "move" and len(way.steps[0].atoms) == 1 for way in standing.ways
        ) or any(way.is_into for way in standing.ways)
    assert checked


def test_locks_stand_in_the_way() -> None:
    ground, sheet = _town()
    sheet = _spoilt(ground, sheet, 3)
    code = next(code for code, standing in _out_of_band(ground, sheet) if standing.ways)
    locked = examine_grid(ground, sheet, code, ("all",))
    assert locked.ways == ()
    assert {stop.code for stop in locked.stops} <= {"edit_locked"}
    assert locked.stops


def test_a_grid_in_the_band_needs_nothing() -> None:
    ground, sheet = _town()
    code = next(code for code, row in sorted(sheet.grids.items()) if row["kind"] == STANDARD and row["within_band"])
    standing = examine_grid(ground, sheet, code)
    assert (standing.status, standing.missing, standing.ways, standing.stops) == ("in", 0, (), ())


def test_grids_without_a_band_are_exempt_and_closed_ones_are_left_alone() -> None:
    ground, sheet = _town(12_000)
    other = next(code for code, row in sorted(sheet.grids.items()) if row["kind"] != STANDARD)
    assert examine_grid(ground, sheet, other).status == "exempt"
    out = next(code for code, row in sorted(sheet.grids.items()) if row["reason"] == "band_hole")
    assert examine_grid(ground, sheet, out).status == "high"
    assert examine_grid(ground, sheet, out).assessment.reason == "band_hole"
    closed = replace(sheet, closed=frozenset({str(sheet.grids[out]["community"])}))
    assert examine_grid(ground, closed, out).status == "closed"


def test_two_moves_are_found_where_one_does_not_do() -> None:
    """Over many spoilt plans: some grid needs two, and then nothing single would have brought it in."""
    ground, sheet = _town()
    seen = 0
    for seed in range(40):
        for _, standing in _out_of_band(ground, _spoilt(ground, sheet, 500 + seed)):
            pairs = [way for way in standing.ways if way.kind == "two"]
            seen += len(pairs)
            assert not pairs or not any(way.is_into for way in standing.ways if way.kind != "two")
    assert seen
