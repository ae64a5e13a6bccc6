"""The fixtures print the figures of the published cases, and those figures come out of drawing them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shapely

from data.files.plan_file import read_plan
from data.sample.fixtures import FIXTURES, Fixture, make_fixture
from data.sample.fixtures.__main__ import main
from data.sample.fixtures.qu import lay_county
from gis import mergers
from gis.errors import NotFound
from gis.readers.territory_file import read_territory
from partition.checks import verify
from partition.crosswalk import relations
from partition.rules import PRESETS


@cache
def fixture(name: str) -> Fixture:
    return make_fixture(name)


def test_qu_prints_the_county_that_went_from_1007_grids_to_613() -> None:
    figures = fixture("qu").figures
    assert figures["grids_before"] == 1_007
    assert figures["grids_after"] == 613
    assert figures["change"] == "-39.1%"
    assert figures["dedicated"] == 169
    assert figures["dedicated_share"] == "27.6%"
    assert figures["old_codes_in_crosswalk"] == 1_007
    assert figures["shares_that_sum_to_one"] == 1_007
    assert figures["officers"] == 619
    assert figures["officers_per_grid"] == "1.01"
    assert figures["standard_in_band"] == figures["standard"]


def test_the_figures_of_qu_are_those_of_its_plans() -> None:
    made = fixture("qu")
    old, new = made.plans["qu-before-plan"], made.plans["qu-after-plan"]
    assert (len(old.grids), len(new.grids)) == (1_007, 613)
    assert (new.grids["kind"] == "dedicated").sum() == 169
    walk = new.crosswalk
    assert walk is not None
    assert set(walk["old"].dropna()) == set(old.grids["code"])
    assert set(walk["new"].dropna()) == set(new.grids["code"])
    assert old.grids["households"].sum() == new.grids["households"].sum() == walk["households"].sum()


def test_a_village_of_qu_is_one_grid_of_the_same_ground() -> None:
    made = fixture("qu")
    villages = made.territories["qu-after"]["communities"].query("kind == 'rural'").set_index("code")
    grids = made.plans["qu-after-plan"].grids.query("kind == 'rural'").set_index("community")
    assert sorted(grids.index) == sorted(villages.index)
    apart = shapely.symmetric_difference(
        np.asarray(villages.geometry.array), np.asarray(grids.loc[villages.index].geometry.array)
    )
    assert shapely.area(apart).max() == 0.0


def test_the_villages_of_qu_are_as_many_as_its_mergers_leave() -> None:
    before, reform = lay_county()
    for part in (reform[:100], reform):
        after, lineage = mergers.apply(before, part)
        absorbed = sum(spec.split("=")[0].count("+") for spec in part)
        assert len(after["communities"]) == len(before["communities"]) - absorbed
        assert len(lineage) == len(before["communities"])
        assert all(len(new) == 1 for new in lineage.values())


def test_qixing_grows_from_43_grids_to_49_and_its_change_list_adds_up() -> None:
    figures = fixture("qixing").figures
    assert (figures["communities"], figures["grids_before"], figures["grids_after"]) == (6, 43, 49)
    kinds = ("kept", "changed", "split", "merged")
    assert sum(int(figures[f"old_{kind}"]) for kind in (*kinds, "retired")) == 43 == figures["old_sum"]
    assert sum(int(figures[f"new_{kind}"]) for kind in (*kinds, "new")) == 49 == figures["new_sum"]
    assert int(figures["old_kept"]) >= 30
    assert int(figures["codes_carried_on"]) >= 40


def test_the_changes_of_qixing_lie_where_it_grew() -> None:
    made = fixture("qixing")
    before, after = made.territories["qixing-before"], made.territories["qixing-after"]
    assert (before["units"]["id"] == after["units"]["id"]).all()
    new = made.plans["qixing-after-plan"]
    assert new.crosswalk is not None
    assert new.grids["within_band"].all()
    of_old, _ = relations(new.crosswalk)
    touched = {code[:12] for code in of_old[of_old != "kept"].index}
    assert touched == {f"990103015{number:03d}" for number in (1, 2, 4, 5, 6)}


def test_xiangcheng_is_cut_inside_its_wall_whichever_households_are_counted() -> None:
    figures = fixture("xiangcheng").figures
    assert figures["area_km2"] == 8.5
    for basis, households, possible in (("planned", 7_148, "15-23"), ("occupied", 5_400, "11-18")):
        assert figures[f"{basis}_buildings"] == 193
        assert figures[f"{basis}_households"] == households
        assert figures[f"{basis}_possible"] == possible
        fewest, most = map(int, possible.split("-"))
        assert fewest <= int(figures[f"{basis}_drawn"]) <= most
        assert figures[f"{basis}_in_band"] == figures[f"{basis}_drawn"]
        assert figures[f"{basis}_outside_wall_m2"] == 0.0
        assert made_with(basis)


def made_with(basis: str) -> bool:
    """The basis of the households stands in the territory and in its plan."""
    made = fixture("xiangcheng")
    told = {made.territories[f"xiangcheng-{basis}"].meta["households_basis"]}
    return told | {made.plans[f"xiangcheng-{basis}-plan"].meta["households_basis"]} == {basis}


def test_gap_says_the_reason_and_the_distance_to_the_band() -> None:
    figures = fixture("gap").figures
    assert figures["households_250"] == "no, under_band: 1 x 250 (-50)"
    assert figures["households_299"] == "no, under_band: 1 x 299 (-1)"
    for total, whole in ((501, "+1"), (550, "+50"), (599, "+99")):
        said = str(figures[f"households_{total}"])
        assert said.startswith("no, band_hole: ")
        assert f"1 x {total} ({whole})" in said
        sizes = [int(size) for size in re.findall(r"(\d+) \([+-]\d+\)", said.replace(f"1 x {total} ({whole})", ""))]
        assert sum(sizes) == total
    assert "275 (-25) + 275 (-25)" in str(figures["households_550"])
    assert figures["grids_with_reason"] == 5


def test_codes_keep_their_numbers_through_a_move_and_no_number_comes_twice() -> None:
    figures = fixture("codes").figures
    assert figures["moved_subdistrict"].startswith("990104005012001 -> 990104007012001; ")  # type: ignore[union-attr]
    assert figures["village_re_classed"] == "990104101207001 -> 990104101500001"
    assert "990104101207" in str(figures["revoked_after"]).split()
    assert str(figures["refused"]).startswith("merger_target_revoked: id=990104101204")
    assert figures["grid_codes_issued_again"] == 0
    assert figures["old_codes_missing_in_crosswalks"] == 0
    assert int(figures["grid_codes_retired"]) >= 7
    assert figures["re_classed_by_name"] == "990104101207 -> 990104101500"
    for profile, digits in (("cjt349-20", 20), ("unit14", 14)):
        pairs = dict(pair.split(" -> ") for pair in str(figures[profile]).split("; "))
        assert "990104007012600" in pairs
        assert len(set(pairs.values())) == len(pairs) == 4
        assert {len(code) for code in pairs.values()} == {digits}
    assert figures["village_with_class"] == "990104101208220 -> 990104101208 class 220"


def test_the_chain_of_codes_ends_where_the_lineages_say() -> None:
    made = fixture("codes")
    before, after = made.territories["codes-0"], made.territories["codes-3"]
    lineage = mergers.match_territories(before, after)
    assert lineage["990104005012"] == ("990104007012",) == lineage["990104007203"]
    assert lineage["990104101207"] == ("990104101500",)
    assert set(lineage.revoked) <= set(mergers.revoked_codes(after))
    assert after["communities"].set_index("code")["town"].get("990104007012") == "西街道"


@pytest.mark.parametrize("name", list(FIXTURES))
def test_every_plan_of_a_fixture_passes_the_independent_check(name: str) -> None:
    made = fixture(name)
    for title, plan in made.plans.items():
        report = verify(plan, made.territories[title.removesuffix("-plan")], PRESETS["qu-county"])
        assert not report.faults, (title, report.faults[:3])


def test_the_same_fixture_has_the_same_bytes_and_its_files_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for folder in ("one", "two"):
        assert main(["codes", "--out", str(tmp_path / folder), "--json"]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert json.loads(said[0])["re_draws"] == 3
    one, two = (sorted((tmp_path / folder).iterdir()) for folder in ("one", "two"))
    assert [path.name for path in one] == [path.name for path in two]
    assert len(one) == 8
    for a, b in zip(one, two):
        assert a.read_bytes() == b.read_bytes(), a.name
    territory = read_territory(tmp_path / "one" / "codes-3.gpkg")
    assert mergers.revoked_codes(territory) == mergers.revoked_codes(fixture("codes").territories["codes-3"])
    assert read_plan(tmp_path / "one" / "codes-3-plan.gpkg").crosswalk is not None


def test_the_command_prints_a_line_for_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gap"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(fixture("gap").figures)


def test_an_unknown_fixture_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotFound) as caught:
        make_fixture("nanhu")
    assert caught.value.code == "fixture_unknown"
    with pytest.raises(SystemExit) as stopped:
        main(["nanhu"])
    assert stopped.value.code == 2
