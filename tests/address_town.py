"""The town of `tests.service_town` with houses and addresses: what is asked for by address.

Every cell has a house.  The estates 望月小区 (grid A) and 岳麓家园 (grid B) lie in one grid each, 银盆苑 in C and D;
along 枫林路 the odd doors lie in A, the even ones in C.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import geopandas as gpd
import pandas as pd
import shapely

from data.store import SqlStore
from gis.territory import Territory
from partition.filed import FiledPlan
from tests.cell_plans import CRS, cells
from tests.service_town import COMMUNITIES, DRAWING, FIRST, LONG_AGO, SECOND, put_in_force, town_plan, town_territory
from tests.stores import act

ESTATES = {"A": "望月小区", "B": "岳麓家园", "C": "银盆苑", "D": "银盆苑"}
NAMES = {FIRST: "望月社区", SECOND: "银盆社区"}
TOWN = "望城街道"


def address_territory(names: Mapping[str, str] = NAMES, *, more: Mapping[str, str] | None = None) -> Territory:
    """The layers of the town; ``more`` adds addresses, text to id of a house."""
    land = town_territory(names=names)
    squares, letters, households, ids = cells(DRAWING)
    houses = gpd.GeoDataFrame(
        {"id": [f"b{one}" for one in ids], "households": households, "community": [COMMUNITIES[x] for x in letters]},
        geometry=shapely.centroid(squares),
        crs=CRS,
    )
    rows = []
    counted = {"A": 0, "B": 0, "C": 0, "D": 0}
    for letter, house, place in zip(letters, houses["id"], houses.geometry):
        counted["C" if letter == "D" else letter] += 1
        number = counted["C" if letter == "D" else letter]
        lead = f"{TOWN}{names[COMMUNITIES[letter]]}"
        rows.append((f"{lead}麓山路{ord(letter)}号{ESTATES[letter]}{number}栋", house, place))
        if letter in "AC":
            # Doors of shops that belong to no house of ours: they lie where their point lies.
            rows.append((f"{lead}枫林路{2 * number - (letter == 'A')}号", None, place))
    spots = dict(zip(houses["id"], houses.geometry))
    rows += [(text, house, spots[house]) for text, house in (more or {}).items()]
    addresses = gpd.GeoDataFrame(
        {
            "id": [f"a{i:03d}" for i in range(len(rows))],
            "text": [text for text, _, _ in rows],
            "building_id": [house for _, house, _ in rows],
        },
        geometry=[place for *_, place in rows],
        crs=CRS,
    )
    communities = land["communities"].assign(town=TOWN)
    layers = {**land.layers, "communities": communities}
    return Territory.of({**layers, "buildings": houses, "addresses": addresses}, meta=land.meta)


def address_plan(
    plan_id: str = "P-1", moved: Mapping[str, str] | None = None, names: Mapping[str, str] | None = None
) -> FiledPlan:
    """The plan of the drawing with houses as members; ``moved`` puts some of them into another grid (by letter)."""
    filed = town_plan(plan_id, names)
    _, letters, _, ids = cells(DRAWING)
    letter_of = {**{f"b{one}": letter for one, letter in zip(ids, letters)}, **dict(moved or {})}
    members = pd.DataFrame(
        {
            "kind": "building",
            "id": sorted(letter_of),
            "grid": [COMMUNITIES[letter_of[house]] + letter_of[house] for house in sorted(letter_of)],
        }
    )
    both = pd.concat([members, filed.members], ignore_index=True).sort_values(["kind", "id"], ignore_index=True)
    return replace(filed, members=both)


def put_address_town(store: SqlStore, *, since: datetime = LONG_AGO, **options: object) -> str:
    """Load the town and its plan, put the plan in force, and give its id."""
    with store.write(act()) as tx:
        territory = tx.territories.save(address_territory(**options), "测试镇")  # type: ignore[arg-type]
        plan = tx.plans.save(address_plan(), territory_id=territory.id, name="方案", state="filed")
        return put_in_force(tx, plan.id, since)
