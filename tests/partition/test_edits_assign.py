"""Much ground to many grids in one edit, and ground that is in no grid."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest

from api.usecases.verdict import judge
from data.sample import make_town
from gis.errors import Conflict, InputError
from partition.checks import verify
from partition.edits import Known, Sheet, TableChange, Wish, edit, lay
from partition.edits.cost import cost_of_community
from partition.edits.wishes import Part
from partition.file_plan import plain_sentences
from tests.edit_kit import filed_of
from tests.partition.test_edits import Table, units
from tests.towns import territory as drawn_territory


def _row(**households: int) -> Table:
    return Table(drawn_territory(" ".join(households), households))


def _two_rows() -> Table:
    text = "a b c d e f\n. . . . . .\ng h i j k l"
    households = dict.fromkeys("abcdefghijkl", 100) | {"b": 200, "e": 200, "h": 200, "k": 200}
    return Table(drawn_territory(text, households, communities={"C1": "abcdef", "C2": "ghijkl"}))


def test_ground_of_two_communities_goes_to_many_grids_in_one_step_and_comes_back() -> None:
    table = _two_rows()
    before = table.sheet
    west, east = table.grid("a"), table.grid("f")
    south = table.grid("g")
    wish = Wish("assign", shares=((east, units("c")), ("+1", units("k", "l")), (south, units("i", "j"))))
    change = table.do(wish)
    assert change.communities == ("C1", "C2")
    assert change.kind == "assign"
    assert table.grid("c") == east
    assert table.grid("k") == table.grid("l") not in before.grids
    assert table.grid("k").startswith("C2")
    assert table.sheet.grids[west]["households"] == 300
    assert not table.faults()
    back = table.sheet.after(table.ground, TableChange.from_json(change.to_json()).reversed())
    assert back is not None
    for name in ("atom_code", "grids", "communities", "meta"):
        found, wanted = getattr(back, name), getattr(before, name)
        assert found.tolist() == wanted.tolist() if name == "atom_code" else found == wanted
    again = back.after(table.ground, change)
    assert again is not None
    assert again.grids == table.sheet.grids


def test_a_grid_that_nothing_is_left_of_is_given_up() -> None:
    table = _row(a=100, b=200, c=100, d=100, e=200, f=100)
    west, east = table.grid("a"), table.grid("f")
    change = table.do(Wish("assign", shares=((west, units(*"abcdef")),)))
    assert set(table.sheet.grids) == {west}
    assert east in change.before.grids
    assert east not in change.after.grids


@pytest.mark.parametrize(
    ("shares", "code"),
    [
        ((), "edit_ground_missing"),
        ((("X9", ("a",)),), "edit_label_unknown"),
        ((("+0", ("a",)),), "edit_label_unknown"),
        ((("", ("a",)),), "edit_label_unknown"),
        ((("+1", ("a",)), ("+2", ("a",))), "edit_assigned_twice"),
        ((("+1", ("a", "g")),), "edit_crosses_community"),
        ((("+1", ("nobody",)),), "edit_member_unknown"),
        ((("+1", ("b", "e")),), "edit_not_contiguous"),
    ],
)
def test_what_is_refused(shares: tuple[tuple[str, tuple[str, ...]], ...], code: str) -> None:
    table = _two_rows()
    wish = Wish("assign", shares=tuple((to, units(*names)) for to, names in shares))
    assert code in table.refused(wish)


def test_ground_of_another_community_is_refused_and_so_is_doing_nothing() -> None:
    table = _two_rows()
    assert table.refused(Wish("assign", shares=((table.grid("g"), units("a")),))) == {"edit_crosses_community"}
    assert table.refused(Wish("assign", shares=((table.grid("a"), units("a")),))) == {"edit_changes_nothing"}


def test_every_community_s_faults_and_locks_are_told() -> None:
    table = _two_rows()
    wish = Wish("assign", shares=(("+1", units("b", "e")), ("+2", units("h", "k"))))
    with pytest.raises(Conflict) as refusal:
        edit(table.ground, table.sheet, wish, plain_sentences)
    assert {str(fault.facts["grid"])[:2] for fault in refusal.value.faults} == {"C1", "C2"}
    lawful = Wish("assign", shares=((table.grid("f"), units("c")), (table.grid("g"), units("j"))))
    assert table.refused(lawful, ("community:C2",)) == {"edit_locked"}
    assert table.refused(lawful, ("unit:c",)) == {"edit_locked"}
    table.do(lawful)


def test_what_was_proved_meanwhile_is_kept_beside_what_was_known() -> None:
    table = _row(a=100, b=200, c=100, d=100, e=200, f=100)
    east = table.grid("f")
    table.sheet = replace(
        table.sheet, communities={"C": {**table.sheet.communities["C"], "bound": 1.0, "proof": "none", "gap_frac": 0.9}}
    )
    first = table.sheet
    known = Known("yes", None, "cover_mip", 55.0, 0)
    change = table.do(Wish("assign", shares=((east, units("c")),), shown="solve", known={"C": known}))
    assert change.kind == "solve"
    row = table.sheet.communities["C"]
    assert (row["bound"], row["proof"], row["feasible"]) == (55.0, "cover_mip", "yes")
    # A later edit by hand still knows it.
    table.do(Wish("move", units("c"), table.grid("a")))
    assert table.sheet.communities["C"]["bound"] == 55.0
    back = first.after(table.ground, change)
    assert back is not None
    assert back.after(table.ground, change.reversed()).meta == first.meta  # type: ignore[union-attr]


def test_a_proof_that_nothing_is_lawful_is_learned_where_nothing_was_known() -> None:
    table = _row(a=300, b=200, c=100)
    row = {**table.sheet.communities["C"], "feasible": "unknown", "reason": "not_found", "proof": "none"}
    table.sheet = replace(table.sheet, communities={"C": row})
    known = Known("no", "no_cover", "cover_mip", None, 100)
    table.do(Wish("assign", shares=(("+1", units("c")),), shown="solve", known={"C": known}))
    told = table.sheet.communities["C"]
    assert (told["feasible"], told["reason"], told["proof"]) == ("no", "no_cover", "cover_mip")


# -- ground in no grid ---------------------------------------------------------------------------------------------


def _with_a_gap() -> tuple[Table, tuple[str, ...]]:
    """A town's plan from which one grid was lost."""
    table = Table(make_town(6_000, seed=1).territory)
    standard = [code for code, row in table.sheet.grids.items() if row["kind"] == "standard"]
    community = max(
        {table.sheet.grids[code]["community"] for code in standard},
        key=lambda place: sum(table.sheet.grids[code]["community"] == place for code in standard),
    )
    lost = next(code for code in standard if table.sheet.grids[code]["community"] == community)
    filed = table.filed
    table.filed = replace(
        filed,
        grids=filed.grids[filed.grids["code"] != lost].reset_index(drop=True),
        members=filed.members[filed.members["grid"] != lost].reset_index(drop=True),
    )
    atoms = tuple(table.ground.graph.atom_ids[i] for i in np.flatnonzero(table.sheet.atom_code == lost).tolist())
    table.sheet = lay(table.filed, table.town, table.ground)
    return table, atoms


def test_a_community_with_ground_in_no_grid_stays_open_and_the_ground_can_be_given_out() -> None:
    table, atoms = _with_a_gap()
    at = [table.ground.atom_at[name] for name in atoms]
    assert not table.sheet.closed
    assert set(table.sheet.atom_code[at]) == {""}
    first = table.sheet
    change = table.do(Wish("new", Part(atoms=atoms)))
    code = str(table.sheet.atom_code[at[0]])
    assert code in table.sheet.grids
    assert change.grids == (code,)
    assert {before for _, before, _ in change.atoms} == {""}
    filed = filed_of(table.sheet, table.ground, table.filed)
    assert not verify(filed, table.town, table.rules).faults
    assert judge(verify(filed, table.town, table.rules), filed).passed
    place = table.ground.community_at[str(table.sheet.grids[code]["community"])]
    row = table.sheet.communities[str(table.sheet.grids[code]["community"])]
    assert row["objective"] == pytest.approx(cost_of_community(table.ground, place, table.sheet.atom_code))
    back = table.sheet.after(table.ground, TableChange.from_json(change.to_json()).reversed())
    assert back is not None
    assert back.atom_code.tolist() == first.atom_code.tolist()
    assert back.grids == first.grids
    assert back.communities == first.communities


def test_half_of_it_given_out_leaves_the_plan_without_cost_or_proof() -> None:
    table, atoms = _with_a_gap()
    graph, made = table.ground.graph, None
    for name in atoms:
        atom = table.ground.atom_at[name]
        touching = np.concatenate([graph.edge_b[graph.edge_a == atom], graph.edge_a[graph.edge_b == atom]])
        for code in sorted({str(table.sheet.atom_code[one]) for one in touching} - {""}):
            with contextlib.suppress(Conflict):
                made = table.do(Wish("move", Part(atoms=(name,)), code))
                break
        if made is not None:
            break
    assert made is not None
    place = made.communities[0]
    row = table.sheet.communities[place]
    assert (row["objective"], row["bound"]) == (None, None)
    assert {fault.code for fault in table.faults()} & {"check_gap", "check_member_missing", "check_member_grid_unknown"}
    sheet: Sheet = table.sheet
    assert sheet.grids[made.grids[0]]["households"] == int(graph.households[sheet.atom_code == made.grids[0]].sum())


def test_ground_in_no_grid_joins_only_where_it_hangs_together_and_never_leaves_again() -> None:
    table, atoms = _with_a_gap()
    graph, ground = table.ground.graph, table.ground
    community = str(table.ground.graph.communities[graph.community_index[ground.atom_at[atoms[0]]]])
    near = {
        str(table.sheet.atom_code[other])
        for name in atoms
        for other in np.concatenate(
            [graph.edge_b[graph.edge_a == ground.atom_at[name]], graph.edge_a[graph.edge_b == ground.atom_at[name]]]
        ).tolist()
    }
    homes = tuple(name for name in atoms if graph.households[ground.atom_at[name]] > 0)
    far = [
        code
        for code, row in table.sheet.grids.items()
        if row["community"] == community and code not in near and row["kind"] == "standard"
    ]
    for code in far:
        assert "edit_not_contiguous" in table.refused(Wish("move", Part(atoms=homes), code))
    with pytest.raises(InputError):
        edit(ground, table.sheet, Wish("move", Part(atoms=homes), ""), plain_sentences)
    elsewhere = next(code for code, row in table.sheet.grids.items() if row["community"] != community)
    assert table.refused(Wish("move", Part(atoms=homes), elsewhere)) == {"edit_crosses_community"}
