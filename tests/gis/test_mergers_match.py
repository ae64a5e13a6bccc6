"""Two territories matched by overlap, and lists of changes that become what the second one shows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis import mergers
from gis.errors import InputError
from gis.mergers import apply, match_territories
from gis.readers.territory_file import read_territory
from gis.territory import Territory
from tests.gis.villages import NEW, TOWN, A, B, D, check_sound, rows, villages


@st.composite
def changes(draw: st.DrawFn) -> list[str]:
    """A lawful list of changes of 3 x 3 villages: groups merged, some villages split, some units moved."""
    codes = [f"{TOWN}{201 + k}" for k in range(9)]
    order = draw(st.permutations(codes))
    specs, fresh = [], 250
    while order:
        size = draw(st.integers(1, min(4, len(order))))
        group, order = order[:size], order[size:]
        target = draw(st.sampled_from([group[0], f"{TOWN}{fresh}"]))
        fresh += 1
        if size == 1 and draw(st.booleans()):
            listed = ",".join(
                f"{group[0]}-{i}" for i in sorted(draw(st.sets(st.integers(1, 9), min_size=1, max_size=8)))
            )
            specs.append(f"{group[0]}={TOWN}{fresh + 100}({listed})+{target}")
        elif size > 1 or target != group[0]:
            specs.append(f"{'+'.join(group)}={target}")
            if draw(st.booleans()):
                to = draw(st.sampled_from([c for c in codes if c != group[0]]))
                if not any(spec.startswith(f"{to}=") and "(" in spec for spec in specs) and to not in order:
                    specs.append(f"{group[0]}>{to}:{group[0]}-{draw(st.integers(1, 9))}")
    return specs


@settings(max_examples=25, deadline=None)
@given(changes())
def test_any_lawful_changes_keep_land_households_and_units_and_matching_finds_them_again(specs: list[str]) -> None:
    before = villages(3, 3)
    after, lineage = apply(before, specs)
    check_sound(before, after, lineage)
    again = match_territories(before, after)
    assert rows(again) == rows(lineage)
    assert again.revoked == lineage.revoked
    by_area = match_territories(before.with_layers(units=before["units"].assign(id=before["units"]["id"] + "x")), after)
    assert by_area.table["households"].sum() == lineage.table["households"].sum()
    assert rows(by_area) == [row for row in rows(by_area) if row[:2] in {r[:2] for r in rows(lineage)}]


def test_ids_that_name_other_places_are_not_trusted() -> None:
    before = villages()
    after, lineage = apply(before, [f"{A}+{B}={NEW}"])
    shuffled = after["units"].assign(id=after["units"]["id"].tolist()[::-1])
    again = match_territories(before, after.with_layers(units=shuffled))
    assert rows(again) == rows(lineage)


def test_land_that_is_gone_or_new_is_told_as_retired_and_new() -> None:
    whole = villages()
    less = whole.with_layers(
        communities=whole["communities"].iloc[:3], units=whole["units"][whole["units"]["community"] != D]
    )
    assert rows(match_territories(whole, less))[-1] == (D, None, 450, "retired")
    told = match_territories(less, whole)
    assert rows(told)[0] == (None, D, 0, "new")
    assert told.revoked == ()
    assert match_territories(whole, less).revoked == (D,)


def test_an_inexact_border_is_no_boundary_move() -> None:
    before = villages()
    drawn_again = before["communities"].copy()
    drawn_again["geometry"] = shapely.transform(np.asarray(drawn_again.geometry.array), lambda xy: xy + 0.5)
    after = before.with_layers(communities=drawn_again, units=before["units"].iloc[:0])
    assert {row[3] for row in rows(match_territories(before, after))} == {"kept"}


def test_territories_of_two_places_are_refused() -> None:
    here = villages()
    shifted = {
        name: here[name].assign(
            geometry=shapely.transform(np.asarray(here[name].geometry.array), lambda xy: xy + 50_000.0)
        )
        for name in ("communities", "units")
    }
    with pytest.raises(InputError) as caught:
        match_territories(here, here.with_layers(**shifted))
    assert caught.value.code == "territories_apart"


@pytest.fixture(scope="module")
def tainan(shared_data: Path) -> tuple[Territory, Territory, pd.DataFrame]:
    folder = shared_data / "tainan"
    truth = pd.read_csv(folder / "concordance_2017_2021.csv", dtype={"vill2017": str, "vill2021": str})
    return read_territory(folder / "tainan-2017.gpkg"), read_territory(folder / "tainan-2021.gpkg"), truth


def test_tainan_matched_by_overlap_gives_the_recorded_concordance(
    tainan: tuple[Territory, Territory, pd.DataFrame], shared_data: Path
) -> None:
    before, after, truth = tainan
    lineage = match_territories(before, after)
    recorded = sorted(zip(truth["vill2017"], truth["vill2021"], truth["households"]))
    assert [row[:3] for row in rows(lineage)] == recorded
    assert lineage.moved_households == 83_322
    assert lineage.table["households"].sum() == 494_654
    official = json.loads((shared_data / "tainan" / "village_changes_2018.json").read_text(encoding="utf-8"))
    names = dict(zip(after["communities"]["code"], after["communities"]["name"]))
    other = [
        old for old, told in official.items() if not names[lineage[old][0]].endswith(tuple(row[1] for row in told))
    ]
    assert len(official) == 229
    assert other == []
    heirs = pd.Series([new[0] for new in lineage.values()]).value_counts()
    assert (heirs > 1).sum() == 67


def test_tainan_changed_by_a_list_becomes_tainan_after(tainan: tuple[Territory, Territory, pd.DataFrame]) -> None:
    before, after, truth = tainan
    units = before["units"].assign(new=after["units"]["community"])
    wholes: dict[str, list[str]] = {}
    specs = []
    for old, pairs in truth.sort_values("households", ascending=False, kind="stable").groupby("vill2017"):
        if len(pairs) == 1:
            wholes.setdefault(pairs["vill2021"].iloc[0], []).append(old)
            continue
        listed = [
            f"{new}({','.join(units['id'][(units['community'] == old) & (units['new'] == new)])})"
            for new in pairs["vill2021"][1:]
        ]
        specs.append(f"{old}={'+'.join([pairs['vill2021'].iloc[0], *listed])}")
    specs += [f"{'+'.join(olds)}={new}" for new, olds in wholes.items()]
    made, lineage = apply(before, specs)
    assert made["communities"]["code"].tolist() == after["communities"]["code"].tolist()
    assert made["units"]["community"].tolist() == after["units"]["community"].tolist()
    ours, theirs = (np.asarray(t["communities"].geometry.array) for t in (made, after))
    assert shapely.area(shapely.symmetric_difference(ours, theirs)).max() < 1e-3
    assert shapely.coverage_is_valid(ours)
    assert rows(lineage) == rows(match_territories(before, after))
    assert mergers.revoked_codes(made) == lineage.revoked
