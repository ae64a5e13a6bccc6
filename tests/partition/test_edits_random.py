"""Random edits on whole towns: the independent check accepts every plan that comes out, and every step goes back."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
import pytest

from data.sample import make_town
from gis.atoms import build_atoms
from gis.errors import Conflict, InputError
from gis.territory import Territory
from partition.checks import verify
from partition.edits import Ground, Sheet, TableChange, edit, lay, prepare
from partition.file_plan import file_plan, plain_sentences
from partition.filed import FiledPlan
from partition.rules import PRESETS, Rules
from partition.zoning.draw import draw
from tests.edit_kit import filed_of, random_wish

RULES = {
    "default": Rules(),
    "villager_group": Rules(rural_mode="villager_group"),
    "banded": Rules(rural_mode="banded", estate_cap=300),
    "xiangtan": PRESETS["xiangtan"],
}


@lru_cache(maxsize=4)
def _plan(name: str, households: int, seed: int) -> tuple[Territory, Rules, FiledPlan, Ground, Sheet]:
    rules = RULES[name]
    town = make_town(households, seed=seed).territory
    atoms = build_atoms(town, max_households=rules.max_households, estate_cap=rules.estate_cap)
    result = draw(atoms.graph, rules, territory_hash=town.content_hash())
    filed = file_plan(town, atoms, result)
    ground = prepare(town, atoms, rules)
    return town, rules, filed, ground, lay(filed, town, ground)


@pytest.mark.parametrize(("name", "seed"), [("default", 1), ("villager_group", 2), ("banded", 3), ("xiangtan", 4)])
def test_the_independent_check_accepts_a_plan_after_every_tenth_random_edit(name: str, seed: int) -> None:
    town, rules, filed, ground, sheet = _plan(name, 6_000, seed)
    assert not verify(filed, town, rules).faults
    assert not sheet.closed
    rng = np.random.default_rng(seed)
    made: Counter[str] = Counter()
    for _ in range(400):
        wish = random_wish(rng, ground, sheet)
        try:
            sheet, _ = edit(ground, sheet, wish, plain_sentences)
        except (Conflict, InputError):
            continue
        made[wish.kind] += 1
        if made.total() % 10 == 0:
            report = verify(filed_of(sheet, ground, filed), town, rules)
            assert not report.faults, (made, report.faults[:3])
    assert made.total() >= 60
    assert set(made) == {"move", "new", "merge", "dissolve", "split"}, made


def test_every_step_goes_back_to_the_row_and_forward_again() -> None:
    _, _, _, ground, first = _plan("default", 6_000, 1)
    rng = np.random.default_rng(7)
    sheets: list[Sheet] = [first]
    steps: list[TableChange] = []
    while len(steps) < 60:
        try:
            sheet, change = edit(ground, sheets[-1], random_wish(rng, ground, sheets[-1]), plain_sentences)
        except (Conflict, InputError):
            continue
        sheets.append(sheet)
        steps.append(TableChange.from_json(change.to_json()))
    for i in range(len(steps) - 1, -1, -1):
        _assert_same(sheets[i + 1].after(ground, steps[i].reversed()), sheets[i])
        _assert_same(sheets[i].after(ground, steps[i]), sheets[i + 1])


def _assert_same(found: Sheet | None, wanted: Sheet) -> None:
    assert found is not None
    assert found.atom_code.tolist() == wanted.atom_code.tolist()
    assert found.grids == wanted.grids
    assert found.communities == wanted.communities
    assert found.meta == wanted.meta
    assert {k: v for k, v in found.violations.items() if v} == {k: v for k, v in wanted.violations.items() if v}
