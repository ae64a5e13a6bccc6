"""Edits by hand on drawn towns: what is refused, what is allowed and told, codes, costs, locks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from api.usecases.verdict import judge
from data.sample import make_town
from gis.atoms import build_atoms
from gis.errors import Conflict, InputError
from gis.territory import Territory
from partition.checks import verify
from partition.edits import Ground, Sheet, Wish, check_locks, edit, lay, mixed_communities, prepare
from partition.edits.cost import cost_of_community
from partition.edits.wishes import Part
from partition.file_plan import file_plan, plain_sentences
from partition.filed import FiledPlan
from partition.rules import PRESETS, Rules
from partition.zoning.draw import draw
from tests.edit_kit import filed_of, random_wish
from tests.towns import territory as drawn_territory


class Table:
    """A town, its plan, and edits by the names of units."""

    def __init__(self, town: Territory, rules: Rules | None = None) -> None:
        self.town, self.rules = town, rules or Rules()
        self.atoms = build_atoms(town, max_households=self.rules.max_households, estate_cap=self.rules.estate_cap)
        result = draw(self.atoms.graph, self.rules, territory_hash=town.content_hash())
        self.filed: FiledPlan = file_plan(town, self.atoms, result)
        self.ground: Ground = prepare(town, self.atoms, self.rules)
        self.sheet: Sheet = lay(self.filed, town, self.ground)

    def grid(self, unit: str) -> str:
        return str(self.sheet.atom_code[self.ground.atom_of["unit", unit]])

    def do(self, wish: Wish, locks: tuple[str, ...] = ()) -> Any:
        self.sheet, change = edit(self.ground, self.sheet, wish, plain_sentences, locks)
        return change

    def faults(self) -> tuple[Any, ...]:
        return verify(filed_of(self.sheet, self.ground, self.filed), self.town, self.rules).faults

    def refused(self, wish: Wish, locks: tuple[str, ...] = ()) -> set[str]:
        with pytest.raises((Conflict, InputError)) as refusal:
            edit(self.ground, self.sheet, wish, plain_sentences, locks)
        return {fault.code for fault in refusal.value.faults}


def units(*names: str) -> Part:
    return Part(members=tuple(("unit", name) for name in names))


def _row(**households: int) -> Table:
    """Units beside each other in a row, in one community."""
    return Table(drawn_territory(" ".join(households), households))


def test_a_move_changes_the_sums_the_outlines_and_what_is_known() -> None:
    table = _row(a=100, b=200, c=100, d=100, e=200, f=100)
    west, east = table.grid("a"), table.grid("f")
    assert west != east
    assert table.sheet.communities["C"]["bound"] is not None
    table.do(Wish("move", units("c"), east))
    grids = table.sheet.grids
    assert (grids[west]["households"], grids[east]["households"]) == (300, 500)
    assert all(grids[code]["within_band"] and grids[code]["reason"] is None for code in (west, east))
    row = table.sheet.communities["C"]
    assert row["objective"] > row["bound"]
    assert row["gap_frac"] == pytest.approx(1 - row["bound"] / row["objective"])
    assert not table.faults()


def test_a_grid_out_of_band_is_allowed_and_told_but_has_no_excuse() -> None:
    table = _row(a=100, b=200, c=100, d=100, e=200, f=100)
    east = table.grid("f")
    table.do(Wish("move", units("b", "c"), east))
    codes = {row["code"] for row in table.sheet.violations["C"]}
    assert codes == {"edited"}
    row = table.sheet.communities["C"]
    assert (row["feasible"], row["bound"], row["gap_frac"]) == ("yes", None, None)
    assert not table.faults()
    filed = filed_of(table.sheet, table.ground, table.filed)
    verdict = judge(verify(filed, table.town, table.rules), filed)
    assert len(verdict.open_rules) == 2
    assert not verdict.passed


def test_where_no_lawful_plan_exists_an_edit_that_is_no_worse_keeps_the_excuse() -> None:
    table = _row(a=100, b=100, c=50, d=100, e=100, f=100)
    assert table.sheet.communities["C"]["feasible"] == "no"
    drawn = sum(max(300 - row["households"], 0) + max(row["households"] - 500, 0) for row in table.sheet.grids.values())
    seen = set()
    for wish in (
        Wish("merge", grids=tuple(table.sheet.grids)),
        Wish("split", grid=table.grid("a"), parts=(units("a", "b", "c"), units("d", "e", "f"))),
    ):
        if wish.kind == "merge" and len(table.sheet.grids) < 2:
            continue
        if wish.kind == "split":
            wish = replace(wish, grid=table.grid("a"))
        table.do(wish)
        outside = sum(
            max(300 - row["households"], 0) + max(row["households"] - 500, 0) for row in table.sheet.grids.values()
        )
        filed = filed_of(table.sheet, table.ground, table.filed)
        verdict = judge(verify(filed, table.town, table.rules), filed)
        codes = {row["code"] for row in table.sheet.violations["C"]}
        assert codes == {"edited_no_worse" if outside <= drawn else "edited"}
        assert verdict.passed == (outside <= drawn)
        seen |= codes
    table.do(Wish("split", grid=table.grid("a"), parts=(units("a"), units("b", "c"))))
    assert {row["code"] for row in table.sheet.violations["C"]} == {"edited"}
    assert "edited_no_worse" in seen


def test_a_grid_in_pieces_is_refused() -> None:
    table = _row(a=100, b=200, c=100, d=100, e=200, f=100)
    assert table.refused(Wish("move", units("b"), table.grid("f"))) == {"edit_not_contiguous"}
    assert table.refused(Wish("new", units("a", "c"))) == {"edit_not_contiguous"}


def test_a_grid_without_members_is_refused() -> None:
    table = _row(a=400, b=400)
    assert table.refused(Wish("move", units("a"), table.grid("b"))) == {"edit_empties_grid"}
    table.do(Wish("merge", grids=(table.grid("a"), table.grid("b"))))
    assert len(table.sheet.grids) == 1


def test_an_estate_is_not_cut_and_its_grid_takes_no_other_homes() -> None:
    drawing = """
        a b c d
        e f g h
    """
    homes = dict.fromkeys("abcdefgh", 150)
    table = Table(drawn_territory(drawing, homes, estates={"E": "ab"}))
    assert table.sheet.grids[table.grid("a")]["kind"] == "dedicated"
    assert table.refused(Wish("new", units("a"))) == {"edit_cuts_estate"}
    assert table.refused(Wish("move", units("e"), table.grid("a"))) == {"edit_mixes_dedicated"}
    assert table.refused(Wish("merge", grids=(table.grid("a"), table.grid("e")), grid=table.grid("a"))) == {
        "edit_mixes_dedicated"
    }
    kept = table.grid("e")
    table.do(Wish("merge", grids=(table.grid("a"), kept), grid=kept))
    assert table.grid("a") == kept
    assert table.sheet.communities["C"]["objective"] is None


def test_a_part_of_an_estate_beyond_its_cap_may_go_to_the_other_part() -> None:
    homes = {"a": 200, "b": 100, "c": 100, "d": 200, "e": 400}
    table = Table(drawn_territory("a b c d e", homes, estates={"E": "abcd"}), Rules(estate_cap=400))
    assert table.grid("a") == table.grid("d") or table.sheet.grids[table.grid("a")]["kind"] == "dedicated"
    if table.grid("a") == table.grid("d"):
        table.do(Wish("split", grid=table.grid("a"), parts=(units("a", "b"), units("c", "d"))))
    assert table.grid("a") != table.grid("d")
    table.do(Wish("move", units("b"), table.grid("c")))
    assert {row["kind"] for row in table.sheet.grids.values()} == {"standard", "dedicated"}
    assert not table.faults()


def test_new_grids_take_the_lowest_free_number_and_given_up_ones_are_free_again() -> None:
    table = _row(a=100, b=200, c=100, d=100, e=200, f=100)
    before = set(table.sheet.grids)
    change = table.do(Wish("new", units("a"), name="西口"))
    (fresh,) = set(table.sheet.grids) - before
    assert fresh == "C003"
    assert table.sheet.grids[fresh]["name"] == "西口"
    assert set(change.grids) == {fresh, table.grid("b")}
    table.do(Wish("dissolve", grid=fresh))
    assert set(table.sheet.grids) == before
    table.do(Wish("new", units("f")))
    assert table.grid("f") == fresh
    assert "retired_codes" not in table.sheet.meta


def test_a_code_that_was_carried_on_is_retired_with_its_grid() -> None:
    table = _row(a=100, b=200, c=100, d=100, e=200, f=100)
    grids = table.filed.grids.assign(parent=table.filed.grids["code"])
    child = replace(table.filed, grids=grids, meta={**table.filed.meta, "retired_codes": "C003"})
    table.sheet = lay(child, table.town, table.ground)
    gone = table.grid("a")
    merged = table.do(Wish("merge", grids=(gone, table.grid("f")), grid=table.grid("f")))
    assert table.sheet.meta["retired_codes"].split() == sorted([gone, "C003"])
    table.do(Wish("new", units("a")))
    assert table.grid("a") == "C004"
    table.sheet = lay(child, table.town, table.ground).after(table.ground, merged)  # type: ignore[assignment]
    table.sheet = table.sheet.after(table.ground, merged.reversed())  # type: ignore[assignment]
    assert table.sheet.meta["retired_codes"] == "C003"


def test_communities_are_never_crossed() -> None:
    table = Table(drawn_territory("a b c d", 400, communities={"C": "ab", "D": "cd"}))
    assert table.refused(Wish("move", units("b"), table.grid("c"))) == {"edit_crosses_community"}
    assert table.refused(Wish("merge", grids=(table.grid("b"), table.grid("c")))) == {"edit_crosses_community"}
    assert table.refused(Wish("new", units("b", "c"))) == {"edit_crosses_community"}


@pytest.mark.parametrize("lock", ["all", "C001", "community:C", "unit:c", "border:C001+C002"])
def test_a_lock_holds_what_it_names_and_nothing_else(lock: str) -> None:
    table = _row(a=100, b=100, c=200, d=200, e=100, f=100)
    check_locks(table.ground, table.sheet, [lock])
    assert table.refused(Wish("move", units("c"), table.grid("d")), (lock,)) == {"edit_locked"}
    far = Wish("new", units("a"))
    if lock in ("unit:c", "border:C001+C002"):
        table.do(far, (lock,))
    else:
        assert table.refused(far, (lock,)) == {"edit_locked"}


def test_locks_that_name_nothing_are_refused() -> None:
    table = _row(a=400, b=400)
    for lock in ("C009", "community:D", "unit:z", "building:a", "estate:E", "border:C001", "border:C001+C001", ""):
        with pytest.raises(InputError, match="lock_unknown"):
            check_locks(table.ground, table.sheet, [lock])
    with pytest.raises(InputError, match="lock_kind_unknown"):
        check_locks(table.ground, table.sheet, ["street:1"])


@pytest.mark.parametrize("preset", ["qu-county", "gbt34300", "xiangtan", "microgrid"])
def test_costs_are_those_of_the_solver(preset: str) -> None:
    table = Table(make_town(4_000, seed=9).territory, PRESETS[preset])
    n_told = 0
    for i, code in enumerate(table.ground.graph.communities):
        cost = cost_of_community(table.ground, i, table.sheet.atom_code)
        assert cost == pytest.approx(table.sheet.communities[code]["objective"], rel=1e-9, abs=1e-6)
        n_told += np.isfinite(cost)
    assert n_told == len(table.ground.graph.communities)


def test_a_plan_filed_in_degrees_stays_sound_under_edits() -> None:
    town = make_town(4_000, seed=3).territory
    layers = {name: table.to_crs(4326) for name, table in town.layers.items() if len(table)}
    table = Table(Territory.of(layers, meta=town.meta))
    assert not table.faults()
    rng = np.random.default_rng(5)
    made = 0
    for _ in range(200):
        try:
            table.do(random_wish(rng, table.ground, table.sheet))
        except (Conflict, InputError):
            continue
        made += 1
        if made % 10 == 0:
            assert not table.faults()
    assert made >= 20


def test_a_community_whose_grids_cut_atoms_is_left_alone() -> None:
    table = Table(make_town(4_000, seed=3).territory)
    ground = table.ground
    atom, names = next((a, names) for a, names in ground.members.items() if len(names) > 1)
    home = str(table.sheet.atom_code[atom])
    community = table.sheet.grids[home]["community"]
    other = next(c for c, row in table.sheet.grids.items() if row["community"] == community and c != home)
    members = table.filed.members.copy()
    kind, name = names[0]
    members.loc[(members["kind"] == kind) & (members["id"] == name), "grid"] = other
    grids = table.filed.grids.copy()
    # Its outline has to reach there too, or the building would count as mislaid.
    shape = grids.loc[grids["code"] == home].geometry.iloc[0]
    at = grids.index[grids["code"] == other][0]
    grids.loc[at, "geometry"] = grids.geometry.loc[at].union(shape)
    cut = replace(table.filed, members=members, grids=grids)
    assert mixed_communities(cut, table.town, table.atoms) == (community,)
    table.sheet = lay(cut, table.town, ground)
    assert table.sheet.closed == {community}
    assert table.refused(Wish("dissolve", grid=home)) == {"edit_ground_differs"}


def test_a_community_in_which_land_without_members_is_cut_asks_for_finer_atoms() -> None:
    table = Table(make_town(4_000, seed=3).territory)
    assert mixed_communities(table.filed, table.town, table.atoms) == ()
    grids = table.filed.grids.copy()
    community = grids["community"].value_counts().index[0]
    first, second = grids.index[grids["community"] == community][:2]
    grids.loc[first, "area_m2"] += 500.0
    grids.loc[second, "area_m2"] -= 500.0
    cut = replace(table.filed, grids=grids)
    assert mixed_communities(cut, table.town, table.atoms) == (community,)
    assert lay(cut, table.town, table.ground).closed == {community}


def test_wishes_that_name_nothing_are_refused() -> None:
    table = _row(a=400, b=400)
    west = table.grid("a")
    cases = {
        "edit_kind_unknown": Wish("explode"),
        "edit_ground_missing": Wish("new"),
        "edit_member_unknown": Wish("new", units("z")),
        "edit_atom_unknown": Wish("new", Part(atoms=("z",))),
        "edit_grid_unknown": Wish("move", units("a"), "C009"),
        "edit_too_few_grids": Wish("merge", grids=(west, west)),
        "edit_too_few_parts": Wish("split", grid=west, parts=(units("a"),)),
        "edit_part_elsewhere": Wish("split", grid=west, parts=(units("a"), units("b"))),
        "edit_atom_cut": Wish("split", grid=west, parts=(units("a"), units("a"))),
        "edit_changes_nothing": Wish("move", units("a"), west),
    }
    for code, wish in cases.items():
        assert table.refused(wish) == {code}, code
    table.do(Wish("merge", grids=tuple(table.sheet.grids)))
    whole = table.grid("a")
    assert table.refused(Wish("dissolve", grid=whole)) == {"edit_no_neighbour"}
    assert table.refused(Wish("split", grid=whole, parts=(units("a"), units("a")))) == {"edit_atom_cut"}
